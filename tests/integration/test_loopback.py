"""The service asks itself over its public address; strangers get nothing out of that."""

from collections.abc import AsyncIterator

import httpx
import pytest

from app.doctor.webhook_checks import examine_public_url
from app.main import create_app
from app.store.loopback import CHALLENGE_SECONDS, make_challenge
from app.store.models_webhooks import LoopbackRow
from app.store.session import Store
from app.web.loopback import LOOKUPS_A_SECOND, LOOPBACK_PATH
from tests.conftest import Databases
from tests.fake_clock import FakeClock
from tests.integration.web import running, running_web, web_settings
from tests.store_rows import count_rows

PUBLIC = "https://bridge.example"
STRANGERS = "A" * 43


@pytest.fixture
async def client(database_url: str, clock: FakeClock) -> AsyncIterator[httpx.AsyncClient]:
    """Return a client of the running web part."""
    async with running_web(database_url, clock) as made:
        yield made


async def ask(client: httpx.AsyncClient, challenge: str) -> tuple[int, dict[str, str]]:
    answer = await client.post(f"{LOOPBACK_PATH}/{challenge}")
    return answer.status_code, answer.json()


async def test_a_question_of_our_own_is_answered_once(
    client: httpx.AsyncClient, store: Store, clock: FakeClock
) -> None:
    """And in time only."""
    challenge, answer = await make_challenge(store)
    assert await ask(client, challenge) == (200, {"answer": answer})
    assert (await ask(client, challenge))[0] == 404
    late, _ = await make_challenge(store)
    clock.advance(CHALLENGE_SECONDS)
    assert (await ask(client, late))[0] == 404
    await make_challenge(store)
    assert await count_rows(store, LoopbackRow) == 1


@pytest.mark.parametrize("challenge", [STRANGERS, "x", "A" * 4000, "A" * 42 + "%C3%A9"])
async def test_a_strangers_question_has_no_answer(
    client: httpx.AsyncClient, store: Store, challenge: str
) -> None:
    """Whatever it is; nor is one that stands in the database as it stands there."""
    await make_challenge(store)
    assert (await ask(client, challenge))[0] == 404
    assert await count_rows(store, LoopbackRow) == 1


async def test_so_many_look_ups_a_second(
    client: httpx.AsyncClient, store: Store, clock: FakeClock
) -> None:
    """What has not the form of a question costs no look-up and counts for none."""
    for _ in range(50):
        assert (await ask(client, "short"))[0] == 404
    answers = [(await ask(client, STRANGERS))[0] for _ in range(LOOKUPS_A_SECOND + 2)]
    assert answers == [404] * LOOKUPS_A_SECOND + [429] * 2
    clock.advance(1)
    challenge, answer = await make_challenge(store)
    assert await ask(client, challenge) == (200, {"answer": answer})


async def findings(store: Store, url: str, wire: httpx.AsyncBaseTransport) -> list[str]:
    return [one.check async for one in examine_public_url(store, url, wire)]


async def test_the_doctor_knows_this_installation_from_another(
    store: Store, database_url: str, clock: FakeClock, databases: Databases
) -> None:
    """The answer is in this database; another installation does not have it."""
    other_url = databases.make("sqlite")
    for url, expected in ((database_url, []), (other_url, ["public_url_elsewhere"])):
        app = create_app(web_settings(url), with_worker=False, clock=clock)
        async with running(app):
            assert await findings(store, PUBLIC, httpx.ASGITransport(app)) == expected


ELSEWHERE = {
    "not found": httpx.Response(404, json={"error": "no"}),
    "says yes to all": httpx.Response(200, json={"answer": "yes"}),
    "a page": httpx.Response(200, text="<html>"),
    "a list": httpx.Response(200, json=["answer"]),
    "no end": httpx.Response(200, content=b"x" * 10_000),
    "a redirect": httpx.Response(302, headers={"location": "https://a.example"}),
}


@pytest.mark.parametrize("answer", ELSEWHERE.values(), ids=ELSEWHERE)
async def test_any_other_answer_is_another_place(store: Store, answer: httpx.Response) -> None:
    """Whatever it says, and however long."""
    wire = httpx.MockTransport(lambda _: answer)
    assert await findings(store, PUBLIC, wire) == ["public_url_elsewhere"]


async def test_an_address_that_leads_nowhere(store: Store) -> None:
    """No connection, or no time left: the cure names both sides of the proxy."""

    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    assert await findings(store, PUBLIC, httpx.MockTransport(refuse)) == ["public_url_unreachable"]
