"""Decisions made in the console: carried out under a name, or refused with why, never by half."""

import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from app.store.operators import Role
from app.store.session import Store
from app.web.console import bulk_retry
from app.web.console.actions import ACTIONS
from tests.fake_clock import FakeClock
from tests.integration.console import Browser, add_person, console, text_of
from tests.integration.test_operations import add_placing, needs_attention
from tests.store_rows import attempts_of, order_row

SEEN = re.compile(r'name="seen" value="([^"]*)"')
WHY = "because I looked"
CHOICES = ("reject_type", "answer", "outcome")
SENT = {"answer": "created", "lines": [], "payload": {}}


@pytest.fixture
async def browser(database_url: str, clock: FakeClock, store: Store) -> AsyncIterator[Browser]:
    """Return the browser of the operator anna, who is signed in."""
    await add_person(store)
    async with console(database_url, clock) as made:
        await made.sign_in()
        yield made


async def decide(browser: Browser, action: str, **fields: str) -> httpx.Response:
    """Open the form of a decision about R1, fill it in, and send it."""
    path = f"/orders/R1/do/{action}"
    seen = SEEN.findall((await browser.get(path)).text)[0]
    return await browser.send(path, path, **{"seen": seen, "reason": WHY, **fields})


async def add_asking(store: Store, reason: str, *, is_placed: bool = False, **columns: Any) -> int:
    row = await needs_attention(store, reason, marketplace_reference="R1", **columns)
    if is_placed:
        await add_placing(store, row, "AK1", **SENT)
    return row


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("action", ACTIONS)
async def test_every_decision_has_a_form(browser: Browser, store: Store, action: str) -> None:
    """With a label for each field, and where the order stands."""
    await add_asking(store, "sku_unknown")

    page = await browser.get(f"/orders/R1/do/{action}")

    assert page.status_code == 200
    named = set(re.findall(r'<label[^>]* for="(\w+)"', page.text))
    fields = re.findall(r'<(?:input|textarea) id="(\w+)"', page.text)
    assert set(fields) <= named
    assert "Where order R1 stands" in page.text


