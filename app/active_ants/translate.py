"""
Turns a marketplace order into the warehouse's order form, without a call and without a guess.

This file puts the form together from its parts: `order_form.py` (head and addresses),
`order_lines.py` (goods and prices), `choices.py` (ids of the warehouse) and `order_checks.py` (what
stands in the way). Field by field it is told in docs/rules/order-form.md.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app.active_ants.choices import (
    explain_order_type,
    find_language,
    find_order_type,
    find_problems,
    find_shipping_method,
)
from app.active_ants.lists import WarehouseLists
from app.active_ants.order_checks import (
    check_address,
    check_currency,
    check_identity,
    check_phone,
    check_recipient,
    tidy_currency,
)
from app.active_ants.order_form import (
    ITEM_NAME_LIMIT,
    Contact,
    fill_billing,
    fill_contact,
    fill_delivery,
    find_long_fields,
    find_street_doubts,
)
from app.active_ants.order_lines import FormLines, fill_lines
from app.active_ants.order_parts import parts_of
from app.active_ants.rules import MappingRules
from app.domain.order import MarketplaceOrder
from app.errors import Finding, NotReady, Unmappable
from app.ports import PreparedOrder, total_pieces

__all__ = [
    "MappingRules",
    "external_number",
    "method_names",
    "order_type_id",
    "prepare",
    "readiness_problems",
]

PEER = "active_ants"

_PAYMENT_METHOD_ID = 1
"""The warehouse takes no payments any more and wants 1 in every order."""

_NEVER_READ = "The warehouse's settings were never read: check that Active Ants can be reached."


def prepare(
    order: MarketplaceOrder,
    external_order_number: str,
    content: Mapping[str, Any],
    rules: MappingRules,
) -> PreparedOrder:
    """
    Put *order* into the warehouse's form, under the number it was given for good.

    Raises:
        Unmappable: With every finding, not just the first.
        NotReady: A configured code is not among the warehouse's settings (*content*).
    """
    lists = WarehouseLists.of(content)
    _require_ready(lists, rules, "prepare order")
    contact = fill_contact(order, rules)
    lines = fill_lines(order.lines, rules)
    findings = (
        *check_identity(order, external_order_number),
        *lines.findings,
        *check_currency(order),
        *check_recipient(order, contact),
        *check_address(order, lists, rules),
    )
    remarks = tuple(check_phone(contact))
    if findings:
        findings = (*findings, *remarks)
        needed = total_pieces(lines.sent)
        raise Unmappable(PEER, "prepare order", _distinct(findings), needed)
    payload = {
        **_fill_references(order, external_order_number, rules),
        **_fill_choices(order, contact, lists, rules),
        **fill_delivery(order, rules),
        **fill_billing(order, rules),
        "orderItems": list(lines.items),
    }
    parts = parts_of(payload)
    return PreparedOrder(
        external_order_number=external_order_number,
        payload=payload,
        lines=lines.sent,
        parts=parts,
        hold_seconds=rules.hold_seconds,
        warnings=(
            *contact.warnings,
            *find_street_doubts(order, rules),
            *find_long_fields(payload),
            *_find_long_names(lines),
        ),
        remarks=remarks,
    )


def external_number(order: MarketplaceOrder, rules: MappingRules) -> str | None:
    """Return the number for a first placing: prefix and reference; None without a reference."""
    reference = (order.marketplace_reference or "").strip()
    return f"{rules.order_number_prefix}{reference}" if reference else None


def readiness_problems(content: Mapping[str, Any] | None, rules: MappingRules) -> tuple[str, ...]:
    """Say what keeps every order from being placed, each in a sentence with the cure."""
    if content is None:
        return (_NEVER_READ,)
    return tuple(find_problems(WarehouseLists.of(content), rules))


def order_type_id(content: Mapping[str, Any], rules: MappingRules) -> int:
    """
    Return the id of the order type that is ours.

    Raises:
        NotReady: It is not configured, or not among the warehouse's order types.
    """
    lists = WarehouseLists.of(content)
    entry = find_order_type(lists, rules)
    if entry is None:
        raise _not_ready("read order type", (explain_order_type(lists, rules),))
    return entry.id


def method_names(
    content: Mapping[str, Any],
    shipping_method_id: str | None,
    main_shipping_method_id: str | None,
) -> tuple[str, ...]:
    """Return the names and codes of a shipment's method, for telling the carrier from them."""
    return WarehouseLists.of(content).method_names(shipping_method_id, main_shipping_method_id)


def _fill_references(
    order: MarketplaceOrder, external_order_number: str, rules: MappingRules
) -> dict[str, Any]:
    """Fill what the order is found and recognised by; `extra1` proves that it is ours."""
    vat_number = "".join(((order.retailer and order.retailer.vat_number) or "").split())
    optional = {
        "extra2": (order.master_order_id or "").strip(),
        "extra3": rules.channel_name.strip(),
        "vatNumber": vat_number,
    }
    return {
        "externalOrderNumber": external_order_number,
        "clientReference": order.marketplace_order_id,
        "extra1": order.marketplace_order_id,
        **{name: text for name, text in optional.items() if text},
    }


def _fill_choices(
    order: MarketplaceOrder, contact: Contact, lists: WarehouseLists, rules: MappingRules
) -> dict[str, Any]:
    """Fill how the warehouse is to handle the order, and how the retailer is reached."""
    order_type = find_order_type(lists, rules)
    assert order_type is not None, "readiness was checked"
    choices: dict[str, Any] = {
        "partialDelivery": False,
        "onHold": rules.create_on_hold or rules.hold_seconds is not None,
        "email": contact.email,
        "phoneNumber": contact.phone,
        "currency": tidy_currency(order.currency),
        "paymentMethodId": _PAYMENT_METHOD_ID,
        "languageId": find_language(order, lists, rules).id,
        "orderTypeId": order_type.id,
    }
    shipping_method = find_shipping_method(order, lists, rules)
    if shipping_method is not None:
        choices["shippingMethodId"] = shipping_method.id
    if rules.warehouse_id is not None:
        choices["warehouseId"] = rules.warehouse_id
    return choices


def _require_ready(lists: WarehouseLists, rules: MappingRules, operation: str) -> None:
    problems = tuple(find_problems(lists, rules))
    if problems:
        raise _not_ready(operation, problems)


def _not_ready(operation: str, problems: tuple[str, ...]) -> NotReady:
    return NotReady(
        PEER,
        operation,
        detail=" ".join(problems),
        resolution=f"Correct the setting that is named: {' '.join(problems)}",
    )


def _distinct(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return each finding once; the same words about two lines are two findings."""
    return tuple({(finding, finding.line_id): finding for finding in findings}.values())


def _find_long_names(lines: FormLines) -> Iterator[str]:
    for item in lines.items:
        if len(item["name"]) > ITEM_NAME_LIMIT:
            length = len(item["name"])
            yield f"name of {item['sku']}: {length} characters, more than {ITEM_NAME_LIMIT}"
