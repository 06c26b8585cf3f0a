"""A correction waits for its release through clocks and news, and is for one address only."""

from dataclasses import replace
from pathlib import Path

import pytest

from app.domain.corrections import Corrections, check_street
from app.domain.lifecycle import State
from app.simulator import Address, Order, OrderedLine
from app.store.decisions import retry_order
from app.store.decisions_answer import hold_order, reject_order, release_order
from app.store.decisions_corrections import correct_order_by_person
from app.store.session import Store
from tests.fake_clock import FakeClock
from tests.flow.world import World, build_world, hand_driven

BERLIN = Address("Ina Smit", "Laden Smit", "Neue Straße", "10115", "Berlin", "DE")
HAMBURG = Address("Ina Smit", "Laden Smit", "Lange Reihe", "20099", "Hamburg", "DE")
AMSTERDAM = Address("Ina Smit", "Winkel Smit", "Damstraat", "1012 JS", "Amsterdam", "NL")
HOLD_HOURS = 1


def _policy(folder: Path, reason: str, then: str) -> str:
    path = folder / "policy.toml"
    path.write_text(
        f'[reason.{reason}]\naction = "hold"\nhold_hours = {HOLD_HOURS}\nthen = "{then}"\n'
        + ('reject_type = "PRODUCT_OUT_OF_STOCK"\n' if then == "reject" else "")
    )
    return str(path)


async def _place(world: World, address: Address, packs: int = 1) -> Order:
    order = world.ankorstore.place_order([OrderedLine("TOTE-NAT", packs=packs)], address)
    await world.tell(order)
    await world.work()
    return order


async def _correct(world: World, order: Order, house_number: int) -> None:
    corrections = Corrections(street=check_street(None, house_number, None, None))
    held = await world.held(order)
    await correct_order_by_person(
        world.store, held, by="a test", reason="asked the shop", corrections=corrections
    )


@pytest.mark.parametrize("then", ["accept", "reject"])
async def test_the_policys_clock_neither_sends_nor_rejects_what_is_being_corrected(
    store: Store, clock: FakeClock, tmp_path: Path, then: str
) -> None:
    """An order held for some hours is corrected; when they are over it still waits for release."""
    policy = _policy(tmp_path, "stock_short", then)
    async with build_world(store, clock, warehouse=hand_driven(), policy_file=policy) as world:
        world.active_ants.set_stock("TOTE-NAT", 2)
        order = await _place(world, replace(AMSTERDAM, street="Damstraat 14"), packs=6)
        assert (await world.held(order)).hold_until_at is not None

        await _correct(world, order, 16)
        await world.pass_time(2 * HOLD_HOURS * 3600)
        await world.tell(order)
        await world.work()

        assert (await world.held(order)).attention_reason == "corrected_not_released"
        assert order.status == "ankor_confirmed"
        assert world.writes() == []


async def test_a_correction_made_for_one_address_is_not_used_for_the_next(
    store: Store, clock: FakeClock
) -> None:
    """The address moves right after the correction: the person is asked again, nothing is mixed."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = await _place(world, BERLIN)
        await _correct(world, order, 12)
        world.ankorstore.change_address(order.id, HAMBURG)
        await world.tell(order)
        await world.work()
        await world.retry(order)

        assert "correction_outdated" in await world.reasons(order)
        assert world.writes() == []


async def test_a_respelt_postcode_is_the_same_address(store: Store, clock: FakeClock) -> None:
    """A corrected order at the warehouse asks nobody because of a blank in its postcode."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = await _place(world, AMSTERDAM)
        await _correct(world, order, 14)
        await world.work()
        await world.retry(order)
        assert (await world.held(order)).state is State.PLACED

        world.ankorstore.change_address(order.id, replace(AMSTERDAM, postal_code="1012JS"))
        await world.tell(order)
        await world.work()
        assert (await world.held(order)).attention_reason is None


async def test_releasing_a_correction_accepts_nothing_that_was_taken_back(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """The retry that releases a correction is no word about an acceptance that was reverted."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = await _place(world, BERLIN)
        world.ankorstore.accept_by_person(order.id)
        await world.tell(order)
        await world.work()
        world.ankorstore.revert_acceptance(order.id)
        await world.tell(order)
        await world.work()
        assert (await world.held(order)).accept_blocked

        await _correct(world, order, 12)
        await world.work()
        await retry_order(sqlite_store, await world.held(order), by="a test")
        await world.work()

        assert world.accepts() == 0
        assert (await world.held(order)).attention_reason == "acceptance_reverted"


async def test_a_release_starts_the_policys_clock_anew(
    store: Store, clock: FakeClock, tmp_path: Path
) -> None:
    """However long a person held an order, releasing it does not reject it on the spot."""
    policy = _policy(tmp_path, "stock_short", "reject")
    async with build_world(store, clock, warehouse=hand_driven(), policy_file=policy) as world:
        world.active_ants.set_stock("TOTE-NAT", 2)
        order = await _place(world, replace(AMSTERDAM, street="Damstraat 14"), packs=6)
        await hold_order(store, await world.held(order), by="a test")
        await world.work()
        await world.pass_time(3 * HOLD_HOURS * 3600)

        await release_order(store, await world.held(order), by="a test")
        await world.work()

        assert order.status == "ankor_confirmed"
        assert (await world.held(order)).attention_reason == "stock_short"


@pytest.mark.parametrize("covers", ["revert", "hold"])
async def test_what_was_asked_meanwhile_releases_no_correction(
    store: Store, clock: FakeClock, covers: str
) -> None:
    """An accepted order is corrected, asks something graver, and asks for its release once more."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = world.ankorstore.place_order([OrderedLine("TOTE-NAT")], AMSTERDAM)
        world.ankorstore.accept_by_person(order.id)
        await world.tell(order)
        await world.work()
        assert (await world.held(order)).state is State.ACCEPTED
        await _correct(world, order, 14)
        await world.work()

        if covers == "revert":
            world.ankorstore.revert_acceptance(order.id)
            await world.tell(order)
            await world.work()
            assert await world.reasons(order) == ["acceptance_reverted"]
            world.ankorstore.accept_by_person(order.id)
            await world.tell(order)
        else:
            await hold_order(store, await world.held(order), by="a test")
            await world.work()
            await release_order(store, await world.held(order), by="a test")
        await world.work()

        held = await world.held(order)
        assert (held.state, held.attention_reason) == (State.ACCEPTED, "corrected_not_released")
        assert world.creates() == 0
        await world.retry(order)
        assert (await world.held(order)).state is State.PLACED


async def test_a_retried_revert_releases_no_correction(store: Store, clock: FakeClock) -> None:
    """Whoever has it accepted again has not released it: nothing is accepted before that."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = await _place(world, AMSTERDAM)
        world.ankorstore.accept_by_person(order.id)
        await world.tell(order)
        await world.work()
        await _correct(world, order, 14)
        world.ankorstore.revert_acceptance(order.id)
        await world.tell(order)
        await world.work()
        await world.retry(order)
        assert await world.reasons(order) == ["corrected_not_released"]
        assert world.writes() == []

        await world.retry(order)
        assert (await world.held(order)).state is State.PLACED


async def test_a_corrected_order_is_rejected_without_a_release(
    store: Store, clock: FakeClock
) -> None:
    """What a person rejects is not sent, so nothing of it waits to be released."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = await _place(world, AMSTERDAM)
        await _correct(world, order, 14)
        await reject_order(
            store, await world.held(order), by="a test", reject_type="PRODUCT_OUT_OF_STOCK"
        )
        await world.work()

        assert (await world.held(order)).outcome == "rejected"
