"""Each action of the policy, from the finding to what stands at both companies."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.domain.lifecycle import State
from app.simulator import Address, AnkorstoreHabits, Order, OrderedLine
from app.store.session import Store
from tests.fake_clock import FakeClock
from tests.flow.policies import accepted_units, answers, placed_units, rule, write_policy
from tests.flow.world import World, build_world, hand_driven

GOOD = Address("Ina Smit", "Winkel Smit", "Damstraat 14", "1012 JS", "Amsterdam", "NL")
TOTE = OrderedLine("TOTE-NAT", packs=4)
REJECT = {"action": "reject", "reject_type": "PRODUCT_OUT_OF_STOCK"}


async def _carry(world: World, order: Order) -> Any:
    await world.tell(order)
    await world.work()
    return await world.held(order)


def _short(world: World) -> Order:
    world.active_ants.set_stock("TOTE-NAT", 3)
    return world.ankorstore.place_order([TOTE], GOOD)


def _late(world: World) -> Order:
    order = world.ankorstore.place_order([TOTE], GOOD)
    return world.ankorstore.expect_shipping_by(order.id, world.clock.now() - timedelta(seconds=1))


def _mute(world: World) -> Order:
    order = world.ankorstore.place_order([TOTE], GOOD)
    return world.ankorstore.change_retailer(order.id, phone_number=None)


def _wrong_sum(world: World) -> Order:
    order = world.ankorstore.place_order([TOTE], GOOD)
    return world.ankorstore.skew_totals(order.id, 2)


WHOLE: dict[str, Callable[[World], Order]] = {
    "stock_short": _short,
    "ship_by_unreachable": _late,
    "phone_missing": _mute,
    "totals_mismatch": _wrong_sum,
}


@pytest.mark.parametrize("reason", WHOLE)
async def test_hold_and_accept_what_leaves_the_order_whole(
    store: Store, clock: FakeClock, tmp_path: Path, reason: str
) -> None:
    """The same order asks a person under hold, and goes the whole way under accept."""
    held_by, accepted_by = rule(reason, action="hold"), rule(reason, action="accept")
    async with build_world(
        store, clock, warehouse=hand_driven(), policy_file=write_policy(tmp_path, held_by)
    ) as world:
        order = WHOLE[reason](world)
        held = await _carry(world, order)
        assert (held.state, held.attention_reason) == (State.RECEIVED, reason)
        assert (held.verdict["kind"], world.writes()) == ("hold", [])

        await world.restart(policy_file=write_policy(tmp_path, accepted_by))
        await world.retry(order)

        held = await world.held(order)
        assert (held.state, held.attention_reason) == (State.PLACED, None)
        assert (answers(world), world.creates()) == ([{"type": "brand-validates"}], 1)
        assert placed_units(world, order) == accepted_units(order) == {order.lines[0].id: 4}


async def test_what_is_found_without_a_policy(sqlite_store: Store, clock: FakeClock) -> None:
    """By default short stock, a late date and wrong totals hold; no phone is only a warning."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        for reason, make in WHOLE.items():
            held = await _carry(world, make(world))
            asked = None if reason == "phone_missing" else reason
            assert held.attention_reason == asked, reason
            world.active_ants.set_stock("TOTE-NAT", 1000)
            clock.advance(3601)
        assert world.accepts() == 1


@pytest.mark.parametrize(("hours", "reason"), [(24, None), (25, "ship_by_unreachable")])
async def test_ship_by_date_wants_its_margin(
    sqlite_store: Store, clock: FakeClock, hours: float, reason: str | None
) -> None:
    """A date closer than SHIP_BY_MARGIN_HOURS asks; one as far away does not."""
    async with build_world(
        sqlite_store, clock, warehouse=hand_driven(), ship_by_margin_hours=hours
    ) as world:
        order = world.ankorstore.place_order([TOTE], GOOD)
        world.ankorstore.expect_shipping_by(order.id, clock.now() + timedelta(hours=24, seconds=1))
        assert (await _carry(world, order)).attention_reason == reason


