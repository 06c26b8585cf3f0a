"""What the console's pages show, to whom, and that the sentences are those of `antbridge why`."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert

import app.main as main_module
from app.domain.differences import Difference
from app.domain.jobs import JOB_NAMES, JOB_PURPOSES
from app.domain.reasons import REASONS
from app.domain.record import OrderRecord
from app.errors import Finding
from app.flow.preview import Preview
from app.flow.story import tell_attempt, tell_past, tell_present
from app.flow.verdict_words import tell_verdict
from app.store import order_search
from app.store.decisions import retry_order
from app.store.decisions_answer import hold_order
from app.store.models import Event, PeerState, Schedule, Shipment, WorkerBeat
from app.store.operators import Role
from app.store.queries import find_order, load_events, load_history
from app.store.session import Store
from app.store.shipments import JudgedShipment, save_shipments
from app.web.console import order_list
from app.web.console.actions import ACTIONS
from tests.fake_clock import FakeClock
from tests.integration.console import Browser, add_person, console, says, shows, text_of
from tests.integration.test_operations import add_placing, needs_attention
from tests.order_samples import make_line
from tests.shipment_samples import shipment
from tests.store_rows import add_order, order_id_of

LINK = re.compile(r'href="(/orders/[^"/?]+)"')


@pytest.fixture
async def browser(database_url: str, clock: FakeClock, store: Store) -> AsyncIterator[Browser]:
    """Return the browser of the operator anna, who is signed in."""
    await add_person(store)
    async with console(database_url, clock) as made:
        await made.sign_in()
        yield made


async def add_rows(store: Store, table: Any, *rows: dict[str, Any]) -> None:
    async with store.write() as connection:
        await connection.execute(insert(table), list(rows))


async def found(store: Store, reference: str) -> OrderRecord:
    order = await find_order(store, reference)
    assert order is not None
    return order


async def test_the_overview_says_whether_all_is_well(browser: Browser, store: Store) -> None:
    """Nothing open and a worker alive: well. A failing job, a company away: not."""
    await add_rows(
        store,
        WorkerBeat,
        {"worker_id": "w", "version": "1", "started_at": store.now(), "beat_at": store.now()},
    )
    assert "All is well" in text_of(await browser.get("/"))

    await add_rows(
        store, Schedule, {"name": "shipments", "next_run_at": store.now(), "last_error": "Refused"}
    )
    told = text_of(await browser.get("/"))
    assert "Something needs you A periodic job failed when it last ran." in told
    async with store.write() as connection:
        await connection.execute(delete(Schedule))
    assert "All is well" in text_of(await browser.get("/"))

    await add_rows(store, PeerState, {"name": "active_ants", "away_since": store.now()})
    told = text_of(await browser.get("/"))
    assert "Something needs you A company is away." in told
    assert "Active Ants away" in told


async def test_the_overview_counts_what_waits(
    browser: Browser, store: Store, clock: FakeClock
) -> None:
    """Needs attention, late, at risk, the oldest, and each reason with its sentence."""
    await needs_attention(store, "sku_unknown", number=1, marketplace_reference="R1")
    await needs_attention(store, "stock_short", number=2)
    late_at = store.now() - timedelta(hours=1)
    await add_order(store, 3, state="placed", ship_by_at=late_at, marketplace_reference="R3")
    await add_order(store, 4, state="closed", outcome="completed", closed_at=store.now())
    clock.advance(90)

    told = text_of(await browser.get("/"))

    assert "2 need a person" in told
    assert "1 late" in told
    assert "1 min 30 s oldest open order" in told
    assert REASONS["sku_unknown"].sentence in told
    assert "received 2 accepted 0 placed 1 dispatched 0 shipped 0 closed 1" in told
    assert "No worker is alive" in told


async def test_attention_is_grouped_with_its_cure(browser: Browser, store: Store) -> None:
    """One card a reason, a link to each order, and a retry only where a retry settles it."""
    for number in (1, 2):
        await needs_attention(
            store, "sku_unknown", number=number, marketplace_reference=f"R{number}"
        )
    await needs_attention(store, "cancelled_after_placing", number=3, marketplace_reference="R3")

    page = await browser.get("/attention")

    told = text_of(page)
    for code in ("sku_unknown", "cancelled_after_placing"):
        assert REASONS[code].sentence in told
        assert shows(page, REASONS[code].cure)
    assert "2 orders, the first since" in told
    assert LINK.findall(page.text) == [f"/orders/{order_id_of(number)}" for number in (3, 1, 2)]
    assert '/attention/sku_unknown/retry"' in page.text
    assert "/attention/cancelled_after_placing/retry" not in page.text


async def test_the_order_page_tells_what_why_tells(browser: Browser, store: Store) -> None:
    """Word for word: where it stands, the verdict, and every attempt."""
    verdict = {
        "kind": "hold",
        "needed": {"MUG": 3},
        "facts": {},
        "findings": [
            {
                "reason": "stock_short",
                "field": "SKU MUG",
                "detail": "3 missing",
                "action": "hold",
                "by": "policy",
            }
        ],
    }
    row = await needs_attention(
        store, "stock_short", marketplace_reference="R1", verdict=verdict, verdict_at=store.now()
    )
    await retry_order(store, await found(store, "R1"), by="anna", reason="it is there")
    await hold_order(store, await found(store, "R1"), by="anna", reason="it is not")
    order = await found(store, "R1")

    page = await browser.get("/orders/R1")

    history = [tell_attempt(one) for one in await load_history(store, row)]
    assert len(history) == 2
    for line in [*tell_present(order, store.now()), *tell_verdict(order), *history]:
        assert shows(page, line), line


async def test_an_order_has_one_timeline_of_events_and_attempts(
    browser: Browser, store: Store, clock: FakeClock
) -> None:
    """What came in and what was decided stand in the order of time."""
    row = await needs_attention(
        store, "sku_unknown", marketplace_reference="R1", found_by="reconcile"
    )
    event = {
        "source": "ankorstore",
        "order_id": row,
        "marketplace_order_id": order_id_of(1),
        "raw_body": b"{}",
        "headers": {},
        "disposition": "stored",
    }
    await add_rows(
        store,
        Event,
        {**event, "event_id": "1", "event_type": "order.first", "received_at": store.now()},
        {
            **event,
            "event_id": "2",
            "event_type": "order.second",
            "received_at": store.now() + timedelta(hours=1),
        },
    )
    clock.advance(60)
    seen = re.findall(
        r'name="seen" value="([^"]*)"', (await browser.get("/orders/R1/do/retry")).text
    )
    await browser.send(
        "/orders/R1/do/retry", "/orders/R1/do/retry", seen=seen[0], reason="it is there"
    )

    page = await browser.get("/orders/R1")
    told = text_of(page)
    assert re.findall(r'href="/events/(\d+)"', page.text) == ["1", "2"]

    past = tell_past(
        await found(store, "R1"), await load_events(store, row), await load_history(store, row)
    )
    told_by_why = [line.split("  ", 1)[1] for line in past]
    assert len(told_by_why) == 4
    assert all(says(page, one) for one in told_by_why), told_by_why
    places = [
        told.index(word)
        for word in (
            "found in Ankorstore's list",
            "retried by anna: it is there",
            "order.second (not looked at yet)",
        )
    ]
    assert places == sorted(places)


async def test_what_was_sent_is_shown_and_escaped(browser: Browser, store: Store) -> None:
    """Personal data stands on the page of whoever is signed in; no text becomes markup."""
    row = await add_order(store, state="placed", marketplace_reference="R<1>")
    payload = {
        "deliveryAddress": {"name": "<script>alert(1)</script>"},
        "orderItems": [{"sku": "A"}],
    }
    line = {"marketplace_line_id": "l", "sku": "A", "sent_quantity": 2, "units_per_sku": 6}
    await add_placing(store, row, "AK1", payload=payload, lines=[line], answer="created")
    link = "javascript:alert(2)"
    parcel = replace(shipment().parcels[0], tracking_link=link)
    sent = replace(shipment(), parcels=(parcel,))
    await save_shipments(store, [JudgedShipment(sent, "matched", row)])

    page = await browser.get("/orders/AK1")

    assert "<script" not in page.text
    assert f'href="{link}"' not in page.text
    told = text_of(page)
    assert "deliveryAddress.name <script>alert(1)</script> orderItems[1].sku A" in told
    assert "A 2 6 12" in told


async def test_an_order_that_is_none_or_two(browser: Browser, store: Store) -> None:
    """Is told as such, with how to tell the two apart."""
    for number in (1, 2):
        await add_order(store, number, marketplace_reference="R1")

    none, two = await browser.get("/orders/R9"), await browser.get("/orders/R1")

    assert (none.status_code, "No order has" in none.text) == (404, True)
    assert two.status_code == 409
    assert order_id_of(1) in two.text
    assert order_id_of(2) in two.text


async def test_lists_go_on_page_by_page(browser: Browser, store: Store) -> None:
    """Every order stands on one page exactly, newest first; a filter stays on the way."""
    for number in range(1, 121):
        await add_order(store, number, state="placed" if number % 2 else "received")
    paths: list[str] = []
    at: str | None = "/orders?state=placed"
    pages = 0
    while at is not None:
        page = await browser.get(at)
        paths += LINK.findall(page.text)
        older = re.findall(r'href="([^"]+)" rel="next"', page.text)
        at = older[0].replace("&amp;", "&") if older else None
        pages += 1

    assert paths == [f"/orders/{order_id_of(number)}" for number in range(119, 0, -2)]
    assert pages == 2


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "path",
    ["/orders?state=x", "/orders?attention=x", "/orders?deadline=x", "/orders?after=x",
     "/orders?after=-1", "/orders?after=" + "9" * 30, "/events?after=x", "/shipments?before=٣"],
)  # fmt: skip
async def test_what_is_no_filter_is_refused(browser: Browser, path: str) -> None:
    """With what it may be."""
    answer = await browser.get(path)

    assert answer.status_code == 422
    assert "<h1>No such" in answer.text


async def test_a_search_finds_by_every_number(browser: Browser, store: Store) -> None:
    """Reference, id, the warehouse's numbers and a tracking number lead to the order at once."""
    row = await add_order(store, state="placed", marketplace_reference="R1")
    await add_placing(store, row, "AK1", warehouse_order_id="881", warehouse_order_number="S44")
    await save_shipments(store, [JudgedShipment(shipment(), "matched", row)])
    tracking = shipment().parcels[0].tracking_number

    for text in ("R1", order_id_of(1), "AK1", "881", "S44", f" {tracking} "):
        found = await browser.http.get("/search", params={"q": text})
        assert found.headers["location"] == f"/orders/{order_id_of(1)}", text


