"""What the doctor found last, for everybody who asks how all is going."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.store.models_webhooks import DoctorReportRow
from app.store.session import Store
from app.store.statements import insert_into


@dataclass(frozen=True, slots=True)
class DoctorReport:
    """Findings as plain texts, the errors first."""

    examined_at: datetime
    findings: Sequence[Mapping[str, Any]]


async def load_report(store: Store) -> DoctorReport | None:
    """Return the last report; None before the first."""
    wanted = select(DoctorReportRow.examined_at, DoctorReportRow.findings)
    async with store.read() as connection:
        row = (await connection.execute(wanted)).first()
    return DoctorReport(*row) if row is not None else None


async def save_report(store: Store, findings: Sequence[Mapping[str, Any]]) -> None:
    """Keep a report in place of the one before."""
    values = {"examined_at": store.now(), "findings": [dict(one) for one in findings]}
    insert = insert_into(DoctorReportRow, is_postgres=store.is_postgres).values(id=1, **values)
    async with store.write() as connection:
        await connection.execute(insert.on_conflict_do_update(index_elements=["id"], set_=values))
