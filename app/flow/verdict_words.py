"""The stored verdict in sentences, for `why` and `orders show`."""

from collections.abc import Mapping
from typing import Any

from app.domain.reasons import reason_of
from app.domain.record import OrderRecord

_KINDS = {
    "go": "go: the whole order can be sent",
    "partial": "partial: a part of the order can be sent",
    "hold": "hold: a person is asked",
    "reject": "reject",
}


def tell_verdict(order: OrderRecord) -> list[str]:
    """Return what the last review said and what it was made from; nothing before the first."""
    stored = order.verdict
    if not stored:
        return []
    kind = _KINDS.get(stored["kind"], stored["kind"])
    when = f" of {order.verdict_at:%Y-%m-%d %H:%M:%S} UTC" if order.verdict_at else ""
    lines = [f"Verdict{when}: {kind}{_told(stored)}."]
    for found in stored.get("findings", ()):
        detail = f": {found['detail']}" if found["detail"] else ""
        sentence = reason_of(found["reason"]).sentence
        lines.append(
            f"  - {sentence} [{found['field']}{detail}] → {found['action']}, says {found['by']}"
        )
    for line_id, packs in stored.get("pack_quantities", {}).items():
        lines.append(f"  - line {line_id}: {f'{packs} packs' if packs else 'left out'}")
    if answered := stored.get("answered"):
        lines.append(f"  - when it was answered: {answered['kind']}{_told(answered)}")
    needed = stored.get("needed", {})
    lines += [f"  - {_goods(sku, needed[sku], stored)}" for sku in needed]
    return lines


def _told(stored: Mapping[str, Any]) -> str:
    words = [stored.get("remark"), stored.get("reject_type")]
    if stored.get("value_share") is not None:
        words.append(f"{stored['value_share']:.0%} of its value")
    told = ", ".join(word for word in words if word)
    return f" ({told})" if told else ""


def _goods(sku: str, pieces: int, stored: Mapping[str, Any]) -> str:
    fact = stored.get("facts", {}).get(sku, {})
    has = fact.get("stock_pieces")
    if not fact.get("is_known"):
        return f"{sku}: {pieces} needed, not known at the warehouse"
    return f"{sku}: {pieces} needed, {'stock unknown' if has is None else f'{has} there'}"
