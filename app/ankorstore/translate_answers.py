"""The bodies of the answers to an order that say less than yes: accept in part, reject. Pure."""

from collections.abc import Mapping

from app.ankorstore import wire


def partial_accept_body(pack_quantities: Mapping[str, int]) -> wire.TransitionBody:
    """Return the accept that keeps so many packs of the lines named, and the others whole."""
    lines: list[wire.KeptLine] = [
        {"id": line_id, "type": "order-items", "attributes": {"quantity": packs}}
        for line_id, packs in pack_quantities.items()
    ]
    return {"data": {"type": "brand-validates", "attributes": {"orderItems": lines}}}


def reject_body(reject_type: str, reason: str | None) -> wire.TransitionBody:
    """Return the reject of this type, with the reason in words where there is one."""
    attributes: wire.RejectAttributes = {"rejectType": reject_type}
    if reason:
        attributes["rejectReason"] = reason
    return {"data": {"type": "brand-rejects", "attributes": attributes}}
