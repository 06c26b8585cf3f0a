"""The worker as it runs in production: woken by work, bounded, and stopped without loss."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

import app.flow.carry as carry_module
import app.worker as worker_module
from app.domain.lifecycle import State
from app.store.claims import claim_orders
from app.store.decisions import retry_order
from app.store.inbox import Inbox
from app.store.models import Order, WorkerBeat
from app.store.queries import find_order
from app.store.session import Store
from app.worker_lock import WorkerRunning, hold_worker_role
from tests.integration.conftest import until
from tests.integration.live import living
from tests.store_rows import attempts_of, change_order, order_row, rows_of

POSTGRES = pytest.mark.parametrize("database_url", ["postgres"], indirect=True)


async def test_an_event_wakes_the_worker_at_once(real_time_store: Store) -> None:
    """A worker that looks for work by itself only hourly carries an order as soon as it is told."""
    async with living(real_time_store) as live:
        order = live.ankorstore.place_order()

        order_id = await live.tell(order)

        await live.until_row(order_id, state="placed")
        assert order.status == "brand_confirmed"
        assert len(live.active_ants.orders) == 1


async def test_time_alone_finds_work(real_time_store: Store) -> None:
    """Without any wake-up the worker finds due orders by looking."""
    async with living(real_time_store, poll_seconds=0.05) as live:
        order_id = await live.tell(live.ankorstore.place_order(), Inbox(real_time_store))

        await live.until_row(order_id, state="placed")


@POSTGRES
async def test_another_process_wakes_the_worker(
    real_time_store: Store, other_real_time_store: Store
) -> None:
    """On PostgreSQL an event stored, or a decision made, by another process wakes the worker."""
    async with living(real_time_store, accept_mode="manual") as live:
        await _until_it_listens(other_real_time_store)
        order = live.ankorstore.place_order()

        order_id = await live.tell(order, Inbox(other_real_time_store))

        await live.until_row(order_id, attention_reason="acceptance_manual", leased_by=None)
        live.ankorstore.accept_by_person(order.id)
        held = await find_order(other_real_time_store, order.id)
        assert held is not None
        await retry_order(other_real_time_store, held, by="test")
        await live.until_row(order_id, state="placed")


async def _until_it_listens(store: Store) -> None:
    statement = text(
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND query LIKE 'LISTEN%' AND state = 'idle'"
    )
    async with asyncio.timeout(20):
        while True:
            async with store.read() as connection:
                if (await connection.execute(statement)).scalar_one():
                    return
            await asyncio.sleep(0.01)


@POSTGRES
async def test_a_lost_connection_is_listened_on_again(
    real_time_store: Store, other_real_time_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When PostgreSQL ends the listening connection a new one takes its place."""
    monkeypatch.setattr(worker_module, "TROUBLE_PAUSE_SECONDS", 0.01)
    async with living(real_time_store) as live:
        await _until_it_listens(other_real_time_store)
        async with other_real_time_store.write() as connection:
            await connection.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND query LIKE 'LISTEN%'"
                )
            )
        await asyncio.sleep(0)
        await _until_it_listens(other_real_time_store)

        order = live.ankorstore.place_order()
        await live.until_row(await live.tell(order, Inbox(other_real_time_store)), state="placed")


async def test_a_stop_lets_the_running_step_finish(real_time_store: Store) -> None:
    """A stop claims nothing more, lets the step under way be recorded, and gives the order back."""
    async with living(real_time_store, worker_concurrency=1) as live:
        live.gate.shut()
        first, second = live.ankorstore.place_order(), live.ankorstore.place_order()
        first_id = await live.tell(first)
        await until(lambda: live.gate.inside)
        second_id = await live.tell(second)

        live.worker.stop()
        assert live.running is not None
        assert not live.running.done()
        live.gate.open()
        await live.stop()

        row = await order_row(real_time_store, first_id)
        assert (row.state, row.lease_until, row.leased_by) == ("accepted", None, None)
        assert row.next_attempt_at <= real_time_store.now()
        assert [one.outcome for one in await attempts_of(real_time_store, first_id)] == ["done"]
        assert (await order_row(real_time_store, second_id)).fencing_token == 0
        (beat,) = await rows_of(real_time_store, WorkerBeat)
        assert beat.stopped_at is not None


async def test_a_stop_does_not_wait_for_a_pause(real_time_store: Store) -> None:
    """An order whose step waits for a company's pause is given back; nothing is recorded of it."""
    async with living(real_time_store, http_timeout_seconds=0.2) as live:
        await live.companies.connections["ankorstore"].budget.pause(3600)
        order_id = await live.tell(live.ankorstore.place_order())
        await live.until_row(order_id, leased_by=live.worker.worker_id)

        await live.stop()

        row = await order_row(real_time_store, order_id)
        assert (row.state, row.lease_until, row.fencing_token) == ("received", None, 1)
        assert row.next_attempt_at <= real_time_store.now()
        assert await attempts_of(real_time_store, order_id) == []


