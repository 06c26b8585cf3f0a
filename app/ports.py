"""
What the flow needs from the outside world, in its own words.

Two companies, and a desk to work on one order at. Everything a company may refuse or lose comes
as an error of `app.errors`; nothing here knows HTTP, SQL or a vendor's field names.
"""

import math
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import IntEnum
from typing import Any, Protocol

from app.domain.catalogue import Variant
from app.domain.lifecycle import State
from app.domain.order import ListedOrder, MarketplaceOrder
from app.domain.pauses import Pausable
from app.domain.record import OrderRecord, SentLine
from app.domain.returns import CarrierStatus, ReturnCase, ReturnItem, ReturnLabel
from app.domain.shadow import ShadowRecord
from app.domain.shipment import (
    ParcelSize,
    ParcelTracking,
    QuoteConfirmation,
    Shipment,
    ShippingQuote,
    Tracking,
)
from app.errors import Finding


@dataclass(frozen=True, slots=True)
class Turn:
    """
    Leave to make one remote write: its place in the peer's budget is granted.

    Nothing of the call may be sent once the monotonic clock passes `send_before_monotonic`,
    whatever is still needed for it (a connection, a token, a repeat).
    """

    send_before_monotonic: float


class Priority(IntEnum):
    """Which calls go first where calls are few; the smaller, the sooner."""

    TRACKING = 0
    """About an order that was placed: what was sent, and telling the marketplace so."""
    ORDERS = 1
    """About an order that is to be accepted and placed."""
    UPKEEP = 2
    """Lists that are compared, settings, and all else that can wait."""


call_priority: ContextVar[Priority] = ContextVar("call_priority", default=Priority.ORDERS)
"""What the calls of the running task are for."""

_MARGIN = 1.001
"""Keeps a window's calls inside the window in spite of rounding."""


@dataclass(frozen=True, slots=True)
class RateWindow:
    """
    At most *limit* calls in any *seconds*, up to *burst* of them at once.

    The burst is taken out of the rate, so that no window ever holds more than *limit* calls,
    wherever it starts.
    """

    name: str
    seconds: float
    limit: int
    burst: int = 1

    def __post_init__(self) -> None:
        """Refuse a window that could be exceeded."""
        assert self.limit >= 1, "a budget of nothing grants nothing"
        assert 1 <= self.burst <= max(1, self.limit - 1), "a burst must leave a steady rate"

    @property
    def spacing_seconds(self) -> float:
        """The time from one call to the next at the even pace."""
        return _MARGIN * self.seconds / max(1, self.limit - self.burst)

    @property
    def ahead_seconds(self) -> float:
        """How far a call may run ahead of the even pace."""
        return (self.burst - 1) * self.spacing_seconds

    def left(self, ahead_seconds: float) -> int:
        """Return how many calls may go at once where the even pace is so far ahead of now."""
        ahead = max(0.0, ahead_seconds) / self.spacing_seconds
        return max(0, self.burst - math.ceil(ahead - 1e-9))

    def seconds_for(self, calls: float) -> float:
        """Return how long so many calls take from a rested start."""
        return max(0.0, calls - self.burst) * self.spacing_seconds


class CallPlace(Protocol):
    """Leave to make one call."""

    def give_back(self) -> None:
        """Let somebody else call; harmless when done already."""


class Budget(Protocol):
    """A peer's request budget, shared by everybody who calls it."""

    async def take(self, *, is_paid: bool = False) -> CallPlace:
        """
        Wait for a place in the budget and for a slot where they are few.

        *is_paid*: the place was taken before, only the slot is wanted.
        """

    async def take_besides(self) -> None:
        """Take a place for what a call under way sends besides."""

    async def pause(self, seconds: float) -> None:
        """Grant nothing for *seconds*: the peer said so."""

    async def note_remaining(self, remaining: int) -> None:
        """Take the peer's own count of what is left into account."""

    async def left(self) -> int:
        """Return how many calls could be made at once now."""

    def is_tight(self) -> bool:
        """Tell whether somebody had to wait for a place a moment ago."""

    async def close(self) -> None:
        """Give back what is held."""


