"""Health, status and metrics: for machines and people who watch, without any personal data."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import JSONResponse, PlainTextResponse, Response

from app import __version__
from app.domain.jobs import JOB_NAMES
from app.flow.forecast import Pace
from app.flow.watch import PEERS, is_stale, watch
from app.store.doctor_reports import load_report
from app.store.health import read_revision
from app.store.queries import load_workers
from app.store.schedules import load_schedules
from app.store.session import Store
from app.store.sightings import load_sightings
from app.web.metrics_page import render_page
from app.web.pauses import pause_json
from app.web.published import BUG, Alive, Problem, Readiness, StatusShown, answers

AT_RISK_SECONDS = 86_400.0


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
        try:
            watched = await watch(store, pace, at_risk_seconds)
        except Exception:
            watched = None
        return Response(render_page(watched), media_type=CONTENT_TYPE_LATEST)

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
        is_fresh = worker.is_alive() and beat_at is not None and not is_stale(beat_at, now)
        entries["worker"] = _entry(is_fresh, _age_text(beat_at, now))
    else:
        newest = workers[0]["beat_at"] if workers else None
        is_fresh = newest is not None and not is_stale(newest, now)
        entries["worker"] = _entry(is_fresh, _age_text(newest, now), required=False)
    settings = schedules.get("warehouse_settings")
    note = (settings.last_error or settings.last_note or "") if settings else "not read yet"
    is_read = settings is not None and not settings.last_error and note == "settings read"
    entries["warehouse_settings"] = _entry(is_read, note or "not read yet", required=False)
    return entries


def _entry(is_ok: bool, detail: str, *, required: bool = True) -> dict[str, Any]:
    return {"ok": is_ok, "required": required, "detail": detail}


def _age_text(beat_at: datetime | None, now: datetime) -> str:
    if beat_at is None:
        return "no heartbeat"
    return f"last heartbeat {max(0, round((now - beat_at).total_seconds()))} s ago"


async def read_status(
    store: Store, pace: Pace, at_risk_seconds: float = AT_RISK_SECONDS
) -> dict[str, Any]:
    """Return how all is going, as `GET /status` shows it."""
    watched = await watch(store, pace, at_risk_seconds)
    figures, backlog = watched.figures, watched.backlog
    peers, schedules = watched.peers, watched.schedules
    report = await load_report(store)
    unknown = Counter(one.company for one in await load_sightings(store))
    return {
        "orders": figures.orders,
        "needs_attention": figures.needs_attention,
        "wrong_labels": figures.wrong_labels,
        "oldest_unfinished_seconds": round(watched.oldest_unfinished_seconds),
        "inbox": {"stored": figures.events_stored, "unprocessed": figures.events_unprocessed},
        "found_by": figures.found_by,
        "shipments_not_matched": figures.shipments_not_matched,
        "deadlines": {str(one): count for one, count in watched.deadlines.items()},
        "backlog": {"orders": backlog.orders, "ends_at": _text(backlog.ends_at)},
        "contract_unknown": {name: unknown[name] for name in PEERS},
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
        "mode": watched.service.mode or "live",
        "left_shadow_at": _text(watched.service.left_shadow_at),
        "shadow": watched.service.shadow_summary,
        "pauses": [pause_json(one) for one in watched.pauses.values()],
        "workers": [
            {
                "worker_id": worker["worker_id"],
                "version": worker["version"],
                "beat_at": _text(worker["beat_at"]),
                "is_stale": is_stale(worker["beat_at"], watched.at),
            }
            for worker in watched.workers
        ],
        "webhook": {
            "is_managed": watched.webhook.is_managed,
            "let_go_at": _text(watched.webhook.let_go_at),
            "is_up": watched.webhook.is_up,
            "problem": watched.webhook.problem,
            "checked_at": _text(watched.webhook.checked_at),
            "lost_at": _text(watched.webhook.lost_at),
        },
        "doctor": {
            "examined_at": _text(report.examined_at) if report is not None else None,
            "findings": list(report.findings) if report is not None else [],
        },
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


def _text(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None
