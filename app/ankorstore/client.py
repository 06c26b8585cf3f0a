"""
The marketplace's calls, one method each. No decision about an order is made here.

What an answer of each status means is told in docs/rules/errors.md; what a readable body says is
the translation's business.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date
from typing import Any

import httpx
import structlog

from app.ankorstore import (
    translate,
    translate_answers,
    translate_quotes,
    translate_tracking,
    translate_variants,
    wire,
)
from app.ankorstore.calls import AnkorstoreCalls
from app.ankorstore.verdicts import Operation
from app.answers import is_same_origin
from app.domain.catalogue import Variant
from app.domain.order import ListedOrder, MarketplaceOrder
from app.domain.shipment import (
    ParcelSize,
    ParcelTracking,
    QuoteConfirmation,
    ShippingQuote,
    Tracking,
)
from app.errors import Rejected, Transient
from app.jsonapi import Document, UnreadableDocument, normalise_id, parse_document
from app.outbound import PeerConnection
from app.ports import Turn

MAX_PAGES = 1000
"""A list of one status that is longer than this is a loop."""
MAX_PAGES_OF_ALL = 100_000

_log = structlog.get_logger()


class AnkorstoreMarketplace:
    """Ankorstore as `app.ports.Marketplace`."""

    def __init__(self, connection: PeerConnection, *, page_limit: int | None = 50) -> None:
        """Ask for *page_limit* orders a page; None leaves the page size to Ankorstore."""
        self._calls = AnkorstoreCalls(connection)
        self._page_limit = page_limit

    async def reserve_call(self) -> None:
        """Wait for a place in the budget for the next write."""
        await self._calls.connection.reserve("the next write")

    async def read_order(self, marketplace_order_id: str) -> MarketplaceOrder:
        """Read one order with its retailer and lines."""
        operation = Operation.READ_ORDER
        return await self._calls.call(
            operation,
            "GET",
            self._order_path(operation, marketplace_order_id),
            lambda body: _read_the_order(body, marketplace_order_id),
            params={"include": wire.ORDER_INCLUDE},
        )

    async def list_orders(self, status: str) -> AsyncIterator[ListedOrder]:
        """Walk all orders that stand in *status*, page by page."""
        async for page in self._pages({"filter[status]": status}, MAX_PAGES):
            for resource in page.primary:
                listed = translate.read_listed_order(resource, listed_status=status)
                if listed is None:
                    _log.warning("listed_order.unreadable", status=status)
                elif listed.status == status:
                    yield listed

    async def walk_orders(self) -> AsyncIterator[ListedOrder | None]:
        """
        Walk all orders there are, page by page to the last; None for one that tells no id.

        The list knows neither dates nor an order of its own, so no page tells that those after
        it hold nothing of interest.
        """
        async for page in self._pages({}, MAX_PAGES_OF_ALL):
            for resource in page.primary:
                yield translate.read_listed_order(resource, listed_status="")
            for _ in range(page.dropped):
                yield None

    async def walk_variants(self) -> AsyncIterator[Variant | None]:
        """
        Walk all product variants there are, archived ones too; None for one that tells no id.

        No page size is asked for: the published form of this call knows none.
        """
        operation = Operation.LIST_VARIANTS
        params = {"include": wire.VARIANT_INCLUDE}
        first = await self._calls.call(
            operation, "GET", wire.VARIANTS_PATH, parse_document, params=params
        )
        async for page in self._pages_from(first, MAX_PAGES_OF_ALL, operation):
            for resource in page.primary:
                yield translate_variants.read_variant(page, resource)
            for _ in range(page.dropped):
                yield None

    async def _pages(self, params: dict[str, str], max_pages: int) -> AsyncIterator[Document]:
        first = await self._first_page(params)
        async for page in self._pages_from(first, max_pages, Operation.LIST_ORDERS):
            yield page

    async def _pages_from(
        self, page: Document, max_pages: int, operation: Operation
    ) -> AsyncIterator[Document]:
        seen: set[str] = set()
        while True:
            yield page
            if page.next_link is None:
                return
            url = self._checked_link(page.next_link, operation)
            if url in seen or len(seen) >= max_pages:
                raise self._broken_paging("the pages do not end", operation)
            seen.add(url)
            page = await self._calls.call(operation, "GET", url, parse_document)

    async def _first_page(self, params: dict[str, str]) -> Document:
        """Read the first page; a page size that is refused is left out from then on."""
        if self._page_limit is None:
            return await self._list_page(params)
        limit = str(self._page_limit)
        try:
            return await self._list_page({**params, "page[limit]": limit})
        except Rejected as refusal:
            if refusal.status not in (400, 422):
                raise
        page = await self._list_page(params)
        self._page_limit = None
        return page

    async def _list_page(self, params: dict[str, str]) -> Document:
        return await self._calls.call(
            Operation.LIST_ORDERS, "GET", wire.ORDERS_PATH, parse_document, params=params
        )

    def _checked_link(self, link: str, operation: Operation) -> str:
        """
        Return where the next page is.

        The token goes along with every call, so a link elsewhere is never followed.
        """
        base = httpx.URL(self._calls.connection.base_url)
        try:
            url = base.join(link)
        except (httpx.InvalidURL, ValueError):
            told = "the link to the next page cannot be read"
            raise self._broken_paging(told, operation) from None
        if not is_same_origin(url, base):
            raise self._broken_paging("the next page is said to be on another host", operation)
        return str(url)

    def _broken_paging(self, detail: str, operation: Operation) -> Transient:
        return Transient(self._calls.peer, operation, detail=detail)

    async def accept_order(
        self,
        marketplace_order_id: str,
        *,
        pack_quantities: Mapping[str, int] | None = None,
        turn: Turn,
    ) -> MarketplaceOrder:
        """Accept the order, whole or with fewer packs, and return it as accepted."""
        body = wire.ACCEPT_BODY
        if pack_quantities:
            body = translate_answers.partial_accept_body(pack_quantities)
        return await self._make_transition(
            Operation.ACCEPT_ORDER, marketplace_order_id, body, turn=turn
        )

    async def reject_order(
        self, marketplace_order_id: str, reject_type: str, reason: str | None, *, turn: Turn
    ) -> MarketplaceOrder:
        """Reject the order and return it as it then shows."""
        body = translate_answers.reject_body(reject_type, reason)
        return await self._make_transition(
            Operation.REJECT_ORDER, marketplace_order_id, body, turn=turn
        )

    async def _make_transition(
        self,
        operation: Operation,
        marketplace_order_id: str,
        body: Mapping[str, Any],
        *,
        turn: Turn,
    ) -> MarketplaceOrder:
        return await self._calls.call(
            operation,
            "POST",
            self._order_path(operation, marketplace_order_id) + "/-actions/transition",
            lambda body: _read_the_accepted_order(body, marketplace_order_id),
            body=body,
            params={"include": wire.ORDER_INCLUDE},
            turn=turn,
        )

    async def reset_label(self, marketplace_order_id: str, *, turn: Turn) -> None:
        """Take a generated label back: the brand ships with a carrier of its own."""
        operation = Operation.RESET_LABEL
        await self._calls.call(
            operation,
            "POST",
            self._order_path(operation, marketplace_order_id) + "/-actions/transition",
            lambda body: _read_the_order(body, marketplace_order_id),
            body=wire.RESET_BODY,
            turn=turn,
        )

    async def request_quotes(
        self, marketplace_order_id: str, parcels: Sequence[ParcelSize]
    ) -> tuple[ShippingQuote, ...]:
        """
        Ask what shipping *parcels* costs.

        The limits are looked at before anything is sent: the published form states them in a way
        no validator enforces (docs/rules/shipping.md).
        """
        operation = Operation.REQUEST_QUOTES
        if refusal := translate_quotes.parcels_refusal(parcels):
            detail = "no such parcels can be quoted; nothing was sent"
            raise Rejected(self._calls.peer, operation, code=refusal, detail=detail)
        return await self._calls.call(
            operation,
            "POST",
            self._order_path(operation, marketplace_order_id) + "/shipping-quotes",
            translate_quotes.read_quotes,
            body=translate_quotes.quotes_body(parcels),
        )

    async def confirm_quote(
        self, quote_id: str, tracking: Tracking | None, *, turn: Turn
    ) -> QuoteConfirmation:
        """Confirm a quote, which marks the order shipped."""
        operation = Operation.CONFIRM_QUOTE
        return await self._calls.call(
            operation,
            "POST",
            f"{wire.QUOTES_PATH}/{self._calls.segment(operation, quote_id)}/confirm",
            translate_quotes.read_confirmation,
            body=translate_quotes.confirm_body(tracking),
            turn=turn,
        )

    async def read_tracking(self, master_order_id: str) -> ParcelTracking | None:
        """Read the parcel tracking, None where there is none yet."""
        operation = Operation.READ_TRACKING
        return await self._calls.call(
            operation,
            "GET",
            self._tracking_path(operation, master_order_id),
            lambda body: translate_tracking.read_tracking(parse_document(body)),
            params={"include": wire.TRACKING_INCLUDE},
        )

    async def write_tracking(
        self, master_order_id: str, tracking: ParcelTracking, *, exists: bool
    ) -> None:
        """Create the parcel tracking, or change the existing one; its ids make both repeatable."""
        operation = Operation.WRITE_TRACKING
        await self._calls.send(
            operation,
            "PATCH" if exists else "POST",
            self._tracking_path(operation, master_order_id),
            body=translate_tracking.tracking_body(tracking),
        )

    async def postpone_shipping(self, master_order_id: str, to: date) -> None:
        """Announce a later shipping date; announcing it again changes nothing."""
        operation = Operation.POSTPONE_SHIPPING
        segment = self._calls.segment(operation, master_order_id)
        await self._calls.send(
            operation,
            "PATCH",
            f"{wire.MASTER_ORDERS_PATH}/{segment}",
            body=wire.postpone_body(to),
        )

    def _order_path(self, operation: Operation, marketplace_order_id: str) -> str:
        return f"{wire.ORDERS_PATH}/{self._calls.segment(operation, marketplace_order_id)}"

    def _tracking_path(self, operation: Operation, master_order_id: str) -> str:
        segment = self._calls.segment(operation, master_order_id)
        return f"{wire.MASTER_ORDERS_PATH}/{segment}/tracking"


def _read_the_order(body: Any, marketplace_order_id: str) -> MarketplaceOrder:
    """Return the order a body shows, which must be the one that was asked for."""
    order = translate.read_order(parse_document(body))
    if order.marketplace_order_id != normalise_id(marketplace_order_id):
        raise UnreadableDocument("another order than the one asked for")
    return order


def _read_the_accepted_order(body: Any, marketplace_order_id: str) -> MarketplaceOrder:
    """Return the order a transition answered with; without lines it proves too little."""
    order = _read_the_order(body, marketplace_order_id)
    if not order.lines:
        raise UnreadableDocument("the order came without its lines")
    return order
