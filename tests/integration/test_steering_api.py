"""Pauses, schedules and events over the operators' API: said, shown, refused, done twice."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import insert

from app.domain.jobs import JOB_NAMES
from app.domain.pauses import Pausable
from app.store.decisions_jobs import list_job_decisions
from app.store.erasing import erase_notes
from app.store.events import KEPT_AS, EventFilter, list_events, replay_window
from app.store.inbox import Inbox
from app.store.models import Event, Order, Shipment
from app.store.models_pauses import PauseRow
from app.store.schedules import claim_job, load_schedules
from app.store.session import Store
from tests.fake_clock import FakeClock
from tests.integration.web import OPERATOR, running_web
from tests.store_rows import (
    add_order,
    attempts_of,
    change_order,
    count_rows,
    make_event,
    order_id_of,
    order_row,
    rows_of,
)

WHY = {"by": "ina", "reason": "stock-taking"}


@pytest.fixture
async def client(database_url: str, clock: FakeClock) -> AsyncIterator[httpx.AsyncClient]:
    """Return an operator's client of the running web part."""
    async with running_web(database_url, clock) as made:
        made.headers.update(OPERATOR)
        yield made


async def test_a_pause_is_said_shown_and_ended(
    client: httpx.AsyncClient, store: Store, clock: FakeClock
) -> None:
    """Status and metrics show it; twice is once; its end wakes nobody who waited for nothing."""
    shown = {"what": "placing", "since": clock.now().isoformat(), **WHY}

    answer = await client.post("/api/pauses/placing", json=WHY)
    again = await client.post("/api/pauses/placing", json={"by": "jo", "reason": "me too"})

    for one in (answer, again):
        assert one.status_code == 200
        assert {name: one.json()[name] for name in shown} == shown
    assert "paused already" in again.json()["message"]
    assert (await client.get("/api/pauses")).json() == {"pauses": [shown]}
    status = (await client.get("/status")).json()
    assert (status["pauses"], status["backlog"]["ends_at"]) == ([shown], None)
    metrics = (await client.get("/metrics")).text
    for what in Pausable:
        assert f'antbridge_paused{{what="{what}"}} {float(what == "placing")}' in metrics

    why = {"by": "jo", "reason": "all is\x00counted"}
    ended = await client.delete("/api/pauses/placing", params=why)
    assert (ended.json()["ended"], ended.json()["woken"]) == (shown, 0)
    twice = await client.delete("/api/pauses/placing")
    assert (twice.status_code, twice.json()["ended"]) == (200, None)
    (kept,) = await rows_of(store, PauseRow)
    assert (kept.paused_by, kept.reason, kept.resumed_by) == ("ina", "stock-taking", "jo")
    assert kept.resume_reason == "all is counted"
    assert (await client.get("/status")).json()["pauses"] == []


@pytest.mark.parametrize(
    ("method", "path", "body", "words"),
    [
        ("POST", "/api/pauses/sleeping", WHY, "accepting"),
        ("POST", "/api/pauses/placing", {"by": "ina"}, "reason"),
        ("POST", "/api/pauses/placing", {"by": "ina", "reason": " \n"}, "reason: is empty"),
        ("POST", "/api/pauses/placing", {"by": "\x00", "reason": "x"}, "by: is empty"),
        ("DELETE", "/api/pauses/sleeping", None, "accepting"),
        ("POST", "/api/schedules/shipments/pause", {"by": "ina"}, "reason"),
        ("POST", "/api/schedules/shipments/run", {"by": " "}, "by: is empty"),
        ("POST", "/api/schedules/shipments/resume", {"why": "?"}, "why"),
        ("POST", "/api/events/1/replay", {"why": "?"}, "why"),
        ("GET", "/api/events?disposition=duplicate", None, "stored, ignored"),
        ("GET", "/api/events?since=2026-03-02T09:00:00", None, "timezone"),
        ("GET", "/api/events?since=0001-01-01T00:00:00%2B12:00", None, "calendar"),
        (
            "GET",
            "/api/events/window?since=2026-03-02T09:00Z&until=2026-03-02T09:00Z",
            None,
            "later",
        ),
    ],
)
async def test_what_cannot_be_is_refused_by_name(
    client: httpx.AsyncClient, store: Store, method: str, path: str, body: Any, words: str
) -> None:
    """The answer names the part and what would be right; nothing is done."""
    answer = await client.request(method, path, json=body)

    assert answer.status_code == 422
    assert words in answer.text
    assert await count_rows(store, PauseRow) == 0


