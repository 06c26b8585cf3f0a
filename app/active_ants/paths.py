"""
Where each call of the warehouse lives (docs/rules/warehouse-api.md, 'Paths').

Most paths are known from public clients only, some with and some without the version prefix.
So a key has a default and perhaps an alternative, a setting replaces both, and whichever
answered with an envelope is asked first from then on.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

_PLACE = re.compile(r"\{\w+\}")


@dataclass(frozen=True, slots=True)
class Path:
    """One way to make a call: a method and a path, with `{name}` where a value goes."""

    method: str
    template: str

    def fill(self, values: Mapping[str, str]) -> str:
        """Return the path with *values* in it, each one as a single path segment."""
        path = self.template
        for name, value in values.items():
            path = path.replace("{" + name + "}", quote(value, safe=""))
        return path

    def fits(self, path: str) -> bool:
        """Tell whether *path* is this one, filled with whatever values."""
        pattern = "[^/]*".join(re.escape(part) for part in _PLACE.split(self.template))
        return re.fullmatch(pattern, path) is not None


DEFAULTS: Mapping[str, tuple[Path, ...]] = {
    "settings": (Path("GET", "/v2/settings/get"), Path("GET", "/settings/get")),
    "order_add": (Path("POST", "/v2/order/add"), Path("POST", "/order/add")),
    "order_release": (Path("POST", "/v2/order/release"),),
    "order_search": (Path("GET", "/v2/order/search"), Path("POST", "/order/search")),
    "shipment_list_by_type": (Path("POST", "/v2/shipment/byordertype"),),
    "shipment_ack": (Path("POST", "/v2/shipment/sync"),),
    "shipment_search": (Path("POST", "/v2/shipment/search"), Path("POST", "/shipment/search")),
    "rma_add": (Path("POST", "/v2/rma/add"),),
    "returnlabel": (Path("GET", "/v2/returnlabel/get/{shipmentId}"),),
    "return_items": (Path("POST", "/v2/returnitem/get"),),
    "tracktrace_status": (Path("GET", "/v2/tracktrace/status"),),
    "product_search": (Path("GET", "/v2/product/search"), Path("POST", "/product/search")),
    "stock_get": (Path("GET", "/v2/stock/get/{sku}"),),
    "stock_bulk": (Path("GET", "/v2/stock/bulk/{all}"), Path("GET", "/stock/bulk/{all}")),
}
INFERRED = frozenset({"stock_get", "order_release", "return_items", "tracktrace_status"})
"""Paths nobody was seen using: switched off until their setting confirms them."""


def setting_of(key: str) -> str:
    """Return the name of the setting that gives the path of *key*."""
    return f"ACTIVE_ANTS_PATH_{key.upper()}"


class PathTable:
    """The paths in use: settings first, then what has worked, then the rest."""

    def __init__(self, given: Mapping[str, str | None] | None = None) -> None:
        """
        Use the *given* paths (key to path) in place of the defaults; None and "" give nothing.

        `order_search_post` given without `order_search` means: search orders by POST, there.
        """
        chosen = {key: path for key, path in (given or {}).items() if path}
        by_post = chosen.pop("order_search_post", None)
        self._paths = dict(DEFAULTS)
        for key in DEFAULTS:
            if key in chosen:
                self._paths[key] = (Path(DEFAULTS[key][0].method, chosen[key]),)
        if by_post and "order_search" not in chosen:
            self._paths["order_search"] = (Path("POST", by_post),)
        self._off = INFERRED - chosen.keys()

    def is_on(self, key: str) -> bool:
        """Tell whether *key* may be called at all."""
        return key not in self._off

    def candidates(self, key: str) -> tuple[Path, ...]:
        """Return the paths to try for *key*, in order."""
        return self._paths[key]

    def remember(self, key: str, path: Path) -> None:
        """Put *path* first for *key*: it answered."""
        known = self._paths[key]
        if known[0] != path:
            self._paths[key] = (path, *(other for other in known if other != path))

    def remember_called(self, method: str, path: str) -> None:
        """Put first what fits a call that was made at *path*; nothing where no path fits."""
        called = path.partition("?")[0]
        for key, known in list(self._paths.items()):
            for one in known:
                if one.method == method and one.fits(called):
                    self.remember(key, one)
