"""
The warehouse's calls about goods that come back (docs/rules/returns.md).

An announced return cannot be looked up, so an announcement is a write like a create, and one
without an answer is for a person.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any

from app.active_ants.calls import WarehouseCalls
from app.active_ants.lists import WarehouseLists, find_entry
from app.active_ants.paths import PathTable
from app.active_ants.shipment_rows import read_moment
from app.active_ants.wire import Fields, as_text
from app.domain.returns import CarrierStatus, ReturnItem, ReturnLabel
from app.errors import OutcomeUnknown, Rejected
from app.ports import Turn

MAX_LABEL_CHARACTERS = 20_000_000
_KEPT_CHARACTERS = 200


class WarehouseReturns:
    """Announcements, labels, what was booked back in, and what carriers report."""

    def __init__(
        self, calls: WarehouseCalls, paths: PathTable, return_reason: str | None = None
    ) -> None:
        """Give *return_reason* (code or id) with announcements, where the warehouse knows it."""
        self._calls = calls
        self._paths = paths
        self._return_reason = return_reason
        self._reason_id: int | None = None

    def use_settings(self, content: Mapping[str, Any]) -> None:
        """Look the reason of returns up in the warehouse's lists."""
        reasons = WarehouseLists.of(content).return_reasons
        found = find_entry(reasons, self._return_reason) if self._return_reason else None
        self._reason_id = found.id if found is not None else None

    @property
    def tells_booked(self) -> bool:
        """Whether the call for goods booked back in is known and switched on."""
        return self._paths.is_on("return_items")

    @property
    def tells_carrier_statuses(self) -> bool:
        """Whether the call for carriers' reports is known and switched on."""
        return self._paths.is_on("tracktrace_status")

    async def reserve_call(self) -> None:
        """Wait for a place in the budget for the next write."""
        await self._calls.reserve()

    async def list_items(
        self, external_order_number: str, warehouse_shipment_id: str
    ) -> tuple[ReturnItem, ...]:
        """Return the lines of a shipment under the ids an announcement wants; empty if unknown."""
        operation = "search shipments"
        reply = await self._calls.ask(
            "shipment_search", operation, arguments={"externalOrderNumber": external_order_number}
        )
        if self._calls.says_not_found(reply):
            return ()
        for row in self._calls.rows(reply, operation):
            fields = Fields(row if isinstance(row, Mapping) else {})
            if fields.text("id") == warehouse_shipment_id:
                return _items_of(fields.raw("shipmentItems"))
        return ()

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
        operation = "announce return"
        body: dict[str, Any] = {
            "shipmentId": _number(warehouse_shipment_id),
            "externalReference": reference,
            "rmaItems": [self._item_body(item) for item in items],
        }
        if remark:
            body["remark"] = remark
        reply = await self._calls.ask("rma_add", operation, turn=turn, arguments=body)
        envelope = self._calls.envelope(reply, operation, turn=turn)
        peer = self._calls.peer
        if not envelope.is_ok:
            raise Rejected(peer, operation, status=reply.status, detail=envelope.message)
        rma_id = as_text(envelope.result)
        if rma_id is None or len(rma_id) > _KEPT_CHARACTERS:
            raise OutcomeUnknown(peer, operation, status=reply.status, detail="no id came")
        return rma_id

    def _item_body(self, item: ReturnItem) -> dict[str, Any]:
        body = {"shipmentItemId": _number(item.shipment_item_id), "quantity": item.pieces}
        return body if self._reason_id is None else {**body, "returnReasonId": self._reason_id}

    async def read_label(self, warehouse_shipment_id: str) -> ReturnLabel:
        """
        Return the label for the way back of a shipment. Repeatable.

        Raises:
            Rejected: The warehouse can make none; `detail` holds its words.
            Transient: The answer holds no label.
        """
        operation = "read return label"
        fill = {"shipmentId": warehouse_shipment_id}
        reply = await self._calls.ask("returnlabel", operation, fill=fill)
        envelope = self._calls.envelope(reply, operation)
        if not envelope.is_ok:
            detail = envelope.message
            raise Rejected(self._calls.peer, operation, status=reply.status, detail=detail)
        fields = Fields(envelope.result if isinstance(envelope.result, Mapping) else {})
        data = _decoded(fields.raw("data"))
        if not data:
            raise self._calls.unusable(reply, operation)
        return ReturnLabel(
            mime_type=(fields.text("mimeType") or "application/octet-stream")[:_KEPT_CHARACTERS],
            file_name=(fields.text("fileName") or "label")[:_KEPT_CHARACTERS],
            package_number=fields.text("packageNumber"),
            data=data,
        )

    async def count_booked(self, external_order_number: str) -> int:
        """Return how many pieces of an order were booked back in. Only where `tells_booked`."""
        operation = "read return items"
        arguments = {"externalOrderNumber": _number(external_order_number)}
        reply = await self._calls.ask("return_items", operation, arguments=arguments)
        if self._calls.says_not_found(reply):
            return 0
        rows = [Fields(row) for row in self._calls.rows(reply, operation) if _is_object(row)]
        return sum(max(0, row.whole("quantity") or 0) for row in rows)

    async def read_carrier_statuses(self) -> tuple[CarrierStatus, ...]:
        """Read what carriers report of all parcels. At most once an hour."""
        operation = "read carrier statuses"
        reply = await self._calls.ask("tracktrace_status", operation)
        if self._calls.says_not_found(reply):
            return ()
        statuses = (
            _status_of(Fields(row)) for row in self._calls.rows(reply, operation) if _is_object(row)
        )
        return tuple(status for status in statuses if status is not None)


def _items_of(entries: Any) -> tuple[ReturnItem, ...]:
    items = []
    for entry in entries if isinstance(entries, list) else []:
        fields = Fields(entry if isinstance(entry, Mapping) else {})
        item_id, sku = fields.text("shipmentItemId"), fields.text("sku")
        pieces = fields.whole("quantity")
        if item_id is not None and sku is not None and pieces is not None and pieces > 0:
            items.append(ReturnItem(item_id, sku, pieces))
    return tuple(items)


def _status_of(fields: Fields) -> CarrierStatus | None:
    shipment_id, number = fields.text("shipmentId"), fields.text("packageNumber")
    if shipment_id is None or number is None:
        return None
    return CarrierStatus(
        warehouse_shipment_id=shipment_id,
        package_number=number,
        external_order_number=fields.text("externalOrderNumber"),
        status_text=fields.text("currentTrackTraceStatus"),
        exception_text=fields.text("currentTrackTraceExceptionLevel"),
        reported_at=read_moment(fields.text("currentTrackTraceStatusDateTime")),
    )


def _is_object(row: Any) -> bool:
    return isinstance(row, Mapping)


def _number(text: str) -> int | str:
    """Return an id as the number it is declared to be, as far as it is one."""
    return int(text) if text.isdecimal() and text.isascii() else text


def _decoded(data: Any) -> bytes:
    if not isinstance(data, str) or len(data) > MAX_LABEL_CHARACTERS:
        return b""
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        return b""