CASES: list[tuple[str, str, bool, dict[str, Any], dict[str, str], str]] = [
    # action, reason asked for, whether placed, columns, fields, what the history says
    ("retry", "sku_unknown", False, {}, {}, "retried by anna"),
    ("hold", "sku_unknown", False, {}, {}, "held by anna"),
    ("release", "held_by_operator", False, {}, {}, "released by anna"),
    ("accept", "stock_short", False, {}, {}, "to be accepted, decided by anna"),
    ("accept-partial", "stock_short", False, {}, {}, "to be accepted in part, decided by anna"),
    (
        "reject",
        "stock_short",
        False,
        {},
        {"reject_type": "PRODUCT_OUT_OF_STOCK"},
        "to be rejected as PRODUCT_OUT_OF_STOCK, decided by anna",
    ),
    ("take", "before_switch", False, {}, {}, "taken by anna"),
    (
        "settle",
        "cancelled_after_placing",
        True,
        {"state": "placed"},
        {"answer": "cancelled-in-maya"},
        "recorded cancelled-in-maya (the warehouse order was cancelled or deleted in Maya) by anna",
    ),
    ("close", "sku_unknown", False, {}, {"outcome": "cancelled"}, "closed as cancelled by anna"),
    (
        "parcels",
        "confirm_manual",
        True,
        {"state": "dispatched"},
        {"parcels": "40x30x20 4.2\n60x40x40 12,5"},
        "agreed to 1 of 40x30x20 cm, 4.2 kg; 1 of 60x40x40 cm, 12.5 kg by anna",
    ),
    (
        "correct",
        "sku_unknown",
        False,
        {},
        {"house_number": "12", "sku": "A", "warehouse_sku": "B"},
        "address corrected; SKU A corrected: is B at the warehouse by anna",
    ),
    (
        "postpone",
        "sku_unknown",
        False,
        {},
        {"date": "2026-12-01"},
        "postponed to 2026-12-01 by anna",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=[case[0] for case in CASES])
async def test_a_decision_is_in_the_history_with_who_and_why(
    browser: Browser, store: Store, case: tuple[str, str, bool, dict[str, Any], dict[str, str], str]
) -> None:
    """And the page that follows says what happens next, once."""
    action, reason, is_placed, columns, fields, told = case
    row = await add_asking(store, reason, is_placed=is_placed, **columns)

    done = await decide(browser, action, **fields)

    assert done.status_code == 303, text_of(done)
    (attempt,) = await attempts_of(store, row)
    assert attempt.outcome == "decided"
    assert attempt.message.startswith(told), attempt.message
    assert attempt.message.endswith(WHY)
    page = await browser.follow(done)
    assert f'role="status">{ACTIONS[action].title}: ' in page.text
    again = await browser.follow(done)
    assert 'role="status"' not in again.text


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("action", ACTIONS)
async def test_without_a_reason_nothing_is_decided(
    browser: Browser, store: Store, action: str
) -> None:
    """The form comes back and says so."""
    row = await add_asking(store, "sku_unknown")

    answer = await decide(browser, action, reason="  ")

    assert answer.status_code == 422
    assert 'id="wrong"' in answer.text
    assert await attempts_of(store, row) == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("action", "fields", "said"),
    [
        ("reject", {}, "choose one"),
        ("reject", {"reject_type": "NONSENSE"}, "choose one"),
        ("settle", {"answer": "nonsense"}, "choose one"),
        ("close", {"outcome": "ignored"}, "choose one"),
        ("postpone", {"date": "tomorrow"}, "for example 2026-12-01"),
        ("parcels", {"parcels": "40x30x20"}, "line 1 is not read"),
        ("parcels", {"parcels": "40x30x20 4\n0x1x1 1"}, "line 2 is not read"),
        ("parcels", {"parcels": "40x30x20 NaN"}, "line 1 is not read"),
        ("parcels", {"parcels": "1x1x1 1\n" * 21}, "at most 20"),
        ("correct", {}, "say what to correct"),
        ("correct", {"house_number": "12b"}, "give a whole number"),
        ("correct", {"phone": "12"}, "6 to 15 digits"),
        ("correct", {"pack_mode": "unit"}, "name the SKU"),
        ("correct", {"sku": "A"}, "say what it is there"),
        ("correct", {"sku": "A", "pack_mode": "dozen"}, "factor:6"),
        ("hold", {"reason": "x" * 1001}, "at most 1000 characters"),
        ("return", {"remark": "x" * 501}, "at most 500 characters"),
    ],
)
async def test_a_field_that_cannot_be_right_is_told_beside_it(
    browser: Browser, store: Store, action: str, fields: dict[str, str], said: str
) -> None:
    """What was filled in is kept, and nothing is decided."""
    row = await add_asking(store, "sku_unknown")

    answer = await decide(browser, action, **fields)

    assert answer.status_code == 422
    assert said in text_of(answer)
    typed = [value for name, value in fields.items() if name not in CHOICES]
    assert [value for value in typed if value.splitlines()[0] not in answer.text] == []
    assert await attempts_of(store, row) == []


@pytest.mark.parametrize(
    ("action", "reason", "fields", "said"),
    [
        ("retry", "cancelled_after_placing", {}, "A retry does not settle that"),
        ("retry", "held_by_operator", {}, "A retry does not end that"),
        ("release", "sku_unknown", {}, "possible now: "),
        ("accept", "sku_unknown", {}, "An accept settles no such thing; possible now: "),
        ("take", "sku_unknown", {}, "left alone as submitted before the switch"),
        ("settle", "sku_unknown", {"answer": "kept"}, "waits for no such record"),
        ("resend", "sku_unknown", {}, "nothing was placed for it yet"),
        ("confirm-partial", "sku_unknown", {}, "the warehouse has sent nothing of it"),
        ("reset-label", "sku_unknown", {}, "no label"),
        ("return", "sku_unknown", {}, "no shipment of it is known to come back"),
        ("return-close", "sku_unknown", {}, "has no return"),
    ],
)
async def test_what_is_impossible_says_why(
    browser: Browser, store: Store, action: str, reason: str, fields: dict[str, str], said: str
) -> None:
    """In the words of the store, which the API and the commands give too."""
    row = await add_asking(store, reason)

    answer = await decide(browser, action, **fields)

    assert answer.status_code == 409
    assert said in text_of(answer)
    assert await attempts_of(store, row) == []


async def test_an_order_that_moved_on_is_looked_at_again(browser: Browser, store: Store) -> None:
    """Nobody decides about something they have not seen."""
    row = await add_asking(store, "sku_unknown")

    answer = await decide(browser, "retry", seen="received stock_short ")

    assert answer.status_code == 409
    assert "has moved on" in answer.text
    assert await attempts_of(store, row) == []
    assert (await order_row(store, row)).attention_reason == "sku_unknown"


