"""Every fault, in process: what the caller sees and whether the effect happened."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from app.simulator import Fault, SimulatedActiveAnts, SimulatedAnkorstore

from .conftest import Caller, HandClock, Shop, order_body

TRANSITION = "POST */-actions/transition"


@pytest.mark.parametrize(
    ("fault", "options", "error", "status"),
    [
        (Fault.REFUSE_CONNECTION, {}, httpx.ConnectError, "ankor_confirmed"),
        (Fault.LOSE_ANSWER_BEFORE, {}, httpx.ReadError, "ankor_confirmed"),
        (Fault.LOSE_ANSWER_AFTER, {}, httpx.ReadError, "brand_confirmed"),
        (Fault.LOSE_ANSWER_AFTER, {"surface": "timeout"}, httpx.ReadTimeout, "brand_confirmed"),
    ],
)
async def test_lost_answers(
    ankorstore: SimulatedAnkorstore,
    caller: Caller,
    fault: Fault,
    options: Any,
    error: type[Exception],
    status: str,
) -> None:
    """The caller gets the error of a real network; the order tells whether it took effect."""
    ankorstore.faults.once(TRANSITION, fault, **options)
    order = ankorstore.place_order()

    with pytest.raises(error):
        await caller.transition(order.id, "brand-validates")

    assert order.status == status
    assert [(one.status, one.fault) for one in ankorstore.calls_to(TRANSITION)] == [(None, fault)]
    assert (await caller.get(f"/api/v1/orders/{order.id}")).status_code == 200


@pytest.mark.parametrize(
    ("fault", "options", "answer_status", "order_status"),
    [
        (Fault.TOO_MANY_REQUESTS, {"seconds": 7}, 429, "ankor_confirmed"),
        (Fault.TOO_MANY_REQUESTS_UNSAID, {}, 429, "ankor_confirmed"),
        (Fault.SERVER_ERROR_BEFORE, {}, 500, "ankor_confirmed"),
        (Fault.SERVER_ERROR_BEFORE, {"status": 503}, 503, "ankor_confirmed"),
        (Fault.SERVER_ERROR_AFTER, {"status": 502}, 502, "brand_confirmed"),
        (Fault.UNAUTHORIZED, {}, 401, "ankor_confirmed"),
    ],
)
async def test_error_answers(
    ankorstore: SimulatedAnkorstore,
    caller: Caller,
    clock: HandClock,
    fault: Fault,
    options: Any,
    answer_status: int,
    order_status: str,
) -> None:
    """Error answers have the marketplace's form and headers; only "after" has the effect."""
    ankorstore.faults.once(TRANSITION, fault, **options)
    order = ankorstore.place_order()

    answer = await caller.transition(order.id, "brand-validates")

    assert answer.status_code == answer_status
    assert answer.json()["errors"][0]["status"] == str(answer_status)
    assert "x-ratelimit-limit" in answer.headers
    assert answer.headers.get("retry-after") == ("7" if "seconds" in options else None)
    assert order.status == order_status


@pytest.mark.parametrize(
    ("fault", "is_json"),
    [
        (Fault.TRUNCATE_BODY, False),
        (Fault.NOT_JSON, False),
        (Fault.EMPTY_BODY, False),
        (Fault.WRONG_TYPE, True),
    ],
)
async def test_spoilt_bodies(
    active_ants: SimulatedActiveAnts, shop: Shop, fault: Fault, is_json: bool
) -> None:
    """The status is that of a success, the body is not; the order was taken."""
    active_ants.faults.once("POST */order/add", fault)
    response = await shop.http.post("/v2/order/add", json=order_body("3434273911"))
    assert response.status_code == 200
    assert len(active_ants.orders_numbered("3434273911")) == 1
    if is_json:
        assert response.json() == ["unexpected"]
    else:
        with pytest.raises(json.JSONDecodeError):
            response.json()


