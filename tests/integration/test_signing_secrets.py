"""Secrets in the database count in every process within a second, and cost deliveries nothing."""

import asyncio

import pytest
from sqlalchemy import event

import app.web.signing_secrets as module
from app.clock import SystemClock
from app.sealing import Sealer
from app.store.session import Store
from app.store.webhook_rows import activate, drop_intent, end, note_intent
from app.web.signing_secrets import SecretsNotRead, SigningSecrets
from tests.fake_clock import FakeClock
from tests.integration.subscribing import KEY
from tests.integration.web import SECRET, WEBHOOK, deliver, event_body, running_web, sign

SEALER = Sealer([KEY])
URL = "https://bridge.example/webhooks/ankorstore"


async def intend(store: Store) -> int:
    return await note_intent(store, url=URL, events=["order.shipped"], known_ids=[], by="ann")


async def subscribe(store: Store, subscription_id: str, secret: str) -> int:
    row_id = await intend(store)
    await activate(store, row_id, subscription_id, SEALER.seal(secret), overlap_seconds=30)
    return row_id


async def knows(secrets: SigningSecrets, secret: str) -> bool:
    return await secrets.recognise(lambda known: secret in known, 100)


async def test_a_new_secret_counts_within_a_second(store: Store, clock: FakeClock) -> None:
    """In a process that runs; so does it when one stops to count."""
    secrets = SigningSecrets(["given"], store, SEALER)
    assert not await knows(secrets, "stored")
    row_id = await subscribe(store, "one", "stored")

    assert not await knows(secrets, "stored")
    clock.advance(1)
    assert await knows(secrets, "stored")
    assert await knows(secrets, "given")

    await end(store, row_id, secret_seconds=60)
    clock.advance(1)
    assert await knows(secrets, "stored")
    clock.advance(60)
    assert not await knows(secrets, "stored")


async def test_deliveries_share_one_look_a_second(store: Store, clock: FakeClock) -> None:
    """However many come, hostile ones too, the database is asked once a second."""
    await subscribe(store, "one", "stored")
    looks: list[str] = []
    engine = store._reader.sync_engine
    event.listen(engine, "before_cursor_execute", lambda *args: looks.append(args[2]))
    secrets = SigningSecrets([], store, SEALER)
    for _ in range(3):
        results = await asyncio.gather(*(knows(secrets, "stored") for _ in range(50)))
        wrong = await asyncio.gather(*(knows(secrets, "wrong") for _ in range(50)))
        assert (all(results), any(wrong)) == (True, False)
        clock.advance(1)
    assert len([one for one in looks if "webhook_subscriptions" in one]) == 3


async def test_what_is_signed_by_one_just_made_waits_for_its_secret(
    real_time_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A create is under way: its secret is known a moment after it signs."""
    monkeypatch.setattr(module, "WAIT_SECONDS", 20.0)
    store = real_time_store
    secrets = SigningSecrets([], store, SEALER)
    row_id = await intend(store)
    waiting = asyncio.create_task(knows(secrets, "new"))
    for _ in range(3):
        await asyncio.sleep(0)
    await activate(store, row_id, "one", SEALER.seal("new"), overlap_seconds=30)

    assert await waiting


async def test_nobody_waits_for_ever(store: Store, clock: FakeClock) -> None:
    """What no secret signed is told so in time for an answer; an old intent makes nobody wait."""
    secrets = SigningSecrets([], store, SEALER)
    await intend(store)
    began = clock.monotonic()
    assert not await knows(secrets, "wrong")
    assert 1.5 <= clock.monotonic() - began < 2
    clock.advance(module.CREATING_SECONDS)
    began = clock.monotonic()
    assert not await knows(secrets, "wrong")
    assert clock.monotonic() == began


async def test_only_so_many_wait(
    store: Store, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are judged at once: what waits is held in memory."""
    monkeypatch.setattr(module, "MAX_WAITING", 3)
    secrets = SigningSecrets([], store, SEALER)
    await intend(store)
    asked: list[str] = []

    async def ask(number: int) -> None:
        began = clock.monotonic()
        assert not await knows(secrets, "wrong")
        asked.append("waited" if clock.monotonic() > began else "at once")

    await knows(secrets, "wrong")
    await asyncio.gather(*(ask(number) for number in range(10)))
    assert sorted(set(asked)) == ["at once", "waited"]
    assert secrets._waiting == 0
    assert not await secrets.recognise(lambda known: False, module.MAX_WAITING_BYTES + 1)


async def test_an_intent_that_came_to_nothing_makes_nobody_wait(
    store: Store, clock: FakeClock
) -> None:
    """Once it is known that nothing comes."""
    secrets = SigningSecrets([], store, SEALER)
    await drop_intent(store, await intend(store), is_refused=False)
    began = clock.monotonic()
    assert not await knows(secrets, "wrong")
    assert clock.monotonic() == began


async def test_without_a_key_the_database_is_never_asked() -> None:
    """There is nothing in it that could be read."""
    away = Store("postgresql://nobody:nothing@127.0.0.1:1/none", SystemClock())
    secrets = SigningSecrets(["given"], away, Sealer([]))
    assert await knows(secrets, "given")
    assert not await knows(secrets, "other")
    await away.close()


async def test_a_database_that_is_away_refuses_nobody(
    store: Store, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the first look nobody can tell; afterwards what was known still counts."""
    await subscribe(store, "one", "stored")
    read = module.load_secrets

    async def fail(*_: object, **__: object) -> None:
        raise OSError("away")

    secrets = SigningSecrets(["given"], store, SEALER)
    monkeypatch.setattr(module, "load_secrets", fail)
    assert await knows(secrets, "given")
    with pytest.raises(SecretsNotRead):
        await knows(secrets, "stored")
    monkeypatch.setattr(module, "load_secrets", read)
    assert await knows(secrets, "stored")
    monkeypatch.setattr(module, "load_secrets", fail)
    clock.advance(5)
    assert await knows(secrets, "stored")
    assert not await knows(secrets, "wrong")


async def test_the_receiver_takes_them_without_a_restart(
    database_url: str, store: Store, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The settings' secrets and the stored ones; a wrong one is refused; 503 while none is read."""
    changes = {"ankorstore_webhook_secrets": SECRET, "encryption_key": KEY}
    async with running_web(database_url, clock, **changes) as client:

        async def answer(secret: str, name: str) -> int:
            body = event_body(name)
            return (
                await client.post(WEBHOOK, content=body, headers=sign(body, secret))
            ).status_code

        with monkeypatch.context() as away:
            away.setattr(module, "load_secrets", None)
            assert await answer("stored", "a") == 503
            assert (await deliver(client, event_body("b"))).status_code == 200
        assert await answer("stored", "a") == 401
        await subscribe(store, "one", "stored")
        clock.advance(1)
        assert await answer("stored", "a") == 200
        assert await answer(SECRET, "c") == 200
        assert await answer("wrong", "d") == 401
