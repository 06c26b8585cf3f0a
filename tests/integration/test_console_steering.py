"""Steering from the console: pauses and their banner, periodic jobs, events and their replay."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from html import unescape

import httpx
import pytest
from sqlalchemy import update

from app.domain.jobs import JOB_NAMES
from app.domain.pauses import Pausable, Pause
from app.store.decisions_jobs import list_job_decisions, pause_job
from app.store.events import EventFilter, list_events
from app.store.inbox import Inbox
from app.store.models import Event
from app.store.models_pauses import PauseRow
from app.store.operators import Role
from app.store.pauses import load_pauses, pause
from app.store.schedules import claim_job, ensure_schedules, load_schedules
from app.store.session import Store
from app.web.console import visits
from tests.fake_clock import FakeClock
from tests.integration.console import Browser, add_person, console, text_of
from tests.integration.web import deliver, event_body, sign
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

WHY = "stock-taking"
MARK = "Ina-Smit-Damstraat-14"
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
SINCE = re.compile(r'name="since" value="([^"]*)"')
EVENT_LINK = re.compile(r'href="/events/(\d+)"')


@pytest.fixture
async def browser(database_url: str, clock: FakeClock, store: Store) -> AsyncIterator[Browser]:
    """Return the browser of the operator anna, who is signed in."""
    await add_person(store)
    async with console(database_url, clock) as made:
        await made.sign_in()
        yield made


@pytest.fixture
async def viewer(database_url: str, clock: FakeClock, store: Store) -> AsyncIterator[Browser]:
    """Return the browser of vera, who may only look."""
    await add_person(store, "vera", Role.VIEWER)
    async with console(database_url, clock) as made:
        await made.sign_in("vera")
        yield made


async def send_pause(browser: Browser, what: str, **fields: str) -> httpx.Response:
    path = f"/pauses/{what}"
    return await browser.send(path, f"{path}/pause", **{"reason": WHY, **fields})


async def send_resume(browser: Browser, what: str, **fields: str) -> httpx.Response:
    path = f"/pauses/{what}"
    since = SINCE.findall((await browser.get(path)).text)
    given = {"since": since[0] if since else "", "reason": "counted", **fields}
    return await browser.send(path, f"{path}/resume", **given)


async def test_a_pause_stands_on_every_page_until_it_is_resumed(
    browser: Browser, store: Store
) -> None:
    """What, since when, by whom, why, with the way to end it; resumed, it is told as ended."""
    banner = f"Placing is paused since {store.now():%Y-%m-%d %H:%M} UTC by anna : {WHY}"
    assert 'class="paused"' not in (await browser.get("/")).text

    done = await send_pause(browser, "placing")

    for path in ("/", "/attention", "/orders", "/search?q=x", "/events", "/schedules", "/pauses"):
        page = await browser.get(path)
        assert banner in text_of(page), path
        assert 'href="/pauses">See the pauses' in page.text
    assert "Nothing is placed or released" in text_of(await browser.follow(done))

    ended = await send_resume(browser, "placing")

    told = text_of(await browser.follow(ended))
    assert "placing goes on; 0 orders that waited for it" in told
    assert "by anna (counted)" in told
    assert banner not in told
    (kept,) = await rows_of(store, PauseRow)
    assert (kept.resumed_by, kept.resume_reason) == ("anna", "counted")


@ON_SQLITE
async def test_a_page_asks_once_what_is_paused(
    browser: Browser, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However much is paused, on whatever page."""
    asked: list[Store] = []

    async def count(of: Store) -> dict[str, Pause]:
        asked.append(of)
        return await load_pauses(of)

    monkeypatch.setattr(visits, "load_pauses", count)
    for what in Pausable:
        await pause(store, what, by="ina", reason=WHY)
    for path in ("/settings", "/pauses", "/schedules", "/pauses/placing"):
        page = await browser.get(path)
        assert len(re.findall(r"<li><strong>", page.text)) == len(Pausable)

    assert len(asked) == 4


