"""
What exactly a person accepts an order in spite of, as it is kept with the decision.

A waiver is about what was seen: the same reason elsewhere, of more goods, by another sum or for
another day asks again (docs/rules/review.md).
"""

from collections.abc import Collection
from dataclasses import asdict
from typing import Any

from app.domain.policy import ASKED_TO_CANCEL, Action
from app.domain.record import OrderRecord, waived_of

BY_PERSON = "a person"
"""Whose word let a finding through, as the verdict tells it."""


def waived_before(order: OrderRecord) -> set[str]:
    """Return what an earlier decision lets through by the last verdict, to stay so."""
    return {
        entry["reason"]
        for entry in (order.verdict or {}).get("findings", ())
        if entry["action"] == Action.ACCEPT and entry.get("by") == BY_PERSON
    }


def findings_as_seen(order: OrderRecord, codes: Collection[str]) -> list[dict[str, Any]]:
    """Return the findings with these *codes* as the decision keeps them, each once."""
    stored = order.verdict or {}
    shown = [*order.attention_detail, *stored.get("findings", ())]
    needed = stored.get("needed", {})
    seen = dict.fromkeys(
        waived_of(entry["reason"], entry.get("field", ""), entry.get("detail", ""), needed)
        for entry in shown
        if entry["reason"] in codes
    )
    # The verdict keeps no words of the retailer: what was answered before is told by the decision.
    earlier = [
        entry
        for entry in (order.decision or {}).get("waived", ())
        if entry["reason"] == ASKED_TO_CANCEL and ASKED_TO_CANCEL in codes
    ]
    return [*earlier, *(asdict(one) for one in seen)]


def pieces_as_seen(order: OrderRecord) -> dict[str, int]:
    """Return what the warehouse had, by the last verdict, of each SKU that was short."""
    stored = order.verdict or {}
    facts = stored.get("facts", {})
    short = {
        entry["field"].removeprefix("SKU ")
        for entry in stored.get("findings", ())
        if entry["reason"] == "stock_short"
    }
    return {
        sku: facts[sku]["stock_pieces"]
        for sku in sorted(short)
        if facts.get(sku, {}).get("stock_pieces") is not None
    }
