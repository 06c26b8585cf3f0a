"""The web application: routers, lifespan, error answers."""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app import __version__
from app.clock import Clock
from app.domain.record import OrderRecord
from app.flow.preview import Preview, preview_order
from app.flow.sku_check import SkuReport, check_skus
from app.ports import Priority, call_priority
from app.settings import Settings
from app.shown_settings import show_settings
from app.store.inbox import Inbox
from app.store.migrate import known_revisions
from app.store.session import Store
from app.web.console import ConsoleParts, add_console
from app.web.corrections import corrections_router
from app.web.deadlines import deadlines_router
from app.web.events import events_router
from app.web.health import health_router
from app.web.loopback import loopback_router
from app.web.operations import operations_router
from app.web.pauses import pauses_router
from app.web.published_delivery import DELIVERY
from app.web.schedules import schedules_router
from app.web.signing_secrets import SigningSecrets
from app.web.sku_check import sku_check_router
from app.web.skus import skus_router
from app.web.stray_shipments import stray_shipments_router
from app.web.webhooks import WEBHOOK_PATH, Receiver, ReceiverFirst
from app.web.wrong_requests import answer_wrong_request
from app.wiring import (
    ANKORSTORE,
    Companies,
    Transports,
    access_rules,
    backlog_pace,
    build_companies,
    build_sealer,
    build_store,
    given_webhook_secrets,
    sku_sayings,
    use_stored_settings,
    write_down_sightings,
)
from app.worker import Worker

SIGHTINGS_SECONDS = 60.0

log = structlog.get_logger(__name__)


class WorkerTask:
    """The worker that runs inside the web process."""

    def __init__(self, worker: Worker) -> None:
        """Hold *worker* until it is started."""
        self._worker = worker
        self._task: asyncio.Task[None] | None = None

    @property
    def worker_id(self) -> str:
        """How it signs its heartbeat."""
        return self._worker.worker_id

    def is_alive(self) -> bool:
        """Whether it still works."""
        return self._task is not None and not self._task.done()

    def wake(self) -> None:
        """Have it look for due work now."""
        self._worker.wake()

    def start(self) -> None:
        """Let it work beside the web server."""
        self._task = asyncio.create_task(self._worker.run())
        self._task.add_done_callback(_report_death)

    async def stop(self) -> None:
        """Let it finish its running steps."""
        self._worker.stop()
        if self._task is not None:
            await asyncio.wait([self._task])


def _report_death(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        log.critical("worker.died", error=type(task.exception()).__name__)


def create_app(
    settings: Settings,
    *,
    with_worker: bool = True,
    clock: Clock | None = None,
    transports: Transports | None = None,
) -> FastAPI:
    """Return the application; the schema must be up to date."""
    store = build_store(settings, clock)
    companies = build_companies(settings, clock, transports, store)
    worker = WorkerTask(Worker(settings, store, companies)) if with_worker else None
    wake = worker.wake if worker else _nobody_to_wake
    inbox = Inbox(store, on_wake=wake)
    secrets = SigningSecrets(given_webhook_secrets(settings), store, build_sealer(settings))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await _agree_on_time(store)
        notes = asyncio.create_task(_keep_sightings(store, companies))
        if worker is not None:
            worker.start()
        # What was made by now lives for ever: taken out of collections, pauses get shorter.
        gc.collect()
        gc.freeze()
        yield
        await inbox.close()
        await secrets.close()
        if worker is not None:
            await worker.stop()
        notes.cancel()
        await asyncio.gather(notes, return_exceptions=True)
        await write_down_sightings(store, companies)
        await companies.close()
        await store.close()

    app = FastAPI(
        title="antbridge",
        version=__version__,
        lifespan=lifespan,
        # Its own tracing tells paths and queries, in which people may be named.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
        docs_url=None,
        redoc_url=None,
    )
    receiver = Receiver(inbox, secrets, companies.connections[ANKORSTORE].sightings)

    # The route publishes the call and answers 405 to other methods; deliveries never get that far.
    async def take_delivery(request: Request) -> Response:
        return await receiver.answer(request.scope, request.receive)

    app.add_api_route(WEBHOOK_PATH, take_delivery, methods=["POST"], **DELIVERY)
    app.add_middleware(ReceiverFirst, receiver=receiver)
    app.include_router(loopback_router(store))
    at_risk_seconds = settings.at_risk_hours * 3600
    pace = backlog_pace(settings)
    app.include_router(
        health_router(store, known_revisions(), worker, pace, at_risk_seconds=at_risk_seconds)
    )
    operator_token = settings.operator_token.get_secret_value()

    async def preview(order: OrderRecord) -> Preview:
        await use_stored_settings(store, companies)
        return await preview_order(store, companies.marketplace, companies.warehouse, order)

    async def check(seconds: float) -> SkuReport:
        before = call_priority.set(Priority.UPKEEP)  # whatever is about an order goes first
        try:
            return await check_skus(
                store,
                companies.marketplace,
                companies.warehouse,
                sku_sayings(settings),
                seconds=seconds,
            )
        finally:
            call_priority.reset(before)

    parts = [
        sku_check_router(check),
        skus_router(store, settings.sku_map, wake),
        corrections_router(store, preview, wake),
        deadlines_router(store, wake),
        pauses_router(store, wake),
        schedules_router(store),
        events_router(store, wake),
        stray_shipments_router(store),
    ]
    app.include_router(
        operations_router(store, operator_token, wake, parts, at_risk_seconds=at_risk_seconds)
    )
    add_console(
        app,
        ConsoleParts(
            store=store,
            access=access_rules(settings),
            settings=show_settings(settings),
            pace=pace,
            at_risk_seconds=at_risk_seconds,
            warehouse_country=settings.warehouse_country,
            wake=wake,
            preview=preview,
            is_shadow=settings.mode == "shadow",
        ),
    )
    app.add_exception_handler(RequestValidationError, answer_wrong_request)
    app.add_exception_handler(Exception, _answer_bug)
    return app


async def _agree_on_time(store: Store) -> None:
    """Date what comes in by the database's clock, as the workers that look for it do."""
    try:
        await store.compare_clocks()
    except Exception as trouble:
        log.warning("clock.not_compared", error=type(trouble).__name__)


async def _keep_sightings(store: Store, companies: Companies) -> None:
    """Write down now and then what the companies sent that is not documented."""
    while True:
        await asyncio.sleep(SIGHTINGS_SECONDS)
        await write_down_sightings(store, companies)


def _nobody_to_wake() -> None:
    """Without a worker in this process the database's notification or time wakes one."""


async def _answer_bug(request: Request, error: Exception) -> JSONResponse:
    """Tell the caller nothing but that it failed; the log has where."""
    log.error("request.failed", path=request.scope["path"], error=type(error).__name__)
    return JSONResponse({"error": "something failed here; the log says where"}, status_code=500)
