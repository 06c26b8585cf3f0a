"""The people who may sign in: who they are, what they may do, and what locks them out."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from app.store.models_operators import Operator, OperatorSession
from app.store.session import Store

_NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,99}")


class Role(StrEnum):
    """What a person may do in the console."""

    VIEWER = "viewer"
    """Sees everything, decides nothing."""
    OPERATOR = "operator"
    """Decides about orders too."""


class NameTaken(Exception):
    """There is an operator of that name."""


@dataclass(frozen=True, slots=True)
class OperatorRecord:
    """One person as the store knows them."""

    operator_id: int
    name: str
    role: str
    password_hash: str | None = field(repr=False)
    created_at: datetime
    disabled_at: datetime | None
    locked_until_at: datetime | None


def check_name(name: str) -> str:
    """
    Return *name* as it is kept: in small letters.

    Raises:
        ValueError: It cannot be a name.
    """
    kept = name.strip().lower()
    if not _NAME.fullmatch(kept):
        raise ValueError(
            "a name has 1 to 100 letters (a to z), digits or . _ @ + - and starts with a letter "
            "or digit; for example anna or anna@brand.example"
        )
    return kept


async def add_operator(store: Store, name: str, role: Role, password_hash: str | None) -> None:
    """
    Add a person; *name* is one that `check_name` returned.

    Raises:
        NameTaken: There is one of that name, disabled or not.
    """
    values = {"name": name, "role": role, "password_hash": password_hash}
    try:
        async with store.write() as connection:
            await connection.execute(insert(Operator).values(**values, created_at=store.now()))
    except IntegrityError:
        raise NameTaken(name) from None


async def list_operators(store: Store) -> list[OperatorRecord]:
    """Return everybody, by name."""
    async with store.read() as connection:
        rows = await connection.execute(_SELECT.order_by(Operator.name))
        return [_record_of(row) for row in rows]


async def find_operator(store: Store, name: str) -> OperatorRecord | None:
    """Return the person of that name, None where there is none."""
    async with store.read() as connection:
        row = (await connection.execute(_SELECT.where(Operator.name == name))).first()
    return _record_of(row) if row is not None else None


async def change_operator(store: Store, name: str, **columns: Any) -> bool:
    """Write *columns* and end every session of the person; False where there is none."""
    return await _change(store, name, columns, ends_sessions=True)


async def unlock_operator(store: Store, name: str) -> bool:
    """Forget failed sign-ins; False where there is no such person."""
    columns = {"failure_count": 0, "locked_until_at": None}
    return await _change(store, name, columns, ends_sessions=False)


async def _change(store: Store, name: str, columns: dict[str, Any], *, ends_sessions: bool) -> bool:
    async with store.write() as connection:
        changed = update(Operator).where(Operator.name == name).values(**columns)
        row = (await connection.execute(changed.returning(Operator.id))).first()
        if row is not None and ends_sessions:
            await connection.execute(
                delete(OperatorSession).where(OperatorSession.operator_id == row.id)
            )
    return row is not None


_SELECT = select(
    Operator.id,
    Operator.name,
    Operator.role,
    Operator.password_hash,
    Operator.created_at,
    Operator.disabled_at,
    Operator.locked_until_at,
)


def _record_of(row: Any) -> OperatorRecord:
    return OperatorRecord(*row)
