"""How names are kept and looked for, so that case, accents and blanks make no difference."""

import unicodedata

from app.domain.order import MarketplaceOrder

LONGEST_TEXT = 500
_SEPARATOR = " | "


def fold(text: str) -> str:
    """Return *text* in one line without case and accents: what two spellings of a name share."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(one for one in parts if not unicodedata.combining(one))
    return " ".join("".join(one if one.isprintable() else " " for one in bare).split())


def retailer_text(order: MarketplaceOrder) -> str | None:
    """
    Return by which names an order's retailer can be found, None where nobody is named.

    They are personal data: the retailer's company, shop and person, and who the parcel is for.
    """
    buyer, to = order.retailer, order.ship_to
    names = [to.organisation, to.name]
    if buyer is not None:
        person = " ".join(filter(None, (buyer.first_name, buyer.last_name)))
        names = [buyer.store_name, buyer.company_name, person, *names]
    folded = dict.fromkeys(fold(name) for name in names if name)
    return _SEPARATOR.join(filter(None, folded))[:LONGEST_TEXT] or None
