"""Traces: from the delivery to both companies, to a collector on this machine."""

import subprocess
import sys

import pytest

from app import tracing
from app.domain.lifecycle import State
from app.simulator import Address, Fault, OrderedLine
from app.store.session import Store
from app.tracing import order_ids
from app.wiring import traced
from tests.collector import attributes_of, collecting
from tests.fake_clock import FakeClock
from tests.flow.world import build_world, hand_driven
from tests.integration.web import SECRET, deliver, event_body, running_web, web_settings

GOOD = Address("Ina Smit", "Winkel Smit", "Damstraat 14", "1012 JS", "Amsterdam", "NL")


async def test_from_the_delivery_to_both_companies(
    store: Store, clock: FakeClock, database_url: str
) -> None:
    """Each step is a trace of its own with its calls inside, linked to the order's deliveries."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        with collecting() as collector:
            settings = web_settings(database_url, otel_exporter_otlp_endpoint=collector.url)
            with traced(settings):
                async with running_web(
                    database_url, clock, ankorstore_webhook_secrets=SECRET
                ) as client:
                    order = world.ankorstore.place_order([OrderedLine("TOTE-NAT")], GOOD)
                    for event_id in ("one", "two"):
                        await deliver(client, event_body(event_id, order.id))
                    await deliver(client, event_body("three", data=None))
                    await client.post("/webhooks/ankorstore", content=b"of a stranger")
                await world.work()
        assert (await world.held(order)).state is State.PLACED

    assert collector.paths == {"/v1/traces"}
    trace_id, span_id = order_ids(order.id)
    deliveries = collector.called("receive delivery")
    assert [attributes_of(span)["antbridge.event_id"] for span in deliveries] == ["one", "two"]
    assert {int.from_bytes(span.trace_id) for span in deliveries} == {trace_id}
    assert [span.parent_span_id for span in deliveries] == [b"", b""]
    assert all(span.start_time_unix_nano <= span.end_time_unix_nano for span in deliveries)

    steps = collector.called("step ")
    assert len({span.trace_id for span in steps}) == len(steps) >= 2
    for step in steps:
        assert step.parent_span_id == b""
        (link,) = step.links
        assert (int.from_bytes(link.trace_id), int.from_bytes(link.span_id)) == (trace_id, span_id)
        assert attributes_of(step)["antbridge.order_id"] == order.id
    assert attributes_of(steps[-1])["antbridge.state_after"] == "placed"
    inside = {(step.trace_id, step.span_id) for step in steps}
    for name in ("ankorstore accept order", "active_ants create order"):
        (call,) = collector.called(name)
        assert (call.trace_id, call.parent_span_id) in inside
        told = attributes_of(call)
        assert told["http.request.method"] == "POST"
        assert told["http.response.status_code"] in (200, 201)
    assert tracing.span("nobody is told", {}) is tracing.span("of this either", {})


async def test_a_call_that_fails_tells_the_type_of_the_error_only(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """What a company or an exception says is told to nobody."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        with collecting() as collector:
            settings = web_settings("sqlite:///x", otel_exporter_otlp_endpoint=collector.url)
            with traced(settings):
                world.active_ants.faults.once("POST */order/add", Fault.LOSE_ANSWER_AFTER)
                await world.tell(world.ankorstore.place_order([OrderedLine("TOTE-NAT")], GOOD))
                await world.work()
                with pytest.raises(ValueError, match="Ina Smit"), tracing.span("broken", {}):
                    raise ValueError("cannot handle Ina Smit")

    (create,) = collector.called("active_ants create order")
    assert attributes_of(create)["error.type"] in ("ReadError", "ReadTimeout")
    assert create.status.code == 2
    (broken,) = collector.called("broken")
    assert attributes_of(broken) == {"error.type": "ValueError"}
    assert "Smit" not in collector.text()
    assert [event for span in collector.spans for event in span.events] == []
    failed = [attributes_of(step).get("antbridge.outcome") for step in collector.called("step ")]
    assert "failed" in failed


async def test_jobs_are_traces_too(sqlite_store: Store, clock: FakeClock) -> None:
    """The calls of a periodic job are inside its span."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        with collecting() as collector:
            settings = web_settings("sqlite:///x", otel_exporter_otlp_endpoint=collector.url)
            with traced(settings):
                await world.run_job("reconcile")

    (job,) = collector.called("job reconcile")
    calls = collector.called("ankorstore ")
    assert calls
    assert {call.parent_span_id for call in calls} == {job.span_id}


async def test_a_collector_that_is_away_harms_nobody(sqlite_store: Store, clock: FakeClock) -> None:
    """Orders go on, and the end comes, though not a span can be told."""
    settings = web_settings("sqlite:///x", otel_exporter_otlp_endpoint="http://127.0.0.1:9")
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        with traced(settings):
            order = world.ankorstore.place_order([OrderedLine("TOTE-NAT")], GOOD)
            await world.tell(order)
            await world.work()

        assert (await world.held(order)).state is State.PLACED


def test_nothing_of_it_is_loaded_unless_it_is_asked_for() -> None:
    """A service without a collector holds no SDK in memory."""
    code = (
        "import sys, app.cli; from app.settings import Settings; from app.wiring import traced\n"
        "with traced(Settings(_env_file=None)): pass\n"
        "print([m for m in sys.modules if m.startswith(('opentelemetry.sdk', 'google.protobuf',"
        " 'opentelemetry.exporter'))])"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    assert said.stdout.strip() == "[]"


def test_the_web_framework_traces_nothing_by_itself() -> None:
    """It would tell the queries of operators, in which people may be named."""
    from app.main import create_app

    app = create_app(web_settings("sqlite:///never-opened.db"), with_worker=False)

    switched = {name: app._telemetry[name] for name in ("tracing", "metrics", "logs")}  # type: ignore[literal-required]
    assert switched == dict.fromkeys(switched, False)
    assert app._telemetry["auto_configure"] is False
