"""Health, status and metrics: true, without a token, and without anybody's data."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import insert, text

from app import __version__
from app.domain.lifecycle import State
from app.flow.watch import STALE_WORKER_SECONDS
from app.store.migrate import known_revisions
from app.store.models import PeerState, Schedule, Shipment
from app.store.presence import beat, say_goodbye
from app.store.session import Store
from app.web.health import check_readiness
from tests.fake_clock import FakeClock
from tests.integration.web import deliver, event_body, running_web
from tests.store_rows import add_order, order_id_of

NO_PEER = dict.fromkeys(
    ("last_success_at", "last_error_at", "last_error", "budget_left", "away_since")
)


@pytest.fixture
async def client(database_url: str, clock: FakeClock) -> AsyncIterator[httpx.AsyncClient]:
    """Return a client without any token."""
    async with running_web(database_url, clock) as made:
        yield made


@dataclass
class LocalWorker:
    """A worker in the web process, as far as its health goes."""

    worker_id: str = "here"
    alive: bool = True

    def is_alive(self) -> bool:
        return self.alive


async def beats(store: Store, worker_id: str, peers: Mapping[str, Any] | None = None) -> None:
    await beat(store, worker_id, version=__version__, started_at=store.now(), peers=peers or {})


async def failing(store: Store, worker: LocalWorker | None) -> set[str]:
    """Return which required checks fail."""
    entries = await check_readiness(store, known_revisions(), worker)
    assert {"store", "schema", "worker"} <= set(entries)
    return {name for name, entry in entries.items() if entry["required"] and not entry["ok"]}


async def run(store: Store, *statements: str) -> None:
    async with store.write() as connection:
        for statement in statements:
            await connection.execute(text(statement))


async def test_alive_while_the_store_is_away(client: httpx.AsyncClient, store: Store) -> None:
    """Liveness asks nothing of the database."""
    await run(store, "DROP TABLE alembic_version", "DROP TABLE workers")

    answer = await client.get("/health/live")

    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})


async def test_ready_without_a_worker_here(client: httpx.AsyncClient) -> None:
    """A web process without a worker is ready by its store and schema; the worker is an entry."""
    answer = await client.get("/health/ready")

    assert (answer.status_code, answer.json()["ready"]) == (200, True)
    checks = answer.json()["checks"]
    assert {name: (entry["ok"], entry["required"]) for name, entry in checks.items()} == {
        "store": (True, True),
        "schema": (True, True),
        "worker": (False, False),
        "warehouse_settings": (False, False),
    }


async def test_not_ready_without_its_store(client: httpx.AsyncClient, store: Store) -> None:
    """With the tables gone the answer is 503 and says which check failed."""
    await run(store, "DROP TABLE alembic_version")

    answer = await client.get("/health/ready")

    assert (answer.status_code, answer.json()["ready"]) == (503, False)
    assert answer.json()["checks"]["store"]["ok"] is False


@pytest.mark.parametrize("table", ["workers", "schedules"])
async def test_not_ready_with_a_table_missing(
    client: httpx.AsyncClient, store: Store, table: str
) -> None:
    """A schema that lacks a table is a 503 with entries, not a breakdown."""
    await run(store, f"DROP TABLE {table}")

    answer = await client.get("/health/ready")

    assert answer.status_code == 503
    assert answer.json()["checks"]["store"]["ok"] is False


async def test_an_older_schema_is_not_ready_and_a_newer_one_is(store: Store) -> None:
    """A revision this version has outgrown is refused; one it never heard of is newer and fine."""
    revision = known_revisions()[0]
    for versions, is_ready in (
        (("9999", revision), False),
        ((revision, "0000"), True),
        (("9999",), True),
    ):
        entries = await check_readiness(store, versions, None)
        assert entries["schema"]["ok"] is is_ready, versions
    await run(store, "DELETE FROM alembic_version")
    assert await failing(store, None) == {"schema"}


async def test_the_worker_here_must_beat(store: Store, clock: FakeClock) -> None:
    """A worker in this process makes it unready when it never beat, is stale, or has died."""
    worker = LocalWorker()
    assert await failing(store, worker) == {"worker"}

    await beats(store, "here")
    assert await failing(store, worker) == set()
    worker.alive = False
    assert await failing(store, worker) == {"worker"}
    worker.alive = True

    clock.advance(STALE_WORKER_SECONDS)
    assert await failing(store, worker) == set()
    clock.advance(1)
    await beats(store, "elsewhere")
    assert await failing(store, worker) == {"worker"}


async def test_a_stale_worker_elsewhere_is_only_told(
    client: httpx.AsyncClient, store: Store, clock: FakeClock
) -> None:
    """A worker of another process that fell silent shows here and in the status, without a 503."""
    await beats(store, "elsewhere")
    assert (await client.get("/health/ready")).json()["checks"]["worker"]["ok"] is True
    clock.advance(STALE_WORKER_SECONDS + 1)

    ready = await client.get("/health/ready")
    status = (await client.get("/status")).json()

    assert (ready.status_code, ready.json()["checks"]["worker"]["ok"]) == (200, False)
    assert [(one["worker_id"], one["is_stale"]) for one in status["workers"]] == [
        ("elsewhere", True)
    ]
    await say_goodbye(store, "elsewhere")
    assert (await client.get("/status")).json()["workers"] == []


async def test_the_status_of_an_empty_service(client: httpx.AsyncClient) -> None:
    """Every documented entry is there from the start, every state with its zero."""
    status = (await client.get("/status")).json()

    job = dict.fromkeys(("last_run_at", "next_run_at", "last_error", "last_note", "paused_at"))
    assert status == {
        "orders": {str(state): 0 for state in State},
        "needs_attention": 0,
        "wrong_labels": 0,
        "oldest_unfinished_seconds": 0,
        "inbox": {"stored": 0, "unprocessed": 0},
        "found_by": {"webhook": 0, "reconcile": 0},
        "backlog": {"orders": 0, "ends_at": None},
        "deadlines": {"at_risk": 0, "late": 0},
        "peers": {"ankorstore": NO_PEER, "active_ants": NO_PEER},
        "schedules": dict.fromkeys(
            (
                "shipments",
                "reconcile",
                "warehouse_settings",
                "retention",
                "deadlines",
                "deliveries",
                "returns",
                "alerts",
                "dead_man",
                "webhooks",
                "doctor",
                "shadow_summary",
            ),
            job,
        ),
        "mode": "live",
        "left_shadow_at": None,
        "shadow": None,
        "pauses": [],
        "version": __version__,
        "workers": [],
        "webhook": {
            "is_managed": False,
            "let_go_at": None,
            "is_up": None,
            "problem": None,
            "checked_at": None,
            "lost_at": None,
        },
        "doctor": {"examined_at": None, "findings": []},
        "contract_unknown": {"ankorstore": 0, "active_ants": 0},
        "shipments_not_matched": 0,
    }


async def test_the_status_counts(client: httpx.AsyncClient, store: Store, clock: FakeClock) -> None:
    """Orders by state and finder, attention, events, the oldest order, peers and jobs are told."""
    await add_order(store, 1, state="closed", outcome="completed", created_at=clock.now())
    clock.advance(50)
    await add_order(store, 2, state="placed", attention_reason="stock_short")
    await add_order(store, 3, found_by="reconcile")
    await add_order(store, 4, state="negotiating")
    await deliver(client, event_body("one", order_id_of(3)))
    await deliver(client, event_body("two", data=None))
    last_error = {"last_error_at": clock.now(), "last_error": "Transient: ankorstore read order"}
    await beats(store, "w", {"ankorstore": {**last_error, "budget_left": 17}})
    await beats(store, "w", {"ankorstore": {"last_success_at": clock.now(), "budget_left": 16}})
    async with store.write() as connection:
        await connection.execute(
            insert(Schedule).values(name="reconcile", next_run_at=clock.now(), last_error="oh")
        )
    clock.advance(25)

    status = (await client.get("/status")).json()

    at = (clock.now() - timedelta(seconds=25)).isoformat()
    assert status["orders"] == {str(state): 0 for state in State} | {
        "received": 1,
        "placed": 1,
        "closed": 1,
        "negotiating": 1,
    }
    assert (status["needs_attention"], status["oldest_unfinished_seconds"]) == (1, 25)
    assert status["inbox"] == {"stored": 2, "unprocessed": 1}
    assert status["found_by"] == {"webhook": 3, "reconcile": 1}
    assert status["peers"]["ankorstore"] == {
        "last_success_at": at,
        "last_error_at": at,
        "last_error": "Transient: ankorstore read order",
        "budget_left": 16,
        "away_since": None,
    }
    assert status["schedules"]["reconcile"] == {
        "last_run_at": None,
        "next_run_at": at,
        "last_error": "oh",
        "last_note": None,
        "paused_at": None,
    }


async def test_without_a_store_the_status_is_a_503(client: httpx.AsyncClient, store: Store) -> None:
    """The status of a service whose tables are gone is an error in JSON, not a breakdown."""
    await run(store, "DROP TABLE peers")

    answer = await client.get("/status")

    assert (answer.status_code, set(answer.json())) == (503, {"error"})


def values_of(body: str) -> dict[str, float]:
    """Return every sample of a metrics page by name and labels."""
    return {
        sample.name
        + "".join(f",{name}={value}" for name, value in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(body)
        for sample in family.samples
    }


async def test_the_metrics_can_be_parsed(client: httpx.AsyncClient, store: Store) -> None:
    """The metrics page is Prometheus text with the service's figures in it."""
    await add_order(store, 1, state="placed", attention_reason="stock_short")
    before = values_of((await client.get("/metrics")).text)
    await deliver(client, event_body())

    answer = await client.get("/metrics")

    assert answer.headers["content-type"].startswith("text/plain")
    values = values_of(answer.text)
    assert values["antbridge_database_up"] == 1
    assert values["antbridge_orders,state=placed"] == 1
    assert values["antbridge_orders,state=shipped"] == 0
    assert values["antbridge_needs_attention"] == 1
    assert values["antbridge_orders_needing_attention,reason=stock_short"] == 1
    assert values["antbridge_orders_needing_attention,reason=sku_unknown"] == 0
    stored = "antbridge_events_stored_total"
    assert values[stored] - before[stored] == 1
    taken = "antbridge_webhook_acknowledgement_seconds_count,answer=200"
    assert values[taken] - before.get(taken, 0) == 1


