"""
What stands in the way of a warehouse order, apart from its lines (docs/rules/places.md).

Every check is made, so that a person corrects an order once and not finding by finding. A wrong
value is never corrected by guessing.
"""

from collections.abc import Iterator

from app.active_ants.lists import WarehouseLists
from app.active_ants.order_form import Contact
from app.active_ants.order_lines import has_cents
from app.active_ants.rules import MappingRules
from app.domain.address import is_post_box, split_street, tidy_line
from app.domain.names import recipient_name
from app.domain.order import MarketplaceOrder
from app.domain.places import (
    HOUSE_NUMBER_COUNTRIES,
    has_postal_code_form,
    is_special_territory,
    tidy_country,
    tidy_postal_code,
)
from app.errors import Finding

SHORTEST_ORDER_NUMBER = 3


def check_identity(order: MarketplaceOrder, external_order_number: str) -> Iterator[Finding]:
    """Check what the order is told apart by."""
    if not order.marketplace_order_id.strip():
        yield Finding("order_unreadable", "id", "")
    if not external_order_number.strip():
        yield Finding("reference_missing", "reference", "")
    elif len(external_order_number) < SHORTEST_ORDER_NUMBER:
        yield Finding("order_number_too_short", "ORDER_NUMBER_PREFIX", external_order_number)


def check_currency(order: MarketplaceOrder) -> Iterator[Finding]:
    """Check that every price can be told in one currency with cents."""
    currency = tidy_currency(order.currency)
    if not has_cents(currency):
        yield Finding("currency_unsupported", "brandCurrency", currency)
    others = {tidy_currency(line.currency) for line in order.lines} - {"", currency}
    if currency and others:
        yield Finding("currency_unsupported", "line currency", ", ".join(sorted(others)))


def check_recipient(order: MarketplaceOrder, contact: Contact) -> Iterator[Finding]:
    """Check that somebody is named and can be written to."""
    if not recipient_name(order.ship_to, order.retailer).last:
        yield Finding("recipient_missing", "shipToAddress.name", "")
    if not contact.email:
        yield Finding("email_missing", "retailer.email", "")


def check_phone(contact: Contact) -> Iterator[Finding]:
    """Remark that nobody can be called; the warehouse takes such an order all the same."""
    if not contact.phone:
        yield Finding("phone_missing", "retailer.phoneNumberE164", "")


def check_address(
    order: MarketplaceOrder, lists: WarehouseLists, rules: MappingRules
) -> Iterator[Finding]:
    """Check that the delivery address is whole and can be served."""
    country = tidy_country(order.ship_to.country_code)
    yield from _check_street(order, country, rules)
    if not (order.ship_to.city or "").strip():
        yield Finding("city_missing", "shipToAddress.city", "")
    if country:
        yield from _check_country(country, lists, rules)
    else:
        yield Finding("country_missing", "shipToAddress.countryCode", "")
    yield from _check_postal_code(order, country, rules)


def tidy_currency(currency: str | None) -> str:
    """Return the currency's code in upper case, empty where there is none."""
    return (currency or "").strip().upper()


def _check_street(order: MarketplaceOrder, country: str, rules: MappingRules) -> Iterator[Finding]:
    where = "shipToAddress.street"
    line = tidy_line(order.ship_to.street or "")
    parts = order.ship_to.street_parts or split_street(line, country)
    if not line:
        yield Finding("street_missing", where, "")
    elif is_post_box(line, country):
        yield Finding("post_box", where, line)
    elif country in HOUSE_NUMBER_COUNTRIES:
        if parts.house_number is None:
            # Also where the line is sent unsplit: the warehouse looks for the number in it.
            yield Finding("house_number_missing", where, line)
        elif parts.is_unsure and rules.splits_streets_of(country):
            yield Finding("address_unsure", where, f"{line} ({', '.join(parts.doubts)})")


def _check_country(country: str, lists: WarehouseLists, rules: MappingRules) -> Iterator[Finding]:
    where = "shipToAddress.countryCode"
    if not lists.serves_country(country):
        yield Finding("country_not_served", where, f"{country}: not a country of the warehouse")
    elif not rules.allows_country(country):
        yield Finding("country_not_served", where, f"{country}: not in ALLOWED_COUNTRIES")


def _check_postal_code(
    order: MarketplaceOrder, country: str, rules: MappingRules
) -> Iterator[Finding]:
    where = "shipToAddress.postalCode"
    postal_code = tidy_postal_code(order.ship_to.postal_code, country)
    if not postal_code:
        yield Finding("postal_code_missing", where, "")
    elif not has_postal_code_form(postal_code, country):
        yield Finding("postal_code_invalid", where, postal_code)
    # Naming Great Britain in ALLOWED_COUNTRIES takes its papers on; a country that is allowed
    # says nothing about its outlying islands.
    papers_are_settled = country == "GB" and rules.lists_country("GB")
    if is_special_territory(postal_code, country) and not papers_are_settled:
        yield Finding("special_territory", where, f"{country} {postal_code}".strip())