@dataclass(frozen=True, slots=True, repr=False)
class ShelvedToken:
    """A token that some process took, and for how long it is good."""

    value: str
    renew_in_seconds: float
    ends_in_seconds: float


@dataclass(frozen=True, slots=True)
class ShelfAnswer:
    """
    What a process that wants a token may do.

    With *leave* it logs in and says how that ended; with a *token* it uses that one; otherwise
    it waits *wait_seconds*: another process is logging in, or *failure* forbids to.
    """

    leave: int | None = None
    token: ShelvedToken | None = None
    wait_seconds: float = 0.0
    failure: str | None = None


class TokenShelf(Protocol):
    """Where the processes of one account share its token, and count their logins."""

    async def ask(self, *, logins_per_hour: int | None, refused: str | None) -> ShelfAnswer:
        """Ask what to do for want of a token; *refused* is one that works no more."""

    async def keep(self, leave: int, token: ShelvedToken) -> None:
        """Share the token a login brought."""

    async def fail(
        self, leave: int, failure: str, *, first_seconds: float, at_least_seconds: float
    ) -> float:
        """
        Note a failed login and return for how long nobody may log in.

        The pause starts at *first_seconds*, grows with each failure of any process, and is
        never below what the peer asked for.
        """


class Marketplace(Protocol):
    """Where orders come from and where tracking goes."""

    async def reserve_call(self) -> None:
        """Wait for a place in the budget for the next write."""

    async def read_order(self, marketplace_order_id: str) -> MarketplaceOrder:
        """Read one order with its retailer and lines."""

    def list_orders(self, status: str) -> AsyncIterator[ListedOrder]:
        """Walk all orders that stand in *status*, page by page."""

    def walk_orders(self) -> AsyncIterator[ListedOrder | None]:
        """Walk all orders there are, whatever their status; None for one that tells no id."""

    def walk_variants(self) -> AsyncIterator[Variant | None]:
        """Walk all product variants there are, archived ones too; None for one without an id."""

    async def accept_order(
        self,
        marketplace_order_id: str,
        *,
        pack_quantities: Mapping[str, int] | None = None,
        turn: Turn,
    ) -> MarketplaceOrder:
        """
        Accept the order and return it as accepted, with retailer and lines.

        *pack_quantities* gives, by line id, the fewer packs to accept, 0 to leave the line out;
        lines not named are accepted whole.

        Raises:
            OutcomeUnknown: No usable answer came; read the order before anything else.
            Rejected: The marketplace refused, also because it is accepted already.
        """

    async def reject_order(
        self, marketplace_order_id: str, reject_type: str, reason: str | None, *, turn: Turn
    ) -> MarketplaceOrder:
        """
        Reject the order and return it as the marketplace then shows it.

        Raises:
            OutcomeUnknown: No usable answer came; read the order before anything else.
            Rejected: The marketplace refused, also because it no longer waits for an answer.
        """

    async def reset_label(self, marketplace_order_id: str, *, turn: Turn) -> None:
        """
        Take a generated label back: the brand ships with a carrier of its own.

        Raises:
            OutcomeUnknown: No usable answer came; read the order before anything else.
            Rejected: The marketplace refused, also because there is no label to take back.
        """

    async def request_quotes(
        self, marketplace_order_id: str, parcels: Sequence[ParcelSize]
    ) -> tuple[ShippingQuote, ...]:
        """Ask what shipping *parcels* costs. Repeatable; every call supersedes earlier quotes."""

    async def confirm_quote(
        self, quote_id: str, tracking: Tracking | None, *, turn: Turn
    ) -> QuoteConfirmation:
        """
        Confirm a quote, which marks the order shipped.

        Raises:
            OutcomeUnknown: No usable answer came; read the order before anything else.
            Rejected: Refused; status 404 means the quote is unknown or superseded.
        """

    async def read_tracking(self, master_order_id: str) -> ParcelTracking | None:
        """Read the parcel tracking, None where there is none yet."""

    async def write_tracking(
        self, master_order_id: str, tracking: ParcelTracking, *, exists: bool
    ) -> None:
        """Create the parcel tracking, or change the existing one; repeatable by its ids."""

    async def postpone_shipping(self, master_order_id: str, to: date) -> None:
        """
        Announce that an order leaves by *to* at the latest. Repeatable.

        Raises:
            Rejected: Refused; the day is past, or the order is no longer waiting to be shipped.
        """


