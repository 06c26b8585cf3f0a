"""
The daily summary of shadow mode: kept for `/status`, and sent to people once a day at most.

What a channel was told is written down right after it was told; one that fails is tried again
when the job runs next, and never holds up another.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from app.alerts.channels import Channel, NotSent
from app.flow.shadow_report import SUMMARY_DAYS, days_until, draw_up_report, summary_text
from app.store.service_state import load_service_state, save_service_state
from app.store.session import Store

DAY = timedelta(days=1)
SUBJECT = "antbridge: shadow mode, the day's summary"

log = structlog.get_logger(__name__)


class ShadowSummary:
    """Counts the orders of the last days, and tells of them."""

    def __init__(self, store: Store, channels: Sequence[Channel]) -> None:
        """Tell *channels*; without any the summary stands in `/status` only."""
        self._store = store
        self._channels = channels

    async def run(self) -> str:
        """Draw the summary up, tell whom it is owed, and return it in one line."""
        now = self._store.now()
        report = await draw_up_report(self._store, *days_until(now.date(), SUMMARY_DAYS))
        figures = report.figures()
        made = {"at": now.isoformat(), "days": SUMMARY_DAYS, **figures}
        await save_service_state(self._store, shadow_summary=made)
        told = dict((await load_service_state(self._store)).shadow_told or {})
        text = f"The last {SUMMARY_DAYS} days. {summary_text(figures)}"
        text += "\nEach order: `antbridge shadow report --days 7` (docs/shadow.md)"
        for channel in self._channels:
            if channel.name in told and now - datetime.fromisoformat(told[channel.name]) < DAY:
                continue
            try:
                await channel.send(SUBJECT, text)
            except NotSent as failure:
                log.warning("alert.not_sent", channel=channel.name, error=str(failure))
                continue
            told[channel.name] = now.isoformat()
            await save_service_state(self._store, shadow_told=told)
        return summary_text(figures).replace("\n", " ")
