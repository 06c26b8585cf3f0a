"""Intents: written before anything is sent, with the stock the order needs."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from app.domain.record import OrderRecord
from app.errors import LeaseLost, WokenMeanwhile
from app.ports import StockFigure
from app.store.claims import claim_orders
from app.store.facts import load_reserved_pieces, save_stock
from app.store.inbox import Inbox
from app.store.models import Order, StockReservation, WarehouseOrder
from app.store.orders import finish_step
from app.store.placing import intend_accept, intend_confirm, intend_create, lines_json
from app.store.session import Store
from tests.fake_clock import FakeClock
from tests.integration.conftest import until_somebody_waits
from tests.store_rows import (
    LEASE_SECONDS,
    ORDER_ID,
    add_order,
    change_order,
    claim_one,
    count_rows,
    finish_of,
    make_event,
    order_row,
    prepared_order,
    rows_of,
)

LIMITS = {"sent_within_seconds": 10.0, "lease_seconds": LEASE_SECONDS}


async def claim_two(store: Store) -> tuple[OrderRecord, OrderRecord]:
    for number in (1, 2):
        await add_order(store, number)
    first, second = await claim_orders(store, limit=2, worker_id="a", lease_seconds=LEASE_SECONDS)
    return first, second


async def stock(store: Store, **pieces: int) -> None:
    figures = [StockFigure(sku, count) for sku, count in pieces.items()]
    await save_stock(store, figures, store.now())


async def test_an_accept_is_noted_before_it_is_sent(store: Store, clock: FakeClock) -> None:
    """The intent, its deadline, the columns given, a fresh lease and the stock: one commit."""
    await add_order(store)
    await stock(store, MUG=5)
    order = await claim_one(store)
    clock.advance(30)
    before = store.commit_count

    held, short = await intend_accept(
        store, order, {"marketplace_reference": "R1"}, {"MUG": 5}, **LIMITS
    )

    assert (store.commit_count, short) == (before + 1, {})
    row = await order_row(store, order.order_id)
    assert (row.accept_intent_at, row.accept_sent_before_at, row.lease_until) == (
        clock.now(),
        clock.now() + timedelta(seconds=10),
        clock.now() + timedelta(seconds=LEASE_SECONDS),
    )
    assert held.marketplace_reference == row.marketplace_reference == "R1"
    (reserved,) = await rows_of(store, StockReservation)
    assert (reserved.order_id, reserved.sku, reserved.sent_quantity, reserved.placed_at) == (
        order.order_id,
        "MUG",
        5,
        None,
    )


async def test_a_shortage_writes_nothing(store: Store) -> None:
    """Where pieces are missing the order is told which, and neither intent nor stock is noted."""
    await add_order(store)
    await stock(store, MUG=5, BOWL=1, TEA=3)
    order = await claim_one(store)
    before = await order_row(store, order.order_id)

    needed = {"MUG": 7, "BOWL": 4, "TEA": 3, "NEVER-COUNTED": 9}
    held, short = await intend_accept(store, order, {}, needed, **LIMITS)

    assert (held, short) == (order, {"MUG": 2, "BOWL": 3})
    assert await order_row(store, order.order_id) == before
    assert await count_rows(store, StockReservation) == 0


async def test_two_orders_never_reserve_the_last_pieces(store: Store, other_store: Store) -> None:
    """Of two orders that each need the last pieces, accepted at once, one gets them."""
    await _compete(store, other_store)


async def test_the_last_pieces_under_the_real_clock(
    real_time_store: Store, other_real_time_store: Store
) -> None:
    """With the clock of production, too, the last pieces are reserved once."""
    await _compete(real_time_store, other_real_time_store)


async def _compete(store: Store, other: Store) -> None:
    await stock(store, MUG=5, BOWL=9)
    for number in (1, 2):
        await add_order(store, number, due_seconds=-1)
    orders = await claim_orders(store, limit=2, worker_id="a", lease_seconds=LEASE_SECONDS)

    (first, second) = await asyncio.gather(
        intend_accept(store, orders[0], {}, {"MUG": 3, "BOWL": 1}, **LIMITS),
        intend_accept(other, orders[1], {}, {"BOWL": 1, "MUG": 3}, **LIMITS),
    )

    assert sorted([first[1], second[1]], key=len) == [{}, {"MUG": 1}]
    rows = await rows_of(store, StockReservation)
    assert {row.sku: row.sent_quantity for row in rows} == {"MUG": 3, "BOWL": 1}
    assert len(rows) == 2


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
async def test_stock_is_held_until_the_intent_is_committed(
    store: Store, other_store: Store
) -> None:
    """While one order's intent is not committed yet, another that needs the same stock waits."""
    await stock(store, MUG=5)
    first, second = await claim_two(store)
    async with store.write() as connection:
        await connection.execute(
            select(Order.id).where(Order.id == first.order_id).with_for_update()
        )
        intents = [asyncio.create_task(intend_accept(other_store, first, {}, {"MUG": 3}, **LIMITS))]
        await until_somebody_waits(store)
        intents += [asyncio.create_task(intend_accept(store, second, {}, {"MUG": 3}, **LIMITS))]
        await until_somebody_waits(store, 2)

    assert [short for _, short in await asyncio.gather(*intents)] == [{}, {"MUG": 1}]
    assert [row.order_id for row in await rows_of(store, StockReservation)] == [first.order_id]


