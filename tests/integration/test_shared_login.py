"""One token per account for all processes, counted, encrypted, and never a storm."""

import asyncio
import json

import httpx
import pytest
from cryptography.fernet import Fernet
from sqlalchemy import text

from app.active_ants.auth import password_login
from app.ankorstore.auth import LOGINS_PER_HOUR, build_login
from app.circuit import Circuit
from app.errors import RateLimited, Transient, Unauthorized
from app.outbound import PeerConnection
from app.pacing import local_budget
from app.sealing import Sealer
from app.store.logins import LoginVault
from app.store.session import Store
from tests.fake_clock import FakeClock

BASE = "https://peer.example"
KEY = Fernet.generate_key().decode()
PASSWORD = "the-password"


class Company:
    """Gives out tokens and knows which are good."""

    def __init__(self) -> None:
        self.logins = 0
        self.in_login = 0
        self.status = 200
        self.good: set[str] = set()

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("token"):
            self.logins += 1
            self.in_login += 1
            assert self.in_login == 1, "two logins at once"
            await asyncio.sleep(0.005)
            self.in_login -= 1
            token = f"secret-token-{self.logins}"
            self.good.add(token)
            body = {"access_token": token, "expires_in": 3600}
            return httpx.Response(self.status, json=body if self.status == 200 else {})
        token = request.headers["Authorization"].removeprefix("Bearer ")
        return httpx.Response(200 if token in self.good else 401)


def start(store: Store, company: Company, *keys: str, is_theirs: bool = True) -> PeerConnection:
    """Return a new process's connection."""
    clock = store.clock
    shelf = LoginVault(store, Sealer(keys)).shelf("peer", BASE, "the-user", fetch_seconds=10)
    auth = (
        build_login(BASE, "the-user", PASSWORD, clock=clock, peer="peer", shelf=shelf)
        if is_theirs
        else password_login(BASE, "the-user", PASSWORD, clock=clock, shelf=shelf)
    )
    return PeerConnection(
        "peer",
        BASE,
        budget=local_budget(clock, requests_per_minute=60_000, burst=1000),
        clock=clock,
        timeout_seconds=10,
        auth=auth,
        circuit=Circuit("peer", clock, failures_to_open=1_000_000),
        transport=httpx.MockTransport(company),
    )


async def read(peer: PeerConnection) -> int:
    return (await peer.call("GET", "/api", operation="read")).status


async def stored(store: Store) -> list[str]:
    """Return everything the table of logins holds, as text."""
    async with store.read() as connection:
        rows = await connection.execute(text("SELECT * FROM peer_logins"))
        return [json.dumps(list(row), default=str) for row in rows]


async def test_processes_share_one_token(store: Store) -> None:
    """Three that start at once and one that comes later log in once, all together."""
    company = Company()
    peers = [start(store, company, KEY) for _ in range(3)]
    assert await asyncio.gather(*(read(peer) for peer in peers for _ in range(5))) == [200] * 15
    assert await read(start(store, company, KEY)) == 200
    assert company.logins == 1


async def test_a_crash_loop_logs_in_once(store: Store, clock: FakeClock) -> None:
    """A process that starts, calls and dies a hundred times finds the token of the first."""
    company = Company()
    for _ in range(100):
        assert await read(start(store, company, KEY)) == 200
        clock.advance(1)
    assert company.logins == 1


@pytest.mark.parametrize(("is_theirs", "limit"), [(True, LOGINS_PER_HOUR), (False, 60)])
async def test_a_crash_loop_without_a_key_stays_within_the_limit(
    store: Store, clock: FakeClock, is_theirs: bool, limit: int
) -> None:
    """Tokens are then kept in memory and lost, but what was asked for stays counted."""
    company = Company()
    for _ in range(limit):
        assert await read(start(store, company, is_theirs=is_theirs)) == 200
        clock.advance(1)
    for _ in range(100 - limit):
        with pytest.raises(RateLimited):
            await read(start(store, company, is_theirs=is_theirs))
        clock.advance(1)
    assert company.logins == limit <= 60

    clock.advance(3600)
    assert await read(start(store, company, is_theirs=is_theirs)) == 200


async def test_a_process_that_dies_while_logging_in_holds_nobody_up_for_long(
    store: Store, clock: FakeClock
) -> None:
    """Its leave ends by itself: one call of another waits in vain, the next one logs in."""
    dead = LoginVault(store, Sealer([KEY])).shelf("peer", BASE, "the-user", fetch_seconds=10)
    assert (await dead.ask(logins_per_hour=50, refused=None)).leave == 1
    company = Company()
    living = start(store, company, KEY)
    with pytest.raises(Transient):
        await read(living)
    assert company.logins == 0
    clock.advance(5)

    assert await read(living) == 200


async def test_a_token_is_stored_encrypted_or_not_at_all(store: Store) -> None:
    """Neither token nor user nor password can be read from the database."""
    company = Company()
    await read(start(store, company))
    assert "secret-token" not in str(await stored(store))
    assert '"token_encrypted"' not in str(await stored(store))
    await read(start(store, company, KEY))

    (row,) = await stored(store)
    for secret in ("secret-token", "the-user", PASSWORD, KEY):
        assert secret not in row


async def test_a_key_is_changed_by_putting_the_new_one_first(store: Store) -> None:
    """The old one still opens what it closed; with neither, a new token is taken."""
    company = Company()
    new, other = (Fernet.generate_key().decode() for _ in range(2))
    await read(start(store, company, KEY))
    assert await read(start(store, company, new, KEY)) == 200
    assert company.logins == 1

    assert await read(start(store, company, other)) == 200
    assert company.logins == 2


async def test_a_revoked_token_is_replaced_once_for_all(store: Store) -> None:
    """Whoever meets 401 first brings the new one; the others do not take the old one again."""
    company = Company()
    peers = [start(store, company, KEY) for _ in range(3)]
    for peer in peers:
        await read(peer)
    company.good.clear()

    assert await asyncio.gather(*(read(peer) for peer in peers)) == [200] * 3
    assert company.logins == 2


async def test_a_refused_login_pauses_all_processes(store: Store, clock: FakeClock) -> None:
    """Also those that start later: wrong credentials are not hammered by starting anew."""
    company = Company()
    company.status = 400
    for _ in range(600):
        with pytest.raises(Unauthorized):
            await read(start(store, company, KEY))
        clock.advance(6)
    assert company.logins < 40

    company.status = 200
    clock.advance(120)
    assert await read(start(store, company, KEY)) == 200


async def test_a_token_is_renewed_before_it_ends(store: Store, clock: FakeClock) -> None:
    """By one of the processes; the other takes what it brought."""
    company = Company()
    first, second = start(store, company, KEY), start(store, company, KEY)
    await read(first)
    await read(second)
    clock.advance(3001)

    assert [await read(first), await read(second)] == [200, 200]
    assert company.logins == 2


async def test_trouble_with_the_database_costs_no_token(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token that could not be shared works all the same."""
    company = Company()
    peer = start(store, company, KEY)

    async def broken(*arguments: object, **options: object) -> None:
        raise OSError("the database is away")

    monkeypatch.setattr("app.store.logins.LoginShelf.keep", broken)
    assert await read(peer) == 200
    monkeypatch.setattr("app.store.logins.LoginShelf.ask", broken)
    assert await read(peer) == 200
    with pytest.raises((OSError, Transient)):
        await read(start(store, company, KEY))