async def test_metrics_without_a_store(client: httpx.AsyncClient, store: Store) -> None:
    """With the tables gone the page still parses and says that the database is down."""
    await run(store, "ALTER TABLE events RENAME TO away")

    answer = await client.get("/metrics")

    assert answer.status_code == 200
    assert values_of(answer.text)["antbridge_database_up"] == 0


async def test_watching_needs_no_token_and_shows_nobody(
    client: httpx.AsyncClient, store: Store, clock: FakeClock
) -> None:
    """Health, status and metrics answer without a token and name no order."""
    await add_order(store, 1, marketplace_reference="REF-CANARY", state="placed")
    await add_order(store, 2, attention_reason="stock_short", attention_detail=[{"x": "CANARY"}])
    await deliver(client, event_body("EVENT-CANARY", order_id_of(3)))
    async with store.write() as connection:
        await connection.execute(
            insert(PeerState).values(name="somebody-else", last_error="no CANARY of ours")
        )
        await connection.execute(
            insert(Shipment).values(
                warehouse_shipment_id="SHIP-CANARY",
                disposition="not_matched",
                source="feed",
                parcel_count=1,
                problems=[],
                lines=[],
                stored_at=clock.now(),
            )
        )

    for path in ("/health/live", "/health/ready", "/status", "/metrics"):
        answer = await client.get(path)
        assert answer.status_code == 200
        assert "CANARY" not in answer.text
        for number in (1, 2, 3):
            assert order_id_of(number) not in answer.text
    assert (await client.get("/status")).json()["shipments_not_matched"] == 1