async def test_jobs_are_listed_run_and_paused(
    client: httpx.AsyncClient, store: Store, clock: FakeClock
) -> None:
    """A paused job is claimed by nobody and cannot be run; resumed, it is due again."""
    listed = (await client.get("/api/schedules")).json()["schedules"]
    assert [one["name"] for one in listed] == list(JOB_NAMES)

    for _ in range(2):
        paused = await client.post("/api/schedules/reconcile/pause", json=WHY)
        assert paused.status_code == 200
        assert (paused.json()["paused_by"], paused.json()["pause_reason"]) == (
            "ina",
            "stock-taking",
        )
        clock.advance(5)
    held = (await load_schedules(store))["reconcile"]
    assert held.paused_at == clock.now() - timedelta(seconds=10)
    assert await claim_job(store, ["reconcile"], 60) is None
    refused = await client.post("/api/schedules/reconcile/run")
    assert refused.status_code == 409
    assert "resume" in refused.json()["detail"]

    for _ in range(2):
        resumed = await client.post("/api/schedules/reconcile/resume")
        assert (resumed.status_code, resumed.json()["paused_at"]) == (200, None)
    job = await claim_job(store, ["reconcile"], 60)
    assert job is not None
    running = (await client.post("/api/schedules/reconcile/run")).json()
    assert (running["is_running"], running["message"]) == (True, "It runs now.")
    assert (await client.post("/api/schedules/nonsense/run")).status_code == 404


async def test_what_people_did_with_a_job_is_kept(
    client: httpx.AsyncClient, store: Store, clock: FakeClock
) -> None:
    """Who, when and why, where that was said; what changed nothing is not among it."""
    path = "/api/schedules/reconcile"
    at = []
    for verb, why in (
        ("run", {"by": "jo", "reason": " a webhook\nis missing "}),
        ("resume", WHY),
        ("pause", WHY),
        ("pause", {"by": "jo", "reason": "me too"}),
        ("run", WHY),
        ("resume", {"by": "jo"}),
        ("run", None),
    ):
        at.append(clock.now().isoformat())
        answer = await client.post(f"{path}/{verb}", json=why)
        assert answer.status_code in (200, 409)
        clock.advance(60)

    decided = [
        {"decision": "run", "decided_at": at[6], "by": "API", "reason": None},
        {"decision": "resume", "decided_at": at[5], "by": "jo", "reason": None},
        {"decision": "pause", "decided_at": at[2], "by": "ina", "reason": "stock-taking"},
        {"decision": "run", "decided_at": at[0], "by": "jo", "reason": "a webhook is missing"},
    ]
    assert answer.json()["decisions"] == decided
    listed = (await client.get("/api/schedules")).json()["schedules"]
    kept = {one["name"]: one["decisions"] for one in listed}
    assert kept == {name: decided if name == "reconcile" else [] for name in JOB_NAMES}

    for _ in range(2):
        await client.post("/api/schedules/returns/run")
    assert await erase_notes(store, "a webhook") == {"reasons of decisions about schedules": 1}
    last = await list_job_decisions(store, 1)
    assert [(one.job, one.reason) for one in last] == [("returns", None), ("reconcile", None)]
    reasons = [one.reason for one in await list_job_decisions(store, 9) if one.reason]
    assert reasons == ["stock-taking", "(erased)"]


async def test_a_job_tells_which_pause_stops_it(client: httpx.AsyncClient) -> None:
    """A company's pause stops the jobs that call it, and no other."""
    await client.post("/api/pauses/active_ants", json=WHY)

    listed = (await client.get("/api/schedules")).json()["schedules"]

    stopped = {one["name"] for one in listed if one["stopped_by"] is not None}
    assert stopped == {"shipments", "warehouse_settings", "deliveries", "returns"}


async def come_in(store: Store, clock: FakeClock) -> None:
    """Seven events, one a minute: two orders in turn, one that tells of none."""
    inbox = Inbox(store)
    for number in range(7):
        order_id = None if number == 3 else order_id_of(number % 2)
        kind = "order.updated" if number > 4 else "order.brand_created"
        body = f'{{"name": "Ina Smit {number}"}}'.encode()
        await inbox.store_event(make_event(f"e{number}", order_id, event_type=kind, raw_body=body))
        clock.advance(60)


async def test_events_are_listed_page_by_page(
    client: httpx.AsyncClient, store: Store, clock: FakeClock
) -> None:
    """Newest first; the pages together are the whole, and no body is in a list."""
    start = clock.now()
    await come_in(store, clock)

    told: list[str] = []
    after: dict[str, Any] = {}
    while True:
        page = (await client.get("/api/events", params={"limit": 2, **after})).json()
        told += [one["event_id"] for one in page["events"]]
        assert all("body" not in one and "raw_body" not in one for one in page["events"])
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert told == [f"e{number}" for number in range(6, -1, -1)]

    async def ids(**query: Any) -> list[str]:
        answer = await client.get("/api/events", params=query)
        return [one["event_id"] for one in answer.json()["events"]]

    assert await ids(type="order.updated") == ["e6", "e5"]
    assert await ids(disposition="ignored") == ["e3"]
    assert await ids(order=order_id_of(1)) == ["e5", "e1"]
    since, until = start + timedelta(minutes=2), start + timedelta(minutes=4)
    assert await ids(since=since.isoformat(), until=until.isoformat()) == ["e3", "e2"]
    assert await ids(after=10**9) == []
    assert (await client.get("/api/events", params={"order": "none"})).status_code == 404


