"""
What companies sent that their documentation does not name: a row for each name at each place.

The rows are bounded: a place holds so many names, whatever goes beyond is counted as one.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, func, select

from app.sentinel import Kind, Seen, load_form
from app.sentinel.sightings import MAX_NAMES_PER_PLACE, OTHER
from app.store.models_contract import ContractSighting
from app.store.session import Store
from app.store.statements import insert_into

_TABLE = ContractSighting.__table__
_KEY = ("company", "kind", "place", "name")


async def save_sightings(store: Store, seen: Sequence[Seen]) -> None:
    """Add what was seen to what is known of it, all in one transaction."""
    if not seen:
        return
    insert = insert_into(_TABLE, is_postgres=store.is_postgres)
    statement = insert.on_conflict_do_update(
        index_elements=_KEY,
        set_={
            "seen_count": _TABLE.c.seen_count + insert.excluded.seen_count,
            "last_seen_at": insert.excluded.last_seen_at,
        },
    )
    async with store.write() as connection:
        places = _TABLE.c.company, _TABLE.c.kind, _TABLE.c.place
        held = await connection.execute(select(*places, _TABLE.c.name))
        names = {tuple(row) for row in held}
        full = Counter(key[:3] for key in names)
        # In one order in every process, so that two cannot wait for each other.
        for row in sorted((_row(one) for one in seen), key=lambda row: [row[k] for k in _KEY]):
            key = tuple(row[name] for name in _KEY)
            if key not in names and full[key[:3]] >= MAX_NAMES_PER_PLACE:
                row["name"] = OTHER
            elif key not in names:
                names.add(key)
                full[key[:3]] += 1
            await connection.execute(statement, row)


def _row(one: Seen) -> dict[str, Any]:
    return {
        "company": one.company,
        "kind": str(one.kind),
        "place": one.place,
        "name": one.name,
        "first_seen_at": one.first_seen_at,
        "last_seen_at": one.last_seen_at,
        "seen_count": one.count,
        "example": one.example,
    }


async def load_sightings(store: Store) -> list[Seen]:
    """Return what this version still does not know, the newest first."""
    columns = [_TABLE.c[name] for name in (*_KEY, "first_seen_at", "last_seen_at", "seen_count")]
    statement = (
        select(*columns, _TABLE.c.example)
        .where(_TABLE.c.kind.in_([str(kind) for kind in Kind]))
        .order_by(_TABLE.c.first_seen_at.desc(), *(_TABLE.c[name] for name in _KEY))
    )
    async with store.read() as connection:
        rows = (await connection.execute(statement)).all()
    seen = [
        Seen(
            company=row.company,
            kind=Kind(row.kind),
            place=row.place,
            name=row.name,
            first_seen_at=row.first_seen_at,
            last_seen_at=row.last_seen_at,
            count=row.seen_count,
            example=row.example,
        )
        for row in rows
    ]
    return [one for one in seen if not _is_known(one)]


async def forget_sightings(store: Store) -> int:
    """Forget all that was seen; what is still sent comes again. Return how many rows went."""
    async with store.write() as connection:
        count = await connection.scalar(select(func.count()).select_from(_TABLE))
        await connection.execute(delete(ContractSighting))
    return int(count or 0)


def _is_known(one: Seen) -> bool:
    return load_form(one.company).knows(one.kind, one.place, one.name)
