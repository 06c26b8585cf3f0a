"""What operators correct in one order before it goes to the warehouse."""

from dataclasses import replace
from typing import Any

from app.domain.corrections import Corrections, read_corrections
from app.domain.lifecycle import State
from app.domain.record import OrderRecord
from app.store.decisions import CLEARED, HELD_FOR_RELEASE, Impossible, signed, write_decision
from app.store.session import Store


async def correct_order_by_person(
    store: Store,
    order: OrderRecord,
    *,
    by: str,
    reason: str = "",
    corrections: Corrections,
    clears: bool = False,
    releases: bool = False,
) -> str:
    """
    Keep *corrections* on top of earlier ones, or instead of them where *clears*.

    The order waits for a person until it is released, whether it did before or not.

    Raises:
        Impossible: It is, or may be, at the warehouse, or it is closed.
    """
    _require_correctable(order)
    earlier = read_corrections(order.corrections)
    wanted = corrections if clears else corrections.over(earlier)
    if wanted.street is not None and wanted.made_for is None and order.verdict is not None:
        # The address the person was shown, whatever comes in before the first use.
        wanted = replace(wanted, made_for=order.verdict.get("address_mark"))
    if replace(wanted, is_unreleased=earlier.is_unreleased) == earlier and not releases:
        return "the order is corrected so already; nothing was changed"
    wanted = replace(wanted, is_unreleased=not releases)
    columns: dict[str, Any] = {"corrections": wanted.as_json() if wanted else None}
    if releases:
        await write_decision(
            store,
            order,
            {**columns, **CLEARED},
            step="correct",
            message=signed(f"{_tell(corrections, clears)}, and released", by, reason),
        )
        return "the corrections are kept; the order is reviewed with them now"
    earlier_findings = [one for one in order.attention_detail if one["reason"] != HELD_FOR_RELEASE]
    held = {"reason": HELD_FOR_RELEASE, "field": "order", "detail": ""}
    columns |= {
        "attention_reason": HELD_FOR_RELEASE,
        "attention_since": order.attention_since or store.now(),
        "attention_detail": [held, *earlier_findings],
        "hold_until_at": None,  # the policy's clock says nothing about a person's correction
        "waits_for": "a person",
    }
    message = signed(_tell(corrections, clears), by, reason)
    await write_decision(store, order, columns, step="correct", message=message)
    return (
        "the corrections are kept and nothing is sent yet: "
        "look at it with `antbridge orders preview`, then retry the order to release it"
    )


def _require_correctable(order: OrderRecord) -> None:
    if order.state not in tuple(State):
        raise Impossible(f"a newer version of the service has the order in state {order.state}")
    if order.state is State.CLOSED:
        raise Impossible(f"the order is closed ({order.outcome}); nothing of it is sent any more")
    if order.may_be_at_warehouse or order.state not in (State.RECEIVED, State.ACCEPTED):
        raise Impossible(
            "the warehouse has the order, or may have it, and knows it as it was sent; "
            "have it changed in Maya instead"
        )


def _tell(corrections: Corrections, clears: bool) -> str:
    """Say what was corrected without saying how: the history is logged, people are not."""
    told = ["corrections taken back"] if clears else []
    told += ["address corrected"] if corrections.street else []
    told += ["phone corrected"] if corrections.phone else []
    told += [f"SKU {sku} corrected: {entry}" for sku, entry in sorted(corrections.entries.items())]
    return "; ".join(told) or "nothing corrected"