async def test_accepted_order_is_not_held_for_what_only_the_accept_could_prevent(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """Late, archived, short and wrongly added up: an accepted order is placed all the same."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        world.active_ants.set_stock("TOTE-NAT", 1)
        order = world.ankorstore.place_order([TOTE], GOOD, status="brand_confirmed")
        world.ankorstore.archive_variant("TOTE-NAT")
        world.ankorstore.skew_totals(order.id, 500)
        world.ankorstore.expect_shipping_by(order.id, clock.now() - timedelta(days=1))
        assert (await _carry(world, order)).state is State.PLACED


async def test_reduced_and_left_out_lines(store: Store, clock: FakeClock, tmp_path: Path) -> None:
    """
    Partial: whole packs within the stock stay, what cannot be sent goes, and the warehouse is
    asked for exactly what the marketplace then shows.
    """
    policy = rule("stock_short", action="partial") + rule("sku_unknown", action="partial")
    async with build_world(
        store, clock, warehouse=hand_driven(), policy_file=write_policy(tmp_path, policy)
    ) as world:
        world.active_ants.set_stock("MUG-01", 20)  # packs of 6
        lines = [
            OrderedLine("MUG-01", packs=2, unit_multiplier=6),
            OrderedLine("NO-SUCH", packs=1),
            OrderedLine("MUG-01", packs=3, unit_multiplier=6),
            OrderedLine("TOTE-NAT", packs=2),
        ]
        order = world.ankorstore.place_order(lines, GOOD)
        whole, unknown, reduced, tote = (line.id for line in order.lines)
        held = await _carry(world, order)

        assert (held.state, held.attention_reason) == (State.PLACED, None)
        assert world.accepts() == 1
        (answer,) = answers(world)
        sent = {
            one["id"]: one["attributes"]["quantity"] for one in answer["attributes"]["orderItems"]
        }
        assert sent == {unknown: 0, reduced: 1}
        wanted = {whole: 12, reduced: 6, tote: 2}
        assert accepted_units(order) == placed_units(world, order) == wanted
        assert (held.accept_quantities["sent"], held.accept_quantities["units"]) == (sent, wanted)


async def test_several_orders_share_the_last_pieces(
    store: Store, clock: FakeClock, tmp_path: Path
) -> None:
    """Of orders that come at once each gets what the earlier ones left; none is oversold."""
    path = write_policy(tmp_path, rule("stock_short", action="partial"))
    async with build_world(store, clock, warehouse=hand_driven(), policy_file=path) as world:
        world.active_ants.set_stock("TOTE-NAT", 10)
        orders = [world.ankorstore.place_order([TOTE], GOOD) for _ in range(4)]
        for order in orders:
            await world.tell(order)
        await world.work()

        placed = [one for one in orders if (await world.held(one)).state is State.PLACED]
        assert sorted(one.lines[0].units for one in placed) == [2, 4, 4]
        (left,) = [one for one in orders if one not in placed]
        assert (await world.reasons(left), left.status) == (["stock_short"], "ankor_confirmed")
        assert world.active_ants.products["TOTE-NAT"].stock == 0


@pytest.mark.parametrize(("share", "is_enough"), [(0.75, True), (0.76, False)])
async def test_smallest_share_worth_sending(
    sqlite_store: Store, clock: FakeClock, tmp_path: Path, share: float, is_enough: bool
) -> None:
    """Three of four pieces are 75 percent of the value: enough for 0.75, held for 0.76."""
    policy = rule("stock_short", action="partial", minimum_value_share=share)
    async with build_world(
        sqlite_store, clock, warehouse=hand_driven(), policy_file=write_policy(tmp_path, policy)
    ) as world:
        held = await _carry(world, _short(world))

        said = held.verdict["answered"] or held.verdict
        assert (said["kind"], said["value_share"]) == (
            ("partial", 0.75) if is_enough else ("hold", None)
        )
        assert held.attention_reason == (None if is_enough else "stock_short")
        assert world.accepts() == is_enough


@pytest.mark.parametrize("units", [None, 5])
async def test_order_is_never_emptied(
    sqlite_store: Store, clock: FakeClock, tmp_path: Path, units: int | None
) -> None:
    """Where nothing would be left (no piece, or a custom batch too large) a person is asked."""
    path = write_policy(tmp_path, rule("stock_short", action="partial"))
    async with build_world(sqlite_store, clock, warehouse=hand_driven(), policy_file=path) as world:
        world.active_ants.set_stock("TOTE-NAT", 0 if units is None else units - 1)
        line = OrderedLine("TOTE-NAT", packs=1, unit_multiplier=3, units=units)
        order = world.ankorstore.place_order([line], GOOD)
        held = await _carry(world, order)
        assert (held.state, held.attention_reason) == (State.RECEIVED, "stock_short")
        assert "nothing would be left" in (await world.history(order))[-1]["message"]
        assert world.writes() == []


async def test_custom_batch_is_left_out_whole(
    sqlite_store: Store, clock: FakeClock, tmp_path: Path
) -> None:
    """A batch of units that is no multiple of its pack is removed; the rest is placed in units."""
    path = write_policy(tmp_path, rule("stock_short", action="partial"))
    async with build_world(sqlite_store, clock, warehouse=hand_driven(), policy_file=path) as world:
        world.active_ants.set_stock("MUG-01", 6)
        batch = OrderedLine("MUG-01", packs=1, unit_multiplier=6, units=7)
        order = world.ankorstore.place_order([batch, TOTE], GOOD)
        tote = order.lines[1].id
        assert (await _carry(world, order)).state is State.PLACED
        assert accepted_units(order) == placed_units(world, order) == {tote: 4}


@pytest.mark.parametrize("shown", ["rejected", "cancelled"])
async def test_reject(store: Store, clock: FakeClock, tmp_path: Path, shown: Any) -> None:
    """The order is rejected with its type, once, and closed as rejected whatever that shows as."""
    path = write_policy(tmp_path, rule("sku_archived", **REJECT))
    async with build_world(
        store,
        clock,
        marketplace={"habits": AnkorstoreHabits(rejected_status=shown)},
        policy_file=path,
    ) as world:
        order = world.ankorstore.place_order([TOTE], GOOD)
        world.ankorstore.archive_variant("TOTE-NAT")
        held = await _carry(world, order)

        assert (held.state, held.outcome, order.status) == (State.CLOSED, "rejected", shown)
        assert answers(world) == [
            {"type": "brand-rejects", "attributes": {"rejectType": "PRODUCT_OUT_OF_STOCK"}}
        ]
        assert (held.verdict["kind"], world.creates()) == ("reject", 0)


async def test_most_cautious_action_counts(
    sqlite_store: Store, clock: FakeClock, tmp_path: Path
) -> None:
    """A finding that holds keeps an order from being rejected for another."""
    path = write_policy(tmp_path, rule("sku_archived", **REJECT))
    async with build_world(sqlite_store, clock, policy_file=path) as world:
        order = world.ankorstore.place_order([TOTE], replace(GOOD, street="Damstraat"))
        world.ankorstore.archive_variant("TOTE-NAT")
        held = await _carry(world, order)
        assert held.attention_reason == "house_number_missing"
        assert await world.reasons(order) == ["house_number_missing", "sku_archived"]
        assert world.writes() == []


async def test_manual_mode_goes_before_the_policy(
    sqlite_store: Store, clock: FakeClock, tmp_path: Path
) -> None:
    """With ACCEPT_MODE=manual nothing is accepted, cut or rejected, whatever the rules say."""
    policy = rule("sku_archived", **REJECT) + rule("stock_short", action="partial")
    async with build_world(
        sqlite_store, clock, accept_mode="manual", policy_file=write_policy(tmp_path, policy)
    ) as world:
        short = _short(world)
        archived = world.ankorstore.place_order([OrderedLine("BOWL-01")], GOOD)
        world.ankorstore.archive_variant("BOWL-01")
        for order, reason in ((short, "stock_short"), (archived, "sku_archived")):
            held = await _carry(world, order)
            assert await world.reasons(order) == ["acceptance_manual"]
            found = [one["reason"] for one in held.verdict["findings"]]
            assert found == ["acceptance_manual", reason]
        assert world.writes() == []


HOLD_THEN = {
    "accept": ("brand-validates", State.PLACED, None),
    "partial": ("brand-validates", State.PLACED, None),
    "reject": ("brand-rejects", State.CLOSED, "rejected"),
}


@pytest.mark.parametrize("then", HOLD_THEN)
async def test_hold_that_ends(store: Store, clock: FakeClock, tmp_path: Path, then: str) -> None:
    """Nothing is done before the hours are over, whatever news come; then it is done, once."""
    keys = {"reject_type": "PRODUCT_OUT_OF_STOCK"} if then == "reject" else {}
    policy = rule("stock_short", action="hold", hold_hours=2, then=then, **keys)
    async with build_world(
        store, clock, warehouse=hand_driven(), policy_file=write_policy(tmp_path, policy)
    ) as world:
        order = _short(world)
        held = await _carry(world, order)
        assert held.attention_reason == "stock_short"
        began_at = held.attention_since
        assert held.hold_until_at == held.next_attempt_at == began_at + timedelta(hours=2)
        clock.advance(3600)
        await world.tell(order)  # news do not prolong the hold, and do nothing
        await world.work()
        held = await world.held(order)
        assert (held.attention_since, held.next_attempt_at) == (began_at, held.hold_until_at)
        assert await world.told(order) == ["attention"]  # and nothing is told twice
        clock.advance(3595)
        await world.work()
        assert world.writes() == []
        clock.advance(5)
        await world.work()

        kind, state, outcome = HOLD_THEN[then]
        held = await world.held(order)
        assert [one["type"] for one in answers(world)] == [kind]
        assert (held.state, held.outcome, held.attention_reason) == (state, outcome, None)
        assert held.hold_until_at is None
        if then != "reject":
            assert placed_units(world, order) == accepted_units(order)
            assert order.lines[0].units == (4 if then == "accept" else 3)


@pytest.mark.parametrize("on_news", [True, False])
async def test_held_order_goes_on_once_the_stock_came(
    sqlite_store: Store, clock: FakeClock, tmp_path: Path, on_news: bool
) -> None:
    """What held it is gone: the order goes on, with news at once, else at the end of the hold."""
    policy = rule(
        "stock_short",
        action="hold",
        hold_hours=3,
        then="reject",
        reject_type="PRODUCT_OUT_OF_STOCK",
    )
    async with build_world(
        sqlite_store, clock, warehouse=hand_driven(), policy_file=write_policy(tmp_path, policy)
    ) as world:
        order = _short(world)
        await _carry(world, order)
        world.active_ants.set_stock("TOTE-NAT", 100)
        clock.advance(3601 if on_news else 3 * 3600)
        if on_news:
            await world.tell(order)
        await world.work()

        assert (await world.held(order)).state is State.PLACED
        assert answers(world) == [{"type": "brand-validates"}]


async def test_hours_count_for_each_sku(
    sqlite_store: Store, clock: FakeClock, tmp_path: Path
) -> None:
    """Stock that is short of another SKU holds for its own hours, whatever was short before."""
    policy = rule("stock_short", action="hold", hold_hours=4, then="accept")
    async with build_world(
        sqlite_store, clock, warehouse=hand_driven(), policy_file=write_policy(tmp_path, policy)
    ) as world:
        world.active_ants.set_stock("TOTE-NAT", 3)
        order = world.ankorstore.place_order([TOTE, OrderedLine("MUG-01")], GOOD)
        await _carry(world, order)
        clock.advance(3 * 3600)
        world.active_ants.set_stock("TOTE-NAT", 100)
        world.active_ants.set_stock("MUG-01", 0)
        await world.tell(order)
        await world.work()
        held = await world.held(order)
        assert held.attention_reason == "stock_short"
        assert held.hold_until_at == clock.now() + timedelta(hours=4)
        clock.advance(2 * 3600)  # the first would have ended long ago
        await world.work()
        assert world.writes() == []


async def test_hold_without_end_stays_when_another_ends(
    sqlite_store: Store, clock: FakeClock, tmp_path: Path
) -> None:
    """A finding that holds for a person keeps the order held, whatever the other's hours say."""
    policy = rule("stock_short", action="hold", hold_hours=1, then="accept")
    async with build_world(
        sqlite_store, clock, policy_file=write_policy(tmp_path, policy)
    ) as world:
        world.active_ants.set_stock("TOTE-NAT", 3)
        order = world.ankorstore.place_order([TOTE], replace(GOOD, street="Postbus 1"))
        held = await _carry(world, order)
        assert (held.next_attempt_at, held.hold_until_at) == (None, None)
        clock.advance(7200)
        await world.retry(order)
        assert await world.reasons(order) == ["post_box"]
        assert world.writes() == []


async def test_verdict_is_kept_with_its_inputs_and_nothing_personal(
    store: Store, clock: FakeClock
) -> None:
    """What was found, needed and known is stored; the address and the buyer's words are not."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        world.active_ants.set_stock("TOTE-NAT", 3)
        order = world.ankorstore.place_order([TOTE], replace(GOOD, street="Postbus 4711"))
        world.ankorstore.ask_for_cancellation(order.id, "my uncle Theo ordered twice")
        held = await _carry(world, order)

        verdict = held.verdict
        assert verdict["kind"] == "hold"
        assert held.read_at <= held.verdict_at <= clock.now()
        assert verdict["needed"] == {"TOTE-NAT": 4}
        assert verdict["facts"] == {"TOTE-NAT": {"is_known": True, "stock_pieces": 3}}
        assert verdict["read_at"] == held.read_at.isoformat()
        assert verdict["marketplace_updated_at"] == held.marketplace_updated_at.isoformat()
        found = {one["reason"]: one for one in verdict["findings"]}
        assert set(found) == {"retailer_asked_to_cancel", "post_box", "stock_short"}
        assert found["stock_short"]["detail"] == "needs 4, has 3"
        assert {one["by"] for one in found.values()} == {"the default"}
        assert "4711" not in str(verdict)
        assert "Theo" not in str(verdict)


async def test_verdict_costs_no_commit(sqlite_store: Store, clock: FakeClock) -> None:
    """An order from its first claim to being placed takes as many commits as steps and intents."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = world.ankorstore.place_order([TOTE], GOOD)
        await world.tell(order)
        await world.work()  # the facts are stored once for all orders
        second = world.ankorstore.place_order([TOTE], GOOD)
        await world.tell(second)
        before = sqlite_store.commit_count
        await world.work()
        held = await world.held(second)
        assert (held.state, held.verdict["kind"]) == (State.PLACED, "go")
        # claim, intent and result of the accept, intent and result of the create
        assert sqlite_store.commit_count - before == 5


@pytest.mark.parametrize("keys", [{"action": "partial"}, REJECT], ids=["partial", "reject"])
async def test_accepted_order_is_neither_cut_nor_rejected(
    sqlite_store: Store, clock: FakeClock, tmp_path: Path, keys: dict[str, str]
) -> None:
    """Partial and reject are answers to an order: one that is accepted is held whole instead."""
    path = write_policy(tmp_path, rule("sku_unknown", **keys))
    async with build_world(sqlite_store, clock, warehouse=hand_driven(), policy_file=path) as world:
        lines = [OrderedLine("NO-SUCH"), TOTE]
        order = world.ankorstore.place_order(lines, GOOD, status="brand_confirmed")
        held = await _carry(world, order)
        assert (held.state, held.attention_reason) == (State.ACCEPTED, "sku_unknown")
        assert (held.verdict["kind"], world.writes()) == ("hold", [])