@dataclass(frozen=True, slots=True)
class PreparedOrder:
    """An order as it would be sent: the payload is the warehouse's own form."""

    external_order_number: str
    payload: Mapping[str, Any] = field(repr=False)
    lines: tuple[SentLine, ...]
    warnings: tuple[str, ...] = ()
    """Soft limits exceeded and fields filled by fallback, without personal data."""
    remarks: tuple[Finding, ...] = ()
    """What does not keep the order from being sent, but a policy may hold it for."""
    fingerprint: Mapping[str, Any] | None = field(default=None, repr=False)
    """What a later change is known by (`domain/fingerprint.py`)."""
    parts: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """The payload in the parts of a fingerprint."""
    hold_seconds: float | None = None
    """For how long the warehouse is to hold the order until it is released; None: not at all."""

    def needed(self) -> dict[str, int]:
        """Return the pieces needed per SKU, summed over the lines."""
        return total_pieces(self.lines)


def total_pieces(lines: Sequence[SentLine]) -> dict[str, int]:
    """Return the pieces per SKU, summed over *lines*."""
    totals: dict[str, int] = {}
    for line in lines:
        totals[line.sku] = totals.get(line.sku, 0) + line.sent_quantity
    return totals


@dataclass(frozen=True, slots=True)
class FoundOrder:
    """A warehouse order found by its external number. `order_mark` proves whose it is."""

    warehouse_order_number: str | None
    external_order_number: str | None
    order_mark: str | None


@dataclass(frozen=True, slots=True)
class StockFigure:
    """Pieces of one SKU that can be sold, as the warehouse said when asked."""

    sku: str
    pieces: int


