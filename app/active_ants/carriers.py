"""
Which carrier the marketplace calls the one behind a shipping method.

The warehouse names shipping methods, the marketplace a few carriers. A carrier the marketplace
has no code for gets none: its parcels are told of by link only.
"""

from collections.abc import Mapping, Sequence

CARRIERS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("DHL", "EXPRESS"), "dhl_express"),
    (("DHL",), "dhl"),
    (("DPD",), "dpd"),
    (("UPS",), "ups"),
    (("GLS",), "gls"),
    (("TNT",), "tnt"),
    (("COLISSIMO",), "colissimo"),
    (("CHRONOPOST",), "chronopost"),
)
"""All words of a row must stand in the method's name and code; the first row that fits counts."""


def carrier_of(method_names: Sequence[str], overrides: Mapping[str, str]) -> str | None:
    """Return the marketplace's carrier code for a method known by *method_names*."""
    given = {name.casefold(): code for name, code in overrides.items()}
    for name in method_names:
        if name.casefold() in given:
            return given[name.casefold()] or None
    text = " ".join(method_names).upper()
    for words, code in CARRIERS:
        if all(word in text for word in words):
            return code
    return None
