"""
What is paused, as this process knows it: read again from the database every second or so.

Old by a second at most, it spares calls and steps that would be stopped anyway. What cannot be
undone is stopped by the database itself, where the intent is noted (docs/rules/pauses.md).
"""

import asyncio
from collections.abc import Mapping

import structlog

from app.domain.pauses import Pausable, Pause, find_stop
from app.errors import Paused
from app.store.pauses import load_pauses
from app.store.session import Store

REFRESH_SECONDS = 1.0

log = structlog.get_logger(__name__)


class PauseBoard:
    """The pauses in force; without a store none ever is."""

    def __init__(self, store: Store | None) -> None:
        """Read *store* when first asked."""
        self._store = store
        self._in_force: Mapping[str, Pause] = {}
        self._stale_at_monotonic: float | None = None
        self._single_flight = asyncio.Lock()

    async def in_force(self) -> Mapping[str, Pause]:
        """Return the pauses in force by what they pause; while no database answers, the last."""
        if self._store is None or self._is_fresh(self._store):
            return self._in_force
        async with self._single_flight:
            if not self._is_fresh(self._store):
                try:
                    self._in_force = await load_pauses(self._store)
                except Exception as trouble:
                    log.warning("pauses.not_read", error=type(trouble).__name__)
                self._stale_at_monotonic = self._store.clock.monotonic() + REFRESH_SECONDS
        return self._in_force

    async def require_running(
        self, what: Pausable, operation: str, *, peer: str = "antbridge"
    ) -> None:
        """
        Do nothing while *what* is not paused.

        Raises:
            Paused: It is, or its company, or everything.
        """
        if (stop := find_stop(what, await self.in_force())) is not None:
            raise Paused(stop, operation, peer=peer)

    def forget(self) -> None:
        """Have the pauses read again before anything relies on them: they have changed."""
        self._stale_at_monotonic = None

    def _is_fresh(self, store: Store) -> bool:
        stale_at = self._stale_at_monotonic
        return stale_at is not None and store.clock.monotonic() < stale_at
