"""
The warehouse's ids that an order needs: order type, language, shipping method.

They are configured by code and looked up in the warehouse's own lists. What cannot be resolved
is a problem of the set-up and never one of an order: nothing is judged until it is corrected.
"""

from collections.abc import Iterator

from app.active_ants.lists import Entry, WarehouseLists, find_entry, name_codes
from app.active_ants.rules import MappingRules
from app.domain.order import MarketplaceOrder
from app.domain.places import preferred_languages, tidy_country, tidy_postal_code


def find_order_type(lists: WarehouseLists, rules: MappingRules) -> Entry | None:
    """Return the configured order type; unset, the only one there is."""
    if rules.order_type:
        return find_entry(lists.order_types, rules.order_type)
    return lists.order_types[0] if len(lists.order_types) == 1 else None


def find_language(order: MarketplaceOrder, lists: WarehouseLists, rules: MappingRules) -> Entry:
    """Return the best language offered; the first of the list is better than no order."""
    country = tidy_country(order.ship_to.country_code)
    postal_code = tidy_postal_code(order.ship_to.postal_code, country)
    wanted = preferred_languages(country, postal_code, rules.brussels_language)
    by_code = {entry.code.upper(): entry for entry in lists.languages}
    for code in wanted:
        if code in by_code:
            return by_code[code]
    configured = find_entry(lists.languages, rules.language) if rules.language else None
    return configured or lists.languages[0]


def find_shipping_method(
    order: MarketplaceOrder, lists: WarehouseLists, rules: MappingRules
) -> Entry | None:
    """Return the configured method of the country, None for the warehouse's own choice."""
    code_or_id = rules.shipping_method_for(tidy_country(order.ship_to.country_code))
    return find_entry(lists.shipping_methods, code_or_id) if code_or_id else None


def find_problems(lists: WarehouseLists, rules: MappingRules) -> Iterator[str]:
    """Say what keeps every order from being placed, each in a sentence with what is offered."""
    if find_order_type(lists, rules) is None:
        yield explain_order_type(lists, rules)
    if not lists.languages:
        yield "The warehouse's settings hold no language: ask Active Ants to add one."
    elif rules.language and find_entry(lists.languages, rules.language) is None:
        yield _unknown("ACTIVE_ANTS_LANGUAGE", rules.language, name_codes(lists.languages))
    if not lists.countries:
        yield "The warehouse's settings hold no country: ask Active Ants to add those it ships to."
    methods = {"ACTIVE_ANTS_SHIPPING_METHOD": rules.shipping_method} | {
        f"SHIPPING_METHOD_BY_COUNTRY, entry {country}": method
        for country, method in rules.shipping_method_by_country.items()
    }
    for setting, method in methods.items():
        if method and find_entry(lists.shipping_methods, method) is None:
            yield _unknown(setting, method, name_codes(lists.shipping_methods))


def explain_order_type(lists: WarehouseLists, rules: MappingRules) -> str:
    """Say why no order type could be found, and which there are."""
    codes = name_codes(lists.order_types)
    if rules.order_type:
        return _unknown("ACTIVE_ANTS_ORDER_TYPE", rules.order_type, codes)
    return f"ACTIVE_ANTS_ORDER_TYPE: is not set; the warehouse offers: {codes}."


def _unknown(setting: str, value: str, codes: str) -> str:
    return f"{setting}: the warehouse does not know {value!r}; it offers: {codes}."
