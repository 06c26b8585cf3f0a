"""Splits a person's name and says whose name stands on the label (docs/rules/addresses.md)."""

from dataclasses import dataclass, field

from app.domain.order import PostalAddress, Retailer


@dataclass(frozen=True, slots=True)
class PersonName:
    """A name for a label. `first` may be empty, `last` is empty only where nothing is known."""

    first: str = field(repr=False)
    last: str = field(repr=False)


def tidy(text: str | None) -> str:
    """Collapse blanks; nothing stays nothing."""
    return " ".join((text or "").split())


def split_name(name: str | None) -> PersonName:
    """Take the first word as first name and the rest as last name; a single word is the last."""
    first, _, last = tidy(name).partition(" ")
    return PersonName(first, last) if last else PersonName("", first)


def organisation_of(address: PostalAddress, retailer: Retailer | None) -> str:
    """Return the organisation at *address*, else the retailer's company, else its store."""
    organisation = tidy(address.organisation)
    if organisation or retailer is None:
        return organisation
    return tidy(retailer.company_name) or tidy(retailer.store_name)


def recipient_name(address: PostalAddress, retailer: Retailer | None) -> PersonName:
    """
    Return who the parcel is for, with an empty last name only where nobody can be named.

    A name that only repeats the organisation says nothing about a person: the retailer's own
    name is better then, and the organisation is the last resort.
    """
    organisation = organisation_of(address, retailer)
    name = tidy(address.name)
    if name and name.casefold() != organisation.casefold():
        return split_name(name)
    return _retailer_name(retailer) or PersonName("", organisation)


def _retailer_name(retailer: Retailer | None) -> PersonName | None:
    if retailer is None:
        return None
    first, last = tidy(retailer.first_name), tidy(retailer.last_name)
    if not first and not last:
        return None
    return PersonName(first, last) if last else PersonName("", first)
