"""Health, status and metrics: for machines and people who watch, without any personal data."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from starlette.responses import JSONResponse, PlainTextResponse, Response

from app import __version__
from app.domain.deadlines import Deadline
from app.domain.jobs import JOB_NAMES
from app.domain.pauses import Pausable, Pause
from app.flow.forecast import Backlog, Pace, foresee_end
from app.metrics import REGISTRY
from app.store.backlog import count_backlog
from app.store.deadlines import count_deadlines
from app.store.health import read_revision
from app.store.pauses import load_pauses
from app.store.queries import load_figures, load_peers, load_workers
from app.store.schedules import load_schedules
from app.store.session import Store
from app.web.pauses import pause_json
from app.web.published import BUG, Alive, Problem, Readiness, StatusShown, answers

STALE_WORKER_SECONDS = 60.0
AT_RISK_SECONDS = 86_400.0
PEERS = ("ankorstore", "active_ants")


class LocalWorker(Protocol):
    """The worker in this process, as far as its health goes."""

    @property
    def worker_id(self) -> str:
        """How it signs its heartbeat."""

    def is_alive(self) -> bool:
        """Whether it still works."""


def health_router(
    store: Store,
    known_revisions: Sequence[str],
    worker: LocalWorker | None,
    pace: Pace,
    *,
    at_risk_seconds: float = AT_RISK_SECONDS,
) -> APIRouter:
    """
    Return the routes that need no token.

    *pace* tells how long a backlog takes, *at_risk_seconds* when a shipping date is near.
    """
    router = APIRouter(tags=["health"], responses=BUG)

    @router.get(
        "/health/live",
        response_model=None,
        responses={200: answers(Alive, "The process runs.")},
    )
    async def live() -> dict[str, str]:
        """Tell that the process runs."""
        return {"status": "alive"}

    @router.get(
        "/health/ready",
        responses={
            200: answers(Readiness, "All that is required is there."),
            503: answers(Readiness, "Something required is missing."),
        },
    )
    async def ready() -> JSONResponse:
        """Tell whether the service can do its work, with an entry per dependency."""
        entries = await check_readiness(store, known_revisions, worker)
        is_ready = all(entry["ok"] or not entry["required"] for entry in entries.values())
        return JSONResponse(
            {"ready": is_ready, "checks": entries}, status_code=200 if is_ready else 503
        )

    @router.get(
        "/status",
        responses={
            200: answers(StatusShown, "How all is going."),
            503: answers(Problem, "The database cannot be read."),
        },
    )
    async def status() -> JSONResponse:
        """Tell how all is going, without any order or personal data."""
        try:
            return JSONResponse(await read_status(store, pace, at_risk_seconds))
        except Exception:
            return JSONResponse({"error": "the database cannot be read"}, status_code=503)

    @router.get("/metrics", response_class=PlainTextResponse)
    async def metrics() -> Response:
        """Return the figures as Prometheus text."""
        text = generate_latest(REGISTRY)
        try:
            text += await _figures_as_metrics(store, pace, at_risk_seconds)
        except Exception:
            text += b"antbridge_database_up 0\n"
        return Response(text, media_type=CONTENT_TYPE_LATEST)

    return router


async def check_readiness(
    store: Store, known_revisions: Sequence[str], worker: LocalWorker | None
) -> dict[str, dict[str, Any]]:
    """
    Return one entry per thing the service depends on; only `required` ones decide.

    *known_revisions* are those of this version's migrations, newest first.
    """
    entries: dict[str, dict[str, Any]] = {}
    try:
        revision = await read_revision(store)
        entries["store"] = _entry(True, "reachable")
        # A revision nobody here knows was written by a newer version, which only adds.
        is_old = revision is None or revision in known_revisions[1:]
        entries["schema"] = _entry(not is_old, f"revision {revision}")
        workers = await load_workers(store)
        schedules = await load_schedules(store)
    except Exception as error:
        entries["store"] = _entry(False, type(error).__name__)
        entries["schema"] = _entry(False, "not read")
        return entries
    now = store.now()
    if worker is not None:
        beat_at = next((w["beat_at"] for w in workers if w["worker_id"] == worker.worker_id), None)
        is_fresh = worker.is_alive() and beat_at is not None and not _is_stale(beat_at, now)
        entries["worker"] = _entry(is_fresh, _age_text(beat_at, now))
    else:
        newest = workers[0]["beat_at"] if workers else None
        is_fresh = newest is not None and not _is_stale(newest, now)
        entries["worker"] = _entry(is_fresh, _age_text(newest, now), required=False)
    settings = schedules.get("warehouse_settings")
    note = (settings.last_error or settings.last_note or "") if settings else "not read yet"
    is_read = settings is not None and not settings.last_error and note == "settings read"
    entries["warehouse_settings"] = _entry(is_read, note or "not read yet", required=False)
    return entries


def _entry(is_ok: bool, detail: str, *, required: bool = True) -> dict[str, Any]:
    return {"ok": is_ok, "required": required, "detail": detail}


def _is_stale(beat_at: datetime, now: datetime) -> bool:
    return now - beat_at > timedelta(seconds=STALE_WORKER_SECONDS)


def _age_text(beat_at: datetime | None, now: datetime) -> str:
    if beat_at is None:
        return "no heartbeat"
    return f"last heartbeat {max(0, round((now - beat_at).total_seconds()))} s ago"


async def read_status(
    store: Store, pace: Pace, at_risk_seconds: float = AT_RISK_SECONDS
) -> dict[str, Any]:
    """Return how all is going, as `GET /status` shows it."""
    figures = await load_figures(store)
    peers = await load_peers(store)
    schedules = await load_schedules(store)
    workers = await load_workers(store)
    pauses = await load_pauses(store)
    backlog = await _read_backlog(store, pace, peers, pauses)
    deadlines = await count_deadlines(store, at_risk_seconds)
    oldest = figures.oldest_unfinished_at
    now = store.now()
    return {
        "orders": figures.orders,
        "needs_attention": figures.needs_attention,
        "wrong_labels": figures.wrong_labels,
        "oldest_unfinished_seconds": round((now - oldest).total_seconds()) if oldest else 0,
        "inbox": {"stored": figures.events_stored, "unprocessed": figures.events_unprocessed},
        "found_by": figures.found_by,
        "shipments_not_matched": figures.shipments_not_matched,
        "deadlines": {str(one): count for one, count in deadlines.items()},
        "backlog": {"orders": backlog.orders, "ends_at": _text(backlog.ends_at)},
        "peers": {name: _peer_json(peers.get(name, {})) for name in PEERS},
        "schedules": {
            name: {
                "last_run_at": _text(schedules[name].last_run_at) if name in schedules else None,
                "next_run_at": _text(schedules[name].next_run_at) if name in schedules else None,
                "last_error": schedules[name].last_error if name in schedules else None,
                "last_note": schedules[name].last_note if name in schedules else None,
                "paused_at": _text(schedules[name].paused_at) if name in schedules else None,
            }
            for name in JOB_NAMES
        },
        "pauses": [pause_json(one) for one in pauses.values()],
        "workers": [
            {
                "worker_id": worker["worker_id"],
                "version": worker["version"],
                "beat_at": _text(worker["beat_at"]),
                "is_stale": _is_stale(worker["beat_at"], now),
            }
            for worker in workers
        ],
        "version": __version__,
    }


def _peer_json(peer: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "last_success_at": _text(peer.get("last_success_at")),
        "last_error_at": _text(peer.get("last_error_at")),
        "last_error": peer.get("last_error"),
        "budget_left": peer.get("budget_left"),
        "away_since": _text(peer.get("away_since")),
    }


async def _read_backlog(
    store: Store,
    pace: Pace,
    peers: Mapping[str, Mapping[str, Any]],
    pauses: Mapping[str, Pause],
) -> Backlog:
    """Return the backlog; while a company is away, or a pause lasts, nobody can tell its end."""
    backlog = foresee_end(await count_backlog(store), pace, store.now())
    if pauses or any(peer.get("away_since") is not None for peer in peers.values()):
        return Backlog(backlog.orders, None)
    return backlog


def _text(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None


async def _figures_as_metrics(store: Store, pace: Pace, at_risk_seconds: float) -> bytes:
    """Return what the database counts, as gauges read at this moment."""
    figures = await load_figures(store)
    registry = CollectorRegistry()
    Gauge("antbridge_database_up", "Whether the database answers.", registry=registry).set(1)
    orders = Gauge("antbridge_orders", "Orders by state.", ("state",), registry=registry)
    for state, count in figures.orders.items():
        orders.labels(state).set(count)
    found = Gauge("antbridge_orders_found", "Orders by who told.", ("by",), registry=registry)
    for by, count in figures.found_by.items():
        found.labels(by).set(count)
    peers = await load_peers(store)
    away = Gauge(
        "antbridge_peer_away",
        "Whether a company is left alone because calls to it failed.",
        ("peer",),
        registry=registry,
    )
    for name in PEERS:
        away.labels(name).set(peers.get(name, {}).get("away_since") is not None)
    pauses = await load_pauses(store)
    paused = Gauge("antbridge_paused", "Whether a person paused it.", ("what",), registry=registry)
    for what in Pausable:
        paused.labels(what).set(what in pauses)
    backlog = await _read_backlog(store, pace, peers, pauses)
    if backlog.ends_at is not None:
        left = (backlog.ends_at - store.now()).total_seconds()
        text = "Seconds until the orders that have work waiting could be through."
        Gauge("antbridge_backlog_seconds_left", text, registry=registry).set(left)
    deadlines = await count_deadlines(store, at_risk_seconds)
    oldest = figures.oldest_unfinished_at
    age = (store.now() - oldest).total_seconds() if oldest else 0
    for name, text, value in (
        ("backlog_orders", "Orders that have work waiting.", backlog.orders),
        ("needs_attention", "Orders that wait for a person.", figures.needs_attention),
        ("wrong_labels", "Orders with a label nobody wanted.", figures.wrong_labels),
        ("orders_at_risk", "Orders that must leave soon.", deadlines[Deadline.AT_RISK]),
        ("orders_late", "Orders that should have left.", deadlines[Deadline.LATE]),
        ("oldest_unfinished_seconds", "Age of the oldest order not closed.", age),
        ("events_stored", "Events ever stored.", figures.events_stored),
        ("events_unprocessed", "Events not looked at yet.", figures.events_unprocessed),
        ("shipments_not_matched", "Shipments not matched.", figures.shipments_not_matched),
    ):
        Gauge(f"antbridge_{name}", text, registry=registry).set(value)
    return generate_latest(registry)
