"""The carriers the marketplace knows, and the tracking pages it builds for them."""

from urllib.parse import quote

PROVIDERS = frozenset({"ups", "tnt", "gls", "dpd", "dhl", "dhl_express", "colissimo", "chronopost"})
_PAGES = {
    "ups": "https://www.ups.com/track?tracknum={number}",
    "tnt": "https://www.tnt.com/express/en_gb/site/tracking.html?searchType=con&cons={number}",
    "gls": "https://gls-group.eu/track/{number}",
    "dpd": "https://tracking.dpd.de/status/en_US/parcel/{number}",
    "dhl": "https://www.dhl.com/en/express/tracking.html?AWB={number}",
    "dhl_express": "https://www.dhl.com/en/express/tracking.html?AWB={number}",
    "colissimo": "https://www.laposte.fr/outils/suivre-vos-envois?code={number}",
    "chronopost": "https://www.chronopost.fr/tracking-no-cms/suivi-page?listeNumerosLT={number}",
}


def build_link(carrier: str | None, number: str | None) -> str:
    """Return the tracking page of a known carrier, else an empty string."""
    if not number or carrier not in _PAGES:
        return ""
    return _PAGES[carrier].format(number=quote(number, safe=""))
