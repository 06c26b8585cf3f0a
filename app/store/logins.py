"""
The one token of each account, shared by all processes, and the count of its logins.

Logging in is a leased row: one process asks, the others wait for what it brings. Every login is
counted before it goes out, so that not even a process that dies right after it, again and again,
asks for more tokens an hour than allowed. Tokens are stored encrypted, or not at all.
"""

import hashlib
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Table, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.ports import ShelfAnswer, ShelvedToken
from app.sealing import Sealer
from app.store.models import PeerLogin
from app.store.session import Store
from app.store.statements import insert_into

HOUR_SECONDS = 3600.0
LONGEST_PAUSE_SECONDS = 120.0
LOOK_AGAIN_SECONDS = 0.25
"""How often a process looks whether another one has brought the token."""
LEASE_MARGIN_SECONDS = 5.0
FULL_HOUR = "RateLimited"

_logins = cast(Table, PeerLogin.__table__)


class LoginVault:
    """All accounts of one database."""

    def __init__(self, store: Store, sealer: Sealer) -> None:
        """Keep tokens as *sealer* encrypts them; without a key none is stored."""
        self._store = store
        self._sealer = sealer

    def shelf(self, peer: str, host: str, user: str, *, fetch_seconds: float) -> "LoginShelf":
        """Return one account's shelf; a login takes no longer than *fetch_seconds*."""
        account = hashlib.sha256("\n".join((peer, host, user)).encode()).hexdigest()
        lease_seconds = fetch_seconds + LEASE_MARGIN_SECONDS
        return LoginShelf(self._store, self._sealer, account, peer, lease_seconds)


class LoginShelf:
    """One account."""

    def __init__(
        self,
        store: Store,
        sealer: Sealer,
        account: str,
        peer: str,
        lease_seconds: float,
    ) -> None:
        """Keep *account*'s token encrypted by *sealer*."""
        self._store = store
        self._sealer = sealer
        self._account = account
        self._peer = peer
        self._lease_seconds = lease_seconds

    async def ask(self, *, logins_per_hour: int | None, refused: str | None) -> ShelfAnswer:
        """Give leave to log in to one process at a time; to the others what it brought."""
        async with self._store.write() as connection:
            row, now = await self._lock(connection)
            token = self._token_of(row, now)
            if token is not None and token.value != refused and token.renew_in_seconds > 0:
                return ShelfAnswer(token=token)
            if row.lease_until is not None and row.lease_until > now:
                return ShelfAnswer(wait_seconds=LOOK_AGAIN_SECONDS)
            if row.paused_until_at is not None and row.paused_until_at > now:
                wait = _seconds(row.paused_until_at - now)
                return ShelfAnswer(wait_seconds=wait, failure=row.failure_kind)
            hour_ago = now.timestamp() - HOUR_SECONDS
            fetched = [at for at in row.fetched if at > hour_ago]
            if logins_per_hour is not None and len(fetched) >= logins_per_hour:
                return ShelfAnswer(wait_seconds=fetched[0] - hour_ago, failure=FULL_HOUR)
            leave = row.fencing_token + 1
            values = {
                "fetched": [*fetched, now.timestamp()],
                "fencing_token": leave,
                "lease_until": now + timedelta(seconds=self._lease_seconds),
            }
            await self._set(connection, row.fencing_token, values)
            return ShelfAnswer(leave=leave)

    async def keep(self, leave: int, token: ShelvedToken) -> None:
        """Share the token a login brought, where it can be kept encrypted."""
        values: dict[str, Any] = {
            "failure_count": 0,
            "failure_kind": None,
            "paused_until_at": None,
            "lease_until": None,
        }
        async with self._store.write() as connection:
            if self._sealer.has_key:
                _, now = await self._lock(connection)
                values |= {
                    "token_encrypted": self._sealer.seal(token.value),
                    "renew_at": now + timedelta(seconds=token.renew_in_seconds),
                    "ends_at": now + timedelta(seconds=token.ends_in_seconds),
                }
            await self._set(connection, leave, values)

    async def fail(
        self, leave: int, failure: str, *, first_seconds: float, at_least_seconds: float
    ) -> float:
        """Note a failed login; the pause grows with the failures of all processes together."""
        async with self._store.write() as connection:
            row, now = await self._lock(connection)
            failures = int(row.failure_count)
            grown = min(LONGEST_PAUSE_SECONDS, first_seconds * 2.0 ** min(failures, 10))
            pause = max(grown, at_least_seconds)
            values = {
                "failure_count": failures + 1,
                "failure_kind": failure,
                "paused_until_at": now + timedelta(seconds=pause),
                "lease_until": None,
            }
            await self._set(connection, leave, values)
        return pause

    async def _lock(self, connection: AsyncConnection) -> tuple[Any, datetime]:
        """Lock the account's row, making it where it is missing; return it and the time."""
        mine = select(_logins).where(_logins.c.account == self._account).with_for_update()
        row = (await connection.execute(mine)).first()
        if row is None:
            new = insert_into(PeerLogin, is_postgres=self._store.is_postgres).values(
                account=self._account, peer=self._peer, fetched=[]
            )
            await connection.execute(new.on_conflict_do_nothing())
            row = (await connection.execute(mine)).one()
        now = (await connection.execute(select(self._store.time()))).scalar_one()
        return row, now

    async def _set(
        self, connection: AsyncConnection, fencing_token: int, values: dict[str, Any]
    ) -> None:
        """Write the row, unless another process has been given leave since."""
        await connection.execute(
            update(_logins)
            .where(_logins.c.account == self._account, _logins.c.fencing_token == fencing_token)
            .values(values)
        )

    def _token_of(self, row: Any, now: datetime) -> ShelvedToken | None:
        """Return the stored token; None also where no key of ours opens it."""
        if row.token_encrypted is None:
            return None
        if (value := self._sealer.open(row.token_encrypted)) is None:
            return None
        return ShelvedToken(value, _seconds(row.renew_at - now), _seconds(row.ends_at - now))


def _seconds(span: timedelta) -> float:
    return span / timedelta(seconds=1)