async def test_warehouse_errors_have_no_envelope(
    active_ants: SimulatedActiveAnts, shop: Shop
) -> None:
    """Errors of the warehouse come from the web server in front of it."""
    for fault, status in ((Fault.SERVER_ERROR_BEFORE, 503), (Fault.UNAUTHORIZED, 401)):
        active_ants.faults.once("GET */settings/get", fault, status=503)
        response = await shop.http.get("/v2/settings/get")
        assert response.status_code == status
        assert "messageCode" not in response.text


async def test_latency_within_patience(
    ankorstore: SimulatedAnkorstore, caller: Caller, clock: HandClock
) -> None:
    """A slow answer comes when its time is up; the effect is as late as the answer."""
    ankorstore.faults.once(TRANSITION, Fault.LATENCY, seconds=3)
    order = ankorstore.place_order()
    started_at = clock.now().timestamp()
    answer = await caller.transition(order.id, "brand-validates")
    assert answer.status_code == 200
    assert clock.now().timestamp() - started_at == 3
    assert order.history[-1][0] == clock.now()


async def test_effect_comes_after_the_caller_gave_up(
    active_ants: SimulatedActiveAnts, shop: Shop, clock: HandClock
) -> None:
    """A request whose caller timed out still takes effect when its turn comes."""
    active_ants.faults.once("POST */order/add", Fault.LATENCY, seconds=25)
    with pytest.raises(httpx.ReadTimeout):  # the client's read timeout is 5 seconds
        await shop.add("3434273911")
    assert active_ants.orders == {}
    assert (await shop.search("3434273911"))["messageCode"] == "NOK"
    clock.move(20)
    assert (await shop.search("3434273911"))["messageCode"] == "OK"


async def test_cancelled_caller_cannot_take_its_request_back(
    active_ants: SimulatedActiveAnts, shop: Shop, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A caller cancelled while it waits has sent its request all the same."""

    async def wait_for_ever(seconds: float) -> None:
        await asyncio.Event().wait()

    active_ants.faults.once("POST */order/add", Fault.LATENCY, seconds=2)
    monkeypatch.setattr(clock, "sleep", wait_for_ever)
    adding = asyncio.create_task(shop.add("3434273911"))
    await asyncio.sleep(0.01)
    adding.cancel()
    await asyncio.gather(adding, return_exceptions=True)
    clock.move(2)
    active_ants.catch_up()
    assert len(active_ants.orders_numbered("3434273911")) == 1


async def test_plans_are_counted_skipped_and_stopped(
    ankorstore: SimulatedAnkorstore, caller: Caller
) -> None:
    """A plan hits so many fitting requests after letting some pass; others are untouched."""
    ankorstore.faults.once("GET /api/v1/orders", "server_error_before", times=2, skip=1)
    statuses = []
    for _ in range(4):
        statuses.append((await caller.get("/api/v1/orders")).status_code)
        assert (await caller.get("/api/v1/me/config")).status_code == 200
    assert statuses == [200, 500, 500, 200]

    plan = ankorstore.faults.always("GET /api/v1/orders", Fault.SERVER_ERROR_BEFORE)
    assert (await caller.get("/api/v1/orders")).status_code == 500
    ankorstore.faults.stop(plan)
    assert (await caller.get("/api/v1/orders")).status_code == 200


async def test_probable_faults_follow_the_seed(clock: HandClock) -> None:
    """The same seed hits the same requests, about as many as the probability says."""
    runs = []
    for _ in range(2):
        company = SimulatedAnkorstore(clock=clock, seed=5)
        company.habits.requests_per_minute = None
        caller = Caller(company)
        await caller.log_in()
        company.faults.sometimes("GET /api/v1/orders", Fault.SERVER_ERROR_BEFORE, 0.3)
        runs.append([(await caller.get("/api/v1/orders")).status_code for _ in range(100)])
    assert runs[0] == runs[1]
    assert 15 < runs[0].count(500) < 45
