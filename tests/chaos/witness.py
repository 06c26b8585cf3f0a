"""What can be seen of a run in the service's database, while it runs and afterwards."""

import asyncio
import time
from typing import Any

from sqlalchemy import create_engine, text

from app.simulator import SimulatedAnkorstore
from app.store.migrate import sync_url
from tests.chaos.scale import PATIENCE_SECONDS


class StoreWitness:
    """Looks into the service's database from outside."""

    def __init__(self, database_url: str, problems: list[str]) -> None:
        self.problems = problems
        self._engine = create_engine(sync_url(database_url), pool_pre_ping=True)

    def rows(self, statement: str, **values: Any) -> list[Any]:
        """Ask the store directly."""
        with self._engine.connect() as connection:
            return list(connection.execute(text(statement), values).mappings())

    def row_of(self, order_id: str) -> Any:
        """Return what the store has of an order, None where it has nothing."""
        rows = self.rows(
            "SELECT * FROM orders WHERE marketplace_order_id = :order_id", order_id=order_id
        )
        return rows[0] if rows else None

    async def wait_for_row(self, order_id: str, *states: str) -> Any:
        """Wait until the store shows an order in one of *states* and return its row."""
        ends = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < ends:
            row = await asyncio.to_thread(self.row_of, order_id)
            if row is not None and row["state"] in states:
                return row
            await asyncio.sleep(0.005)
        raise AssertionError(f"{order_id} never was {states}:\n{self.tell_stories()}")

    async def wait_for_new_event(self, ankorstore: SimulatedAnkorstore) -> None:
        """Wait until the store has an event that was not answered yet, or was this moment."""
        answered = {one.event_id for one in ankorstore.deliveries if one.is_delivered}
        ends = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < ends:
            rows = await asyncio.to_thread(self.rows, "SELECT event_id FROM events")
            if {row["event_id"] for row in rows} - answered:
                return
            await asyncio.sleep(0)
        raise AssertionError("no event came in")

    def holder_of(self, order_id: str) -> int:
        """Return the id of the process that holds the order's lease."""
        return int(self.row_of(order_id)["leased_by"].split("-")[-2])

    def tell_stories(self) -> str:
        """Return the history of every order that is not closed."""
        lines = []
        for row in self.rows("SELECT * FROM orders WHERE state != 'closed'"):
            lines.append(
                f"order {row['marketplace_reference']} {row['marketplace_order_id']}: "
                f"{row['state']}, attention {row['attention_reason']}, waits for "
                f"{row['waits_for']}, next {row['next_attempt_at']}, not before "
                f"{row['not_before_at']}, leased by {row['leased_by']} until {row['lease_until']}"
            )
            attempts = self.rows(
                "SELECT * FROM attempts WHERE order_id = :id ORDER BY id", id=row["id"]
            )
            lines += [f"    {a['happened_at']} {a['step']}: {a['message']}" for a in attempts]
        return "\n".join(lines)

    def close(self) -> None:
        """Look no longer."""
        self._engine.dispose()
