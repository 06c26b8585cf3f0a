"""
The warehouse's lists of ids (its settings), and finding an entry by code or id.

Ids differ from one client of the warehouse to the next, so everything is configured and looked up
by code; an id is accepted where somebody has only that.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from app.active_ants.wire import Fields

KEPT_CONTENTS = 4


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of a list. `method_ids` are a main shipping method's own methods."""

    id: int
    name: str
    code: str
    method_ids: tuple[int, ...] = ()


class WarehouseLists:
    """The lists that matter to orders and shipments; unreadable rows are left out."""

    _kept: ClassVar[list[tuple[Mapping[str, Any], "WarehouseLists"]]] = []
    """The newest few: one process seldom knows more than one content."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        """Read the `result` of the settings call."""
        lists = Fields(content)
        self.order_types = _read_rows(lists.raw("orderTypes"))
        self.languages = _read_rows(lists.raw("languages"))
        self.countries = _read_rows(lists.raw("countries"))
        self.shipping_methods = _read_rows(lists.raw("shippingMethods"))
        self.return_reasons = _read_rows(lists.raw("returnReasons"))
        self.main_shipping_methods = _read_rows(lists.raw("mainShippingMethods"))

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> "WarehouseLists":
        """Return the lists in *content*, kept for as long as the same content is asked about."""
        for known, lists in cls._kept:
            if known is content:
                return lists
        lists = cls(content)
        cls._kept = [(content, lists), *cls._kept[: KEPT_CONTENTS - 1]]
        return lists

    def serves_country(self, country_code: str) -> bool:
        """Tell whether the warehouse ships to this country."""
        return any(entry.code.casefold() == country_code.casefold() for entry in self.countries)

    def method_names(
        self, shipping_method_id: str | None, main_shipping_method_id: str | None
    ) -> tuple[str, ...]:
        """Return names and codes of the method and of its main method, nearest first."""
        methods = [row for row in self.shipping_methods if str(row.id) == shipping_method_id]
        main = self._main_method(shipping_method_id, main_shipping_method_id)
        texts = [text for row in (*methods, *main) for text in (row.name, row.code) if text]
        return tuple(dict.fromkeys(texts))

    def _main_method(self, method_id: str | None, main_id: str | None) -> list[Entry]:
        """
        Return the one main method that fits, or none.

        Their ids occur twice in real lists, so an id alone decides only where it is unique; the
        methods that belong to each tell twins apart.
        """
        by_id = [row for row in self.main_shipping_methods if str(row.id) == main_id]
        if main_id is not None and len(by_id) <= 1:
            return by_id
        candidates = by_id if main_id is not None else list(self.main_shipping_methods)
        fitting = [row for row in candidates if method_id in [str(own) for own in row.method_ids]]
        return fitting if len(fitting) == 1 else []


def find_entry(entries: Iterable[Entry], code_or_id: str) -> Entry | None:
    """Return the entry with this code (in any case), else the one with this id."""
    wanted = code_or_id.strip().casefold()
    rows = tuple(entries)
    for row in rows:
        if row.code and row.code.casefold() == wanted:
            return row
    return next((row for row in rows if str(row.id) == wanted), None)


def name_codes(entries: Iterable[Entry]) -> str:
    """Return the codes of *entries* for an operator to choose from (ids where codes lack)."""
    return ", ".join(row.code or str(row.id) for row in entries) or "none"


def _read_rows(rows: Any) -> tuple[Entry, ...]:
    if not isinstance(rows, list | tuple):
        return ()
    return tuple(entry for row in rows if (entry := _read_row(row)) is not None)


def _read_row(row: Any) -> Entry | None:
    if not isinstance(row, Mapping):
        return None
    members = Fields(row)
    row_id = members.whole("id")
    if row_id is None:
        return None
    return Entry(
        id=row_id,
        name=members.text("name") or "",
        code=members.text("code") or "",
        method_ids=tuple(method.id for method in _read_rows(members.raw("shippingMethods"))),
    )
