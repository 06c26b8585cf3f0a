"""
Which calls surely change nothing at the warehouse; shadow mode lets no other out.

Several of its reads are POSTs, and some of its GETs take effect: `stock/bulk/false` consumes a
mark that other programs rely on, `returnlabel` makes a label. So what is a read is listed here,
and everything else is none (docs/shadow.md).
"""

import re
from urllib.parse import unquote

from app.active_ants.paths import PathTable
from app.outbound import IsRead

READ_KEYS = (
    "settings",
    "order_search",
    "shipment_list_by_type",
    "shipment_search",
    "return_items",
    "tracktrace_status",
    "product_search",
    "stock_get",
    "stock_bulk",
)
"""The calls of the table of paths that read."""
_TAKES_EFFECT = re.compile(
    r"/(order|product|purchaseorder|rma)/(add|edit|delete|release)"
    r"|/(shipment|stockmutation)/sync"
    r"|/returnlabel/"
    r"|/stock/bulk/(?!true$)"
)
"""What is known to change something, even where a setting gives it as the path of a read."""
_WRITE_KEYS = ("order_add", "order_release", "shipment_ack", "rma_add", "returnlabel")
_PLACEHOLDER = re.compile(r"\\\{\w+\\\}")


def reads_of(paths: PathTable, token_path: str) -> IsRead:
    """Return what tells whether a method and a path only read, where calls live at *paths*."""
    reads = [
        (path.method, _pattern(path.template))
        for key in READ_KEYS
        for path in paths.candidates(key)
    ]
    reads.append(("POST", _pattern(token_path)))
    writes = [_pattern(path.template) for key in _WRITE_KEYS for path in paths.candidates(key)]

    def is_read(method: str, path: str) -> bool:
        plain = _plain(path)
        if _TAKES_EFFECT.search(_plain(unquote(path))):
            return False
        if any(pattern.fullmatch(plain) for pattern in writes):
            return False
        return any(method == known and pattern.fullmatch(plain) for known, pattern in reads)

    return is_read


def _pattern(template: str) -> re.Pattern[str]:
    """Return what a path of *template* looks like; a value is one segment, never empty."""
    return re.compile(_PLACEHOLDER.sub("[^/]+", re.escape(_plain(template))))


def _plain(path: str) -> str:
    """Return a path in the one form of all that the warehouse's router takes for the same."""
    return re.sub("/+", "/", "/" + path.casefold()).rstrip("/")