async def test_an_order_does_not_compete_with_itself(store: Store) -> None:
    """A second intent of the same order replaces its reservation."""
    await add_order(store)
    await stock(store, MUG=5)
    order = await claim_one(store)
    order, _ = await intend_accept(store, order, {}, {"MUG": 5}, **LIMITS)

    _, short = await intend_accept(store, order, {}, {"MUG": 4}, **LIMITS)

    assert short == {}
    assert [row.sent_quantity for row in await rows_of(store, StockReservation)] == [4]


async def test_placed_pieces_count_until_a_fresh_figure(store: Store, clock: FakeClock) -> None:
    """Pieces of an order placed since stock was read are still in the figure, and later are not."""
    await stock(store, MUG=5)
    first, second = await claim_two(store)
    await change_order(store, first.order_id, state="accepted")
    clock.advance(1)
    first = await intend_create(
        store,
        (await _again(store, first)),
        {},
        prepared_order("AK1", MUG=4),
        **LIMITS,
    )
    await finish_step(
        store,
        first,
        finish_of(columns={"state": "placed"}, placing={"answer": "created"}),
        LEASE_SECONDS,
    )

    assert await load_reserved_pieces(store, ["MUG"], but_not=second.order_id) == {"MUG": 4}
    clock.advance(1)
    await stock(store, MUG=1)

    assert await load_reserved_pieces(store, ["MUG"], but_not=second.order_id) == {}
    assert await count_rows(store, StockReservation) == 0


async def test_lines_changed_at_the_warehouse_are_reserved_anew(
    store: Store, clock: FakeClock
) -> None:
    """What a person changed there takes other pieces than the figure read before still shows."""
    await stock(store, MUG=9, BOWL=9)
    first, second = await claim_two(store)
    await change_order(store, first.order_id, state="accepted")
    first = await intend_create(
        store, (await _again(store, first)), {}, prepared_order("AK1", MUG=4), **LIMITS
    )
    placed = finish_of(columns={"state": "placed"}, placing={"answer": "created"}, keeps_lease=True)
    first = await finish_step(store, first, placed, LEASE_SECONDS)
    clock.advance(1)
    await stock(store, MUG=5, BOWL=9)

    lines = lines_json(prepared_order("AK1", MUG=2, BOWL=3).lines)
    await finish_step(store, first, finish_of(placing={"lines": lines}), LEASE_SECONDS)

    taken = await load_reserved_pieces(store, ["MUG", "BOWL"], but_not=second.order_id)
    assert taken == {"MUG": 2, "BOWL": 3}
    clock.advance(1)
    await stock(store, MUG=7, BOWL=6)
    assert await load_reserved_pieces(store, ["MUG", "BOWL"], but_not=second.order_id) == {}


async def _again(store: Store, order: OrderRecord) -> OrderRecord:
    """Claim an order once more after a test changed its row."""
    await change_order(store, order.order_id, lease_until=None)
    return await claim_one(store)


async def test_a_long_stock_list_frees_every_placed_piece(store: Store, clock: FakeClock) -> None:
    """However many SKUs a fresh list has, no reservation of a placed order outlives it."""
    order_id = await add_order(store)
    figures = [StockFigure(f"SKU-{n:04d}", 5) for n in range(900)]
    async with store.write() as connection:
        rows = [
            {"order_id": order_id, "sku": one.sku, "sent_quantity": 1, "placed_at": clock.now()}
            for one in figures
        ]
        await connection.execute(insert(StockReservation), rows)
    clock.advance(1)

    await save_stock(store, figures, clock.now())

    assert await count_rows(store, StockReservation) == 0


async def test_an_order_closed_before_placing_frees_its_pieces(store: Store) -> None:
    """Closing an order the warehouse surely does not have gives its pieces back."""
    await add_order(store)
    await stock(store, MUG=5)
    order, _ = await intend_accept(store, await claim_one(store), {}, {"MUG": 5}, **LIMITS)

    closing = finish_of(columns={"state": "closed", "outcome": "cancelled"})
    await finish_step(store, order, closing, LEASE_SECONDS)

    assert await count_rows(store, StockReservation) == 0


