"""Goods on their way back: what a return is, and how far it may be."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

LABEL_REFUSED = "return_label_refused"
"""The reason under which a person is asked about a label the warehouse cannot make."""
RETURN_REASONS = ("reception_refused", "return_unclear", "return_refused", LABEL_REFUSED)
"""Everything a return may ask a person about."""


class ReturnState(StrEnum):
    """How far a return is (docs/rules/returns.md)."""

    OPEN = "open"
    """Known here; the warehouse was not told."""
    ANNOUNCED = "announced"
    """The warehouse has taken the announcement."""
    LABELLED = "labelled"
    """A return label was made."""
    BOOKED = "booked"
    """The warehouse has booked all pieces back in: a good end."""
    CLOSED = "closed"
    """A person said that nothing more is to be done."""


class OpenedBy(StrEnum):
    """Who opened a return."""

    MARKETPLACE = "marketplace"
    """Ankorstore shows that the retailer refused the goods."""
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class ReturnItem:
    """Pieces of one shipped line, by the warehouse's own id of that line."""

    shipment_item_id: str
    sku: str
    pieces: int


@dataclass(frozen=True, slots=True)
class ReturnLabel:
    """A label for the way back. It names people: never logged."""

    mime_type: str
    file_name: str
    package_number: str | None
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class CarrierStatus:
    """What a carrier says of one parcel, in figures nobody has published the meaning of."""

    warehouse_shipment_id: str
    package_number: str
    external_order_number: str | None
    status_text: str | None
    exception_text: str | None
    reported_at: datetime | None


@dataclass(frozen=True, slots=True)
class ReturnCase:
    """One return as it stands: the goods of one shipment of one order."""

    return_id: int
    order_id: int
    warehouse_shipment_id: str
    external_order_number: str | None
    state: ReturnState
    opened_by: str
    opened_at: datetime
    remark: str | None = field(repr=False)
    items: tuple[Mapping[str, Any], ...]
    problem: str | None
    """A reason's code, perhaps with a detail behind a colon: a person is asked first."""
    announce_asked_at: datetime | None
    announce_intent_at: datetime | None
    announce_sent_before_at: datetime | None
    announced_at: datetime | None
    rma_id: str | None
    label_asked_at: datetime | None
    labelled_at: datetime | None
    label_file_name: str | None
    label_mime_type: str | None
    label_package_number: str | None
    has_label: bool
    looked_at: datetime | None
    booked_pieces: int
    booked_at: datetime | None
    closed_at: datetime | None

    @property
    def pieces(self) -> int:
        """How many pieces are to come back."""
        return sum(int(item["pieces"]) for item in self.items)

    @property
    def problem_code(self) -> str | None:
        """The reason's code alone."""
        return self.problem.partition(":")[0] if self.problem else None

    @property
    def problem_detail(self) -> str:
        """What stands behind the code."""
        return (self.problem or "").partition(":")[2].strip()
