"""
The secrets a delivery may be signed with: those of the settings, and those in the database.

Each process looks once a second at most, when a delivery comes in, so that all of them take a new
secret within seconds and a delivery costs no query of its own. A subscription signs from the
moment it is made, before its secret can be known here; its create is noted first, and while one
is noted, what nobody seems to have signed waits a moment for the secret.
"""

import asyncio
from collections.abc import Callable, Sequence

import structlog

from app.sealing import Sealer
from app.store.session import Store
from app.store.webhook_rows import load_secrets

LOOK_SECONDS = 1.0
LOOK_PATIENCE_SECONDS = 0.3
"""A database that does not answer holds deliveries up no longer."""
CREATING_SECONDS = 120.0
"""A create whose answer is missing for longer makes nobody wait any more."""
WAIT_SECONDS = 1.5
WAIT_PAUSE_SECONDS = 0.1
MAX_WAITING = 256
MAX_WAITING_BYTES = 16 * 1024 * 1024
"""What waits is held in memory, and may be anybody's: beyond this it is judged at once."""

log = structlog.get_logger(__name__)


class SecretsNotRead(Exception):
    """The database has not been read yet, so nobody can tell whose a delivery is."""


class SigningSecrets:
    """All secrets that count now."""

    def __init__(
        self, given: Sequence[str], store: Store | None = None, sealer: Sealer | None = None
    ) -> None:
        """Take those *given*, and those in *store* if *sealer* has a key that opens them."""
        self._given = tuple(given)
        self._store = store if sealer is not None and sealer.has_key else None
        self._sealer = sealer
        self._stored: tuple[str, ...] = ()
        self._opened: dict[str, str | None] = {}
        self._may_get_another = False
        self._looked_at: float | None = None
        self._looking: asyncio.Task[None] | None = None
        self._has_read = False
        self._waiting = 0
        self._waiting_bytes = 0

    async def recognise(self, is_signed: Callable[[Sequence[str]], bool], size_bytes: int) -> bool:
        """
        Tell whether *is_signed* says yes to a body of *size_bytes* with the secrets of now.

        Raises:
            SecretsNotRead: None of the settings' signed it, and the database is away.
        """
        if self._store is not None and self._is_stale(self._store):
            await self._look(self._store)
        if is_signed((*self._given, *self._stored)):
            return True
        if self._store is None:
            return False
        if not self._has_read:
            raise SecretsNotRead
        if not self._may_get_another:
            return False
        if self._waiting >= MAX_WAITING or self._waiting_bytes + size_bytes > MAX_WAITING_BYTES:
            return False
        self._waiting += 1
        self._waiting_bytes += size_bytes
        try:
            return await self._wait(self._store, is_signed)
        finally:
            self._waiting -= 1
            self._waiting_bytes -= size_bytes

    async def close(self) -> None:
        """Wait for a look that is under way."""
        if self._looking is not None:
            await asyncio.gather(self._looking, return_exceptions=True)

    def _is_stale(self, store: Store) -> bool:
        looked_at = self._looked_at
        is_old = looked_at is None or store.clock.monotonic() - looked_at >= LOOK_SECONDS
        return is_old or not self._has_read

    async def _look(self, store: Store) -> None:
        """Look; whoever comes meanwhile goes on with what is known, where anything is."""
        if self._looking is None or self._looking.done():
            self._looked_at = store.clock.monotonic()
            self._looking = asyncio.create_task(self._read(store))
        elif self._has_read:
            return
        await asyncio.wait([self._looking], timeout=LOOK_PATIENCE_SECONDS)

    async def _read(self, store: Store) -> None:
        assert self._sealer is not None, "without a key nothing is read"
        try:
            found = await load_secrets(store, creating_seconds=CREATING_SECONDS)
        except Exception as trouble:
            log.warning("webhook_secrets.not_read", error=type(trouble).__name__)
            return
        known = self._opened
        self._opened = {
            sealed: known[sealed] if sealed in known else self._sealer.open(sealed)
            for sealed in found.sealed
        }
        self._stored = tuple(secret for secret in self._opened.values() if secret)
        self._may_get_another = found.may_get_another
        self._has_read = True

    async def _wait(self, store: Store, is_signed: Callable[[Sequence[str]], bool]) -> bool:
        """Look again and again, all who wait together, until it is signed or the time is up."""
        clock = store.clock
        until = clock.monotonic() + WAIT_SECONDS
        tried = self._stored
        while clock.monotonic() < until:
            await clock.sleep(WAIT_PAUSE_SECONDS)
            looked_at = self._looked_at
            if looked_at is None or clock.monotonic() - looked_at >= WAIT_PAUSE_SECONDS:
                await self._look(store)
            if self._stored != tried:
                tried = self._stored
                if is_signed(tried):
                    return True
        return False
