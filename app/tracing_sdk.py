"""
Traces through the OpenTelemetry SDK: loaded only where they are asked for.

The provider is not made the global one: libraries that trace by themselves would tell addresses
and queries, which may name people.
"""

import time
from types import TracebackType

import requests
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import (
    Link,
    SpanContext,
    SpanKind,
    StatusCode,
    TraceFlags,
    use_span,
)
from opentelemetry.trace import Span as SdkSpan

from app import __version__
from app.tracing import Attributes, order_ids

EXPORT_SECONDS = 5.0
"""How long sending a batch may take, and so about how long the last one holds up a stop."""

_KINDS = {
    "internal": SpanKind.INTERNAL,
    "client": SpanKind.CLIENT,
    "consumer": SpanKind.CONSUMER,
}


class SdkTracing:
    """Spans in batches to one collector."""

    def __init__(self, endpoint: str) -> None:
        """Send to *endpoint*, to which the path of the protocol is added."""
        session = requests.Session()
        session.trust_env = False  # no proxy of the environment gets between
        exporter = OTLPSpanExporter(
            endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=EXPORT_SECONDS, session=session
        )
        self._ids = _Ids()
        self._provider = TracerProvider(
            resource=Resource.create({SERVICE_NAME: "antbridge", SERVICE_VERSION: __version__}),
            id_generator=self._ids,
            shutdown_on_exit=False,
        )
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("antbridge", __version__)

    def span(
        self, name: str, kind: str, attributes: Attributes, order_id: str | None
    ) -> "_Entered":
        """Return a span; one of an order begins a trace."""
        links = [Link(_delivered(order_id))] if order_id is not None else None
        return _Entered(
            self._tracer.start_span(
                name,
                context=Context() if order_id is not None else None,
                kind=_KINDS[kind],
                attributes=_known(attributes),
                links=links,
                record_exception=False,
                set_status_on_exception=False,
            )
        )

    def record(self, name: str, started_ns: int, attributes: Attributes, order_id: str) -> None:
        """Tell of something that has ended, in the trace of the order's deliveries."""
        self._ids.next_trace_id = order_ids(order_id)[0]
        try:
            span = self._tracer.start_span(
                name,
                context=Context(),
                kind=SpanKind.SERVER,
                attributes=_known(attributes),
                start_time=started_ns,
            )
        finally:
            self._ids.next_trace_id = None
        span.end(time.time_ns())

    def stop(self) -> None:
        """Send what is left; a collector that is away holds this up for some seconds."""
        self._provider.shutdown()


class _Ids(RandomIdGenerator):
    """Gives the next trace a wanted id, and all others one by chance."""

    next_trace_id: int | None = None

    def generate_trace_id(self) -> int:
        return self.next_trace_id or super().generate_trace_id()


class _Entered:
    """A span as the current one of the running task."""

    def __init__(self, span: SdkSpan) -> None:
        self._span = span
        self._use = use_span(
            span, end_on_exit=True, record_exception=False, set_status_on_exception=False
        )

    def __enter__(self) -> "_Entered":
        self._use.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            self._span.set_attribute("error.type", kind.__name__)
            self._span.set_status(StatusCode.ERROR)
        # Not told of the error: what it says may quote what somebody sent.
        self._use.__exit__(None, None, None)

    def set(self, attributes: Attributes) -> None:
        """Tell more of it."""
        self._span.set_attributes(_known(attributes))


def _delivered(order_id: str) -> SpanContext:
    trace_id, span_id = order_ids(order_id)
    return SpanContext(trace_id, span_id, is_remote=True, trace_flags=TraceFlags(1))


def _known(attributes: Attributes) -> dict[str, str | int | float | bool]:
    return {name: value for name, value in attributes.items() if value is not None}
