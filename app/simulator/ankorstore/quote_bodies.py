"""
Reading what a caller sends about parcels and tracking.

Pointers carry a ``shipping.`` prefix the request does not have, as the marketplace's own do.
"""

from typing import Any

from app.simulator.ankorstore.refusals import invalid
from app.simulator.ankorstore.tracking_links import PROVIDERS, build_link
from app.simulator.ankorstore.transitions import read_object
from app.simulator.exchange import Ask

PARCELS_MAX = 20
LENGTH_AND_GIRTH_CM_MAX = 400
SIDES = ("length", "width", "height")
LABEL_FORMATS = (None, "default", "full_page")
Problems = list[tuple[str, str]]


def read_parcels(ask: Ask) -> list[dict[str, float]]:
    """Return the parcels of a quote request, or refuse with every problem found."""
    parcels = read_object(ask).get("parcels")
    if not isinstance(parcels, list) or not parcels:
        raise invalid([("shipping.parcels", "The field is required.")])
    if len(parcels) > PARCELS_MAX:
        detail = f"The parcels may not have more than {PARCELS_MAX} items."
        raise invalid([("shipping.parcels", detail)])
    problems: Problems = []
    for index, parcel in enumerate(parcels):
        problems += _find_problems(f"shipping.parcels.{index}", parcel)
    if problems:
        raise invalid(problems)
    return parcels


def read_tracking(ask: Ask) -> dict[str, str] | None:
    """Return provider, number and link of a confirm, None where it names no tracking."""
    if not ask.body:
        return None
    document = read_object(ask)
    if document.get("labelFormat") not in LABEL_FORMATS:
        raise invalid([("labelFormat", "The selected label format is invalid.")])
    tracking = document.get("tracking")
    if tracking is None:
        return None
    if not isinstance(tracking, dict):
        raise invalid([("tracking", "The tracking must be an object.")])
    link = tracking.get("trackingLink")
    provider, number = tracking.get("trackingProvider"), tracking.get("trackingNumber")
    if link is not None and (provider is not None or number is not None):
        raise invalid([("tracking", "Give either a provider and a number, or a link.")])
    if link is not None:
        if not isinstance(link, str) or not link.startswith(("https://", "http://")):
            raise invalid([("tracking.trackingLink", "The tracking link must be a URL.")])
        return {"provider": "", "number": "", "link": link}
    for name, value in (("trackingProvider", provider), ("trackingNumber", number)):
        if not isinstance(value, str) or not value:
            raise invalid([(f"tracking.{name}", "The field is required.")])
    known = provider if provider in PROVIDERS else ""
    return {
        "provider": str(known),
        "number": str(number),
        "link": build_link(str(provider), str(number)),
    }


def _find_problems(pointer: str, parcel: Any) -> Problems:
    if not isinstance(parcel, dict):
        return [(pointer, "The parcel must be an object.")]
    problems: Problems = []
    for name in ("kg", *SIDES):
        if not _is_number(parcel.get(name)):
            problems.append((f"{pointer}.{name}", "The field is required."))
    if problems:
        return problems
    if not 0.001 <= parcel["kg"] <= 30:
        detail = "The parcel weight (kg) must be between 0.001 and 30.000."
        problems.append((f"{pointer}.kg", detail))
    for name in SIDES:
        if parcel[name] > 274:
            detail = f"The parcel {name} may not be greater than 274."
            problems.append((f"{pointer}.{name}", detail))
        elif parcel[name] < 1:
            problems.append((f"{pointer}.{name}", f"The parcel {name} must be at least 1."))
    short, middle, long = sorted(parcel[name] for name in SIDES)
    if long + 2 * (middle + short) > LENGTH_AND_GIRTH_CM_MAX:
        detail = (
            "The package dimensions are too big. Packages can be up to 400 cm in length and "
            "girth combined"
        )
        problems.append((pointer, detail))
    return problems


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
