"""
What becomes of one address: the split, what would be sent, what would hold the order, and why.

The answers come from the code that carries orders; nothing here decides anything about an address.
No database and no settings are needed: choices of the operator count as their defaults.
"""

from dataclasses import dataclass, field
from typing import Any

from app.active_ants.lists import WarehouseLists
from app.active_ants.order_checks import check_address
from app.active_ants.order_form import fill_delivery, find_long_fields, find_street_doubts
from app.active_ants.rules import MappingRules
from app.domain.address import StreetParts, split_street
from app.domain.order import MarketplaceOrder, PostalAddress
from app.domain.places import tidy_country
from app.errors import Finding
from app.flow.review_contact import review_contact

_NOT_ASKED = frozenset({"postal_code_missing", "city_missing"})
"""Findings about what was not given: they say nothing about the line."""


@dataclass(frozen=True, slots=True)
class AddressReport:
    """What the service makes of one address."""

    country: str
    parts: StreetParts
    sent: dict[str, Any] = field(repr=False)
    """The warehouse's fields of the delivery address, as far as the address gives them."""
    holds: tuple[Finding, ...]
    warnings: tuple[str, ...]


def study_address(
    line: str, country_code: str, postal_code: str | None = None, city: str | None = None
) -> AddressReport:
    """Split *line* and say what would be sent for it, what would hold it, what would be noted."""
    country = tidy_country(country_code)
    order = _order_to(PostalAddress(None, None, line, postal_code, city, country))
    rules = MappingRules()
    lists = WarehouseLists({"countries": [{"id": 1, "name": country, "code": country}]})
    holds = tuple(
        finding
        for finding in check_address(order, lists, rules)
        if finding.reason not in _NOT_ASKED
    )
    sent = fill_delivery(order, rules)
    warnings = (
        *review_contact(order).warnings,
        *find_street_doubts(order, rules),
        *find_long_fields(sent),
    )
    return AddressReport(country, split_street(line, country), sent, holds, warnings)


def _order_to(ship_to: PostalAddress) -> MarketplaceOrder:
    """Return an order of which nothing but its address is known."""
    nobody = PostalAddress()
    return MarketplaceOrder(
        marketplace_order_id="",
        marketplace_reference=None,
        master_order_id=None,
        status="",
        shipping_method=None,
        available_shipping_methods=(),
        currency=None,
        ship_to=ship_to,
        billing=nobody,
        retailer=None,
        lines=(),
        submitted_at=None,
        updated_at=None,
        ship_from_at=None,
        ship_by_at=None,
    )
