"""Recording a step: one transaction, only by whoever holds the order, and no wake-up lost."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from app.domain.lifecycle import State
from app.domain.record import OrderRecord
from app.errors import LeaseLost
from app.store.claims import claim_orders
from app.store.inbox import Disposition, Inbox
from app.store.models import Attempt, Event, Order
from app.store.orders import AttemptRow, Finish, finish_step, wake_orders
from app.store.placing import intend_create
from app.store.session import Store
from tests.fake_clock import FakeClock
from tests.store_rows import (
    LEASE_SECONDS,
    ORDER_ID,
    add_order,
    attempts_of,
    change_order,
    claim_one,
    count_rows,
    finish_of,
    make_event,
    order_row,
    prepared_order,
    rows_of,
)


async def finish(store: Store, order: OrderRecord, *arguments: Any, **changes: Any) -> OrderRecord:
    return await finish_step(store, order, finish_of(*arguments, **changes), LEASE_SECONDS)


async def test_a_step_is_recorded_with_its_history_row(store: Store, clock: FakeClock) -> None:
    """State, times and the history row are written by one commit, and the lease is given up."""
    await add_order(store)
    order = await claim_one(store)
    later = clock.now() + timedelta(hours=1)
    attempt = AttemptRow(
        step="answer order",
        outcome="waiting",
        message="accepted at Ankorstore",
        duration_ms=17,
        attempt_number=3,
        peer="ankorstore",
        call="accept order",
        status=200,
        detail="their words",
        recorded=b"packed",
    )
    before = store.commit_count

    columns = {"state": State.ACCEPTED, "waits_for": "the warehouse"}
    await finish_step(store, order, Finish(columns, attempt, later), LEASE_SECONDS)

    assert store.commit_count == before + 1
    row = await order_row(store, order.order_id)
    assert (row.state, row.waits_for, row.next_attempt_at) == ("accepted", "the warehouse", later)
    assert (row.lease_until, row.leased_by) == (None, None)
    (written,) = await attempts_of(store, order.order_id)
    assert dict(written._mapping) == {
        "id": written.id,
        "order_id": order.order_id,
        "happened_at": clock.now(),
        "step": "answer order",
        "peer": "ankorstore",
        "call": "accept order",
        "status": 200,
        "outcome": "waiting",
        "attempt_number": 3,
        "duration_ms": 17,
        "message": "accepted at Ankorstore",
        "detail": "their words",
        "next_attempt_at": later,
        "recorded": b"packed",
    }


async def test_whoever_goes_on_keeps_the_lease(store: Store, clock: FakeClock) -> None:
    """A step that goes on prolongs the lease; the order is not given to anybody between steps."""
    await add_order(store)
    order = await claim_one(store)
    clock.advance(50)

    after = await finish(store, order, clock.now(), columns={"state": "accepted"}, keeps_lease=True)

    clock.advance(50)
    assert (after.state, after.fencing_token) == (State.ACCEPTED, order.fencing_token)
    assert await claim_orders(store, limit=9, worker_id="b", lease_seconds=LEASE_SECONDS) == []
    assert (await finish(store, after, None, columns={"state": "closed"})).state is State.CLOSED


@pytest.mark.parametrize("changed", [{"fencing_token": 2}, {"state": "accepted"}], ids=str)
async def test_a_lost_lease_writes_nothing(store: Store, changed: dict[str, Any]) -> None:
    """With another token or another state in the row the result is dropped, history included."""
    order_id = await add_order(store)
    order = await claim_one(store)
    await change_order(store, order_id, **changed)
    before = await order_row(store, order_id)

    with pytest.raises(LeaseLost):
        await finish(store, order, columns={"state": "closed", "outcome": "completed"})

    assert await order_row(store, order_id) == before
    assert await count_rows(store, Attempt) == 0


async def test_only_one_of_two_holders_records(
    store: Store, other_store: Store, clock: FakeClock
) -> None:
    """After a lease ran out and was claimed anew the first holder's result is dropped."""
    await add_order(store)
    slow = await claim_one(store, "slow")
    clock.advance(LEASE_SECONDS)
    quick = await claim_one(other_store, "quick")

    results = await asyncio.gather(
        finish(store, slow, columns={"state": "closed"}),
        finish(other_store, quick, columns={"state": "accepted"}),
        return_exceptions=True,
    )

    assert isinstance(results[0], LeaseLost)
    assert (await order_row(store, slow.order_id)).state == "accepted"
    assert await count_rows(store, Attempt) == 1


