"""The statements about shipments, each built once."""

from functools import lru_cache
from typing import Any, cast

from sqlalchemy import Integer, Table, bindparam, delete, insert, select, union

from app.domain.lifecycle import State
from app.domain.shipment import ShipmentSource
from app.store.models import SOURCE, Order, Parcel, Shipment, WarehouseOrder
from app.store.statements import given, insert_into

_orders = cast(Table, Order.__table__)
_placings = cast(Table, WarehouseOrder.__table__)
_shipments = cast(Table, Shipment.__table__)
_parcels = cast(Table, Parcel.__table__)


def _any_of(name: str) -> Any:
    return bindparam(name, expanding=True)


_PLACED = select(
    _orders.c.id.label("order_id"),
    _orders.c.marketplace_order_id,
    _orders.c.state,
    _placings.c.external_order_number,
    _placings.c.warehouse_order_number,
    _placings.c.answer,
    _placings.c.replaced_at,
    _placings.c.lines,
).join(_placings, _placings.c.order_id == _orders.c.id)
# One select for each index: an OR over two tables would read both from end to end.
_MATCHING = union(
    select(_placings.c.id)
    .join(_orders, _orders.c.id == _placings.c.order_id)
    .where(_orders.c.source == SOURCE, _orders.c.marketplace_order_id.in_(_any_of("marks"))),
    select(_placings.c.id).where(_placings.c.external_order_number.in_(_any_of("numbers"))),
).subquery()
PLACED_BY_MARK = _PLACED.where(_placings.c.id.in_(select(_MATCHING.c.id)))
UNSHIPPED = (
    _PLACED.where(
        _orders.c.state == State.PLACED,
        _placings.c.replaced_at.is_(None),
        _orders.c.id > given(_orders, "id"),
    )
    .order_by(_orders.c.id)
    .limit(bindparam("limit", type_=Integer()))
)
SHIPMENTS_BY_ID = (
    select(_shipments)
    .where(_shipments.c.warehouse_shipment_id.in_(_any_of("ids")))
    .order_by(_shipments.c.id)
)
SHIPMENTS_OF_ORDER = (
    select(_shipments)
    .where(_shipments.c.order_id == given(_shipments, "order_id"))
    .order_by(_shipments.c.id)
)
ACKNOWLEDGEABLE = select(_shipments.c.warehouse_shipment_id, _shipments.c.stored_at).where(
    _shipments.c.warehouse_shipment_id.in_(_any_of("ids")),
    _shipments.c.disposition.in_(("ours", "replaced")),
    _shipments.c.source == ShipmentSource.FEED,
)
PARCELS = select(_parcels).where(_parcels.c.shipment_id.in_(_any_of("ids"))).order_by(_parcels.c.id)
DROP_PARCELS = delete(_parcels).where(_parcels.c.shipment_id == given(_parcels, "shipment_id"))
ADD_PARCELS = insert(_parcels)


@lru_cache
def build_save(is_postgres: bool, columns: frozenset[str]) -> Any:
    """Build the insert of a shipment, or the change of its *columns*."""
    statement = insert_into(_shipments, is_postgres=is_postgres)
    newest = {name: statement.excluded[name] for name in sorted(columns)}
    return statement.on_conflict_do_update(
        index_elements=["warehouse_shipment_id"], set_=newest
    ).returning(_shipments.c.id)
