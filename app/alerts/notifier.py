"""
Tells people of what holds, once: a job of the worker, run by one of all workers at a time.

A channel that fails is tried again later by itself; that never holds up the other channel, and
nothing here touches an order. What a channel was told is written down right after it was told:
a process that dies in between tells it once more, which is better than never.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import structlog

from app.alerts.channels import Channel, NotSent
from app.alerts.conditions import Alert, Bounds, judge
from app.alerts.telling import Kind, Telling, after_failure, after_sending, owed
from app.flow.forecast import Pace
from app.flow.watch import watch
from app.metrics import ALERT_MESSAGES
from app.store.alarms import load_told, mark_backlog, save_told
from app.store.session import Store

SUBJECTS = {Kind.HOLDS: "antbridge: needs a look", Kind.OVER: "antbridge: resolved"}

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Message:
    """What one channel is told at once: each condition, and whether it holds or is over."""

    items: Sequence[tuple[Telling, Alert | None, Kind]]

    @property
    def subject(self) -> str:
        """Resolved only where nothing in it holds."""
        kinds = {kind for _, _, kind in self.items}
        return SUBJECTS[Kind.HOLDS if Kind.HOLDS in kinds else Kind.OVER]

    @property
    def text(self) -> str:
        """A line for each condition."""
        return "\n".join(
            f"- {alert.text}" if alert is not None else f"- Resolved: {known.condition}"
            for known, alert, _ in self.items
        )


class Notifier:
    """Looks how all is going, and tells each channel what it owes it."""

    def __init__(
        self,
        store: Store,
        channels: Sequence[Channel],
        *,
        pace: Pace,
        at_risk_seconds: float,
        bounds: Bounds,
    ) -> None:
        """Tell *channels*; *pace* and *at_risk_seconds* are those of `/status`."""
        self._store = store
        self._channels = channels
        self._pace = pace
        self._at_risk_seconds = at_risk_seconds
        self._bounds = bounds

    async def run(self) -> str:
        """Look once, and tell what is owed; return what was done, in one line."""
        watched = await watch(self._store, self._pace, self._at_risk_seconds)
        earlier = await mark_backlog(self._store, watched.backlog.orders)
        alerts = {alert.name: alert for alert in judge(watched, self._bounds, earlier)}
        told = [Telling(**row) for row in await load_told(self._store)]
        notes = [f"{len(alerts)} conditions hold"]
        for channel in self._channels:
            known = {row.condition: row for row in told if row.channel == channel.name}
            notes += await self._tell(channel, alerts, known)
        return "; ".join(notes)

    async def _tell(
        self, channel: Channel, alerts: Mapping[str, Alert], known: Mapping[str, Telling]
    ) -> list[str]:
        now = self._store.now()
        items = []
        for name in sorted({*alerts, *known}):
            telling = known.get(name) or Telling(name, channel.name)
            kind = owed(telling, alerts.get(name), now)
            if kind is not None:
                items.append((telling, alerts.get(name), kind))
        if not items:
            return []
        message = _Message(items)
        try:
            await channel.send(message.subject, message.text)
        except NotSent as failure:
            ALERT_MESSAGES.labels(channel.name, "failed").inc()
            log.warning("alert.not_sent", channel=channel.name, error=str(failure))
            told = [_after_failure(channel.name, *item, self._store) for item in items]
            note = f"{channel.name}: not sent: {failure}"
        else:
            ALERT_MESSAGES.labels(channel.name, "sent").inc()
            conditions = [known.condition for known, _, _ in items]
            log.info("alert.sent", channel=channel.name, conditions=", ".join(conditions))
            told = [after_sending(known, alert, now) for known, alert, _ in items]
            note = f"{channel.name}: {len(items)} told"
        await save_told(self._store, [asdict(row) for row in told])
        return [note]


def _after_failure(
    channel: str, known: Telling, alert: Alert | None, kind: Kind, store: Store
) -> Telling:
    """Return when a message is tried again; one that is given up counts as told."""
    again = after_failure(known, store.now())
    if again is not None:
        return again
    log.error("alert.given_up", channel=channel, condition=known.condition, kind=str(kind))
    return after_sending(known, alert, store.now())