@ON_SQLITE
async def test_resuming_wakes_what_waited(browser: Browser, store: Store) -> None:
    """As the API does it."""
    in_force, _ = await pause(store, Pausable.PLACING, by="ina", reason=WHY)
    row = await add_order(
        store,
        state="accepted",
        waits_for=f"placing is paused since {in_force.since:%Y-%m-%d %H:%M} UTC by ina",
        next_attempt_at=store.now() + timedelta(hours=5),
    )

    done = await send_resume(browser, "placing")

    assert "placing goes on; 1 orders" in text_of(await browser.follow(done))
    assert (await order_row(store, row)).next_attempt_at == store.now()


@ON_SQLITE
async def test_what_cannot_be_paused_or_resumed_says_why(browser: Browser, store: Store) -> None:
    """Paused already, not paused, changed meanwhile, no reason, no such thing: nothing changes."""
    await pause(store, Pausable.PLACING, by="ina", reason=WHY)
    first = await load_pauses(store)
    token = await browser.get("/pauses/placing")
    assert "Resume placing" in text_of(token)

    again = await send_pause(browser, "placing", reason="me too")
    assert again.status_code == 409
    assert "paused already and stays as it was" in text_of(again)
    assert "Resume placing" in text_of(again)
    silent = await send_resume(browser, "placing", reason=" ")
    assert (silent.status_code, "say why" in silent.text) == (422, True)
    stale = await send_resume(browser, "placing", since="2020-01-01T00:00:00+00:00")
    assert (stale.status_code, "has changed" in stale.text) == (409, True)
    assert await load_pauses(store) == first

    running = await send_resume(browser, "tracking")
    assert running.status_code == 409
    assert "tracking was not paused; nothing changed" in text_of(running)
    silent = await send_pause(browser, "tracking", reason="")
    assert (silent.status_code, "say why" in silent.text) == (422, True)
    unknown = await browser.get("/pauses/sleeping")
    assert (unknown.status_code, "accepting, placing" in text_of(unknown)) == (404, True)
    assert (await browser.send("/pauses", "/pauses/sleeping/pause", reason="x")).status_code == 404
    assert await count_rows(store, PauseRow) == 1


FORMS = (
    "/pauses/placing/pause",
    "/pauses/placing/resume",
    "/schedules/reconcile/run",
    "/schedules/reconcile/pause",
    "/schedules/reconcile/resume",
    "/events/1/replay",
    "/events/replay",
)


@ON_SQLITE
@pytest.mark.parametrize("path", FORMS)
async def test_a_form_from_elsewhere_steers_nothing(
    browser: Browser, store: Store, path: str
) -> None:
    """Without the token of this session."""
    for token in ({}, {"form_token": "0" * 64}):
        sent = await browser.http.post(path, data={**token, "reason": WHY})
        assert sent.status_code == 403

    assert await count_rows(store, PauseRow) == 0
    assert await load_schedules(store) == {}


@ON_SQLITE
async def test_a_viewer_sees_and_steers_nothing(viewer: Browser, store: Store) -> None:
    """Neither button nor form nor what one would send; the body of an event is not shown."""
    await pause(store, Pausable.TRACKING, by="ina", reason=WHY)
    await ensure_schedules(store, JOB_NAMES)
    await Inbox(store).store_event(make_event("e1", raw_body=MARK.encode()))
    (event,) = await rows_of(store, Event)

    for path in ("/pauses", "/schedules", "/events", f"/events/{event.id}"):
        page = await viewer.get(path)
        assert page.status_code == 200
        assert "Tracking is paused since" in text_of(page)
        assert re.findall(r'action="([^"]+)" method="post"', page.text) == ["/sign-out"]
        assert not re.search(r'href="/(?:pauses|schedules)/|href="/events/replay', page.text)
        assert MARK not in page.text
    for path in ("/pauses/placing", "/schedules/reconcile/pause", "/events/replay"):
        assert (await viewer.get(path)).status_code == 403
    for path in FORMS:
        assert (await viewer.send("/", path, reason=WHY)).status_code == 403
    assert await count_rows(store, PauseRow) == 1


