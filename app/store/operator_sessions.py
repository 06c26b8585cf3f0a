"""
Sign-ins: counted, locked out after repeated failures, and kept as sessions until they end.

All of it is in the database: every process knows of every failure and every sign-out, and what is
kept grows with the operators there are, never with what strangers try.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.models_operators import Operator, OperatorSession
from app.store.operators import OperatorRecord
from app.store.session import Store

MOST_FAILURES = 5
"""So many failed sign-ins in a row lock a name."""
LOCKED_MINUTES = 15


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """A session that holds, and whose it is."""

    operator_name: str
    role: str


def hash_token(token: str) -> str:
    """Return what is kept of a session's token; it is long and random, so one round will do."""
    return hashlib.sha256(token.encode()).hexdigest()


async def sign_in(
    store: Store, operator: OperatorRecord, token: str, *, is_right: bool, hours: float
) -> bool:
    """
    Judge one attempt with a password; where it is good, *token* is a session from now on.

    The row decides, not what was read before: of many attempts at once no more than
    `MOST_FAILURES` are judged before the name is locked.
    """
    now = store.now()
    async with store.write() as connection:
        row = (
            await connection.execute(
                select(
                    Operator.disabled_at,
                    Operator.failure_count,
                    Operator.locked_until_at,
                    Operator.password_hash,
                )
                .where(Operator.id == operator.operator_id)
                .with_for_update()
            )
        ).one()
        if row.disabled_at is not None or row.password_hash != operator.password_hash:
            return False
        if row.locked_until_at is not None and row.locked_until_at > now:
            return False
        if is_right:
            columns: dict[str, Any] = {"failure_count": 0, "locked_until_at": None}
            await _open(connection, operator.operator_id, token, now, hours)
        elif row.failure_count + 1 < MOST_FAILURES:
            columns = {"failure_count": row.failure_count + 1}
        else:
            until_at = now + timedelta(minutes=LOCKED_MINUTES)
            columns = {"failure_count": 0, "locked_until_at": until_at}
        await connection.execute(
            update(Operator).where(Operator.id == operator.operator_id).values(**columns)
        )
    return is_right


async def load_session(store: Store, token: str) -> SessionRecord | None:
    """Return the session of *token*; None where there is none, or it ended."""
    statement = (
        select(Operator.name, Operator.role)
        .select_from(OperatorSession)
        .join(Operator, Operator.id == OperatorSession.operator_id)
        .where(
            OperatorSession.token_hash == hash_token(token),
            OperatorSession.expires_at > store.now(),
            Operator.disabled_at.is_(None),
        )
    )
    async with store.read() as connection:
        row = (await connection.execute(statement)).first()
    return SessionRecord(*row) if row is not None else None


async def end_session(store: Store, token: str) -> None:
    """Make *token* worth nothing."""
    async with store.write() as connection:
        await connection.execute(
            delete(OperatorSession).where(OperatorSession.token_hash == hash_token(token))
        )


async def _open(
    connection: AsyncConnection, operator_id: int, token: str, now: datetime, hours: float
) -> None:
    """Add a session, and drop those that ended by themselves."""
    await connection.execute(delete(OperatorSession).where(OperatorSession.expires_at <= now))
    await connection.execute(
        insert(OperatorSession).values(
            operator_id=operator_id,
            token_hash=hash_token(token),
            created_at=now,
            expires_at=now + timedelta(hours=hours),
        )
    )
