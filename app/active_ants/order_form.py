"""
The head of a warehouse order: who and where to, contact, billing (docs/rules/order-form.md).

Field names are the warehouse's own, with its one odd spelling, `DeliveryAddressCityName`. A text
that is not there is left out: null is never sent.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from app.active_ants.rules import MappingRules
from app.domain.address import StreetParts, split_street, tidy_line
from app.domain.names import PersonName, organisation_of, recipient_name, split_name, tidy
from app.domain.order import MarketplaceOrder, PostalAddress
from app.domain.places import HOUSE_NUMBER_COUNTRIES, tidy_country, tidy_postal_code

SOFT_LIMITS = {
    "externalOrderNumber": 30,
    "email": 100,
    "phoneNumber": 20,
    "FirstName": 40,
    "LastName": 40,
    "ExtraName": 50,
    "Street": 60,
    "ExtraAddress": 60,
    "CityName": 40,
}
"""
Lengths above which a label may be cut; the warehouse publishes none, so they only warn. The
house number's addition is not among them: splitting keeps it short.
"""

ITEM_NAME_LIMIT = 100

_ADDRESS_PREFIXES = ("deliveryAddress", "DeliveryAddress", "billingAddress")


@dataclass(frozen=True, slots=True)
class Contact:
    """How the retailer is reached, with what was filled in for want of better."""

    email: str
    phone: str
    warnings: tuple[str, ...]


def fill_contact(order: MarketplaceOrder, rules: MappingRules) -> Contact:
    """Take mail and phone of the retailer, else the brand's own of the settings."""
    retailer = order.retailer
    email = tidy(retailer.email) if retailer else ""
    phone = _tidy_phone(retailer.phone) if retailer else ""
    warnings = []
    if not email and rules.fallback_email:
        email = rules.fallback_email.strip()
        warnings.append("email: filled from FALLBACK_EMAIL")
    if not phone:
        phone = _tidy_phone(rules.fallback_phone)
        warnings.append(f"phoneNumber: {'filled from FALLBACK_PHONE' if phone else 'empty'}")
    return Contact(email, phone, tuple(warnings))


def fill_delivery(order: MarketplaceOrder, rules: MappingRules) -> dict[str, Any]:
    """Fill the delivery address; whether it is good enough is judged elsewhere."""
    address = order.ship_to
    country = tidy_country(address.country_code)
    extra_name = organisation_of(address, order.retailer)
    members = _fill_address(
        recipient_name(address, order.retailer),
        extra_name,
        address.street_parts or read_street(address.street, country, rules),
        tidy_postal_code(address.postal_code, country),
        country,
    )
    fields = {f"deliveryAddress{member}": value for member, value in members.items()}
    return _filled({**fields, "DeliveryAddressCityName": (address.city or "").strip()})


def fill_billing(order: MarketplaceOrder, rules: MappingRules) -> dict[str, Any]:
    """Fill the billing address as it is, or leave it out whole where it has no street or city."""
    address = order.billing
    city = (address.city or "").strip()
    if not city or not tidy_line(address.street or ""):
        return {}
    country = tidy_country(address.country_code)
    members = _fill_address(
        _billing_name(address),
        tidy(address.organisation),
        read_street(address.street, country, rules),
        (address.postal_code or "").strip(),
        country,
    )
    return _filled(
        {
            f"billingAddress{member}": value
            for member, value in {**members, "CityName": city}.items()
        }
    )


def read_street(line: str | None, country_code: str, rules: MappingRules) -> StreetParts:
    """
    Split a street line, or keep it whole where this country's lines are not to be split.

    A split that is no more than a guess is not sent where the warehouse can do without a number.
    """
    if rules.splits_streets_of(country_code):
        parts = split_street(line or "", country_code)
        if not parts.is_unsure or country_code in HOUSE_NUMBER_COUNTRIES:
            return parts
    return StreetParts(tidy_line(line or ""))


def find_street_doubts(order: MarketplaceOrder, rules: MappingRules) -> tuple[str, ...]:
    """Warn where the delivery's street is sent whole because its split would be a guess."""
    country = tidy_country(order.ship_to.country_code)
    if not rules.splits_streets_of(country):
        return ()
    parts = split_street(order.ship_to.street or "", country)
    if not parts.is_unsure or country in HOUSE_NUMBER_COUNTRIES:
        return ()
    return (f"deliveryAddressStreet: sent whole, unsure ({', '.join(parts.doubts)})",)


def find_long_fields(fields: Mapping[str, Any]) -> tuple[str, ...]:
    """Warn of every text that is longer than a label usually shows; nothing is cut."""
    warnings = []
    for name, value in fields.items():
        limit = SOFT_LIMITS.get(_member_of(name))
        if limit is not None and isinstance(value, str) and len(value) > limit:
            warnings.append(f"{name}: {len(value)} characters, more than {limit}")
    return tuple(warnings)


def _member_of(field_name: str) -> str:
    for prefix in _ADDRESS_PREFIXES:
        if field_name.startswith(prefix):
            return field_name.removeprefix(prefix)
    return field_name


def _fill_address(
    name: PersonName, extra_name: str, street: StreetParts, postal_code: str, country: str
) -> dict[str, Any]:
    extra_name, street = _move_overflow(extra_name, street)
    return {
        "FirstName": name.first,
        "LastName": name.last,
        "ExtraName": extra_name,
        "Street": street.street,
        "HouseNumber": street.house_number,
        "HouseNumberAddition": street.addition,
        "ExtraAddress": street.extra,
        "PostalCode": postal_code,
        "CountryIso": country,
    }


def _move_overflow(extra_name: str, street: StreetParts) -> tuple[str, StreetParts]:
    """Let whole words of an overlong extra name go to the extra address, if that is free."""
    limit = SOFT_LIMITS["ExtraName"]
    if len(extra_name) <= limit or street.extra:
        return extra_name, street
    cut = extra_name.rfind(" ", 0, limit + 1)
    if cut < 1:
        return extra_name, street
    return extra_name[:cut], replace(street, extra=extra_name[cut + 1 :])


def _billing_name(address: PostalAddress) -> PersonName:
    """Split the name on the bill; one that only repeats the organisation stays in one piece."""
    name = tidy(address.name)
    if name.casefold() == tidy(address.organisation).casefold():
        return PersonName("", name)
    return split_name(name)


def _tidy_phone(phone: str | None) -> str:
    text = (phone or "").strip()
    digits = "".join(char for char in text if char in "0123456789")
    return f"+{digits}" if digits and text.startswith("+") else digits


def _filled(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value not in ("", None)}