async def steer(browser: Browser, name: str, verb: str, **fields: str) -> httpx.Response:
    return await browser.send("/schedules", f"/schedules/{name}/{verb}", **fields)


@ON_SQLITE
async def test_a_job_is_run_paused_and_resumed(
    browser: Browser, store: Store, clock: FakeClock
) -> None:
    """Each says how the job stands then; a paused one is claimed by nobody."""
    await ensure_schedules(store, JOB_NAMES)
    job = await claim_job(store, ["reconcile"], 60)
    assert job is not None
    clock.advance(90)
    told = text_of(await browser.get("/schedules"))
    assert [name for name in JOB_NAMES if name.replace("_", " ") not in told] == []

    ran = await steer(browser, "reconcile", "run")
    assert "reconcile: It runs as soon as a worker is free." in text_of(await browser.follow(ran))
    form = "/schedules/reconcile/pause"
    paused = await browser.send(form, form, reason=WHY)
    assert f"by anna: {WHY}." in text_of(await browser.follow(paused))
    assert await claim_job(store, ["reconcile"], 60) is None
    resumed = await steer(browser, "reconcile", "resume")
    told = text_of(await browser.follow(resumed))
    assert "reconcile: It runs" in told
    decided = told[told.index("Decided lately") :]
    at = f"{clock.now():%Y-%m-%d %H:%M} UTC by anna"
    last, before, first = (
        f"reconcile: {did} {at}" for did in ("resumed", "paused", "run out of turn")
    )
    assert decided.index(last) < decided.index(f"{before}: {WHY}") < decided.index(first)
    assert await claim_job(store, ["reconcile"], 60) is not None


@ON_SQLITE
async def test_what_cannot_be_done_with_a_job_says_why(browser: Browser, store: Store) -> None:
    """Nothing is changed by it."""
    await pause_job(store, "returns", by="ina", reason=WHY)
    before = await load_schedules(store)
    (paused,) = await list_job_decisions(store, 5)

    ran = await steer(browser, "returns", "run")
    assert ran.status_code == 409
    assert f"returns is paused by ina ({WHY}); resume it first" in text_of(ran)
    again = await steer(browser, "returns", "pause", reason="me too")
    assert again.status_code == 409
    assert f"by ina: {WHY}. Resume it first." in text_of(again)
    silent = await steer(browser, "returns", "pause", reason="")
    assert (silent.status_code, "say why" in silent.text) == (422, True)
    assert (await load_schedules(store))["returns"] == before["returns"]
    running = await steer(browser, "reconcile", "resume")
    assert running.status_code == 409
    assert "reconcile was not paused; nothing changed" in text_of(running)
    assert await list_job_decisions(store, 5) == [paused]
    for verb in ("run", "pause", "resume"):
        nonsense = await steer(browser, "nonsense", verb, reason="x")
        assert (nonsense.status_code, "reconcile" in nonsense.text) == (404, True)


async def come_in(store: Store, clock: FakeClock) -> list[int]:
    """Seven events, one a minute: two orders in turn, one that tells of none; return their ids."""
    for number in range(7):
        order_id = None if number == 3 else order_id_of(number % 2)
        kind = "order.updated" if number > 4 else "order.brand_created"
        await Inbox(store).store_event(make_event(f"e{number}", order_id, event_type=kind))
        clock.advance(60)
    return [event.id for event in await rows_of(store, Event)]


