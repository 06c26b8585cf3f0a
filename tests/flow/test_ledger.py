"""The completeness ledger: exactly what is missing is named, whatever is missing."""

from datetime import UTC, datetime, timedelta
from itertools import chain, combinations

import pytest

from app.cli_ledger import ledger_json, ledger_text
from app.domain.jobs import RECONCILE
from app.flow.ledger import Ledger, Standing, draw_up, draw_up_held, take_in_missing
from app.simulator import Address, AnkorstoreHabits, Fault, Order, OrderedLine
from app.store.session import Store
from tests.fake_clock import FakeClock
from tests.flow.world import World, build_world, hand_driven
from tests.store_rows import add_order, change_order, order_id_of

GOOD = Address("Ina Smit", "Winkel Smit", "Damstraat 14", "1012 JS", "Amsterdam", "NL")
TOTE = [OrderedLine("TOTE-NAT")]
NUMBERS = range(4)
SUBSETS = list(chain.from_iterable(combinations(NUMBERS, k) for k in range(len(NUMBERS) + 1)))
SMALL_PAGES = {"habits": AnkorstoreHabits(page_limit_max=3)}
DAY_SECONDS = 86_400.0


def _order(world: World, **changes: object) -> Order:
    return world.ankorstore.place_order(TOTE, GOOD, **changes)  # type: ignore[arg-type]


async def _draw_up(world: World, at: datetime | None = None) -> Ledger:
    day = (at or world.clock.now()).date()
    return await draw_up(world.store, world.companies.marketplace, source="ankorstore", day=day)


def _ids(ledger: Ledger, standing: Standing) -> set[str]:
    return {
        (entry.held or entry.listed).marketplace_order_id  # type: ignore[union-attr]
        for entry in ledger.of(standing)
    }


@pytest.mark.parametrize("newest_first", [False, True])
async def test_ledger_names_exactly_the_orders_nobody_told_of(
    store: Store, clock: FakeClock, newest_first: bool
) -> None:
    """
    Of every day another subset of events is lost and nothing is reconciled: each day's ledger
    names that subset and nothing else, whatever the other days lack.
    """
    habits = AnkorstoreHabits(page_limit_max=3, newest_first=newest_first)
    async with build_world(
        store, clock, marketplace={"habits": habits}, accept_mode="manual"
    ) as world:
        days = []
        for lost in SUBSETS:
            orders = [_order(world) for _ in NUMBERS]
            for number in set(NUMBERS) - set(lost):
                await world.tell(orders[number])
            await world.work()
            days.append((clock.now(), orders, lost))
            clock.advance(DAY_SECONDS)

        for at, orders, lost in days:
            ledger = await _draw_up(world, at)
            assert _ids(ledger, Standing.MISSING) == {orders[number].id for number in lost}
            told = {orders[number].id for number in set(NUMBERS) - set(lost)}
            assert _ids(ledger, Standing.OPEN) == told
            assert (len(ledger.entries), ledger.listed) == (len(NUMBERS), len(NUMBERS))
            assert ledger.listed_in_all == len(SUBSETS) * len(NUMBERS)
            assert ledger.is_proven is (lost == ())


