"""
Everything that can go wrong between the bridge and the two companies.

BridgeError
├── Transient               it may work later; the order did nothing wrong
│   ├── RateLimited         the peer (or our own budget) asks for a pause
│   ├── PeerAway            the peer failed several times in a row; nothing was sent
│   ├── Paused              a person paused it; nothing was sent
│   ├── WritesOff           shadow mode: no company is ever written to; nothing was sent
│   ├── Unauthorized        the peer refuses our login; retrying needs a person's correction
│   └── NotReady            our own set-up lacks something: nothing is judged until it is there
│       └── NotYet          somebody is seeing to it: look again in a moment
├── OutcomeUnknown          a write left us and no answer came: look before sending again
├── Rejected                the peer read the request and refused it
└── Unmappable              the order cannot be expressed for the warehouse as it stands
LeaseLost                   another worker has the order now: drop what was found out
WokenMeanwhile              news about the order came in since it was read: read it again
└── SkuTableChanged         what operators say of SKUs changed since: judge it again

Only `flow/retry.py` reads the difference between them. An error's text is safe to log: it
names the peer, the operation and the status, never what was sent. `detail` holds the peer's own
words for the operator; it may quote personal data and must not reach a log.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field


class BridgeError(Exception):
    """A call or a mapping did not end well."""

    resolution = "Look at the order's history."

    def __init__(
        self,
        peer: str,
        operation: str,
        *,
        status: int | None = None,
        detail: str = "",
        resolution: str | None = None,
    ) -> None:
        """Say which *operation* at which *peer* failed, with the HTTP *status* if one came."""
        self.peer = peer
        self.operation = operation
        self.status = status
        self.detail = detail
        if resolution is not None:
            self.resolution = resolution
        super().__init__(peer, operation, status)

    def __str__(self) -> str:
        """Name the kind, peer, operation and status, and nothing that was sent."""
        status = f" (HTTP {self.status})" if self.status is not None else ""
        return f"{type(self).__name__}: {self.peer} {self.operation}{status}"


class Transient(BridgeError):
    """The peer or the way to it is in trouble; the same call may work later."""

    resolution = "Nothing to do: the call is repeated by itself."


class RateLimited(Transient):
    """The peer asked for a pause of `retry_after_seconds`."""

    resolution = "Nothing to do: the call is repeated after the pause the peer asked for."

    def __init__(
        self,
        peer: str,
        operation: str,
        *,
        retry_after_seconds: float | None = None,
        status: int | None = 429,
        detail: str = "",
    ) -> None:
        """Carry the pause the peer asked for, None where it named none."""
        super().__init__(peer, operation, status=status, detail=detail)
        self.retry_after_seconds = retry_after_seconds


class PeerAway(Transient):
    """The peer is away and left alone; nothing was sent. It is probed in `retry_after_seconds`."""

    resolution = "Nothing to do: the order goes on once the company answers again."

    def __init__(self, peer: str, operation: str, *, retry_after_seconds: float) -> None:
        """Carry the time until somebody may look whether the peer is back."""
        super().__init__(peer, operation)
        self.retry_after_seconds = retry_after_seconds


class Paused(Transient):
    """A person paused what was about to be done; nothing was sent. `stop` says which pause."""

    resolution = "Nothing to do: it goes on once the pause is ended with `antbridge resume`."

    def __init__(self, stop: str, operation: str, *, peer: str = "antbridge") -> None:
        """Carry the pause that stops *operation*, a call to *peer* or one of the flow's parts."""
        super().__init__(peer, operation)
        self.stop = stop


class WritesOff(Transient):
    """Shadow mode writes nothing to either company; nothing was sent."""

    resolution = "Nothing to do: it goes on once the service runs with MODE=live."


class Unauthorized(Transient):
    """The peer refuses our login or our token, also after a new token."""

    resolution = "Check the credentials of this company in the settings and restart the service."


class NotReady(Transient):
    """A setting or a list that every order needs is missing or wrong."""

    resolution = "Correct the setting that is named."


class NotYet(NotReady):
    """What every order needs is being brought; `retry_after_seconds` says when to look again."""

    resolution = "Nothing to do: it is being seen to."

    def __init__(self, peer: str, operation: str, *, retry_after_seconds: float) -> None:
        """Carry the time until it may be there."""
        super().__init__(peer, operation)
        self.retry_after_seconds = retry_after_seconds


class OutcomeUnknown(BridgeError):
    """A write left us and no usable answer came. Do not resend: the next look settles it."""

    resolution = "Nothing to do: the next look at the peer settles whether it took effect."


class Rejected(BridgeError):
    """The peer understood the request and refused it; repeating it changes nothing."""

    resolution = "Read the peer's words, correct the order or the set-up, then retry the order."

    def __init__(
        self,
        peer: str,
        operation: str,
        *,
        status: int | None = None,
        code: str = "",
        detail: str = "",
        resolution: str | None = None,
    ) -> None:
        """Carry the peer's error *code* and its own words (*detail*)."""
        super().__init__(peer, operation, status=status, detail=detail, resolution=resolution)
        self.code = code


@dataclass(frozen=True, slots=True)
class Finding:
    """
    One thing that stands in an order's way.

    `reason` is a code of `domain/reasons.py`; `field` names where to correct it; `detail` says
    what is there now, for the operator's eyes (it may quote personal data: never log it).
    """

    reason: str
    field: str
    detail: str
    line_id: str = dataclass_field(default="", compare=False)
    """The order line it is about, empty where it is about the order as a whole."""

    def __repr__(self) -> str:
        """Leave the detail out: it may quote an address."""
        return f"Finding(reason={self.reason!r}, field={self.field!r})"


class Unmappable(BridgeError):
    """
    The order as it stands cannot be sent to the warehouse; `findings` say why.

    `needed` holds the pieces per SKU of the lines that can be expressed, to be judged all the same.
    """

    resolution = "Correct what each finding names, then retry the order."

    def __init__(
        self,
        peer: str,
        operation: str,
        findings: tuple[Finding, ...],
        needed: Mapping[str, int] | None = None,
    ) -> None:
        """Carry at least one finding."""
        assert findings, "an Unmappable without a finding says nothing"
        super().__init__(peer, operation)
        self.findings = findings
        self.needed: Mapping[str, int] = needed or {}


class LeaseLost(Exception):
    """The order belongs to another worker now; whatever was found out is dropped."""


class WokenMeanwhile(Exception):
    """News about the order came in after it was read; nothing was written."""


class SkuTableChanged(WokenMeanwhile):
    """An entry of the table of SKUs changed after the order was judged by it."""