async def test_a_company_that_is_away_shows(
    client: httpx.AsyncClient, store: Store, clock: FakeClock
) -> None:
    """In the status and as a metric; nobody can tell then when the backlog ends."""
    await add_order(store, 1, next_attempt_at=clock.now())
    shown = (await client.get("/status")).json()
    assert shown["backlog"]["orders"] == 1
    assert shown["backlog"]["ends_at"] > clock.now().isoformat()

    away = {"away_since": clock.now(), "last_error": "Transient: active_ants find order"}
    await beats(store, "w", {"active_ants": away})
    shown = (await client.get("/status")).json()
    metrics = (await client.get("/metrics")).text
    assert shown["peers"]["active_ants"]["away_since"] == clock.now().isoformat()
    assert shown["backlog"] == {"orders": 1, "ends_at": None}
    assert 'antbridge_peer_away{peer="active_ants"} 1.0' in metrics
    assert 'antbridge_peer_away{peer="ankorstore"} 0.0' in metrics
    assert "antbridge_backlog_seconds_left" not in metrics

    await beats(store, "w", {"active_ants": {"away_since": None}})
    assert (await client.get("/status")).json()["peers"]["active_ants"]["away_since"] is None
    metrics = (await client.get("/metrics")).text
    assert 'antbridge_peer_away{peer="active_ants"} 0.0' in metrics
    assert "antbridge_backlog_orders 1.0" in metrics
    assert "antbridge_backlog_seconds_left" in metrics