async def test_every_order_of_the_day_is_told_with_how_it_stands(
    store: Store, clock: FakeClock
) -> None:
    """Done, open with what it waits for or its reason, ignored with why; all statuses count."""
    async with build_world(
        store,
        clock,
        warehouse=hand_driven(),
        marketplace=SMALL_PAGES,
        take_orders_submitted_after="2026-03-02T00:00:00Z",
    ) as world:
        old = _order(world, submitted_at=clock.now() - timedelta(days=1), status="brand_confirmed")
        done, placed, cancelled, elsewhere = [_order(world) for _ in range(4)]
        held = world.ankorstore.place_order([OrderedLine("NO-SUCH")], GOOD)
        world.ankorstore.cancel_order(cancelled.id)
        world.ankorstore.accept_by_person(elsewhere.id)
        world.ankorstore.ship_by_person(elsewhere.id)
        for order in (old, done, placed, cancelled, elsewhere, held):
            await world.tell(order)
        await world.work()
        await world.ship(done)
        world.ankorstore.receive_shipment(done.id)
        ledger = await _draw_up(world)

        assert ledger.is_proven
        told = {
            entry.held.marketplace_order_id: (
                str(entry.standing),
                entry.held.outcome or entry.held.attention_reason or entry.held.waits_for,
            )
            for entry in ledger.entries
            if entry.held is not None
        }
        assert told == {
            done.id: ("done", "completed"),
            cancelled.id: ("done", "cancelled"),
            placed.id: ("open", "the warehouse to ship"),
            held.id: ("open", "sku_unknown"),
            elsewhere.id: ("ignored", "ignored: shipped by somebody else"),
        }
        yesterday = await _draw_up(world, clock.now() - timedelta(days=1))
        assert [entry.held.outcome for entry in yesterday.entries if entry.held] == [
            "ignored: before the switch"
        ]
        text = ledger_text(ledger)
        assert f"open      {held.reference}  received, needs a person: sku_unknown" in text
        assert f"ignored   {elsewhere.reference}  shipped by somebody else" in text
        assert "Ankorstore lists 5 of that day (6 in all); 5 of it are here." in text
        assert "Proven:" in text


async def test_order_that_is_here_and_not_there(store: Store, clock: FakeClock) -> None:
    """An open one is named and proves nothing; a closed one, and one that came in meanwhile, are
    explained."""
    async with build_world(store, clock, accept_mode="manual") as world:
        order = _order(world)
        await world.tell(order)
        await world.work()
        strange = order_id_of(1)
        await add_order(store, 1, submitted_at=clock.now(), next_attempt_at=None)
        ledger = await _draw_up(world)
        assert (_ids(ledger, Standing.UNLISTED), ledger.is_proven) == ({strange}, False)
        assert "UNLISTED" in ledger_text(ledger)

        row_id = await add_order(store, 2, submitted_at=clock.now(), next_attempt_at=None)
        await change_order(store, row_id, state="closed", outcome="cancelled")
        await change_order(store, row_id - 1, state="closed", outcome="cancelled")
        ledger = await _draw_up(world)
        assert ledger.is_proven
        notes = sorted(entry.note for entry in ledger.entries)
        assert notes == ["", *2 * ["closed, and listed at Ankorstore no more"]]

        class Meanwhile:
            async def walk_orders(self):  # type: ignore[no-untyped-def]
                async for listed in world.companies.marketplace.walk_orders():
                    yield listed
                late = _order(world)  # on no page that is still to come
                await world.tell(late)

        day = clock.now().date()
        ledger = await draw_up(store, Meanwhile(), source="ankorstore", day=day)  # type: ignore[arg-type]
        assert ledger.is_proven
        assert (
            sorted(entry.note for entry in ledger.entries)[1] == "came in while the list was read"
        )


