"""The several ways the warehouse may say that nothing was found."""

from app.simulator.active_ants.envelopes import NotOk, envelope, ok
from app.simulator.active_ants.habits import WarehouseHabits
from app.simulator.exchange import Answer


def answer_not_found(habits: WarehouseHabits, text: str) -> Answer:
    """Return "not found" in the warehouse's habit."""
    match habits.not_found:
        case "null":
            return ok(text, None)
        case "empty":
            return ok(text, [])
        case "404":
            return envelope(404, "NOK", text)
        case _:
            raise NotOk(text)
