"""Tokens, media types and limits at the simulated marketplace."""

import httpx

from app.simulator import SimulatedAnkorstore

from .conftest import JSON_API, Caller, HandClock


async def test_token_expires_by_the_clock(caller: Caller, clock: HandClock) -> None:
    """A token lives for an hour and not a second longer."""
    clock.move(3599)
    assert (await caller.get("/api/v1/orders")).status_code == 200
    clock.move(1)
    assert (await caller.get("/api/v1/orders")).status_code == 401


async def test_tokens_can_be_taken_away(ankorstore: SimulatedAnkorstore, caller: Caller) -> None:
    """After expire_tokens every token is refused until a new one is fetched."""
    ankorstore.expire_tokens()
    assert (await caller.get("/api/v1/orders")).status_code == 401
    await caller.log_in()
    assert (await caller.get("/api/v1/orders")).status_code == 200


async def test_refused_login(ankorstore: SimulatedAnkorstore) -> None:
    """Wrong credentials are a 401, a wrong grant type a 400."""
    caller = Caller(ankorstore)
    form = {"grant_type": "client_credentials", "client_id": "x", "client_secret": "y"}
    assert (await caller.http.post("/oauth/token", data=form)).status_code == 401
    form["grant_type"] = "password"
    assert (await caller.http.post("/oauth/token", data=form)).status_code == 400


async def test_sixty_tokens_an_hour(caller: Caller, clock: HandClock) -> None:
    """The token call has a limit of its own."""
    answers = [await caller.log_in() for _ in range(60)]
    assert [one.status_code for one in answers] == [200] * 59 + [429]
    assert int(answers[-1].headers["retry-after"]) == 3600
    clock.move(3600)
    assert (await caller.log_in()).status_code == 200


async def test_wrong_accept_is_not_acceptable(caller: Caller) -> None:
    """Anything but the JSON:API media type in Accept is a 406."""
    for accept in ("application/json", "*/*", f"{JSON_API}; charset=utf-8"):
        answer = await caller.http.get("/api/v1/orders", headers={"Accept": accept})
        assert answer.status_code == 406


async def test_wrong_content_type_is_unsupported(
    ankorstore: SimulatedAnkorstore, caller: Caller
) -> None:
    """A body of another media type is a 415 and has no effect."""
    order = ankorstore.place_order()
    path = f"/api/v1/orders/{order.id}/-actions/transition"

    answer = await caller.http.post(path, json={"data": {"type": "brand-validates"}})

    assert answer.status_code == 415
    assert order.status == "ankor_confirmed"


async def test_limit_of_requests(
    ankorstore: SimulatedAnkorstore, caller: Caller, clock: HandClock
) -> None:
    """Answers count down; over the limit the wait is told twice; a minute later it is over."""
    ankorstore.habits.requests_per_minute = 2
    answers: list[httpx.Response] = [await caller.get("/api/v1/orders") for _ in range(3)]

    assert [one.status_code for one in answers] == [200, 200, 429]
    assert [one.headers["x-ratelimit-remaining"] for one in answers] == ["1", "0", "0"]
    assert answers[2].headers["retry-after"] == "60"
    reset = int(answers[2].headers["x-ratelimit-reset"])
    assert reset == int(clock.now().timestamp()) + 60
    clock.move(60)
    assert (await caller.get("/api/v1/orders")).status_code == 200


async def test_unknown_paths_and_methods(caller: Caller) -> None:
    """A missing path is a 404, a path with another method a 405, both as error documents."""
    missing = await caller.get("/api/v1/nowhere")
    wrong = await caller.http.delete("/api/v1/orders")
    assert (missing.status_code, wrong.status_code) == (404, 405)
    assert missing.json()["errors"] == [{"detail": "Not found", "status": "404"}]
