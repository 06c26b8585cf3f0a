"""Recorded steps taken again: unchanged code decides the same, a planted change is named."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text, update

from app.active_ants import order_lines
from app.ankorstore.client import AnkorstoreMarketplace
from app.errors import Finding
from app.flow import order_flow, parcels, review
from app.flow.moves import Wait
from app.flow.recording import StepRecorder
from app.flow.rehearsing import Rehearsed
from app.metrics import REGISTRY
from app.rehearsal import Rehearsal
from app.simulator import OrderedLine
from app.step_record import as_quoted, pack, unpack
from app.store.models import Attempt, RecordedSettings
from app.store.recorded_steps import load_recorded_steps
from app.store.session import Store
from tests.fake_clock import FakeClock
from tests.flow.rehearsed import GOOD, Scene, play_scene
from tests.flow.world import World, build_world, hand_driven
from tests.store_rows import rows_of

Played = tuple[World, Scene]


@pytest.fixture
async def played(sqlite_store: Store, clock: FakeClock) -> AsyncIterator[Played]:
    """Return a world in which the scene was played."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        yield world, await play_scene(world)


def _own_commits(store: Store) -> float:
    """Count commits without those about the shared budget: places are given back in passing."""
    about_budget = REGISTRY.get_sample_value("antbridge_budget_commits_total")
    assert about_budget is not None
    return store.commit_count - about_budget


async def _rehearse_all(world: World) -> dict[str, Rehearsed]:
    rehearsal = Rehearsal(world.store, world.settings)
    since = world.store.now().replace(year=2000)
    return {order.name: told async for order, told in rehearsal.of_all(since)}


async def _rehearse(world: World, scene: Scene, name: str) -> Rehearsed:
    return (await _rehearse_all(world))[str(scene.orders[name].reference)]


async def test_unchanged_code_decides_the_same(store: Store, clock: FakeClock) -> None:
    """Every recorded step of every order, whatever way it took; nothing is called or written."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        scene = await play_scene(world)
        calls = len(world.ankorstore.calls) + len(world.active_ants.calls)
        commits = _own_commits(store)
        told = await _rehearse_all(world)

        assert len(world.ankorstore.calls) + len(world.active_ants.calls) == calls
        assert _own_commits(store) == commits
        assert {str(one.reference) for one in scene.orders.values()} == set(told)
        for name, order in scene.orders.items():
            one = told[str(order.reference)]
            steps = [row for row in await world.history(order) if row["outcome"] != "decided"]
            assert (one.difference, one.skipped, one.same) == (None, [], len(steps)), name


def _rename_lines(patch: pytest.MonkeyPatch) -> None:
    was = order_lines.item_name
    patch.setattr(order_lines, "item_name", lambda line: was(line) + "!")


def _find_shortage(patch: pytest.MonkeyPatch) -> None:
    was = review.judge_goods
    finding = Finding("stock_short", "SKU TOTE-NAT", "planted")
    patch.setattr(review, "judge_goods", lambda *a, **k: [*was(*a, **k), finding])


def _weigh_more(patch: pytest.MonkeyPatch) -> None:
    was = parcels.quote_parcels

    def heavier(*arguments: Any, **named: Any) -> Any:
        return tuple(replace(one, weight_kg=one.weight_kg + 1) for one in was(*arguments, **named))

    patch.setattr(parcels, "quote_parcels", heavier)


def _choose_another_quote(patch: pytest.MonkeyPatch) -> None:
    was = AnkorstoreMarketplace.request_quotes

    async def other(self: Any, *arguments: Any) -> Any:
        return tuple(
            replace(one, quote_id=f"{one.quote_id}x") for one in await was(self, *arguments)
        )

    patch.setattr(AnkorstoreMarketplace, "request_quotes", other)


def _put_off(patch: pytest.MonkeyPatch) -> None:
    async def put_off(seen: Any, order: Any, desk: Any, rules: Any) -> Wait:
        return Wait(desk.now(), "nothing", "planted")

    patch.setattr(order_flow, "answer_waiting", put_off)


PLANTED: dict[str, tuple[Callable[[pytest.MonkeyPatch], None], str, str]] = {
    "mapping rule": (_rename_lines, "place order", "create order: payload.orderItems[0]."),
    "review rule": (_find_shortage, "answer order", "decision."),
    "parcels": (_weigh_more, "await shipments", "call to ankorstore, request quotes: "),
    "quote": (_choose_another_quote, "await shipments", "confirm quote: confirm_quote_id"),
    "no acceptance": (_put_off, "answer order", "decision."),
}


async def test_planted_changes_are_named(played: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each differs at the step and in the member it is about, and not in an order it spares."""
    world, scene = played
    for name, (plant, step, what) in PLANTED.items():
        with monkeypatch.context() as patch:
            plant(patch)
            told = await _rehearse_all(world)
        found = told[str(scene.orders["plain"].reference)].difference
        assert found is not None, name
        assert found.step == step, name
        assert found.what.startswith(what), (name, found.what)
        assert found.then != found.now, name
        unread = told[str(scene.orders["held"].reference)]  # it never got as far as a review
        assert unread.difference is None, name