async def test_an_event_is_shown_with_its_body(
    client: httpx.AsyncClient, store: Store, clock: FakeClock
) -> None:
    """Only one event whole shows the body, and only to operators."""
    await come_in(store, clock)
    first = (await rows_of(store, Event))[0]

    shown = (await client.get(f"/api/events/{first.id}")).json()

    assert (shown["event_id"], shown["body"]) == ("e0", '{"name": "Ina Smit 0"}')
    assert (await client.get("/api/events/999")).status_code == 404
    bare = await client.get(f"/api/events/{first.id}", headers={"Authorization": ""})
    assert bare.status_code == 401


async def test_an_event_is_replayed_as_a_hint(
    client: httpx.AsyncClient, store: Store, clock: FakeClock
) -> None:
    """The order it names is woken and its history says who; no event is stored again."""
    await come_in(store, clock)
    events = await rows_of(store, Event)
    order_id = events[0].order_id
    await change_order(store, order_id, next_attempt_at=None)
    before = await order_row(store, order_id)

    answer = await client.post(f"/api/events/{events[0].id}/replay", json=WHY)

    assert answer.status_code == 200
    row = await order_row(store, order_id)
    assert (row.wake_seq, row.next_attempt_at) == (before.wake_seq + 1, clock.now())
    (attempt,) = await attempts_of(store, order_id)
    assert (attempt.step, attempt.message) == (
        "replay",
        "event order.brand_created replayed by ina: stock-taking",
    )
    assert await rows_of(store, Event) == events
    assert (await client.post(f"/api/events/{events[3].id}/replay")).status_code == 409
    assert (await client.post("/api/events/999/replay")).status_code == 404


async def test_a_window_is_replayed_by_the_number_expected(
    client: httpx.AsyncClient, store: Store, clock: FakeClock
) -> None:
    """Counted first; with another number nothing is done; each order is woken once."""
    start = clock.now()
    await come_in(store, clock)
    window = {"since": start.isoformat(), "until": (start + timedelta(minutes=5)).isoformat()}
    seqs = [row.wake_seq for row in await rows_of(store, Order)]

    counted = (await client.get("/api/events/window", params=window)).json()
    assert counted == {"events": 4, "orders": 2}
    refused = await client.post(
        "/api/events/window/replay", json={**window, "expected_orders": 1, **WHY}
    )
    assert refused.status_code == 409
    assert "4 events of 2 orders" in refused.json()["detail"]
    assert [row.wake_seq for row in await rows_of(store, Order)] == seqs

    done = await client.post(
        "/api/events/window/replay", json={**window, "expected_orders": 2, **WHY}
    )

    assert done.status_code == 200
    orders = await rows_of(store, Order)
    assert [row.wake_seq for row in orders] == [seq + 1 for seq in seqs]
    for row in orders:
        (attempt,) = await attempts_of(store, row.id)
        assert attempt.message == (
            "events replayed, received 2026-03-02 09:00:00 to 2026-03-02 09:05:00 UTC, "
            "by ina: stock-taking"
        )
    assert await count_rows(store, Event) == 7


async def test_a_type_of_event_alone_can_be_replayed(store: Store, clock: FakeClock) -> None:
    """The window may be narrowed to one type."""
    start = clock.now()
    await come_in(store, clock)

    window = await replay_window(
        store, start, clock.now(), event_type="order.updated", expected_orders=2, by="ina"
    )

    assert (window.events, window.orders) == (2, 2)
    for kept in KEPT_AS:
        page, _ = await list_events(store, EventFilter(disposition=kept))
        assert {one.disposition for one in page} == {kept}


async def test_what_no_database_takes_is_left_out_of_a_decision(
    client: httpx.AsyncClient, store: Store
) -> None:
    """A null character or a line end in who and why becomes a blank in the history."""
    order_id = await add_order(store, 1, attention_reason="stock_short")

    body = {"by": "ina\x00smit", "reason": "line\none"}
    answer = await client.post(f"/api/orders/{order_id_of(1)}/retry", json=body)

    assert answer.status_code == 200
    (attempt,) = await attempts_of(store, order_id)
    assert attempt.message == "retried by ina smit: line one"


async def test_shipments_not_matched_are_listed_page_by_page(
    client: httpx.AsyncClient, store: Store
) -> None:
    """As the console lists them: newest first, and none that fits an order."""
    for number, disposition in enumerate(["not_matched", "matched", "not_matched"], 1):
        async with store.write() as connection:
            await connection.execute(
                insert(Shipment).values(
                    warehouse_shipment_id=f"S{number}",
                    disposition=disposition,
                    source="feed",
                    parcel_count=number,
                    problems=[],
                    lines=[],
                    stored_at=store.now(),
                )
            )

    first = (await client.get("/api/shipments/not-matched?limit=1")).json()
    second = (await client.get(f"/api/shipments/not-matched?after={first['next']}")).json()

    found = [(one["warehouse_shipment_id"], one["parcel_count"]) for one in first["shipments"]]
    assert found == [("S3", 3)]
    assert [one["warehouse_shipment_id"] for one in second["shipments"]] == ["S1"]
    assert second["next"] is None
    assert (await client.get("/api/shipments/not-matched?after=x")).status_code == 422
    del client.headers["Authorization"]
    assert (await client.get("/api/shipments/not-matched")).status_code == 401
