"""Returns in the store: which are open, what was announced, and the labels."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, select, update

from app.domain.returns import LABEL_REFUSED, OpenedBy, ReturnCase, ReturnLabel, ReturnState
from app.store.models import Order, Shipment, WarehouseOrder
from app.store.models_returns import Return
from app.store.orders import wake_orders
from app.store.session import Store
from app.store.statements import insert_into

_COLUMNS = {one.name for one in fields(ReturnCase)} - {
    "return_id",
    "state",
    "items",
    "external_order_number",
    "has_label",
}


def _cases() -> Select[Any]:
    """
    Select returns with the number their goods were sent under, without labels.

    Goods of a replaced warehouse order left under its number, not under that of the live one.
    """
    columns = [column for column in Return.__table__.columns if column.name != "label_data"]
    return (
        select(
            *columns,
            Return.label_data.is_not(None).label("has_label"),
            func.coalesce(
                Shipment.external_order_number, WarehouseOrder.external_order_number
            ).label("external_order_number"),
        )
        .outerjoin(Shipment, Shipment.warehouse_shipment_id == Return.warehouse_shipment_id)
        .outerjoin(
            WarehouseOrder,
            (WarehouseOrder.order_id == Return.order_id) & WarehouseOrder.replaced_at.is_(None),
        )
        .order_by(Return.id)
    )


def _case_of(row: Any) -> ReturnCase:
    return ReturnCase(
        return_id=row.id,
        state=ReturnState(row.state),
        items=tuple(row.items or ()),
        external_order_number=row.external_order_number,
        has_label=bool(row.has_label),
        **{name: getattr(row, name) for name in _COLUMNS},
    )


async def load_returns(store: Store, order_id: int) -> list[ReturnCase]:
    """Return an order's returns, oldest first."""
    async with store.read() as connection:
        rows = await connection.execute(_cases().where(Return.order_id == order_id))
        return [_case_of(row) for row in rows]


async def list_unfinished(store: Store, *, limit: int, after_id: int = 0) -> list[ReturnCase]:
    """Return the returns that are not closed, oldest first, from one id on."""
    statement = _cases().where(Return.closed_at.is_(None), Return.id > after_id).limit(limit)
    async with store.read() as connection:
        return [_case_of(row) for row in await connection.execute(statement)]


async def list_with_orders(
    store: Store, *, limit: int, with_closed: bool
) -> list[tuple[ReturnCase, str]]:
    """Return the newest returns, each with its order's reference or id."""
    statement = (
        _cases()
        .add_columns(Order.marketplace_reference, Order.marketplace_order_id)
        .join(Order, Order.id == Return.order_id)
        .order_by(None)
        .order_by(Return.id.desc())
        .limit(limit)
    )
    if not with_closed:
        statement = statement.where(Return.closed_at.is_(None))
    async with store.read() as connection:
        return [
            (_case_of(row), row.marketplace_reference or row.marketplace_order_id)
            for row in await connection.execute(statement)
        ]


async def open_returns(
    store: Store,
    order_id: int,
    warehouse_shipment_ids: Iterable[str],
    *,
    opened_by: OpenedBy,
    remark: str | None = None,
    is_to_be_announced: bool = False,
) -> int:
    """Open a return of each shipment that has none; return how many are new."""
    now = store.now()
    values = [
        {
            "order_id": order_id,
            "warehouse_shipment_id": shipment_id,
            "state": ReturnState.OPEN,
            "opened_by": opened_by,
            "opened_at": now,
            "remark": remark,
            "announce_asked_at": now if is_to_be_announced else None,
        }
        for shipment_id in warehouse_shipment_ids
    ]
    if not values:
        return 0
    statement = (
        insert_into(Return, is_postgres=store.is_postgres)
        .on_conflict_do_nothing(index_elements=["order_id", "warehouse_shipment_id"])
        .returning(Return.id)
    )
    async with store.write() as connection:
        return len((await connection.execute(statement, values)).all())


async def change_return(
    store: Store, case: ReturnCase, values: Mapping[str, Any], *, wakes: bool = False
) -> bool:
    """
    Change a return that still stands as *case* shows it; tell whether it did.

    What may only happen once is guarded by what it starts from: state, intent and problem.
    """
    statement = (
        update(Return)
        .where(
            Return.id == case.return_id,
            Return.state == case.state,
            _same(Return.announce_intent_at, case.announce_intent_at),
            _same(Return.problem, case.problem),
        )
        .values(**values)
        .returning(Return.id)
    )
    async with store.write() as connection:
        is_changed = (await connection.execute(statement)).first() is not None
        if is_changed and wakes:
            await wake_orders(store, connection, [case.order_id])
    return is_changed


def _same(column: Any, value: Any) -> Any:
    return column.is_(None) if value is None else column == value


async def keep_label(store: Store, case: ReturnCase, label: ReturnLabel) -> None:
    """Keep a label until the case is closed; a refusal of one asks nobody any more."""
    is_new_state = case.state in (ReturnState.OPEN, ReturnState.ANNOUNCED)
    values: dict[str, Any] = {
        "labelled_at": store.now(),
        "label_mime_type": label.mime_type,
        "label_file_name": label.file_name,
        "label_package_number": label.package_number,
        "label_data": label.data,
    }
    if is_new_state and case.announced_at is not None:
        values["state"] = ReturnState.LABELLED
    was_refused = case.problem_code == LABEL_REFUSED
    if was_refused:
        values["problem"] = None
    async with store.write() as connection:
        await connection.execute(
            update(Return)
            .where(Return.id == case.return_id, Return.closed_at.is_(None))
            .values(**values)
        )
        if was_refused:
            await wake_orders(store, connection, [case.order_id])


async def load_label(store: Store, return_id: int) -> tuple[str, str, bytes] | None:
    """Return type, file name and content of a label, None where there is none."""
    statement = select(Return.label_mime_type, Return.label_file_name, Return.label_data).where(
        Return.id == return_id, Return.label_data.is_not(None)
    )
    async with store.read() as connection:
        row = (await connection.execute(statement)).first()
    if row is None or row[2] is None:
        return None
    return row[0] or "application/octet-stream", row[1] or "label", row[2]


async def wake_unasked(store: Store, cases: Sequence[ReturnCase]) -> int:
    """Wake the orders of *cases* that ask nobody for a person yet; return how many."""
    order_ids = sorted({case.order_id for case in cases})
    if not order_ids:
        return 0
    async with store.write() as connection:
        rows = await connection.execute(
            select(Order.id).where(Order.id.in_(order_ids), Order.attention_reason.is_(None))
        )
        unasked = list(rows.scalars())
        await wake_orders(store, connection, unasked)
    return len(unasked)


def sent_before(store: Store, seconds: float) -> datetime:
    """Return until when a call that starts now may be sent."""
    return store.now() + timedelta(seconds=seconds)
