"""What operators say of SKUs reaches the warehouse, and nothing older does."""

from typing import Any

import pytest

from app.domain.lifecycle import State
from app.domain.sku_entries import SkuChange, SkuEntry
from app.flow.desk import OrderDesk
from app.flow.sku_check import check_skus
from app.simulator import Address, Order, OrderedLine
from app.store.session import Store
from app.store.sku_rules import change_sku_rules
from app.wiring import sku_sayings
from tests.fake_clock import FakeClock
from tests.flow.world import World, build_world, hand_driven

GOOD = Address("Ina Smit", "Winkel Smit", "Damstraat 14", "1012 JS", "Amsterdam", "NL")


async def _place(
    world: World, *lines: OrderedLine, ship_to: Address = GOOD, **changes: Any
) -> Order:
    order = world.ankorstore.place_order(list(lines), ship_to, **changes)
    await world.tell(order)
    await world.work()
    return order


async def _say(world: World, sku: str, entry: SkuEntry | None) -> int:
    """Say what *sku* is; return how many orders that woke."""
    change = SkuChange(sku, entry)
    _, woken = await change_sku_rules(
        world.store, [change], by="a test", aliases=world.settings.sku_map
    )
    return woken


def _sent(world: World, order: Order) -> dict[str, int]:
    """Return the pieces the warehouse was asked for by SKU."""
    body = world.active_ants.orders_numbered(str(order.reference))[-1].payload
    return {item["sku"]: item["quantity"] for item in body["orderItems"]}


