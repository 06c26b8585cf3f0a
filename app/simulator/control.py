"""
The control endpoints both companies share, under ``/_simulator/``.

They are no part of either API: no token, no faults, not recorded.
"""

from collections import Counter
from typing import TYPE_CHECKING, Any

from app.clock import MovedClock
from app.simulator.exchange import JSON, Answer, Ask, dump_json
from app.simulator.faults import Fault
from app.simulator.routes import Routes

if TYPE_CHECKING:
    from app.simulator.company import Company


def json_answer(document: object, status: int = 200) -> Answer:
    """Return a plain JSON answer."""
    return Answer(status, dump_json(document), JSON)


def read_json_object(ask: Ask) -> dict[str, Any]:
    """Return the body as an object, an empty one if there is no body."""
    document = ask.json() or {}
    if not isinstance(document, dict):
        raise TypeError("the body must be a JSON object")
    return document


def add_shared_routes(company: "Company", routes: Routes) -> None:
    """Put the clock, the faults and the calls of *company* on the table."""

    def read_clock(ask: Ask) -> Answer:
        now = company.clock.now().isoformat()
        ahead = company.clock.ahead_seconds if isinstance(company.clock, MovedClock) else 0.0
        monotonic = company.clock.monotonic()
        return json_answer({"now": now, "monotonic": monotonic, "ahead_seconds": ahead})

    def plan_fault(ask: Ask) -> Answer:
        wanted = read_json_object(ask)
        if wanted.pop("stop", False):
            company.faults.stop()
            return json_answer({"plans": 0})
        pattern, fault = wanted.pop("pattern"), Fault(wanted.pop("fault"))
        if "probability" in wanted:
            company.faults.sometimes(pattern, fault, **wanted)
        else:
            company.faults.once(pattern, fault, **wanted)
        return json_answer({"plans": len(company.faults.plans)}, 201)

    def list_calls(ask: Ask) -> Answer:
        rows = [
            {
                "method": call.method,
                "path": call.path,
                "status": call.status,
                "at": call.at.isoformat(),
                "fault": call.fault,
            }
            for call in company.calls
        ]
        counts = Counter(f"{row['method']} {row['path']}" for row in rows)
        return json_answer({"calls": rows, "counts": counts})

    routes.add("GET", "/_simulator/clock", read_clock)
    routes.add("POST", "/_simulator/faults", plan_fault)
    routes.add("GET", "/_simulator/calls", list_calls)