async def test_settings_of_then_are_used(played: Played) -> None:
    """A setting that was changed since is no difference of the code."""
    world, _ = played
    await world.restart(accept_mode="manual", parcel_default_cm="10x10x10", pack_mode="pack")
    told = await _rehearse_all(world)
    assert [one.difference for one in told.values()] == [None] * len(told)


async def test_what_is_not_kept_is_told(played: Played) -> None:
    """A step whose earlier step, settings or bytes are gone is passed over, and said to be."""
    world, scene = played
    order_id = (await world.held(scene.orders["plain"])).order_id
    first, *_ = await load_recorded_steps(world.store, order_id)
    async with world.store.write() as connection:
        await connection.execute(
            update(Attempt).where(Attempt.id == first.attempt_id).values(recorded=b"damaged")
        )
    told = await _rehearse(world, scene, "plain")
    assert told.difference is None
    assert "cannot be read by this version" in told.skipped[0]
    assert "the step before it" in told.skipped[1]

    async with world.store.write() as connection:
        await connection.execute(text("DELETE FROM recorded_settings"))
    told = await _rehearse(world, scene, "two parcels")
    assert (told.same, told.skipped[0]) == (0, "the settings of then are no longer kept")


async def test_no_secret_is_recorded(played: Played) -> None:
    """Neither a login nor a token is in any record; one that a company quotes is masked."""
    world, scene = played
    settings = world.settings
    secrets = [
        settings.ankorstore_client_secret.get_secret_value(),
        settings.active_ants_password.get_secret_value(),
        settings.operator_token.get_secret_value(),
        settings.ankorstore_webhook_secrets[0].get_secret_value(),
        "Bearer",
        "access_token",
    ]
    for name in scene.orders:
        order_id = (await world.held(scene.orders[name])).order_id
        for step in await load_recorded_steps(world.store, order_id):
            record = unpack(step.recorded)
            whole = repr([(one.path, one.sent, one.answer) for one in record.calls])
            assert not [secret for secret in secrets if secret in whole]
            assert secrets[0] not in repr(record)
            assert "Damstraat" not in repr(record)
    record.calls[0].answer = f"your secret {secrets[0]}"
    masked = unpack(pack(record, as_quoted(secrets)))
    assert masked.calls[0].answer == "your secret ***"
    (kept,) = await rows_of(world.store, RecordedSettings)
    assert not [secret for secret in secrets if secret.encode() in kept.content]


async def test_recording_costs_no_commit(
    sqlite_store: Store, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is recorded is committed with its attempt: as many commits as without."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:

        async def carry_one() -> int:
            order = world.ankorstore.place_order([OrderedLine("TOTE-NAT")], GOOD)
            before = world.store.commit_count
            await world.tell(order)
            await world.work()
            return world.store.commit_count - before

        await carry_one()  # reads the stock, which later ones need not
        with_records = await carry_one()
        monkeypatch.setattr(StepRecorder, "pack", lambda *_: (None, None))
        assert await carry_one() == with_records