async def test_a_late_finish_of_an_unclaimed_order_still_counts(
    store: Store, clock: FakeClock
) -> None:
    """A lease that ran out without anybody claiming the order loses no work."""
    await add_order(store)
    order = await claim_one(store)
    clock.advance(10 * LEASE_SECONDS)

    assert (await finish(store, order, columns={"state": "accepted"})).state is State.ACCEPTED


@pytest.mark.parametrize("asked_for", [None, 3600.0])
async def test_a_wake_during_a_step_is_not_lost(
    store: Store, clock: FakeClock, asked_for: float | None
) -> None:
    """An event that came while the step ran makes the order due at once, whatever was asked for."""
    order_id = await add_order(store, marketplace_order_id=ORDER_ID)
    order = await claim_one(store)
    await Inbox(store).store_event(make_event("meanwhile"))
    next_at = clock.now() + timedelta(seconds=asked_for) if asked_for else None

    after = await finish(store, order, next_at)

    row = await order_row(store, order_id)
    assert (row.next_attempt_at, row.wake_seq, row.processed_wake_seq) == (clock.now(), 1, 0)
    assert after.wake_seq == 1
    assert (await attempts_of(store, order_id))[0].next_attempt_at == clock.now()
    assert (await rows_of(store, Event))[0].processed_at is None
    assert (await claim_one(store)).wake_seq == 1


async def test_a_wake_during_a_step_waits_for_its_backoff(store: Store, clock: FakeClock) -> None:
    """A failed step's backoff holds although an event came in meanwhile."""
    order_id = await add_order(store)
    order = await claim_one(store)
    async with store.write() as connection:
        await wake_orders(store, connection, [order_id])
    until = clock.now() + timedelta(seconds=30)

    await finish(store, order, until, columns={"not_before_at": until})

    row = await order_row(store, order_id)
    assert (row.next_attempt_at, row.not_before_at) == (clock.now(), until)


async def test_an_event_is_processed_by_the_first_finish_that_saw_it(
    store: Store, clock: FakeClock
) -> None:
    """Events are dated by the first recorded step that began after them, and never again."""
    inbox = Inbox(store)
    assert await inbox.store_event(make_event("first")) is Disposition.STORED
    order = await claim_one(store)
    await inbox.store_event(make_event("second"))
    clock.advance(1)
    first_finish_at = clock.now()
    order = await finish(store, order, clock.now(), keeps_lease=True)
    assert [row.processed_at for row in await rows_of(store, Event)] == [first_finish_at, None]

    clock.advance(1)
    second_finish_at = clock.now()
    order = await finish(store, order, clock.now(), keeps_lease=True)
    clock.advance(1)
    await finish(store, order)

    rows = await rows_of(store, Event)
    assert [row.processed_at for row in rows] == [first_finish_at, second_finish_at]
    assert (await order_row(store, order.order_id)).processed_wake_seq == 2


async def test_a_lost_finish_processes_no_event(store: Store) -> None:
    """An event stays unprocessed when the step that saw it was not recorded."""
    await Inbox(store).store_event(make_event("one"))
    order = await claim_one(store)
    await change_order(store, order.order_id, fencing_token=7)

    with pytest.raises(LeaseLost):
        await finish(store, order)

    assert (await rows_of(store, Event))[0].processed_at is None


async def test_the_answer_to_a_create_is_recorded_with_the_step(
    store: Store, clock: FakeClock
) -> None:
    """What the warehouse answered stands in the live warehouse order after the same commit."""
    await add_order(store, state="accepted")
    order = await intend_create(
        store,
        await claim_one(store),
        {},
        prepared_order("AK1", MUG=2),
        sent_within_seconds=10,
        lease_seconds=LEASE_SECONDS,
    )
    answer = {"answer": "created", "answered_at": clock.now(), "warehouse_order_id": "77"}

    after = await finish(store, order, columns={"state": "placed"}, placing=answer)

    assert after.live is not None
    assert (after.live.answer, after.live.warehouse_order_id) == ("created", "77")
    assert after.live.is_placed


async def test_a_step_that_fails_half_way_leaves_nothing(store: Store) -> None:
    """If the history row cannot be written neither is the order: one transaction for both."""
    order_id = await add_order(store)
    order = await claim_one(store)
    bad = AttemptRow(None, "done", "no step", 1, 1)  # type: ignore[arg-type]

    with pytest.raises(Exception, match="step"):
        await finish_step(store, order, Finish({"state": "closed"}, bad, None), LEASE_SECONDS)

    assert (await order_row(store, order_id)).state == "received"
    assert await count_rows(store, Order) == 1