async def test_order_told_of_while_the_list_is_read_is_not_missing(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """Listed on an early page, told of by its webhook before the last: it is here."""
    async with build_world(sqlite_store, clock, accept_mode="manual") as world:
        order = _order(world)

        class Slow:
            async def walk_orders(self):  # type: ignore[no-untyped-def]
                async for listed in world.companies.marketplace.walk_orders():
                    yield listed
                await world.tell(order)

        ledger = await draw_up(
            sqlite_store,
            Slow(),  # type: ignore[arg-type]
            source="ankorstore",
            day=clock.now().date(),
        )
        assert (_ids(ledger, Standing.OPEN), ledger.is_proven) == ({order.id}, True)


async def test_entries_without_a_date_or_an_id(sqlite_store: Store, clock: FakeClock) -> None:
    """A missing order without a date is named on any day; one without an id proves nothing."""
    async with build_world(sqlite_store, clock, accept_mode="manual") as world:
        known, unknown = _order(world), _order(world)
        await world.tell(known)
        await world.work()

        class Undated:
            def __init__(self, extra: list[None]) -> None:
                self._extra = extra

            async def walk_orders(self):  # type: ignore[no-untyped-def]
                async for listed in world.companies.marketplace.walk_orders():
                    assert listed is not None
                    yield type(listed)(listed.marketplace_order_id, None, listed.status, None, None)
                for nothing in self._extra:
                    yield nothing

        for day in (clock.now().date(), (clock.now() + timedelta(days=9)).date()):
            ledger = await draw_up(
                sqlite_store,
                Undated([]),  # type: ignore[arg-type]
                source="ankorstore",
                day=day,
            )
            assert _ids(ledger, Standing.MISSING) == {unknown.id}
            is_today = day == clock.now().date()
            assert _ids(ledger, Standing.OPEN) == ({known.id} if is_today else set())

        await world.tell(unknown)
        await world.work()
        ledger = await draw_up(
            sqlite_store,
            Undated([None]),  # type: ignore[arg-type]
            source="ankorstore",
            day=clock.now().date(),
        )
        assert (ledger.of(Standing.MISSING), ledger.unreadable, ledger.is_proven) == ([], 1, False)
        assert "1 entries of Ankorstore's list tell no order id" in ledger_text(ledger)


async def test_list_that_cannot_be_read_to_its_end_proves_nothing(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """The second page fails: no ledger is drawn up; what is held can still be told."""
    async with build_world(
        sqlite_store, clock, marketplace=SMALL_PAGES, accept_mode="manual"
    ) as world:
        orders = [_order(world) for _ in range(5)]
        await world.tell(orders[0])
        await world.work()
        world.ankorstore.faults.once("GET */orders", Fault.SERVER_ERROR_BEFORE, skip=1)
        with pytest.raises(Exception, match="list orders"):
            await _draw_up(world)

        held = await draw_up_held(sqlite_store, source="ankorstore", day=clock.now().date())
        assert (_ids(held, Standing.OPEN), held.is_proven) == ({orders[0].id}, False)
        assert ledger_json(held)["listed"] is None
        assert "Not proven" in ledger_text(held)


async def test_missing_orders_can_be_taken_in(store: Store, clock: FakeClock) -> None:
    """Whatever has become of them since, each is looked at and ends as Ankorstore shows it."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        waiting, cancelled = _order(world), _order(world)
        world.ankorstore.cancel_order(cancelled.id)
        clock.advance(60)
        ledger = await _draw_up(world)
        assert _ids(ledger, Standing.MISSING) == {waiting.id, cancelled.id}
        assert await take_in_missing(store, ledger, source="ankorstore") == 2
        assert await take_in_missing(store, ledger, source="ankorstore") == 0
        await world.work()

        ledger = await _draw_up(world)
        assert ledger.is_proven
        assert _ids(ledger, Standing.OPEN) == {waiting.id}
        assert _ids(ledger, Standing.DONE) == {cancelled.id}
        assert (await world.held(cancelled)).found_by == "reconcile"


async def test_day_ends_at_midnight_in_utc(store: Store, clock: FakeClock) -> None:
    """The last moment of a day is its own, the next is tomorrow's."""
    async with build_world(store, clock, accept_mode="manual") as world:
        midnight = datetime(2026, 3, 2, tzinfo=UTC)
        first = _order(world, submitted_at=midnight)
        last = _order(world, submitted_at=midnight + timedelta(days=1, seconds=-1))
        next_day = _order(world, submitted_at=midnight + timedelta(days=1))
        await world.run_job(RECONCILE)

        assert _ids(await _draw_up(world, midnight), Standing.OPEN) == {first.id, last.id}
        tomorrow = await _draw_up(world, midnight + timedelta(days=1))
        assert _ids(tomorrow, Standing.OPEN) == {next_day.id}