async def test_a_stop_does_not_wait_for_a_job(
    real_time_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job that a company keeps waiting is cut off; it runs again later, it is repeatable."""
    async with living(real_time_store, http_timeout_seconds=0.2, poll_seconds=0.05) as live:
        await live.companies.connections["ankorstore"].budget.pause(3600)
        async with real_time_store.write() as connection:
            await connection.execute(
                text("UPDATE schedules SET next_run_at = last_run_at WHERE name = 'reconcile'")
            )
        async with asyncio.timeout(20):
            while not await _is_leased(real_time_store, "reconcile"):  # noqa: ASYNC110
                await asyncio.sleep(0.01)

        await live.stop()


async def _is_leased(store: Store, job: str) -> bool:
    statement = text("SELECT lease_until FROM schedules WHERE name = :name")
    async with store.read() as connection:
        return (await connection.execute(statement, {"name": job})).scalar_one() is not None


async def test_leases_are_kept_while_steps_run(
    real_time_store: Store, other_real_time_store: Store
) -> None:
    """The lease of a step that takes long is prolonged, also once the worker was asked to stop."""
    async with living(real_time_store, lease_seconds=0.6) as live:
        live.gate.shut()
        order_id = await live.tell(live.ankorstore.place_order())
        await until(lambda: live.gate.inside)
        started_at = real_time_store.now()

        await _until_lease_after(live.store, order_id, started_at + timedelta(seconds=1.5))
        live.worker.stop()
        await _until_lease_after(live.store, order_id, started_at + timedelta(seconds=3))

        assert (await order_row(live.store, order_id)).fencing_token == 1
        others = await claim_orders(
            other_real_time_store, limit=9, worker_id="other", lease_seconds=60
        )
        assert others == []
        live.gate.open()
        await live.stop()
        assert (await order_row(live.store, order_id)).state == State.ACCEPTED


async def _until_lease_after(store: Store, order_id: int, at: Any) -> None:
    async with asyncio.timeout(20):
        while (await order_row(store, order_id)).lease_until < at:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_no_more_orders_at_a_time_than_allowed(real_time_store: Store) -> None:
    """With two hands five due orders are worked on two at a time, and all get their turn."""
    async with living(real_time_store, worker_concurrency=2) as live:
        live.gate.shut()
        ids = [await live.tell(live.ankorstore.place_order()) for _ in range(5)]
        await until(lambda: live.gate.inside == 2)
        held = [row for row in await rows_of(real_time_store, Order) if row.leased_by is not None]
        assert len(held) == 2

        live.gate.open()

        for order_id in ids:
            await live.until_row(order_id, state="placed")
        assert live.gate.most_inside == 2


async def test_a_lost_lease_drops_the_result(
    real_time_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step whose order went to somebody else records nothing and sends nothing."""
    with capture_logs() as lines:
        async with living(real_time_store) as live:
            live.gate.shut()
            order = live.ankorstore.place_order()
            order_id = await live.tell(order)
            await until(lambda: live.gate.inside)
            await change_order(real_time_store, order_id, fencing_token=100, leased_by="other")

            live.gate.open()

            await until(lambda: [one for one in lines if one["event"] == "lease.lost"])
            row = await order_row(real_time_store, order_id)
            assert (row.state, row.leased_by, row.accept_intent_at) == ("received", "other", None)
            assert await attempts_of(real_time_store, order_id) == []
            assert order.status == "ankor_confirmed"


async def test_a_bug_in_one_step_stops_no_other_order(
    real_time_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step that breaks is recorded and tried again later; other orders are carried on."""
    advance = carry_module.advance
    bad_ids: set[str] = set()

    async def break_sometimes(desk: Any, rules: Any) -> Any:
        if desk.order.marketplace_order_id in bad_ids:
            raise ZeroDivisionError("with 4711 Secret Street in it")
        return await advance(desk, rules)

    monkeypatch.setattr(carry_module, "advance", break_sometimes)
    async with living(real_time_store, worker_concurrency=1) as live:
        bad, good = live.ankorstore.place_order(), live.ankorstore.place_order()
        bad_ids.add(bad.id)

        bad_row, good_row = await live.tell(bad), await live.tell(good)
        await live.until_row(good_row, state="placed")

        row = await live.until_row(bad_row, attempt_count=1, leased_by=None)
        assert row.next_attempt_at == row.not_before_at > row.created_at
        (attempt,) = await attempts_of(real_time_store, bad_row)
        assert (attempt.outcome, attempt.message) == (
            "failed",
            "the step broke (ZeroDivisionError)",
        )


async def test_the_worker_outlives_a_database_in_trouble(
    real_time_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While claims fail the worker goes on trying, and works once they do not."""
    monkeypatch.setattr(worker_module, "TROUBLE_PAUSE_SECONDS", 0.01)
    has_due_orders = worker_module.has_due_orders
    failures = [OSError("away"), OSError("still away")]

    async def fail_first(store: Store) -> bool:
        if failures:
            raise failures.pop()
        return await has_due_orders(store)

    async with living(real_time_store, poll_seconds=0.05) as live:
        monkeypatch.setattr(worker_module, "has_due_orders", fail_first)

        await live.until_row(await live.tell(live.ankorstore.place_order()), state="placed")

        assert failures == []


def test_sqlite_has_one_worker_role(tmp_path: Path) -> None:
    """A second worker on a SQLite database is refused until the first one is gone."""
    url = f"sqlite:///{tmp_path / 'folder' / 'a.db'}"
    with hold_worker_role(url, wanted=True):
        with (
            pytest.raises(WorkerRunning, match="serve --no-worker"),
            hold_worker_role(url, wanted=True),
        ):
            pass
        with hold_worker_role(url, wanted=False):
            pass
        with hold_worker_role(f"sqlite:///{tmp_path / 'b.db'}", wanted=True):
            pass
    with hold_worker_role(url, wanted=True):
        pass


def test_postgres_has_any_number_of_workers() -> None:
    """On PostgreSQL no file stands between workers."""
    url = "postgresql://user@host/db"
    with hold_worker_role(url, wanted=True), hold_worker_role(url, wanted=True):
        pass
