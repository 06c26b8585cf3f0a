"""The one token everybody shares."""

import asyncio
import json
from urllib.parse import parse_qsl

import httpx
import pytest

from app.ankorstore.auth import build_login
from app.circuit import Circuit
from app.errors import OutcomeUnknown, RateLimited, Transient, Unauthorized
from app.login import BearerLogin
from app.outbound import PeerConnection
from app.pacing import local_budget
from app.ports import Turn
from tests.fake_clock import FakeClock

BASE = "https://peer.example"
SECRET = "the-client-secret"


class Company:
    """Gives out tokens, knows which are good, and can be told to fail."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.logins: list[httpx.Request] = []
        self.calls: list[httpx.Request] = []
        self.good: set[str] = set()
        self.login_answers: list[httpx.Response | Exception] = []
        self.lifetime: object = 3600
        self.accepts_tokens = True
        self.in_login = 0

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/oauth/token":
            return await self._log_in(request)
        self.calls.append(request)
        await asyncio.sleep(0)
        token = request.headers["Authorization"].removeprefix("Bearer ")
        return httpx.Response(200 if self.accepts_tokens and token in self.good else 401)

    async def _log_in(self, request: httpx.Request) -> httpx.Response:
        self.logins.append(request)
        self.in_login += 1
        assert self.in_login == 1, "two logins at once"
        try:
            for _ in range(3):
                await asyncio.sleep(0)
        finally:
            self.in_login -= 1
        if self.login_answers:
            answer = self.login_answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer
        token = f"token-{len(self.logins)}"
        self.good.add(token)
        body = {"token_type": "Bearer", "expires_in": self.lifetime, "access_token": token}
        return httpx.Response(200, json=body)

    def revoke_all(self) -> None:
        self.good.clear()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def company(clock: FakeClock) -> Company:
    return Company(clock)


@pytest.fixture
def peer(company: Company, clock: FakeClock) -> PeerConnection:
    return PeerConnection(
        "peer",
        BASE,
        budget=local_budget(clock, requests_per_minute=60_000, burst=1000),
        clock=clock,
        timeout_seconds=10,
        auth=build_login(BASE, "the-client", SECRET, clock=clock, peer="peer"),
        circuit=Circuit("peer", clock, failures_to_open=1_000_000),
        transport=httpx.MockTransport(company),
    )


async def read(peer: PeerConnection) -> int:
    return (await peer.call("GET", "/api", operation="read")).status


async def test_the_login_is_a_form_and_its_token_goes_on_every_call(
    company: Company, peer: PeerConnection
) -> None:
    assert await read(peer) == 200

    login = company.logins[0]
    assert (login.method, str(login.url)) == ("POST", "https://peer.example/oauth/token")
    assert login.headers["Accept"] == "application/json"
    assert login.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert "Authorization" not in login.headers
    assert dict(parse_qsl(login.content.decode())) == {
        "grant_type": "client_credentials",
        "client_id": "the-client",
        "client_secret": SECRET,
        "scope": "*",
    }
    assert company.calls[0].headers["Authorization"] == "Bearer token-1"


async def test_fifty_callers_share_one_login(company: Company, peer: PeerConnection) -> None:
    statuses = await asyncio.gather(*(read(peer) for _ in range(50)))

    assert statuses == [200] * 50
    assert len(company.logins) == 1


async def test_fifty_callers_share_the_renewal_of_a_revoked_token(
    company: Company, peer: PeerConnection
) -> None:
    """Each call that met 401 is sent once more, all with the same new token."""
    await read(peer)
    company.revoke_all()
    company.calls.clear()

    statuses = await asyncio.gather(*(read(peer) for _ in range(50)))

    assert statuses == [200] * 50
    assert len(company.logins) == 2
    assert len(company.calls) == 100


@pytest.mark.parametrize(("age", "logins"), [(2999, 1), (3001, 2), (7200, 2)])
async def test_a_token_is_renewed_ten_minutes_early(
    age: float, logins: int, company: Company, peer: PeerConnection, clock: FakeClock
) -> None:
    await read(peer)
    clock.advance(age)

    assert await read(peer) == 200

    assert len(company.logins) == logins
    assert all(call.headers["Authorization"].endswith(("1", str(logins))) for call in company.calls)


async def test_a_renewal_that_fails_leaves_the_living_token_in_use(
    company: Company, peer: PeerConnection, clock: FakeClock
) -> None:
    """Ten minutes early means ten minutes in which a broken token endpoint stops nothing."""
    await read(peer)
    clock.advance(3100)
    company.login_answers = [httpx.Response(500), httpx.ConnectError("down"), httpx.Response(400)]

    assert await read(peer) == 200  # 500: the old token goes on
    clock.advance(10)
    with pytest.raises(Transient):  # the login broke the call off
        await read(peer)
    assert await read(peer) == 200  # within the pause: the old token
    clock.advance(10)
    assert await read(peer) == 200  # refused: still the old token
    clock.advance(130)
    assert await read(peer) == 200

    assert len(company.logins) == 5
    assert company.calls[-1].headers["Authorization"] == "Bearer token-5"


@pytest.mark.parametrize("lifetime", [None, "soon", 0, -5, True, float("nan"), float("inf"), [1]])
async def test_a_lifetime_nobody_can_read_is_taken_to_be_short(
    lifetime: object, company: Company, peer: PeerConnection, clock: FakeClock
) -> None:
    """Neither for ever nor so short that the token endpoint is worn out."""
    company.lifetime = None
    company.login_answers = [
        httpx.Response(200, content=json.dumps({"access_token": "token-1", "expires_in": lifetime}))
    ]
    company.good.add("token-1")

    await read(peer)
    if lifetime is not True:  # true counts as one second
        clock.advance(299)
        await read(peer)
        assert len(company.logins) == 1
    clock.advance(90_000)
    await read(peer)

    assert len(company.logins) == 2


async def test_a_lifetime_told_in_text_counts(
    company: Company, peer: PeerConnection, clock: FakeClock
) -> None:
    company.lifetime = "3600"
    await read(peer)
    clock.advance(2999)
    await read(peer)
    assert len(company.logins) == 1


async def test_a_call_refused_with_401_is_sent_once_more_and_only_once(
    company: Company, peer: PeerConnection
) -> None:
    """The second 401 is the answer; a pause keeps the next calls from asking for more tokens."""
    company.accepts_tokens = False

    assert await read(peer) == 401
    assert (len(company.logins), len(company.calls)) == (2, 2)
    for _ in range(20):
        assert await read(peer) == 401

    assert (len(company.logins), len(company.calls)) == (2, 22)


async def test_tokens_that_never_work_are_asked_for_less_and_less(
    company: Company, peer: PeerConnection, clock: FakeClock
) -> None:
    company.accepts_tokens = False
    for _ in range(600):
        await read(peer)
        clock.advance(6)

    assert len(company.logins) <= 50

    company.accepts_tokens = True
    clock.advance(130)
    assert await read(peer) == 200


@pytest.mark.parametrize("status", [400, 401, 403])
async def test_a_refused_login_is_not_hammered(
    status: int, company: Company, peer: PeerConnection, clock: FakeClock
) -> None:
    """Wrong credentials are tried a few times an hour, however many calls want to go out."""
    company.login_answers = [httpx.Response(status) for _ in range(1000)]
    results = await asyncio.gather(*(read(peer) for _ in range(50)), return_exceptions=True)

    assert {type(result) for result in results} == {Unauthorized}
    assert len(company.logins) == 1
    for _ in range(600):
        clock.advance(6)
        with pytest.raises(Unauthorized):
            await read(peer)
    assert len(company.logins) < 40
    assert company.calls == []


async def test_a_login_works_again_once_the_credentials_do(
    company: Company, peer: PeerConnection, clock: FakeClock
) -> None:
    company.login_answers = [httpx.Response(401)]
    with pytest.raises(Unauthorized):
        await read(peer)
    clock.advance(5)

    assert await read(peer) == 200


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(500),
        httpx.Response(503),
        httpx.Response(302, headers={"Location": "https://elsewhere.example/"}),
        httpx.Response(200, content=b"<html>"),
        httpx.Response(200, json=["token"]),
        httpx.Response(200, json={"access_token": None}),
        httpx.Response(200, json={"access_token": ""}),
        httpx.Response(200, json={"access_token": "a\nb"}),
        httpx.Response(200, content=b"[" * 100_000),
        httpx.ConnectError("down"),
        httpx.ReadTimeout("slow"),
        httpx.ReadError("reset"),
    ],
    ids=str,
)
async def test_a_broken_token_endpoint_is_trouble_and_not_hammered(
    answer: httpx.Response | Exception, company: Company, peer: PeerConnection, clock: FakeClock
) -> None:
    """Nothing was sent to the company itself, so a write may be repeated as well."""
    company.login_answers = [answer] * 1000
    turn = Turn(clock.monotonic() + 10)
    with pytest.raises(Transient) as caught:
        await peer.call("POST", "/api", operation="write", turn=turn, json_body={})
    results = await asyncio.gather(*(read(peer) for _ in range(50)), return_exceptions=True)

    assert type(caught.value) is Transient
    assert {type(result) for result in results} == {Transient}
    assert len(company.logins) == 1
    for _ in range(600):
        clock.advance(6)
        with pytest.raises(Transient):
            await read(peer)
    assert len(company.logins) < 50
    assert company.calls == []


async def test_the_token_endpoints_own_limit_is_obeyed(
    company: Company, peer: PeerConnection, clock: FakeClock
) -> None:
    company.login_answers = [httpx.Response(429, headers={"Retry-After": "90"})]
    with pytest.raises(RateLimited) as caught:
        await read(peer)
    assert caught.value.retry_after_seconds == 90

    clock.advance(80)
    with pytest.raises(RateLimited) as waiting:
        await read(peer)
    assert waiting.value.retry_after_seconds == pytest.approx(10)
    assert len(company.logins) == 1

    clock.advance(10)
    assert await read(peer) == 200


async def test_never_more_logins_an_hour_than_allowed(
    company: Company, peer: PeerConnection, clock: FakeClock
) -> None:
    """A token that is revoked over and over does not wear the token endpoint out."""
    for _ in range(200):
        company.revoke_all()
        await read(peer)
        clock.advance(1)

    assert len(company.logins) == 50
    assert await read(peer) == 401

    clock.advance(3600)
    assert await read(peer) == 200


async def test_a_write_whose_repeat_finds_no_login_was_not_done(
    company: Company, peer: PeerConnection, clock: FakeClock
) -> None:
    """401 says the write was not even looked at; what fails after it leaves no doubt."""
    await read(peer)
    company.revoke_all()
    company.login_answers = [httpx.ReadTimeout("slow")]

    turn = Turn(clock.monotonic() + 10)
    with pytest.raises(Transient) as caught:
        await peer.call("POST", "/api", operation="write", turn=turn, json_body={})

    assert not isinstance(caught.value, OutcomeUnknown)


async def test_a_caller_that_gives_up_during_the_login_blocks_nobody(
    company: Company, peer: PeerConnection, clock: FakeClock
) -> None:
    impatient = asyncio.ensure_future(read(peer))
    await asyncio.sleep(0)
    impatient.cancel()
    await asyncio.gather(impatient, return_exceptions=True)
    clock.advance(1)

    assert await asyncio.wait_for(read(peer), 1) == 200


async def test_no_secret_shows(company: Company, peer: PeerConnection, clock: FakeClock) -> None:
    login = BearerLogin("peer", BASE, {"password": SECRET}, clock=clock, renew_early_seconds=600)
    assert SECRET not in repr(login)
    company.login_answers = [httpx.Response(400, json={"error_description": SECRET})]
    with pytest.raises(Unauthorized) as caught:
        await read(peer)
    assert SECRET not in str(caught.value)
    assert SECRET not in caught.value.detail
