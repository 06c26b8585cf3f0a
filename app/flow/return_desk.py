"""
Goods that come back, at the warehouse: announced, labelled, followed until they are booked in.

An announcement cannot be looked up, so its intent is committed before it and one without an
answer asks a person; it is never sent again by itself (docs/rules/returns.md).
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import structlog

from app.domain.returns import LABEL_REFUSED, ReturnCase, ReturnItem, ReturnState
from app.errors import BridgeError, OutcomeUnknown, Paused, PeerAway, Rejected
from app.flow.returning import asked_of
from app.ports import ReturnsDesk, Turn
from app.store.returns import (
    change_return,
    keep_label,
    list_unfinished,
    load_returns,
    sent_before,
    wake_unasked,
)
from app.store.session import Store

LOOK_SECONDS = 3600.0
CASES_PER_PAGE = 100

log = structlog.get_logger(__name__)


class Returns:
    """Announces returns, fetches labels, and follows goods until they are booked back in."""

    def __init__(
        self, store: Store, warehouse: ReturnsDesk, *, http_timeout_seconds: float
    ) -> None:
        """Give every announcement as long as a call may take."""
        self._store = store
        self._warehouse = warehouse
        self._http_timeout_seconds = http_timeout_seconds

    async def see_to(self) -> str:
        """
        See to every return that is not closed; return what was done in one line.

        Raises:
            BridgeError: The last trouble, once every return had its turn.
        """
        done: list[str] = []
        trouble: BridgeError | None = None
        waiting: list[ReturnCase] = []
        after_id = 0
        while page := await list_unfinished(self._store, limit=CASES_PER_PAGE, after_id=after_id):
            after_id = page[-1].return_id
            for case in page:
                try:
                    done += await self._see_to_one(case)
                except (PeerAway, Paused):
                    raise
                except BridgeError as failure:
                    trouble = failure
                    log.warning("return.failed", return_id=case.return_id, error=str(failure))
            waiting += [case for case in page if asked_of(case) is not None]
        await wake_unasked(self._store, waiting)
        if trouble is not None:
            raise trouble
        return ", ".join(done) or "nothing to do"

    async def _see_to_one(self, case: ReturnCase) -> list[str]:
        if case.announce_intent_at is not None and case.announced_at is None:
            return await self._settle_lost(case)
        is_wanted = case.announce_asked_at is not None and case.announced_at is None
        if is_wanted and case.problem is None:
            return [await self._announce(case)]
        if case.label_asked_at is not None and case.labelled_at is None and case.problem is None:
            return [await self._fetch_label(case)]
        if self._is_to_be_followed(case):
            return [await self._follow(case)]
        return []

    async def _settle_lost(self, case: ReturnCase) -> list[str]:
        """Ask a person about an announcement whose answer never came: nothing can look it up."""
        if case.problem is not None:
            return []
        until = case.announce_sent_before_at
        if until is not None and self._store.now() < until:
            return []
        await change_return(self._store, case, {"problem": "return_unclear"}, wakes=True)
        return ["1 announcement unanswered"]

    async def _announce(self, case: ReturnCase) -> str:
        number = case.external_order_number or ""
        items = await self._warehouse.list_items(number, case.warehouse_shipment_id)
        if not items:
            return await self._ask(case, "return_refused: the warehouse does not show the shipment")
        await self._warehouse.reserve_call()
        turn = Turn(self._store.clock.monotonic() + self._http_timeout_seconds)
        intent_at = self._store.now()
        intent = {
            "announce_intent_at": intent_at,
            "announce_sent_before_at": sent_before(self._store, self._http_timeout_seconds),
            "items": _noted(items),
        }
        if not await change_return(self._store, case, intent):
            return "1 return changed meanwhile"
        noted = await self._reloaded(case)
        try:
            rma_id = await self._warehouse.add_rma(
                case.warehouse_shipment_id, items, reference=number, remark=case.remark, turn=turn
            )
        except OutcomeUnknown:
            return await self._ask(noted, "return_unclear")
        except Rejected as refusal:
            status = f" (HTTP {refusal.status})" if refusal.status is not None else ""
            await change_return(
                self._store,
                noted,
                {
                    "announce_intent_at": None,
                    "problem": f"return_refused: {refusal.detail or 'no reason given'}{status}",
                },
                wakes=True,
            )
            return "1 announcement refused"
        except BridgeError:
            await change_return(self._store, noted, {"announce_intent_at": None})  # surely not sent
            raise
        announced = {"announced_at": self._store.now(), "rma_id": rma_id}
        state = ReturnState.LABELLED if case.labelled_at is not None else ReturnState.ANNOUNCED
        is_noted = await change_return(
            self._store, noted, {**announced, "state": state}, wakes=True
        )
        log.info("return.announced", return_id=case.return_id, rma_id=rma_id, is_noted=is_noted)
        return "1 return announced"

    async def _reloaded(self, case: ReturnCase) -> ReturnCase:
        pages = await list_unfinished(self._store, limit=1, after_id=case.return_id - 1)
        return pages[0]

    async def _ask(self, case: ReturnCase, problem: str) -> str:
        await change_return(self._store, case, {"problem": problem}, wakes=True)
        return "1 return for a person"

    async def _fetch_label(self, case: ReturnCase) -> str:
        try:
            label = await self._warehouse.read_label(case.warehouse_shipment_id)
        except Rejected as refusal:
            problem = f"{LABEL_REFUSED}: {refusal.detail or 'no reason given'}"
            return await self._ask(case, problem)
        await keep_label(self._store, case, label)
        log.info("return.labelled", return_id=case.return_id)
        return "1 label fetched"

    def _is_to_be_followed(self, case: ReturnCase) -> bool:
        if not self._warehouse.tells_booked or case.announced_at is None:
            return False
        if case.state not in (ReturnState.ANNOUNCED, ReturnState.LABELLED):
            return False
        looked_at = case.looked_at
        return looked_at is None or self._store.now() - looked_at >= timedelta(seconds=LOOK_SECONDS)

    async def _follow(self, case: ReturnCase) -> str:
        """Compare what was booked back in with what was announced, over the whole order there."""
        now = self._store.now()
        if not case.items:  # announced in Maya, and noted here by its number alone
            case = await self._learn_items(case)
        of_order = await self._warehouse.count_booked(case.external_order_number or "")
        earlier = await load_returns(self._store, case.order_id)
        taken = sum(
            # Of one that a person closed nothing more is expected.
            one.booked_pieces if one.state is ReturnState.CLOSED else one.pieces
            for one in earlier
            if one.return_id < case.return_id
            and one.external_order_number == case.external_order_number
        )
        booked = max(0, of_order - taken)
        values: dict[str, Any] = {"looked_at": now, "booked_pieces": min(booked, case.pieces)}
        is_booked = booked >= case.pieces > 0
        if is_booked:
            ended = {"booked_at": now, "closed_at": now, "label_data": None, "problem": None}
            values |= {"state": ReturnState.BOOKED, **ended}
        await change_return(self._store, case, values, wakes=is_booked)
        return f"{values['booked_pieces']} of {case.pieces} pieces booked"

    async def _learn_items(self, case: ReturnCase) -> ReturnCase:
        """Note what a return holds, so that its end is seen: all pieces of the shipment."""
        number = case.external_order_number or ""
        items = _noted(await self._warehouse.list_items(number, case.warehouse_shipment_id))
        await change_return(self._store, case, {"items": items})
        return replace(case, items=tuple(items))


def _noted(items: Sequence[ReturnItem]) -> list[dict[str, Any]]:
    return [
        {"shipment_item_id": one.shipment_item_id, "sku": one.sku, "pieces": one.pieces}
        for one in items
    ]