async def test_events_are_listed_by_what_is_asked(
    browser: Browser, store: Store, clock: FakeClock
) -> None:
    """By type, disposition, order, time, and whether they were looked at."""
    ids = await come_in(store, clock)
    first = clock.now() - timedelta(minutes=7)
    async with store.write() as connection:
        seen = update(Event).where(Event.id <= ids[1]).values(processed_at=store.now())
        await connection.execute(seen)

    def at(minutes: int) -> str:
        return f"{first + timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%S}"

    for query, wanted in (
        ({}, ids),
        ({"type": "order.updated"}, ids[5:]),
        ({"disposition": "ignored"}, ids[3:4]),
        ({"order": order_id_of(1)}, [ids[1], ids[5]]),
        ({"since": at(1), "until": at(3)}, ids[1:3]),
        ({"since": at(1) + "Z"}, ids[1:]),
        ({"type": "order.brand_created", "since": at(4), "order": order_id_of(0)}, ids[4:5]),
        ({"type": "nothing"}, []),
    ):
        page = await browser.http.get("/events", params=query)
        assert EVENT_LINK.findall(page.text) == [str(one) for one in reversed(wanted)], query
    unseen = {event.id for event in await rows_of(store, Event) if event.processed_at is None}
    page = await browser.get("/events?unprocessed=yes")
    assert {int(one) for one in EVENT_LINK.findall(page.text)} == unseen


@ON_SQLITE
async def test_a_list_of_events_goes_on_page_by_page(
    browser: Browser, store: Store, monkeypatch: pytest.MonkeyPatch, clock: FakeClock
) -> None:
    """Every event stands on one page exactly; the filter stays on the way."""
    monkeypatch.setattr("app.web.console.events_page.PAGE", 2)
    ids = await come_in(store, clock)
    found, at = [], "/events?type=order.brand_created&unprocessed="
    while at:
        page = await browser.get(at)
        found += [int(one) for one in EVENT_LINK.findall(page.text)]
        older = re.findall(r'href="([^"]+)" rel="next"', page.text)
        at = older[0].replace("&amp;", "&") if older else ""

    assert found == ids[4::-1]


@ON_SQLITE
@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"disposition": "duplicate"}, "choose one of: stored, ignored"),
        ({"order": "R9"}, "no order has this reference"),
        ({"since": "yesterday"}, "give a time as 2026-12-01T08:00"),
        ({"since": "0001-01-01T00:00+12:00"}, "give a time as"),
        ({"since": "2026-01-02T00:00", "until": "2026-01-02T00:00"}, "later than the first"),
        ({"type": "x" * 201}, "at most 200"),
        ({"type": "x\x07"}, "use one line"),
    ],
)
async def test_a_filter_that_cannot_be_is_told_beside_it(
    browser: Browser, query: dict[str, str], said: str
) -> None:
    """What was filled in is kept."""
    page = await browser.http.get("/events", params=query)

    assert page.status_code == 422
    assert said in text_of(page)
    assert page.text.count('id="wrong"') == 1


@ON_SQLITE
async def test_an_event_is_shown_with_its_body_and_no_secret(
    browser: Browser, store: Store
) -> None:
    """To operators; once it was emptied for its age, that is said."""
    body = event_body(note="<b>Ina</b>")
    await deliver(browser.http, body, Authorization="Bearer hush")
    (event,) = await rows_of(store, Event)

    page = await browser.get(f"/events/{event.id}")

    assert "<b>Ina" not in page.text
    assert body.decode() in unescape(page.text)
    assert [one for one in ("hush", *sign(body).values()) if one in page.text] == []
    async with store.write() as connection:
        gone = update(Event).values(raw_body=b"", headers={}, pruned_at=store.now())
        await connection.execute(gone)
    assert "emptied for its age" in text_of(await browser.get(f"/events/{event.id}"))
    for path in ("/events/999", "/events/0", "/events/x"):
        assert (await browser.get(path)).status_code in (404, 422)


