"""What carriers report of parcels under way, kept as it came."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime

from app.domain.returns import CarrierStatus
from app.store.models_returns import CarrierReport
from app.store.session import Store
from app.store.statements import insert_into


async def keep_carrier_reports(store: Store, statuses: Sequence[CarrierStatus]) -> int:
    """Keep what carriers report, the newest of each parcel; return how many rows were given."""
    now: datetime = store.now()
    async with store.write() as connection:
        for status in statuses:
            values = {one.name: getattr(status, one.name) for one in fields(CarrierStatus)}
            statement = insert_into(CarrierReport, is_postgres=store.is_postgres).values(
                **values, read_at=now
            )
            newest = {name: statement.excluded[name] for name in (*values, "read_at")}
            await connection.execute(
                statement.on_conflict_do_update(
                    index_elements=["warehouse_shipment_id", "package_number"], set_=newest
                )
            )
    return len(statuses)