async def test_a_decision_from_elsewhere_is_refused(browser: Browser, store: Store) -> None:
    """Without the token of this session nothing is decided, whatever the cookie says."""
    row = await add_asking(store, "sku_unknown")

    for token in ({}, {"form_token": "0" * 64}):
        for path in ("/orders/R1/do/retry", "/attention/sku_unknown/retry"):
            fields = {**token, "reason": WHY, "count": "1"}
            assert (await browser.http.post(path, data=fields)).status_code == 403

    assert await attempts_of(store, row) == []


async def test_a_viewer_decides_nothing(database_url: str, clock: FakeClock, store: Store) -> None:
    """Neither by the form nor by sending what it would."""
    await add_person(store, "vera", Role.VIEWER)
    row = await add_asking(store, "sku_unknown")
    async with console(database_url, clock) as browser:
        await browser.sign_in("vera")
        for path in ("/orders/R1/do/retry", "/attention/sku_unknown/retry"):
            assert (await browser.get(path)).status_code == 403
            sent = await browser.send("/", path, reason=WHY, count="1", seen="")
            assert (sent.status_code, "A viewer decides nothing" in sent.text) == (403, True)

    assert await attempts_of(store, row) == []


async def test_there_is_no_other_decision(browser: Browser, store: Store) -> None:
    """An unknown one is told with those there are."""
    await add_asking(store, "sku_unknown")

    assert (await browser.get("/orders/R1/do/destroy")).status_code == 404


async def retry_all(browser: Browser, code: str, **fields: str) -> httpx.Response:
    path = f"/attention/{code}/retry"
    return await browser.send(path, path, **{"reason": WHY, **fields})


async def test_all_orders_of_a_reason_are_retried_once_counted(
    browser: Browser, store: Store
) -> None:
    """Each has it in its history; those that ask for something else are left alone."""
    rows = [await needs_attention(store, "sku_unknown", number=number) for number in (1, 2, 3)]
    other = await needs_attention(store, "stock_short", number=4)
    form = await browser.get("/attention/sku_unknown/retry")
    assert "Retry 3 orders" in form.text
    assert 'name="count" value="3"' in form.text

    done = await retry_all(browser, "sku_unknown", count="3")

    assert "3 of 3 orders are tried again now." in text_of(await browser.follow(done))
    for row in rows:
        (attempt,) = await attempts_of(store, row)
        assert attempt.message == f"retried by anna: {WHY}"
        assert (await order_row(store, row)).attention_reason is None
    assert await attempts_of(store, other) == []


@pytest.mark.parametrize("count", ["2", "4", "", "x", "３"])
async def test_another_number_asks_again(browser: Browser, store: Store, count: str) -> None:
    """What was confirmed is a number; if it is another one now, nothing is done."""
    rows = [await needs_attention(store, "sku_unknown", number=number) for number in (1, 2, 3)]

    answer = await retry_all(browser, "sku_unknown", count=count)

    assert answer.status_code == 409
    assert "There are 3 such orders now" in answer.text
    assert 'name="count" value="3"' in answer.text
    assert [await attempts_of(store, row) for row in rows] == [[], [], []]


async def test_a_bulk_retry_wants_a_reason_too(browser: Browser, store: Store) -> None:
    """As every decision does."""
    row = await needs_attention(store, "sku_unknown")

    answer = await retry_all(browser, "sku_unknown", count="1", reason="")

    assert answer.status_code == 422
    assert await attempts_of(store, row) == []


async def test_many_orders_are_retried_in_turn(
    browser: Browser, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At most so many at a time, the longest waiting first."""
    monkeypatch.setattr(bulk_retry, "MOST_AT_ONCE", 2)
    rows = [await needs_attention(store, "sku_unknown", number=number) for number in (1, 2, 3)]
    assert "Retry 2 orders now" in (await browser.get("/attention/sku_unknown/retry")).text

    done = await retry_all(browser, "sku_unknown", count="3")

    assert "2 of 3 orders" in text_of(await browser.follow(done))
    assert [len(await attempts_of(store, row)) for row in rows] == [1, 1, 0]


async def test_a_task_is_not_retried_away(browser: Browser, store: Store) -> None:
    """Neither offered nor done."""
    row = await needs_attention(store, "cancelled_after_placing", state="placed")
    assert (
        "A retry does not settle this"
        in (await browser.get("/attention/cancelled_after_placing/retry")).text
    )

    sent = await browser.send(
        "/", "/attention/cancelled_after_placing/retry", reason=WHY, count="1"
    )

    assert sent.status_code == 409
    assert await attempts_of(store, row) == []
