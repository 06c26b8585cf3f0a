"""
People who answer the tasks of a run once it has come to rest: in Maya, and then in the store.

They draw from random numbers of their own, so that a seed's run up to then is what it was without
them. They mostly tell the truth; that something was cancelled which was sent is said, too.
"""

from random import Random
from typing import TYPE_CHECKING

from app.domain.lifecycle import Outcome
from app.domain.record import OrderRecord
from app.domain.tasks import Answer, answers_to
from app.simulator.active_ants.back_office import ImpossibleInMaya
from app.store.decisions import Impossible
from app.store.decisions_tasks import close_order, resend_order, settle_task
from app.store.queries import OrderFilter, list_orders
from tests.simulation.process import Process, ProcessStore

if TYPE_CHECKING:
    from tests.simulation.world import World

MAX_ANSWERS = 4
"""An order whose task comes up again for so long is left with it."""
LIE_CHANCE = 0.1


class AnsweringDesk:
    """Answers what the orders of a run ask about goods at the warehouse."""

    def __init__(self, world: "World", store: ProcessStore) -> None:
        self._world = world
        self._store = store
        self._random = Random(world.plan.seed + 10**9)
        self._answered: dict[int, int] = {}

    async def answer_all(self) -> int:
        """Answer every task there is; return how many answers were recorded."""
        page, _ = await list_orders(self._store, OrderFilter(attention="any", limit=200))
        count = 0
        for order in sorted(page, key=lambda one: one.order_id):
            if self._answered.get(order.order_id, 0) >= MAX_ANSWERS:
                continue
            self._answered[order.order_id] = self._answered.get(order.order_id, 0) + 1
            try:
                count += await self._answer(order)
            except Impossible as refusal:
                self._world.observer.problems.append(f"{order.attention_reason}: {refusal}")
        return count

    async def _answer(self, order: OrderRecord) -> bool:
        if order.attention_reason == "warehouse_order_cancelled":
            resends = self._random.random() < 0.6
            await (
                resend_order(self._store, order, by="people")
                if resends
                else close_order(self._store, order, outcome=Outcome.CANCELLED, by="people")
            )
            self._note(order, "resend" if resends else "close")
            return True
        answers = answers_to(order.attention_reason)
        if not answers:
            return False
        answer = self._act(order, self._random.choice(answers))
        if order.attention_reason == "number_taken":
            answer = Answer.KEPT if self._is_there(order) else Answer.CANCELLED
        if answer not in answers:
            return False
        await settle_task(self._store, order, answer=answer, by="people")
        self._note(order, answer)
        return True

    def _is_there(self, order: OrderRecord) -> bool:
        """Tell whether the order that has the number is this very order."""
        mark = order.marketplace_order_id
        placed = self._world.active_ants.orders.values()
        return any(one.extras.get("extra1") == mark for one in placed)

    def _act(self, order: OrderRecord, answer: Answer) -> Answer:
        """Do in Maya what will be recorded; where that is too late, record that it was sent."""
        live = order.live
        if live is None or answer not in (Answer.CANCELLED, Answer.CHANGED):
            return answer
        if self._random.random() < LIE_CHANCE or order.attention_reason == "number_taken":
            return answer
        company = self._world.active_ants
        try:
            for placed in company.orders_numbered(live.external_order_number):
                if answer is Answer.CANCELLED:
                    company.cancel_in_maya(placed)
                else:
                    company.change_in_maya(placed, {"deliveryAddressStreet": "Neude"})
        except ImpossibleInMaya:
            return Answer.SHIPPED
        return answer

    def _note(self, order: OrderRecord, what: str) -> None:
        self._world.strike(f"people {what}")
        self._world.note(f"people answer {order.marketplace_reference}: {what}")


def open_desk(world: "World") -> AnsweringDesk:
    """Return a desk at which people answer, on a process that nothing happens to."""
    process = Process("desk", lambda process, name: None)
    store = ProcessStore(world.database, world.clock, process, lambda process: "ok", lambda: False)
    return AnsweringDesk(world, store)