class Warehouse(Protocol):
    """Who keeps and sends the goods."""

    async def read_settings(self) -> Mapping[str, Any]:
        """Read the warehouse's lists of ids, to be stored and given to `use_settings`."""

    def use_settings(self, content: Mapping[str, Any]) -> None:
        """Work with these lists of ids from now on."""

    def readiness_problems(self) -> tuple[str, ...]:
        """Say what keeps every order from being placed (settings missing); empty when ready."""

    async def reserve_call(self) -> None:
        """Wait for a place in the budget for the next write."""

    def external_number(self, order: MarketplaceOrder) -> str | None:
        """Return the external order number for a first placing, None without a reference."""

    def prepare(self, order: MarketplaceOrder, external_order_number: str) -> PreparedOrder:
        """
        Put *order* into the warehouse's form. Pure: no call is made.

        Raises:
            Unmappable: With every finding, not just the first.
            NotReady: The warehouse's settings were never read, or a configured code is not
                among them.
        """

    async def find_order(self, external_order_number: str) -> FoundOrder | None:
        """
        Look for an order by its external number; None only where the warehouse surely says no.

        Raises:
            BridgeError: Anything else: nothing may be created on the strength of it.
        """

    def parts_of(self, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return what was sent in the parts of a fingerprint (`domain/fingerprint.py`)."""

    async def release_order(self, external_order_number: str, *, turn: Turn) -> None:
        """
        Have the warehouse work on an order it holds.

        Raises:
            OutcomeUnknown: No usable answer came.
            Rejected: Refused, perhaps because it is released already: look in its back office.
        """

    async def create_order(self, payload: Mapping[str, Any], *, turn: Turn) -> str:
        """
        Place an order and return the warehouse's id for it.

        Raises:
            OutcomeUnknown: No usable answer came; search before anything else.
            Rejected: Refused; `code` is `already_exists` where the number is taken.
        """

    async def knows_product(self, sku: str) -> bool:
        """Tell whether the warehouse has a product with this SKU."""

    async def read_stock(self, sku: str) -> StockFigure | None:
        """Read one SKU's stock; None where it is not known. Only where `reads_single_stock`."""

    @property
    def reads_single_stock(self) -> bool:
        """Whether the call for one SKU's stock is known to work and switched on."""

    async def read_all_stock(self) -> tuple[StockFigure, ...]:
        """Read the stock of every product; heavy, at most once an hour."""

    async def list_shipments(self) -> tuple[Shipment, ...]:
        """Read the oldest unacknowledged shipments of our order type, one window of them."""

    async def search_shipments(self, external_order_number: str) -> tuple[Shipment, ...]:
        """Read the shipments of one order by its number; acknowledges nothing."""

    async def acknowledge_shipments(self, warehouse_shipment_ids: Sequence[str]) -> None:
        """Take shipments of ours off the feed. Repeatable."""

    def method_codes(self, shipment: Shipment) -> tuple[str, ...]:
        """Return the name and code of a shipment's method, empty where they are not known."""

    def carrier_code(self, shipment: Shipment) -> str | None:
        """Return the marketplace's code of the carrier, None where it has none."""


@dataclass(frozen=True, slots=True)
class SkuFacts:
    """What is known of a SKU at the warehouse; `stock_pieces` is None where it is not known."""

    is_known: bool
    stock_pieces: int | None


@dataclass(frozen=True, slots=True)
class StoredShipment:
    """
    A shipment of the order at hand.

    `reason` is set where a person must look at it; such a one counts for nothing.
    """

    shipment: Shipment
    reason: str | None
    stored_at: datetime
    is_settled: bool = False
    """Whether a person has dealt with the reason; it counts for nothing all the same."""

    @property
    def is_trouble(self) -> bool:
        """Whether a person still has to look at it."""
        return self.reason is not None and not self.is_settled


class ReturnsDesk(Protocol):
    """Where the warehouse is told of goods that come back, and tells of them."""

    @property
    def tells_booked(self) -> bool:
        """Whether the call for goods booked back in is known and switched on."""

    @property
    def tells_carrier_statuses(self) -> bool:
        """Whether the call for carriers' reports is known and switched on."""

    async def reserve_call(self) -> None:
        """Wait for a place in the budget for the next write."""

    async def list_items(
        self, external_order_number: str, warehouse_shipment_id: str
    ) -> tuple[ReturnItem, ...]:
        """Return the lines of a shipment under the ids an announcement wants; empty if unknown."""

    async def add_rma(
        self,
        warehouse_shipment_id: str,
        items: Sequence[ReturnItem],
        *,
        reference: str,
        remark: str | None,
        turn: Turn,
    ) -> str:
        """
        Announce a return and give the warehouse's id for it.

        Raises:
            OutcomeUnknown: No usable answer came, and none can be looked up.
            Rejected: The warehouse refused.
        """

    async def read_label(self, warehouse_shipment_id: str) -> ReturnLabel:
        """
        Return the label for the way back of a shipment. Repeatable.

        Raises:
            Rejected: The warehouse can make none; `detail` holds its words.
        """

    async def count_booked(self, external_order_number: str) -> int:
        """Return how many pieces of an order were booked back in. Only where `tells_booked`."""

    async def read_carrier_statuses(self) -> tuple[CarrierStatus, ...]:
        """Read what carriers report of all parcels. At most once an hour."""


class Desk(Protocol):
    """
    Where one order is worked on: its record, the two companies, and the notebook.

    Every `intend_…` commits what is about to be sent before leave to send it is given, together
    with everything noted so far. It raises `LeaseLost` where the order is another worker's now,
    `WokenMeanwhile` where news about the order came in after it was last read, and `Paused` where
    a person paused what would be sent.
    """

    marketplace: Marketplace
    warehouse: Warehouse

    @property
    def order(self) -> OrderRecord:
        """The order as it stands, with what was noted in this step."""

    @property
    def is_crowded(self) -> bool:
        """Whether more orders are due than the warehouse's budget lets through."""

    def now(self) -> datetime:
        """Return the time all workers agree on."""

    async def require_running(self, flow: Pausable) -> None:
        """
        Do nothing while the order's writes of that kind are not paused.

        Raises:
            Paused: They are, or their company, or everything.
        """

    def prove(self, state: State) -> None:
        """Note that *state* is proven, to be committed with whatever this step commits next."""

    async def look(self, *, max_age_seconds: float) -> MarketplaceOrder:
        """
        Return the order as the marketplace shows it, read no longer than that ago.

        A reading from before the order was last woken is never given back.
        """

    async def apply_corrections(self, seen: MarketplaceOrder) -> MarketplaceOrder:
        """
        Return *seen* with what operators said of its SKUs and corrected in it.

        What this step writes down afterwards raises `SkuTableChanged` (a `WokenMeanwhile`) where
        the table of SKUs has changed in between.
        """

    def remember(self, seen: MarketplaceOrder) -> None:
        """Take *seen*, an answer to a write, as the newest reading of the order."""

    def note(self, **columns: Any) -> None:
        """Keep facts to be committed with whatever this step commits next."""

    def warn(self, message: str) -> None:
        """Add a warning, without personal data, to the history of this step."""

    def note_placing(self, **columns: Any) -> None:
        """Keep facts of the live warehouse order, likewise."""

    def note_shadow(self, **columns: Any) -> None:
        """Keep facts of what shadow mode follows, likewise."""

    async def load_shadow(self) -> ShadowRecord | None:
        """Return what shadow mode keeps of the order, None before it was first seen in it."""

    async def facts(self, skus: Iterable[str]) -> Mapping[str, SkuFacts]:
        """Return what the warehouse says of *skus*, from the shared snapshot or newly asked."""

    async def shipments(self) -> Sequence[StoredShipment]:
        """Return what is stored of the order's shipments, oldest first."""

    async def search_shipments(self) -> Sequence[StoredShipment]:
        """Ask the warehouse for the order's shipments, store what it tells, return all."""

    async def returns(self) -> Sequence[ReturnCase]:
        """Return what comes back of the order, oldest first."""

    async def open_returns(self, warehouse_shipment_ids: Sequence[str]) -> None:
        """Open a return of each shipment that has none: the retailer refused the goods."""

    async def intend_accept(
        self, needed: Mapping[str, int], *, may_be_short: bool = False
    ) -> Turn | Mapping[str, int]:
        """
        Reserve the pieces needed and note the intent; or return the shortage per SKU.

        Where the order *may_be_short*, no shortage is looked for.
        """

    async def intend_reject(self) -> Turn:
        """Note the intent to reject the order."""

    async def intend_create(self, prepared: PreparedOrder) -> Turn:
        """Note the intent to place the order, with what will be sent."""

    async def intend_release(self) -> Turn:
        """Note the intent to have the live warehouse order released."""

    def settle_shipments(self) -> None:
        """Note that a person has dealt with what the order's shipments ask."""

    async def intend_confirm(self, quote_id: str, tracking: Tracking | None) -> Turn:
        """Note the intent to confirm a quote."""

    async def intend_label_reset(self) -> Turn:
        """Note the intent to take the marketplace's label back."""
