"""
The warehouse over HTTP: one method a call (docs/rules/warehouse-api.md).

This file decides which kind of answer or error came back. How an order is put into the
warehouse's form is decided in `translate.py`, what a shipment row holds in `shipment_rows.py`, and
what follows from any of it by the flow.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from app.active_ants import order_parts, translate
from app.active_ants.calls import WarehouseCalls
from app.active_ants.carriers import carrier_of
from app.active_ants.paths import PathTable
from app.active_ants.returns import WarehouseReturns
from app.active_ants.rules import MappingRules
from app.active_ants.shipment_rows import MADE_UP_ID_PREFIX, read_rows
from app.active_ants.verdicts import NotFoundRule, create_refusal_code
from app.active_ants.wire import Fields, as_text, as_whole
from app.domain.order import MarketplaceOrder
from app.domain.shipment import FEED_WINDOW_ROWS, Shipment, ShipmentSource
from app.errors import NotReady, OutcomeUnknown, Rejected
from app.outbound import PeerConnection
from app.ports import FoundOrder, PreparedOrder, StockFigure, Turn

MAX_ID_CHARACTERS = 100
"""Longest warehouse id that is kept; a real one has about nine digits."""


class ActiveAntsWarehouse:
    """Active Ants, as `app.ports.Warehouse` wants it."""

    def __init__(
        self,
        peer: PeerConnection,
        *,
        rules: MappingRules,
        paths: PathTable | None = None,
        carrier_map: Mapping[str, str] | None = None,
        return_reason: str | None = None,
        not_found_pattern: str = "not found|could not be found|no order",
    ) -> None:
        """Call *peer*, which brings the login, the budget and the deadlines."""
        self._rules = rules
        self._paths = paths or PathTable()
        self._calls = WarehouseCalls(peer, self._paths, NotFoundRule(not_found_pattern))
        self.returns = WarehouseReturns(self._calls, self._paths, return_reason)
        """What comes back, and what carriers report."""
        self._carrier_map = dict(carrier_map or {})
        self._content: Mapping[str, Any] | None = None
        self._problems = translate.readiness_problems(None, rules)

    # Settings, and what follows from them without a call.

    async def read_settings(self) -> Mapping[str, Any]:
        """Read the warehouse's lists of ids, to be stored and given to `use_settings`."""
        operation = "read settings"
        reply = await self._calls.ask("settings", operation)
        content = self._calls.accepted(reply, operation).result
        if not isinstance(content, Mapping) or not content:
            raise self._calls.unusable(reply, operation)
        return content

    def use_settings(self, content: Mapping[str, Any]) -> None:
        """Work with these lists of ids from now on."""
        self._content = content
        self.returns.use_settings(content)
        self._problems = translate.readiness_problems(content, self._rules)

    @property
    def settings_content(self) -> Mapping[str, Any] | None:
        """The lists of ids in use; None before any were read."""
        return self._content

    def remember_path(self, method: str, path: str) -> None:
        """Ask first at *path*, with its query, where it is one of the paths of a call."""
        self._paths.remember_called(method, path)

    def readiness_problems(self) -> tuple[str, ...]:
        """Say what keeps every order from being placed; empty when ready."""
        return self._problems

    def external_number(self, order: MarketplaceOrder) -> str | None:
        """Return the external order number for a first placing, None without a reference."""
        return translate.external_number(order, self._rules)

    def prepare(self, order: MarketplaceOrder, external_order_number: str) -> PreparedOrder:
        """
        Put *order* into the warehouse's form. Pure: no call is made.

        Raises:
            Unmappable: With every finding.
            NotReady: The settings were never read, or a configured code is not among them.
            PeerAway: They were never read, and cannot be now.
        """
        content = self._settings_content("prepare order")
        return translate.prepare(order, external_order_number, content, self._rules)

    def method_codes(self, shipment: Shipment) -> tuple[str, ...]:
        """Return name and code of the shipping method, as far as the settings know it."""
        if self._content is None:
            return ()
        return translate.method_names(
            self._content, shipment.shipping_method_id, shipment.main_shipping_method_id
        )

    def carrier_code(self, shipment: Shipment) -> str | None:
        """Return the marketplace's code of the carrier, None where it has none."""
        return carrier_of(self.method_codes(shipment), self._carrier_map)

    # Orders.

    async def reserve_call(self) -> None:
        """Wait for a place in the budget for the next write."""
        await self._calls.reserve()

    async def find_order(self, external_order_number: str) -> FoundOrder | None:
        """
        Look for an order by its external number; None only where the warehouse surely says no.

        Raises:
            BridgeError: Anything else: nothing may be created on the strength of it.
        """
        operation = "find order"
        reply = await self._calls.ask(
            "order_search", operation, arguments={"externalOrderNumber": external_order_number}
        )
        row = self._calls.single(reply, operation, "externalOrderNumber", external_order_number)
        if row is None:
            return None
        found = FoundOrder(
            warehouse_order_number=row.text("orderNumber"),
            external_order_number=row.text("externalOrderNumber"),
            order_mark=row.text("extra1"),
        )
        if found == FoundOrder(None, None, None):  # an order of no number is no answer at all
            raise self._calls.unusable(reply, operation)
        return found

    async def create_order(self, payload: Mapping[str, Any], *, turn: Turn) -> str:
        """
        Place an order and return the warehouse's id for it.

        An OK that names no id proves too little to store: it counts as unanswered, and the
        search that follows finds the order. Any other result is kept as a text.

        Raises:
            OutcomeUnknown: No usable answer came; search before anything else.
            Rejected: Refused; `code` is `already_exists` where the number is taken.
        """
        operation = "create order"
        reply = await self._calls.ask("order_add", operation, turn=turn, arguments=payload)
        envelope = self._calls.envelope(reply, operation, turn=turn)
        if not envelope.is_ok:
            number = as_text(payload.get("externalOrderNumber")) or ""
            raise Rejected(
                self._calls.peer,
                operation,
                status=reply.status,
                code=create_refusal_code(envelope.message, number),
                detail=envelope.message,
            )
        if envelope.is_empty:
            raise OutcomeUnknown(
                self._calls.peer, operation, status=reply.status, detail="OK without a result"
            )
        warehouse_order_id = as_text(envelope.result)
        if warehouse_order_id is None:
            warehouse_order_id = json.dumps(envelope.result, separators=(",", ":"))
        return warehouse_order_id[:MAX_ID_CHARACTERS]

    def parts_of(self, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return what was sent in the parts of a fingerprint; empty for a pruned payload."""
        return order_parts.parts_of(payload)

    async def release_order(self, external_order_number: str, *, turn: Turn) -> None:
        """
        Have the warehouse work on an order it holds.

        Raises:
            NotReady: ACTIVE_ANTS_PATH_ORDER_RELEASE does not name a path that exists.
            OutcomeUnknown: No usable answer came.
            Rejected: Refused; whether it is released already is seen in Maya only.
        """
        operation = "release order"
        arguments = {"externalOrderNumber": external_order_number}
        reply = await self._calls.ask("order_release", operation, turn=turn, arguments=arguments)
        envelope = self._calls.envelope(reply, operation, turn=turn)
        if not envelope.is_ok:
            raise Rejected(
                self._calls.peer, operation, status=reply.status, detail=envelope.message
            )

    # Products and stock.

    async def knows_product(self, sku: str) -> bool:
        """Tell whether the warehouse has a product with this SKU."""
        operation = "find product"
        reply = await self._calls.ask("product_search", operation, arguments={"sku": sku})
        row = self._calls.single(reply, operation, "sku", sku)
        return row is not None and (row.text("sku") or "").casefold() == sku.casefold()

    @property
    def reads_single_stock(self) -> bool:
        """Whether the call for one SKU's stock is known to work and switched on."""
        return self._paths.is_on("stock_get")

    async def read_stock(self, sku: str) -> StockFigure | None:
        """Read one SKU's stock; None where it is not known. Only where `reads_single_stock`."""
        operation = "read stock"
        reply = await self._calls.ask("stock_get", operation, fill={"sku": sku})
        if self._calls.says_not_found(reply):
            return None
        result = self._calls.accepted(reply, operation).result
        pieces = as_whole(result)
        if pieces is not None:
            return StockFigure(sku, max(0, pieces))
        row = self._calls.single(reply, operation, "sku", sku)
        return None if row is None else _stock_figure(row, sku)

    async def read_all_stock(self) -> tuple[StockFigure, ...]:
        """
        Read the stock of every product; heavy, at most once an hour.

        Always asks for all of it: asking for changes only would consume a mark that other
        programs of the shop rely on.
        """
        operation = "read all stock"
        reply = await self._calls.ask("stock_bulk", operation, fill={"all": "true"})
        figures = []
        for row in self._calls.rows(reply, operation):
            fields = Fields(row) if isinstance(row, Mapping) else Fields({})
            sku = fields.text("sku")
            figure = _stock_figure(fields, sku) if sku else None
            if figure is not None:
                figures.append(figure)
        return tuple(figures)

    # Shipments.

    async def list_shipments(self) -> tuple[Shipment, ...]:
        """
        Read the oldest unacknowledged shipments of our order type, one window of them.

        Any refusal is an error here, "not found" too: an order type the warehouse does not
        know must not look like a quiet day.
        """
        operation = "list shipments"
        content = self._settings_content(operation)
        order_type_id = translate.order_type_id(content, self._rules)
        reply = await self._calls.ask(
            "shipment_list_by_type", operation, arguments={"orderTypes": [order_type_id]}
        )
        return read_rows(self._calls.rows(reply, operation), ShipmentSource.FEED)

    async def search_shipments(self, external_order_number: str) -> tuple[Shipment, ...]:
        """Read the shipments of one order by its number; acknowledges nothing."""
        operation = "search shipments"
        reply = await self._calls.ask(
            "shipment_search", operation, arguments={"externalOrderNumber": external_order_number}
        )
        if self._calls.says_not_found(reply):
            return ()
        return read_rows(self._calls.rows(reply, operation), ShipmentSource.SEARCH)

    async def acknowledge_shipments(self, warehouse_shipment_ids: Sequence[str]) -> None:
        """Take shipments of ours off the feed. Repeatable."""
        operation = "acknowledge shipments"
        assert all(
            id_ and not id_.startswith(MADE_UP_ID_PREFIX) for id_ in warehouse_shipment_ids
        ), "a shipment without an id cannot be acknowledged"
        ids = [int(id_) if id_.isdecimal() else id_ for id_ in warehouse_shipment_ids]
        for start in range(0, len(ids), FEED_WINDOW_ROWS):
            batch = ids[start : start + FEED_WINDOW_ROWS]
            reply = await self._calls.ask("shipment_ack", operation, arguments={"ids": batch})
            self._calls.accepted(reply, operation)

    # The settings in use.

    def _settings_content(self, operation: str) -> Mapping[str, Any]:
        if self._content is None:
            self._calls.ensure_there(operation)
            raise NotReady(
                self._calls.peer,
                operation,
                detail="the warehouse's settings were never read",
                resolution="Check that the service reaches Active Ants and may log in.",
            )
        return self._content


def _stock_figure(row: Fields, sku: str) -> StockFigure | None:
    pieces = row.whole("stock")
    return None if pieces is None else StockFigure(sku, max(0, pieces))