@pytest.mark.parametrize("intent", ["accept", "create", "confirm"])
async def test_news_stop_an_intent(store: Store, intent: str) -> None:
    """An order woken since its step began commits no intent: nothing may be sent on old news."""
    order_id = await add_order(store, marketplace_order_id=ORDER_ID)
    order = await claim_one(store)
    await Inbox(store).store_event(make_event("news"))
    before = await order_row(store, order_id)

    with pytest.raises(WokenMeanwhile):
        await _intend(store, order, intent)

    assert await order_row(store, order_id) == before
    assert await count_rows(store, StockReservation) == 0
    assert await count_rows(store, WarehouseOrder) == 0


@pytest.mark.parametrize("intent", ["accept", "create", "confirm"])
async def test_a_lost_lease_stops_an_intent(store: Store, clock: FakeClock, intent: str) -> None:
    """Once another worker has the order the first one commits no intent."""
    await add_order(store)
    lost = await claim_one(store, "a")
    clock.advance(LEASE_SECONDS)
    await claim_one(store, "b")

    with pytest.raises(LeaseLost):
        await _intend(store, lost, intent)

    assert await count_rows(store, StockReservation) == 0
    assert await count_rows(store, WarehouseOrder) == 0


async def _intend(store: Store, order: OrderRecord, intent: str) -> None:
    if intent == "accept":
        await intend_accept(store, order, {}, {"MUG": 1}, **LIMITS)
    elif intent == "create":
        await intend_create(store, order, {}, prepared_order(MUG=1), **LIMITS)
    else:
        await intend_confirm(store, order, {"confirm_quote_id": "q"}, **LIMITS)


async def test_a_create_is_noted_before_it_is_sent(store: Store, clock: FakeClock) -> None:
    """Number, payload, lines and deadline of a create stand in the store before it is sent."""
    await add_order(store)

    order = await intend_create(
        store, await claim_one(store), {}, prepared_order("AK1", MUG=2), **LIMITS
    )

    (row,) = await rows_of(store, WarehouseOrder)
    assert (row.order_id, row.external_order_number, row.answer, row.replaced_at) == (
        order.order_id,
        "AK1",
        None,
        None,
    )
    assert (row.intent_at, row.sent_before_at) == (
        clock.now(),
        clock.now() + timedelta(seconds=10),
    )
    assert row.payload == {"externalOrderNumber": "AK1"}
    assert order.live is not None
    assert order.live.is_unanswered
    assert order.live.lines == prepared_order("AK1", MUG=2).lines
    assert (await _again(store, order)).live == order.live


async def test_a_second_create_of_an_order_keeps_its_number(store: Store, clock: FakeClock) -> None:
    """A create after one that surely did not happen writes to the same live warehouse order."""
    await add_order(store)
    order = await intend_create(
        store, await claim_one(store), {}, prepared_order("AK1", MUG=2), **LIMITS
    )
    absent = {"answer": "absent", "answered_at": clock.now()}
    order = await finish_step(
        store, order, finish_of(clock.now(), keeps_lease=True, placing=absent), LEASE_SECONDS
    )

    clock.advance(5)
    order = await intend_create(store, order, {}, prepared_order("AK1", MUG=3), **LIMITS)

    (row,) = await rows_of(store, WarehouseOrder)
    assert (row.answer, row.answered_at, row.intent_at) == (None, None, clock.now())
    assert row.lines[0]["sent_quantity"] == 3
    with pytest.raises(AssertionError):
        await intend_create(store, order, {}, prepared_order("AK2", MUG=3), **LIMITS)


async def test_an_order_has_one_live_warehouse_order(store: Store, clock: FakeClock) -> None:
    """The database refuses a second live placing of an order; replaced ones may be many."""
    order_id = await add_order(store)
    row = {
        "order_id": order_id,
        "intent_at": clock.now(),
        "sent_before_at": clock.now(),
        "payload": {},
        "lines": [],
    }

    async def place(number: str, *, is_replaced: bool) -> None:
        replaced_at = clock.now() if is_replaced else None
        async with store.write() as connection:
            await connection.execute(
                insert(WarehouseOrder).values(
                    **row, external_order_number=number, replaced_at=replaced_at
                )
            )

    await place("AK1", is_replaced=True)
    await place("AK2", is_replaced=True)
    await place("AK3", is_replaced=False)
    with pytest.raises(IntegrityError):
        await place("AK4", is_replaced=False)
    with pytest.raises(IntegrityError):
        await place("AK1", is_replaced=True)

    assert await count_rows(store, WarehouseOrder) == 3
