"""
Traces (OpenTelemetry), where an address to send them to is set; else nothing of it is loaded.

Each step of an order is a trace of its own, with the calls to the companies inside. It is linked
to the trace of the order's deliveries, whose id is reckoned from the order's id: nothing has to be
stored, and nothing asked for, to find one from the other (docs/adr/0013-traces.md).

No span holds personal data: attributes are words of this program, ids and statuses. What an
exception says, and where a call went, are left out.
"""

import hashlib
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Literal, Protocol

Attributes = Mapping[str, str | int | float | bool | None]


class Span(Protocol):
    """Something that takes a while; what is set on it is told with it."""

    def __enter__(self) -> "Span":
        """Begin it."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it; of an error only the type is told."""

    def set(self, attributes: Attributes) -> None:
        """Tell more of it; what is None is left out."""


class _Untold:
    """What happens while nobody asked for traces: nothing."""

    def __enter__(self) -> "_Untold":
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def set(self, attributes: Attributes) -> None:
        """Tell nobody."""


class Tracing(Protocol):
    """Who is told; `app/tracing_sdk.py` tells a collector."""

    def span(self, name: str, kind: str, attributes: Attributes, order_id: str | None) -> Span:
        """Return a span; one of an order begins a trace."""

    def record(self, name: str, started_ns: int, attributes: Attributes, order_id: str) -> None:
        """Tell of something that has ended, in the trace of the order's deliveries."""


_UNTOLD = _Untold()
_tracing: Tracing | None = None


def span(
    name: str,
    attributes: Attributes,
    *,
    kind: Literal["internal", "client", "consumer"] = "internal",
    of_order: str | None = None,
) -> Span:
    """
    Return a span to be entered, inside the one that is entered already.

    With *of_order*, an order's marketplace id, it begins a trace of its own, linked to the trace
    of that order's deliveries.
    """
    return _UNTOLD if _tracing is None else _tracing.span(name, kind, attributes, of_order)


def record_delivery(started_ns: int, attributes: Attributes, order_id: str | None) -> None:
    """Tell of a delivery that was just dealt with, if it is about an order."""
    if _tracing is not None and order_id is not None:
        _tracing.record("receive delivery", started_ns, attributes, order_id)


def started_ns() -> int:
    """Return the present moment, as `record_delivery` takes it; nothing while traces are off."""
    return 0 if _tracing is None else time.time_ns()


def order_ids(order_id: str) -> tuple[int, int]:
    """Return the ids of the trace of an order's deliveries, and of the span links lead to."""
    digest = hashlib.sha256(b"antbridge order " + order_id.encode()).digest()
    return int.from_bytes(digest[:16]), int.from_bytes(digest[16:24])


def use(tracing: Tracing | None) -> None:
    """Have *tracing* told of everything from now on; None: nobody."""
    global _tracing
    _tracing = tracing
