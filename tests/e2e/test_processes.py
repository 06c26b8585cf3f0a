"""The service as real processes over HTTP: from a signed webhook to a closed order."""

import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.clock import SystemClock
from app.demo.service import free_port
from app.simulator import Order, ServedCompanies, SimulatedActiveAnts, SimulatedAnkorstore
from app.simulator import serve_companies as serve
from app.simulator.company import Company
from app.simulator.exchange import Answer, Ask
from tests.e2e.processes import Process, running, service_environment, serving, until_closed


@pytest.fixture
async def served() -> AsyncIterator[ServedCompanies]:
    """Return both companies, served over HTTP; the warehouse ships at once."""
    clock = SystemClock()
    ankorstore = SimulatedAnkorstore(clock=clock, webhook_retry_seconds=(0.1,))
    active_ants = SimulatedActiveAnts(clock=clock, shipping_delay_seconds=0.2)
    active_ants.habits.default_shipping_method = "BUSEU1"  # one with tracking
    async with serve(ankorstore, active_ants, tick_seconds=0.02) as both:
        yield both


def assert_done_once(served: ServedCompanies, order: Order) -> None:
    """Fail unless the order was accepted, placed, shipped and confirmed exactly once."""
    assert (order.status, order.shipping_method) == ("shipped", "custom")
    (placed,) = served.active_ants.orders.values()
    assert (placed.external_order_number, placed.is_complete) == (str(order.reference), True)
    for company, pattern in (
        (served.ankorstore, f"POST */{order.id}/-actions/transition"),
        (served.active_ants, "POST */order/add"),
        (served.ankorstore, "POST */confirm"),
    ):
        taken = [call for call in company.calls_to(pattern) if call.status in (200, 201)]
        assert len(taken) == 1, pattern


def kill_after(company: Company, pattern: str, process: Process) -> None:
    """Kill *process* when *company* has done what fits *pattern*, before its answer leaves."""
    respond = company.respond

    def respond_and_kill(ask: Ask) -> Answer:
        answer = respond(ask)
        if ask.matches(pattern):
            company.respond = respond  # type: ignore[method-assign]
            os.kill(process.pid, signal.SIGKILL)
        return answer

    company.respond = respond_and_kill  # type: ignore[method-assign]


@pytest.mark.long("postgres")
async def test_one_process_carries_an_order(
    served: ServedCompanies, database_url: str, tmp_path: Path
) -> None:
    """`antbridge serve` alone takes a webhook, closes the order, and stops cleanly on SIGTERM."""
    environment = service_environment(served, database_url)
    async with serving(tmp_path, environment) as (service, client):
        served.ankorstore.webhook_url = f"{client.base_url}/webhooks/ankorstore"
        order = served.ankorstore.place_order()

        shown = await until_closed(client, order.id)

        assert (shown["outcome"], shown["found_by"]) == ("completed", "webhook")
        assert shown["warehouse_order_id"] is not None
        assert_done_once(served, order)
        assert await service.terminate() == 0
    events = [line["event"] for line in service.lines()]
    assert "worker.stopped" in events
    about = [line for line in service.lines() if line.get("correlation_id") == order.id]
    assert {line["event"] for line in about} == {"event.stored", "attempt.finished"}


@pytest.mark.long("sqlite")
async def test_a_killed_worker_is_replaced(
    served: ServedCompanies, database_url: str, tmp_path: Path
) -> None:
    """
    A worker killed right after the accept, the create and the confirm took effect is followed by
    another, and the order is still done exactly once.
    """
    environment = service_environment(served, database_url)
    async with serving(tmp_path, environment, "--no-worker") as (web, client):
        served.ankorstore.webhook_url = f"{client.base_url}/webhooks/ankorstore"
        order = served.ankorstore.place_order()
        for company, pattern in (
            (served.ankorstore, "POST */-actions/transition"),
            (served.active_ants, "POST */order/add"),
            (served.ankorstore, "POST */confirm"),
        ):
            async with running(tmp_path, environment, "worker") as worker:
                kill_after(company, pattern, worker)
                assert await worker.wait() == -signal.SIGKILL, worker.output()

        async with running(tmp_path, environment, "worker") as worker:
            shown = await until_closed(client, order.id)
            assert await worker.terminate() == 0

        assert shown["outcome"] == "completed"
        assert_done_once(served, order)
        assert await web.terminate() == 0


async def test_a_second_worker_on_sqlite_ends_at_once(
    served: ServedCompanies, tmp_path: Path
) -> None:
    """While one process has the worker role on SQLite another one is refused with one line."""
    environment = service_environment(served, f"sqlite:///{tmp_path / 'a.db'}")
    async with serving(tmp_path, environment) as (service, _):
        async with running(tmp_path, environment, "worker") as second:
            assert await second.wait() == 2
        assert "serve --no-worker" in second.output()
        assert second.output().count("\n") == 1
        assert not service.has_ended
        assert await service.terminate() == 0


@pytest.mark.long("postgres")
async def test_the_ledger_is_drawn_up_with_the_service_up_and_down(
    served: ServedCompanies, database_url: str, tmp_path: Path
) -> None:
    """It proves a day beside the running service, and names what came in since it is gone."""
    environment = service_environment(served, database_url)
    async with serving(tmp_path, environment) as (service, client):
        served.ankorstore.webhook_url = f"{client.base_url}/webhooks/ankorstore"
        order = served.ankorstore.place_order()
        await until_closed(client, order.id)
        day = f"{order.submitted_at:%Y-%m-%d}"
        async with running(tmp_path, environment, "ledger", day) as up:
            assert await up.wait() == 0, up.output()
        assert f"done      {order.reference}  completed" in up.output()
        assert await service.terminate() == 0

    late = served.ankorstore.place_order(submitted_at=order.submitted_at)
    async with running(tmp_path, environment, "ledger", day) as down:
        assert await down.wait() == 1, down.output()
    assert f"MISSING   {late.reference}  ({late.id})" in down.output()
    assert f"done      {order.reference}  completed" in down.output()


@pytest.mark.long("sqlite")
async def test_a_worker_serves_its_own_metrics(
    served: ServedCompanies, tmp_path: Path, database_url: str
) -> None:
    """What a worker counts is to be had from it alone; a port that is taken is told in a line."""
    environment = service_environment(served, database_url)
    port = free_port()
    options = ("--metrics-port", str(port))
    async with serving(tmp_path, environment, "--no-worker") as (web, client):
        served.ankorstore.webhook_url = f"{client.base_url}/webhooks/ankorstore"
        order = served.ankorstore.place_order()
        async with running(tmp_path, environment, "worker", *options) as worker:
            await until_closed(client, order.id)
            page = (await client.get(f"http://127.0.0.1:{port}/metrics")).text
            if database_url.startswith("postgresql"):  # SQLite has one worker anyway
                async with running(tmp_path, environment, "worker", *options) as second:
                    assert await second.wait() == 2
                assert second.output().startswith(f"antbridge: --metrics-port: 127.0.0.1:{port}")
                assert second.output().count("\n") == 1
            assert await worker.terminate() == 0
        assert await web.terminate() == 0

    assert 'antbridge_event_to_placed_seconds_count{person="not asked"} 1.0' in page
    assert 'antbridge_peer_call_seconds_count{peer="active_ants"}' in page
    assert order.id not in page