@ON_SQLITE
async def test_an_event_is_replayed_with_a_reason(
    browser: Browser, store: Store, clock: FakeClock
) -> None:
    """Its order is woken, and the history has who and why; without an order there is none."""
    ids = await come_in(store, clock)
    (event, *_), _ = await list_events(store, EventFilter(limit=1))
    path = f"/events/{event.id}"
    assert event.id == ids[-1]
    order = next(one.order_id for one in await rows_of(store, Event) if one.id == event.id)
    await change_order(store, order, next_attempt_at=None)

    silent = await browser.send(path, f"{path}/replay", reason="")
    assert (silent.status_code, "say why" in silent.text) == (422, True)
    assert await attempts_of(store, order) == []
    done = await browser.send(path, f"{path}/replay", reason="look again")

    assert "the order it names is read again now" in text_of(await browser.follow(done))
    (attempt,) = await attempts_of(store, order)
    assert attempt.message == "event order.updated replayed by anna: look again"
    assert (await order_row(store, order)).next_attempt_at == store.now()
    ignored = f"/events/{ids[3]}"
    assert 'method="post" class="stacked"' not in (await browser.get(ignored)).text
    refused = await browser.send(ignored, f"{ignored}/replay", reason="x")
    assert (refused.status_code, "tells of no order" in text_of(refused)) == (409, True)


async def send_window(browser: Browser, **fields: str) -> httpx.Response:
    return await browser.send("/events/replay", "/events/replay", **{"reason": WHY, **fields})


@ON_SQLITE
async def test_a_time_window_is_counted_confirmed_and_replayed(
    browser: Browser, store: Store, clock: FakeClock
) -> None:
    """Looking does nothing; another number than was confirmed asks again."""
    window = {"since": f"{clock.now():%Y-%m-%dT%H:%M}", "type": ""}
    await come_in(store, clock)
    window["until"] = f"{clock.now():%Y-%m-%dT%H:%M}"
    orders = sorted({one.order_id for one in await rows_of(store, Event) if one.order_id})

    page = await browser.http.get("/events/replay", params=window)
    assert "6 events name 2 orders" in text_of(page)
    assert 'name="count" value="2"' in page.text
    for count in ("1", "", "x", "２"):
        other = await send_window(browser, **window, count=count)
        assert other.status_code == 409
        assert "2 orders" in text_of(other)
        assert 'name="count" value="2"' in other.text
    silent = await send_window(browser, **window, count="2", reason="")
    assert (silent.status_code, "say why" in silent.text) == (422, True)
    assert [await attempts_of(store, order) for order in orders] == [[], []]

    done = await send_window(browser, **window, count="2")

    assert "Replay: 2 orders are read again now." in text_of(await browser.follow(done))
    for order in orders:
        (attempt,) = await attempts_of(store, order)
        assert attempt.message.endswith(f"by anna: {WHY}")


@ON_SQLITE
@pytest.mark.parametrize(
    ("window", "said"),
    [
        ({"since": "x", "until": "2026-01-01T00:00"}, "give a time as"),
        ({"since": "2026-01-02T00:00", "until": "2026-01-01T00:00"}, "later than the first"),
        (
            {"since": "2026-01-01T00:00", "until": "2026-01-02T00:00", "type": "x\ty"},
            "use one line",
        ),
    ],
)
async def test_a_window_that_cannot_be_is_refused(
    browser: Browser, window: dict[str, str], said: str
) -> None:
    """Looked at or sent."""
    looked = await browser.http.get("/events/replay", params=window)
    sent = await send_window(browser, **window, count="0")

    for answer in (looked, sent):
        assert (answer.status_code, said in text_of(answer)) == (422, True)


@ON_SQLITE
async def test_a_window_without_an_order_has_nothing_to_confirm(browser: Browser) -> None:
    """It says so; an empty form only asks."""
    window = {"since": "2026-01-01T00:00", "until": "2026-01-02T00:00"}
    page = await browser.http.get("/events/replay", params=window)

    assert "No event of that time names an order." in text_of(page)
    assert (await browser.get("/events/replay")).status_code == 200
    sent = await send_window(browser, count="0", since="", until="")
    assert (sent.status_code, "give a time" in text_of(sent)) == (422, True)
