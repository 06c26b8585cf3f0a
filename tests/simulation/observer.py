"""What is seen of a run from outside, and whether all has come to rest."""

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from app.simulator.company import Company
from app.simulator.exchange import Answer, Ask
from app.worker import Worker
from tests.simulation.process import Process

if TYPE_CHECKING:
    from tests.simulation.world import World

CANCELLED = ("cancelled", "rejected")


class Observer:
    """Watches the wire and the store; the checks ask it at the end."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self.workers: dict[str, Worker] = {}
        self.last_look: dict[tuple[str, str], str] = {}
        self.problems: list[str] = []

    def on_sent(self, process: Process, company: Company, ask: Ask) -> None:
        """Look at a request as it leaves a process."""
        if company is self._world.active_ants and ask.matches("POST */order/add"):
            payload = json.loads(ask.body)
            order_id = payload.get("extra1", "")
            shown = self.last_look.get((process.name, order_id))
            if shown in CANCELLED:
                self.problems.append(f"order {order_id} placed after it was seen {shown}")

    def on_answer(self, process: Process, company: Company, ask: Ask, answer: Answer | None) -> None:
        """Look at an answer as a process gets it."""
        if company is not self._world.ankorstore or answer is None or answer.status != 200:
            return
        is_read = ask.matches("GET */api/v1/orders/*") or ask.matches("POST */transition")
        if not is_read:
            return
        try:
            document: Any = json.loads(answer.body)
            data = document["data"]
            self.last_look[(process.name, data["id"])] = data["attributes"]["status"]
        except (ValueError, KeyError, TypeError):
            return

    def rows(self, statement: str) -> list[Any]:
        """Ask the store directly."""
        with self._world.engine.connect() as connection:
            return list(connection.execute(text(statement)).mappings())

    def is_at_rest(self) -> bool:
        """Tell whether every order is closed or asks a person, and nothing is under way."""
        if len(self._world.orders) < len(self._world.plan.orders):
            return False
        rows = self.rows("SELECT * FROM orders")
        if len(rows) < len(self._world.orders):
            return False
        return all(
            (row["state"] == "closed" or row["attention_reason"] is not None)
            and row["next_attempt_at"] is None
            for row in rows
        ) and not self.rows("SELECT 1 FROM events WHERE processed_at IS NULL")