async def test_the_metrics_of_all_that_is_watched(
    client: httpx.AsyncClient, store: Store, clock: FakeClock
) -> None:
    """Ages, companies, workers and jobs are gauges of their own, each with few labels."""
    await add_order(store, 1, attention_reason="a_newer_version_knows", state="placed")
    await beats(store, "silent")
    clock.advance(STALE_WORKER_SECONDS + 1)
    await beats(store, "w", {"active_ants": {"away_since": clock.now(), "budget_left": 3}})
    async with store.write() as connection:
        for name in ("reconcile", "a job of a newer version"):
            at = {"next_run_at": clock.now(), "last_run_at": clock.now()}
            await connection.execute(insert(Schedule).values(name=name, last_error="oh", **at))
    clock.advance(20)

    values = values_of((await client.get("/metrics")).text)

    shown = {
        "antbridge_oldest_unfinished_seconds": STALE_WORKER_SECONDS + 21,
        "antbridge_orders_needing_attention,reason=other": 1,
        "antbridge_peer_away_seconds,peer=active_ants": 20,
        "antbridge_peer_away_seconds,peer=ankorstore": 0,
        "antbridge_peer_budget_left,peer=active_ants": 3,
        "antbridge_workers,state=alive": 1,
        "antbridge_workers,state=stale": 1,
        "antbridge_worker_heartbeat_age_seconds": 20,
        "antbridge_schedule_failing,schedule=reconcile": 1,
        "antbridge_schedule_overdue_seconds,schedule=reconcile": 20,
        "antbridge_schedule_last_run_timestamp_seconds,schedule=reconcile": clock.now().timestamp()
        - 20,
        f"antbridge_build_info,version={__version__}": 1,
    }
    assert {name: values.get(name) for name in shown} == shown
    assert not [name for name in values if "newer_version" in name or "newer version" in name]
    assert not [name for name in values if name.endswith("_created")]


async def test_how_long_a_delivery_took_is_counted_by_its_answer(
    client: httpx.AsyncClient,
) -> None:
    """Answers are told apart: what a stranger sends says nothing about ours."""
    name = "antbridge_webhook_acknowledgement_seconds"
    before = values_of((await client.get("/metrics")).text)

    await deliver(client, event_body())
    await deliver(client, event_body(), signature="0" * 64)

    values = values_of((await client.get("/metrics")).text)
    for answer in ("200", "401"):
        for sample in (f"{name}_count,answer={answer}", f"{name}_bucket,answer={answer},le=2.5"):
            assert values[sample] - before[sample] == 1
    assert values[f"{name}_count,answer=503"] == before[f"{name}_count,answer=503"]
