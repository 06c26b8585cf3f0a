"""How steps and failures are called, in histories and logs: sentences without personal data."""

from urllib.parse import quote

from app.domain.lifecycle import State
from app.domain.pauses import name_of_pausable
from app.domain.record import OrderRecord
from app.domain.waits import CALL_OPENING, PEER_ENDING
from app.errors import (
    BridgeError,
    NotReady,
    NotYet,
    OutcomeUnknown,
    Paused,
    PeerAway,
    RateLimited,
    Transient,
    Unauthorized,
    Unmappable,
)

STEP_NAMES = {
    State.RECEIVED: "answer order",
    State.ACCEPTED: "place order",
    State.PLACED: "await shipments",
    State.DISPATCHED: "confirm shipment",
    State.SHIPPED: "close order",
    State.CLOSED: "follow up",
}
LOOK_AGAIN = "look again"
FOLLOW_ANSWER = "follow answer"
PEER_NAMES = {"ankorstore": "Ankorstore", "active_ants": "Active Ants"}


def describe_failure(failure: Exception) -> str:
    """Say what failed in a sentence that is safe to log."""
    if not isinstance(failure, BridgeError):
        return f"the step broke ({type(failure).__name__})"
    peer = PEER_NAMES.get(failure.peer, failure.peer)
    status = f" (HTTP {failure.status})" if failure.status is not None else ""
    call = str(failure.operation)
    match failure:
        case OutcomeUnknown():
            return f"the answer to {call!r} was lost{status}; looking before resending"
        case PeerAway():
            return f"{peer} is away; {call!r} waits until it answers again"
        case Paused():
            return f"{name_of_pausable(failure.stop)} is paused"
        case RateLimited():
            return f"{peer} asked for a pause before {call!r}"
        case Unauthorized():
            return f"{peer} refused the login for {call!r}{status}"
        case NotYet():
            return f"{call!r} at {peer} is under way for all orders"
        case NotReady():
            return f"not ready for {call!r}: {failure.resolution}"
        case Transient():
            return f"{peer} could not be asked to {call!r}{status}"
        case Unmappable():
            return "the order cannot be put into the warehouse's form"
        case _:
            return f"{peer} refused {call!r}{status}"


def waits_for_peer(peer: str) -> str:
    """Return what an order says it waits for while a company is away."""
    return f"{PEER_NAMES.get(peer, peer)}{PEER_ENDING}"


def waits_for(failure: PeerAway | NotYet) -> str:
    """Return what an order says it waits for after a call that was not made."""
    if isinstance(failure, PeerAway):
        return waits_for_peer(failure.peer)
    return f"{CALL_OPENING}{failure.operation!r} at {PEER_NAMES.get(failure.peer, failure.peer)}"


def where_in_maya(order: OrderRecord, maya_order_url: str) -> dict[str, str]:
    """Return the number of the live warehouse order, and where a person finds it in Maya."""
    live = order.live
    if live is None:
        return {}
    number = live.warehouse_order_number or live.warehouse_order_id
    if number is None:
        return {"warehouse_order": live.external_order_number}
    link = maya_order_url.replace("{orderNumber}", quote(number, safe=""))
    return {"warehouse_order": f"{live.external_order_number} ({number} there)", "link": link}


def step_of(order: OrderRecord) -> str:
    """Return the name of the step an order takes next."""
    is_look = order.attention_reason is not None and order.state is not State.CLOSED
    if not is_look and order.is_answer_owed:
        return FOLLOW_ANSWER
    return LOOK_AGAIN if is_look else STEP_NAMES[order.state]
