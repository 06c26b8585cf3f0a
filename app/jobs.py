"""Periodic work: the shipments feed, reconciling, the warehouse's settings, and pruning."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass

import structlog

from app import tracing
from app.doctor import examine
from app.domain.jobs import (
    ALERTS,
    DEAD_MAN,
    DEADLINES,
    DELIVERIES,
    DOCTOR,
    RECONCILE,
    RETENTION,
    RETURNS,
    SHADOW_SUMMARY,
    SHIPMENTS,
    WAREHOUSE_SETTINGS,
    WEBHOOKS,
    stop_of,
)
from app.domain.pauses import name_of_pausable
from app.errors import BridgeError, LeaseLost, NotReady, Paused, PeerAway
from app.flow.deadlines import tell_deadlines
from app.flow.deliveries import DeliveryWatch
from app.flow.reconcile import reconcile
from app.flow.retention import prune
from app.flow.return_desk import Returns
from app.flow.shipments import ShipmentFeed
from app.metrics import SCHEDULED_RUNS
from app.ports import Priority, call_priority
from app.settings import Settings
from app.store.doctor_reports import save_report
from app.store.facts import load_settings_snapshot, save_settings_snapshot
from app.store.schedules import (
    ClaimedJob,
    claim_job,
    ensure_schedules,
    finish_job,
    kept_leased,
    load_schedule,
)
from app.store.service_state import save_service_state
from app.store.session import Store
from app.wiring import (
    ACTIVE_ANTS,
    ANKORSTORE,
    Companies,
    build_dead_man,
    build_keeper,
    build_notifier,
    build_shadow_summary,
    retention_rules,
)

RETENTION_SECONDS = 3600.0
DEADLINE_SECONDS = 300.0
DELIVERIES_SECONDS = 3600.0
RETURNS_SECONDS = 3600.0
ALERTS_SECONDS = 60.0
DEAD_MAN_SECONDS = 60.0
SHADOW_SUMMARY_SECONDS = 3600.0
NOT_IN_SHADOW = (SHIPMENTS, DEADLINES, DELIVERIES, RETURNS)
"""What is about orders the service carries itself: in shadow mode today's connector does."""
SETTINGS_SECONDS = 86_400.0
DOCTOR_SECONDS = 3600.0
SETTLED_SECONDS = 90.0
"""By then the other jobs have run on a new database, and there is something to judge."""
FAILED_SECONDS = 60.0
"""A job that failed runs again after this, or after its own interval if that is shorter."""
NOT_READY_SECONDS = 5.0
RELOAD_SECONDS = 300.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of periodic work; `run` returns what it did, in one line."""

    every_seconds: float
    run: Callable[[], Awaitable[str]]
    priority: Priority = Priority.UPKEEP
    first_after_seconds: float = 0.0
    """How long it waits on a new database, for the others to have run."""


class Jobs:
    """Runs due jobs, each by exactly one worker at a time."""

    def __init__(
        self, store: Store, companies: Companies, jobs: Mapping[str, Job], lease_seconds: float
    ) -> None:
        """Know *jobs* by name."""
        self._store = store
        self._companies = companies
        self._jobs = jobs
        self._lease_seconds = lease_seconds
        self._running: dict[str, asyncio.Task[None]] = {}
        self._loaded_at: float | None = None
        self._is_prepared = False

    async def prepare(self) -> None:
        """Set the jobs up and load what earlier runs left."""
        waits = {name: job.first_after_seconds for name, job in self._jobs.items()}
        await ensure_schedules(self._store, self._jobs, waits)
        self._is_prepared = True
        await self._load_settings()

    async def run_due(self) -> None:
        """Start every job that is due, not paused, and that nobody runs; wait for none of them."""
        if not self._is_prepared:
            await self.prepare()
        await self._load_settings()
        self._running = {n: task for n, task in self._running.items() if not task.done()}
        paused = await self._companies.pauses.in_force()
        idle = [
            name
            for name in self._jobs
            if name not in self._running and stop_of(name, paused) is None
        ]
        while idle:
            job = await claim_job(self._store, idle, self._lease_seconds)
            if job is None:
                return
            idle.remove(job.name)
            self._running[job.name] = asyncio.create_task(self._run(job))

    async def finish(self, patience_seconds: float | None = None) -> None:
        """Wait for the jobs that run; any of them can be cut off and run again later."""
        if not self._running:
            return
        _, late = await asyncio.wait(self._running.values(), timeout=patience_seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _run(self, job: ClaimedJob) -> None:
        work = self._jobs[job.name]
        call_priority.set(work.priority)
        error: str | None = None
        note = ""
        pause = work.every_seconds
        try:
            async with kept_leased(self._store, job, self._lease_seconds):
                with tracing.span(f"job {job.name}", {"antbridge.job": job.name}):
                    note = await work.run()
            log.info("job.finished", job=job.name, note=note)
        except PeerAway as failure:  # told once, by the circuit
            error = f"{failure}. {failure.resolution}"
            pause = min(work.every_seconds, failure.retry_after_seconds)
        except Paused as stop:  # what it did until then is done; it goes on after the pause
            note = f"stopped: {name_of_pausable(stop.stop)} was paused"
            pause = 0.0
        except BridgeError as failure:
            error = f"{failure}. {failure.resolution}"
            # What another job brings (the warehouse's settings, at the first start) comes soon.
            patience = NOT_READY_SECONDS if isinstance(failure, NotReady) else FAILED_SECONDS
            pause = min(work.every_seconds, patience)
            log.warning("job.failed", job=job.name, error=str(failure))
        except Exception as failure:
            error = type(failure).__name__
            pause = min(work.every_seconds, FAILED_SECONDS)
            log.exception("job.broke", job=job.name)
        SCHEDULED_RUNS.labels(job.name, "failed" if error else "done").inc()
        try:
            await finish_job(self._store, job, next_run_seconds=pause, error=error, note=note)
        except LeaseLost:
            log.warning("lease.lost", job=job.name)
        except Exception:
            log.exception("job.not_recorded", job=job.name)

    async def _load_settings(self) -> None:
        """Take over the warehouse's settings that any worker has read."""
        now = self._store.clock.monotonic()
        is_stale = self._loaded_at is None or now - self._loaded_at > RELOAD_SECONDS
        if not is_stale and not self._companies.warehouse.readiness_problems():
            return
        snapshot = await load_settings_snapshot(self._store, ACTIVE_ANTS)
        if snapshot is not None:
            self._companies.warehouse.use_settings(snapshot[1])
            self._loaded_at = now