async def test_a_search_finds_orders_of_a_sku(
    browser: Browser, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Placed ones a window at a time, and open ones that wait for it; `%` is no wildcard."""
    for number in range(1, 6):
        row = await add_order(store, number, state="closed", marketplace_reference=f"R{number}")
        sku = "MUG-BLUE" if number in (1, 5) else "MUG-BLUER"
        line = {"marketplace_line_id": "l", "sku": sku, "sent_quantity": 1, "units_per_sku": 1}
        await add_placing(store, row, f"AK{number}", lines=[line])
    await add_order(store, 6, marketplace_reference="R6", verdict={"needed": {"MUG-BLUE": 4}})
    monkeypatch.setattr(order_search, "WINDOW", 2)

    first = await browser.get("/search?q=MUG-BLUE")
    found = LINK.findall(first.text)
    assert found == [f"/orders/{order_id_of(number)}" for number in (6, 5)]
    older = re.findall(r'href="([^"]+)" rel="next"', first.text)
    while older:
        page = await browser.get(older[0].replace("&amp;", "&"))
        found += LINK.findall(page.text)
        older = re.findall(r'href="([^"]+)" rel="next"', page.text)

    assert found[2:] == [f"/orders/{order_id_of(1)}"]
    assert LINK.findall((await browser.get("/search?q=MUG%25")).text) == []


async def test_a_search_finds_orders_of_a_retailer(
    browser: Browser, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a part of a name: open ones at once, others a window and a page at a time, each once."""
    for number in range(1, 9):
        name = "cafe angstrom | ina smit" if number != 7 else "the corner shop"
        state = "placed" if number == 1 else "closed"
        await add_order(store, number, state=state, retailer_text=name)
    await add_order(store, 9)
    monkeypatch.setattr(order_search, "WINDOW", 5)
    monkeypatch.setattr(order_list, "MOST_FOUND", 4)

    one = await browser.http.get("/search", params={"q": "corner SHOP"})
    page = await browser.http.get("/search", params={"q": "Ångström"})
    found = [LINK.findall(page.text)]
    while older := re.findall(r'href="([^"]+)" rel="next"', page.text):
        page = await browser.get(older[0].replace("&amp;", "&"))
        found.append(LINK.findall(page.text))

    assert LINK.findall(one.text) == [f"/orders/{order_id_of(7)}"]
    numbers = [[8, 6, 5, 1], [4, 3, 2, 1]]
    assert found == [[f"/orders/{order_id_of(number)}" for number in some] for some in numbers]


async def test_events_and_stray_shipments_are_listed(browser: Browser, store: Store) -> None:
    """With their order, and whether they were looked at."""
    row = await add_order(store, marketplace_reference="R1")
    event = {
        "source": "ankorstore",
        "raw_body": b"{}",
        "headers": {},
        "disposition": "stored",
        "received_at": store.now(),
    }
    seen = {"event_id": "1", "event_type": "order.seen", "processed_at": store.now()}
    news = {"event_id": "2", "event_type": "order.news", "processed_at": None}
    about = {"order_id": row, "marketplace_order_id": order_id_of(1)}
    await add_rows(store, Event, {**event, **seen, **about}, {**event, **news, **about})
    stray = {
        "warehouse_shipment_id": "55012",
        "disposition": "not_matched",
        "source": "feed",
        "parcel_count": 1,
        "problems": [],
        "lines": [],
        "stored_at": store.now(),
    }
    await add_rows(store, Shipment, stray)

    both = text_of(await browser.get("/events"))
    assert both.index("order.news R1 stored not yet") < both.index("order.seen R1 stored 2026-")
    assert "order.seen" not in text_of(await browser.get("/events?unprocessed=yes"))
    assert "55012" in text_of(await browser.get("/shipments"))


async def test_schedules_tell_how_they_went(browser: Browser, store: Store) -> None:
    """Last run, next run, and the error in plain words."""
    row = {"name": "reconcile", "next_run_at": store.now(), "last_error": "AnkorstoreAway"}
    await add_rows(store, Schedule, row)

    page = await browser.get("/schedules")
    assert says(page, f"reconcile {JOB_PURPOSES['reconcile']} never")
    assert "failed AnkorstoreAway" in text_of(page)


def test_every_job_says_what_it_does() -> None:
    """In a sentence."""
    assert tuple(JOB_PURPOSES) == JOB_NAMES
    for purpose in JOB_PURPOSES.values():
        assert purpose[0].isupper()
        assert purpose.endswith(".")


async def test_lists_say_which_orders_are_late(browser: Browser, store: Store) -> None:
    """The overview's oldest, a list and what a search finds; one that has left is in time."""
    past = store.now() - timedelta(hours=1)
    for number, state in ((1, "placed"), (2, "dispatched"), (3, "placed")):
        ship_by_at = past if number < 3 else store.now() + timedelta(hours=1)
        await add_order(
            store, number, state=state, ship_by_at=ship_by_at, retailer_text="the corner shop"
        )

    for path in ("/", "/orders", "/search?q=corner"):
        rows = re.findall(r"<tr>.*?</tr>", (await browser.get(path)).text, re.DOTALL)
        marked = [LINK.findall(row) for row in rows if '<span class="tag bad">late</span>' in row]
        assert marked == [[f"/orders/{order_id_of(1)}"]], path


async def test_who_is_asked_in_time_can_announce_a_later_date(
    browser: Browser, store: Store
) -> None:
    """An order at risk offers it first, also where it asks a person; a command is not shown."""
    near = store.now() + timedelta(hours=1)
    await needs_attention(store, "sku_unknown", marketplace_reference="R1", ship_by_at=near)

    page = (await browser.get("/orders/R1")).text

    first = page[page.index("Where it stands") : page.index("What happened")]
    assert "/do/postpone" in first
    assert "antbridge orders" not in page
    assert page.count("/do/postpone") == 1


async def test_settings_hold_no_secret(database_url: str, clock: FakeClock, store: Store) -> None:
    """What is secret is told as set; so is the database's password."""
    await add_person(store)
    canary = "canary-4711"
    async with console(
        database_url,
        clock,
        operator_token=canary,
        ankorstore_client_secret=canary,
        ankorstore_webhook_secrets=f"{canary}a,{canary}b",
        active_ants_password=canary,
        order_number_prefix="AK",
    ) as browser:
        await browser.sign_in()
        page = await browser.get("/settings")

    assert canary not in page.text
    told = text_of(page)
    assert "ANKORSTORE_WEBHOOK_SECRETS 2 set, hidden set" in told
    assert "ORDER_NUMBER_PREFIX AK set" in told
    assert "ACCEPT_MODE auto default" in told


async def test_a_comparison_asks_ankorstore_now(
    browser: Browser, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It shows what differs from what was sent; a company that does not answer is a page too."""
    await add_order(store, marketplace_reference="R1")
    away = await browser.get("/orders/R1/preview")
    assert away.status_code == 503
    assert says(away, "Ankorstore could not be asked to 'read order'. Try again in a minute.")
    assert f'<a href="/orders/{order_id_of(1)}">Order R1</a>' in away.text
    assert "Sign out" in away.text, "what stands around all pages stands around a refusal"

    async def preview(*_: Any) -> Preview:
        return Preview(
            external_order_number="AK1",
            payload={"cityName": "Utrecht"},
            warnings=("an odd phone",),
            findings=(Finding("sku_unknown", "SKU X", "not there"),),
            by_corrections=(Difference("street", None, "Singel"),),
            without_corrections=(),
            since_sent=(Difference("cityName", "Amsterdam", "Utrecht"),),
            lines=(make_line(sku="BOWL", product_name="Bowl", pack_quantity=2, unit_quantity=12),),
        )

    monkeypatch.setattr(main_module, "preview_order", preview)
    told = text_of(await browser.get("/orders/R1/preview"))

    assert "SKU Product Packs Units BOWL Bowl 2 12" in told
    assert "cityName Amsterdam Utrecht" in told
    assert "street nothing Singel" in told
    assert "SKU X: not there" in told
    assert "an odd phone" in told


@pytest.mark.parametrize(
    ("reason", "columns", "offered"),
    [
        ("sku_unknown", {}, ["correct", "retry", "accept-partial", "reject", "hold"]),
        ("held_by_operator", {}, ["release", "accept", "reject"]),
        ("cancelled_after_placing", {"state": "placed"}, ["settle"]),
        ("warehouse_order_cancelled", {"state": "accepted"}, ["resend", "close"]),
        ("confirm_manual", {"state": "dispatched"}, ["parcels", "retry"]),
    ],
)
async def test_what_helps_is_offered_first(
    browser: Browser, store: Store, reason: str, columns: dict[str, Any], offered: list[str]
) -> None:
    """The first button answers what is asked; every other decision stands further down, once."""
    await needs_attention(store, reason, marketplace_reference="R1", **columns)

    links = re.findall(r'/do/([\w-]+)"', (await browser.get("/orders/R1")).text)

    assert links[: len(offered)] == offered
    assert sorted(links) == sorted(ACTIONS)


async def test_a_viewer_is_offered_nothing_to_decide(
    database_url: str, clock: FakeClock, store: Store
) -> None:
    """They see everything else."""
    await add_person(store, "vera", Role.VIEWER)
    await needs_attention(store, "sku_unknown", marketplace_reference="R1")
    async with console(database_url, clock) as browser:
        await browser.sign_in("vera")
        for path in ("/attention", "/orders/R1"):
            page = await browser.get(path)
            assert page.status_code == 200
            assert not re.search(r"/do/|/retry\"", page.text)