async def test_an_alias_wakes_the_orders_that_lacked_it(store: Store, clock: FakeClock) -> None:
    """An order with an unknown SKU goes on by itself once its alias is said; others stay."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = await _place(world, OrderedLine("MUG-OLD"))
        other = await _place(world, OrderedLine("MUG-OTHER"))
        assert await world.reasons(order) == ["sku_unknown"]

        assert await _say(world, "MUG-OLD", SkuEntry("MUG-01")) == 1
        await world.work()

        assert (await world.held(order)).state is State.PLACED
        assert _sent(world, order) == {"MUG-01": 1}
        assert (await world.held(other)).attention_reason == "sku_unknown"
        told = [row["message"] for row in await world.history(order)]
        assert "retried because the entry of SKU MUG-OLD was changed by a test" in told


async def test_an_entry_settles_the_pack_mode(store: Store, clock: FakeClock) -> None:
    """Without PACK_MODE an entry for every such SKU lets the order go, with what it says."""
    async with build_world(store, clock, warehouse=hand_driven(), pack_mode=None) as world:
        order = await _place(world, OrderedLine("MUG-01", packs=2), OrderedLine("SOAP-LAV"))
        assert await world.reasons(order) == ["pack_mode_unconfirmed"] * 2

        await _say(world, "MUG-01", SkuEntry(pack_mode="pack"))
        await world.work()
        assert await world.reasons(order) == ["pack_mode_unconfirmed"]
        await _say(world, "SOAP-LAV", SkuEntry(pack_mode="factor:4"))
        await world.work()

        assert _sent(world, order) == {"MUG-01": 2, "SOAP-LAV": 3}


async def test_the_table_goes_before_the_settings(store: Store, clock: FakeClock) -> None:
    """Alias and pack mode of the table each beat those of the settings; removed, those hold."""
    said = {"sku_map": {"MUG-01": "MUG-02"}, "pack_mode_by_sku": {"MUG-01": "pack"}}
    async with build_world(store, clock, warehouse=hand_driven(), **said) as world:
        await _say(world, "MUG-01", SkuEntry("BOWL-01"))
        assert _sent(world, await _place(world, OrderedLine("MUG-01"))) == {"BOWL-01": 1}
        await _say(world, "MUG-01", SkuEntry(pack_mode="factor:2"))
        assert _sent(world, await _place(world, OrderedLine("MUG-01"))) == {"MUG-02": 3}
        await _say(world, "MUG-01", None)
        assert _sent(world, await _place(world, OrderedLine("MUG-01"))) == {"MUG-02": 1}


@pytest.mark.parametrize("before", ["intend_accept", "intend_create"])
async def test_an_entry_corrected_between_review_and_write_counts(
    store: Store, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, before: str
) -> None:
    """
    Another replica corrects the factor after this one's review, a moment before the write.

    Nothing is sent by the old factor: the order is judged again, and the pieces are the new ones.
    """
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        await _say(world, "MUG-01", SkuEntry(pack_mode="factor:2"))
        real = getattr(OrderDesk, before)
        corrected = []

        async def corrected_first(desk: OrderDesk, *arguments: Any, **options: Any) -> Any:
            if not corrected:
                corrected.append(await _say(world, "MUG-01", SkuEntry(pack_mode="factor:3")))
            return await real(desk, *arguments, **options)

        monkeypatch.setattr(OrderDesk, before, corrected_first)
        order = await _place(world, OrderedLine("MUG-01"))

        assert _sent(world, order) == {"MUG-01": 2}
        assert (world.accepts(), world.creates()) == (1, 1)
        assert "woken" in await world.told(order)


async def test_an_order_is_not_left_with_a_person_for_what_was_said_meanwhile(
    store: Store, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An entry written while the review still finds it missing is not passed by."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        real = OrderDesk.facts
        said: list[int] = []

        async def said_meanwhile(desk: OrderDesk, skus: Any) -> Any:
            facts = await real(desk, skus)
            if not said:
                said.append(await _say(world, "MUG-OLD", SkuEntry("MUG-01")))
            return facts

        monkeypatch.setattr(OrderDesk, "facts", said_meanwhile)
        order = await _place(world, OrderedLine("MUG-OLD"))

        assert said == [0]
        assert (await world.held(order)).state is State.PLACED
        assert await world.told(order) == ["woken", "done", "waiting"]


async def test_an_entry_costs_no_commit_and_no_query(
    sqlite_store: Store, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table is read once by a process, however many orders it carries."""
    import app.flow.sku_book as book

    reads = []
    real = book.load_sku_table

    async def count(store: Store) -> Any:
        reads.append(store)
        return await real(store)

    monkeypatch.setattr(book, "load_sku_table", count)
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        commits = []
        for _ in range(3):
            before = sqlite_store.commit_count
            await _place(world, OrderedLine("TOTE-NAT"))
            commits.append(sqlite_store.commit_count - before)
    assert len(reads) == 1
    assert commits[2] <= commits[1] <= commits[0]


async def test_the_check_finds_what_the_review_finds(store: Store, clock: FakeClock) -> None:
    """What `skus check` says of each variant is what an order of it would be held for."""
    said = {"sku_map": {"SOAP-LAV": "NOWHERE"}, "pack_mode_by_sku": {"BOWL-01": "factor:3"}}
    async with build_world(store, clock, warehouse=hand_driven(), pack_mode=None, **said) as world:
        packs = {"MUG-01": 6, "MUG-02": 6, "BOWL-01": 4, "SOAP-LAV": 12, "TOTE-NAT": 1, "X": 1}
        for sku, multiplier in packs.items():
            world.ankorstore.add_variant(sku, unit_multiplier=multiplier)
        await _say(world, "MUG-02", SkuEntry(pack_mode="pack"))
        await _say(world, "SOAP-LAV", SkuEntry(pack_mode="factor:6"))

        report = await check_skus(
            store,
            world.companies.marketplace,
            world.companies.warehouse,
            sku_sayings(world.settings),
        )

        found = {sku: {one.reason for one in report.findings if one.sku == sku} for sku in packs}
        for sku in packs:
            order = await _place(world, OrderedLine(sku))
            assert set(await world.reasons(order)) == found[sku], sku
        assert {sku for sku in packs if found[sku]} == {"MUG-01", "BOWL-01", "SOAP-LAV", "X"}