async def _rest() -> str:
    return "nothing to do in this mode"


def build_jobs(settings: Settings, store: Store, companies: Companies) -> Jobs:
    """Return the service's periodic work."""
    feed = ShipmentFeed(
        store,
        companies.warehouse,
        reads_by_type=settings.shipment_feed == "by_type",
        tracking_wait_seconds=settings.tracking_wait_hours * 3600,
    )

    # The feed is two calls for a hundred shipments; searching is a call for each placed order.
    feed_priority = Priority.TRACKING if settings.shipment_feed == "by_type" else Priority.ORDERS

    async def poll_shipments() -> str:
        return str(await feed.poll())

    async def reconcile_orders() -> str:
        before = await load_schedule(store, RECONCILE)
        report = await reconcile(store, companies.marketplace, source=ANKORSTORE)
        if report.created_accepted and (before is None or before.last_run_at is None):
            await save_service_state(store, first_reconcile_accepted=report.created_accepted)
        return str(report)

    async def read_settings() -> str:
        content = await companies.warehouse.read_settings()
        await save_settings_snapshot(store, ACTIVE_ANTS, content)
        companies.warehouse.use_settings(content)
        problems = companies.warehouse.readiness_problems()
        return "; ".join(problems) or "settings read"

    async def prune_old() -> str:
        return await prune(store, retention_rules(settings))

    async def tell_of_deadlines() -> str:
        return await tell_deadlines(store, settings.at_risk_hours * 3600)

    async def examine_all() -> str:
        found = await examine(settings, store, companies)
        await save_report(store, [asdict(one) for one in found])
        return f"{len(found)} findings"

    deliveries = DeliveryWatch(
        store,
        companies.warehouse,
        companies.warehouse.returns,
        watch_days=settings.delivery_watch_days,
    )
    returns = Returns(
        store,
        companies.warehouse.returns,
        http_timeout_seconds=settings.http_timeout_seconds,
    )

    jobs = {
        SHIPMENTS: Job(settings.shipment_poll_seconds, poll_shipments, feed_priority),
        RECONCILE: Job(settings.reconcile_seconds, reconcile_orders),
        WAREHOUSE_SETTINGS: Job(SETTINGS_SECONDS, read_settings),
        RETENTION: Job(RETENTION_SECONDS, prune_old),
        DEADLINES: Job(DEADLINE_SECONDS, tell_of_deadlines),
        DELIVERIES: Job(DELIVERIES_SECONDS, deliveries.look),
        RETURNS: Job(RETURNS_SECONDS, returns.see_to),
        WEBHOOKS: Job(
            settings.webhook_check_seconds,
            build_keeper(settings, store, companies).check,
            first_after_seconds=SETTLED_SECONDS,
        ),
        DOCTOR: Job(DOCTOR_SECONDS, examine_all, first_after_seconds=SETTLED_SECONDS),
    }
    summary = build_shadow_summary(settings, store)
    jobs[SHADOW_SUMMARY] = Job(SHADOW_SUMMARY_SECONDS, summary.run)
    resting = NOT_IN_SHADOW if settings.mode == "shadow" else (SHADOW_SUMMARY,)
    for name in resting:  # they keep their times, or they would count as overdue
        jobs[name] = Job(jobs[name].every_seconds, _rest)
    if (notifier := build_notifier(settings, store)) is not None:
        jobs[ALERTS] = Job(ALERTS_SECONDS, notifier.run)
    if (dead_man := build_dead_man(settings, store, tuple(jobs))) is not None:
        jobs[DEAD_MAN] = Job(DEAD_MAN_SECONDS, dead_man.run)
    return Jobs(store, companies, jobs, settings.lease_seconds)
