"""
Carries one claimed order from step to step until it waits, and records every step.

The order flow says what was found out; this file turns that into columns, history and a time,
and a failure into what `retry.py` decides. Depth first: the same order goes on while it can, or
nothing would be finished when a process dies.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from app import tracing
from app.domain.lifecycle import State, can_move
from app.domain.pauses import tells_of_pause
from app.domain.reasons import reason_of
from app.domain.record import OrderRecord
from app.domain.shadow import WAITS_FOR_CONNECTOR, WAITS_FOR_LIVE
from app.errors import (
    BridgeError,
    LeaseLost,
    NotYet,
    Paused,
    PeerAway,
    SkuTableChanged,
    WokenMeanwhile,
    WritesOff,
)
from app.flow import retry
from app.flow.alarms import tell_alarm
from app.flow.desk import OrderDesk
from app.flow.moves import Attention, Close, Move, Next, Stands, Wait
from app.flow.order_flow import advance
from app.flow.recording import StepRecorder, decided
from app.flow.rules import FlowRules
from app.flow.shadow import is_followed
from app.flow.success_book import SuccessBook
from app.flow.wording import describe_failure, step_of, waits_for, where_in_maya
from app.metrics import ATTEMPTS, EVENT_TO_PLACED
from app.outbound import calls_made
from app.ports import Priority, call_priority
from app.store.claims import release_order
from app.store.decisions import CLEARED
from app.store.orders import AttemptRow, Finish, finish_step
from app.store.session import Store

MAX_STEPS = 25
"""An order that goes on for longer in one go is given back, so that a loop cannot hog a worker."""

PUT_OFF = "put off"
PAUSED_LOOK_SECONDS = 86_400.0
"""An order that a pause stops is woken by its end and by news; this is how often it is read
besides, as every open order is."""
SHADOW_LOOK_SECONDS = 3600.0
_QUIET = ("noted", "unchanged")
"""Outcomes that are told only where the order shows something new."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Change:
    """What a step changes, before the store is asked."""

    outcome: str
    message: str
    columns: dict[str, Any]
    next_attempt_at: datetime | None
    goes_on: bool = False
    stopped_by: str | None = None


class Carrier:
    """Works on orders at desks."""

    def __init__(
        self,
        store: Store,
        rules: FlowRules,
        *,
        recorder: StepRecorder,
        lease_seconds: float,
        retry_base_seconds: float,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """Record in *store*, by *recorder* too; decide by *rules*; draw *jitter* from 0 to 1."""
        self._store = store
        self._rules = rules
        self._recorder = recorder
        self._lease_seconds = lease_seconds
        self._retry_base_seconds = retry_base_seconds
        self._successes = SuccessBook()
        self._jitter = jitter

    async def carry(self, desk: OrderDesk, is_stopping: Callable[[], bool]) -> None:
        """Take the order at *desk* as far as it goes now; give it back when asked to stop."""
        try:
            for step in range(1, MAX_STEPS + 1):
                if not await self._take_traced_step(desk):
                    return
                if is_stopping() or step == MAX_STEPS:
                    await release_order(self._store, desk.held)
                    return
        except LeaseLost:
            log.warning("lease.lost", order_id=desk.held.order_id)
        except Exception:
            # A commit that failed may or may not have happened: as after a crash, the lease
            # runs out and whoever claims the order next looks at what is true.
            log.exception("step.not_recorded", order_id=desk.held.order_id)

    async def _take_traced_step(self, desk: OrderDesk) -> bool:
        """Take one step; tell whether the order goes on at once."""
        held = desk.held
        told: tracing.Attributes = {
            "antbridge.order_id": held.marketplace_order_id,
            "antbridge.state": str(held.state),
            "antbridge.attempt_number": held.attempt_count + 1,
        }
        name = f"step {step_of(held)}"
        order_id = held.marketplace_order_id
        with tracing.span(name, told, kind="consumer", of_order=order_id) as span:
            change = await self._take_step(desk)
            span.set(
                {
                    "antbridge.outcome": change.outcome,
                    "antbridge.state_after": str(desk.held.state),
                    "antbridge.attention_reason": desk.held.attention_reason,
                }
            )
        return change.goes_on

    async def _take_step(self, desk: OrderDesk) -> _Change:
        """Take one step and record it; return what it changed."""
        before = desk.held
        call_priority.set(_priority_of(before))
        started = time.perf_counter()
        error: Exception | None = None
        record = desk.record
        calls_made.set(record.calls)
        try:
            move = await advance(desk, self._rules)
            record.decided = decided(desk, move=move)
            change = self._change_of(move, desk)
            made = [call.operation for call in record.calls if call.was_made]
            operations = [*made, step_of(before)]
            self._successes.note(operations, before.order_id, self._store.now())
        except LeaseLost:
            raise
        except WokenMeanwhile as news:
            record.decided = decided(desk, error=news)
            change = _woken(news, desk)
        except Exception as failure:
            error = failure
            record.decided = decided(desk, error=failure)
            if not isinstance(failure, BridgeError):
                log.exception("step.broke", order_id=before.order_id)
            change = self._change_after(failure, desk)
        seconds = time.perf_counter() - started
        try:
            await self._record(desk, change, _attempt_row(before, desk, change, error, seconds))
        except WokenMeanwhile as news:
            change = _woken(news, desk)
            await self._record(desk, change, _attempt_row(before, desk, change, None, seconds))
        return change

    async def _record(self, desk: OrderDesk, change: _Change, attempt: AttemptRow) -> None:
        columns = {**desk.noted, **change.columns}
        state = columns.get("state", desk.held.state)
        assert can_move(desk.held.state, state), f"{desk.held.state} → {state} does not exist"
        works_again = desk.held.attempt_count > 0
        is_news = change.outcome not in _QUIET or works_again or desk.has_news()
        if change.stopped_by is not None:  # told once, however often the order comes by
            is_news = not tells_of_pause(desk.held.waits_for, change.stopped_by)
        elif change.outcome == PUT_OFF:
            is_news = desk.held.waits_for != change.columns["waits_for"]
        recorded, settings = self._recorder.pack(desk.record) if is_news else (None, None)
        finish = Finish(
            columns=columns,
            attempt=replace(attempt, recorded=recorded) if is_news else None,
            settings=settings,
            next_attempt_at=self._store.now() if change.goes_on else change.next_attempt_at,
            keeps_lease=change.goes_on,
            placing=dict(desk.noted_placing),
            settles_shipments=desk.settles_shipments,
            stopped_by=change.stopped_by,
            shadow=dict(desk.noted_shadow),
        )
        after = await finish_step(self._store, desk.held, finish, self._lease_seconds)
        self._recorder.note_kept(settings)
        tell_alarm(desk.held, after)
        self._time_placing(desk.held, after)
        if not is_news:
            desk.start_step(after)
            return
        ATTEMPTS.labels(attempt.step, attempt.outcome).inc()
        log.info(
            "attempt.finished",
            correlation_id=after.marketplace_order_id,
            marketplace_reference=after.marketplace_reference,
            state=str(after.state),
            step=attempt.step,
            attempt_number=attempt.attempt_number,
            outcome=attempt.outcome,
            message=attempt.message,
            peer=attempt.peer,
            call=attempt.call,
            status=attempt.status,
            attention_reason=after.attention_reason,
            next_attempt_at=after.next_attempt_at.isoformat() if after.next_attempt_at else None,
            duration_ms=attempt.duration_ms,
        )
        desk.start_step(after)

    def _time_placing(self, before: OrderRecord, after: OrderRecord) -> None:
        """Measure how long an order took from its first event to the warehouse."""
        is_placed_now = after.state is State.PLACED and before.state is not State.PLACED
        if is_placed_now and after.found_by == "webhook":
            person = "asked" if after.person_asked_at is not None else "not asked"
            seconds = (self._store.now() - after.created_at).total_seconds()
            EVENT_TO_PLACED.labels(person).observe(max(0.0, seconds))

    def _change_of(self, move: Move, desk: OrderDesk) -> _Change:
        match move:
            case Next():
                return _Change("done", move.message, {**CLEARED, "state": move.state}, None, True)
            case Wait():
                columns = {**CLEARED, "waits_for": move.waits_for}
                if move.state is not None:
                    columns["state"] = move.state
                outcome = "unchanged" if move.is_known else "waiting"
                return _Change(outcome, move.message, columns, move.until)
            case Attention():
                times = [at for at in (move.until, move.again_at) if at is not None]
                next_at = min(times, default=None)
                return _Change("attention", move.message, self._asking(move, desk), next_at)
            case Close():
                closed_at = self._store.now()
                columns = {**CLEARED, "state": State.CLOSED, "outcome": move.outcome}
                if desk.held.state is not State.CLOSED:
                    columns["closed_at"] = closed_at
                follows_up = desk.order.follow_up is not None
                next_at = closed_at if follows_up else None
                was_closed = desk.held.state is State.CLOSED and not desk.noted
                outcome = "unchanged" if was_closed else "closed"
                return _Change(outcome, move.message, columns, next_at, follows_up)
            case Stands():
                return _Change(
                    "noted", move.message, {**_SUCCEEDED, **_ASKED}, desk.held.hold_until_at
                )

    def _asking(self, move: Attention, desk: OrderDesk) -> dict[str, Any]:
        is_same = desk.held.attention_reason == move.reason
        place = where_in_maya(desk.order, self._rules.maya_order_url)
        columns: dict[str, Any] = {
            **_SUCCEEDED,
            **_ASKED,
            "attention_reason": move.reason,
            "attention_since": (
                desk.held.attention_since if is_same else move.since or self._store.now()
            ),
            "person_asked_at": desk.held.person_asked_at or self._store.now(),
            "hold_until_at": move.until,
            "attention_detail": [
                {"reason": finding.reason, "field": finding.field, "detail": finding.detail}
                | (place if reason_of(finding.reason).is_task else {})
                for finding in move.findings
            ],
        }
        if move.state is not None:
            columns["state"] = move.state
        return columns

    def _change_after(self, failure: Exception, desk: OrderDesk) -> _Change:
        """Turn a failed attempt into what the retry rules decide."""
        order = desk.held
        number = order.attempt_count + 1
        now = self._store.now()
        if isinstance(failure, PeerAway | NotYet):
            return self._put_off(failure, now)
        if isinstance(failure, Paused):
            desk.pauses.forget()
            until = now + timedelta(seconds=PAUSED_LOOK_SECONDS)
            message = describe_failure(failure)
            return _Change(PUT_OFF, message, {}, until, stopped_by=failure.stop)
        if isinstance(failure, WritesOff):
            return self._wait_for_live(failure, now)
        operation = failure.operation if isinstance(failure, BridgeError) else step_of(order)
        alone = self._successes.count_alone(operation, order.order_id, since=order.first_failed_at)
        decision = retry.decide(
            failure,
            attempt=number,
            now=now,
            base_seconds=self._retry_base_seconds,
            jitter=self._jitter(),
            # The first failure cannot be told from a company's, so it is not among those counted.
            others_succeed=alone >= retry.HOPELESS_ATTEMPTS - 1,
        )
        if isinstance(decision, retry.Again):
            columns = {
                "attempt_count": number,
                "first_failed_at": order.first_failed_at or now,
                "not_before_at": decision.at,
                "waits_for": "the next try",
            }
            return _Change("failed", describe_failure(failure), columns, decision.at)
        if self._rules.is_shadow and is_followed(order):
            return self._would_ask(decision, desk, describe_failure(failure))
        if order.state is State.CLOSED:
            message = f"given up: {describe_failure(failure)}"
            # What a person is asked stays asked; parcels nobody may tell of are not followed.
            columns = {**_SUCCEEDED, "waits_for": None, "follow_up": None, "delivery_look_at": None}
            return _Change("warning", message, columns, None)
        if order.attention_reason is not None:
            return _Change(
                "noted", describe_failure(failure), {**_SUCCEEDED, **_ASKED}, order.hold_until_at
            )
        asking = self._asking(Attention(decision.findings, ""), desk)
        return _Change("attention", describe_failure(failure), asking, None)

    def _wait_for_live(self, failure: WritesOff, now: datetime) -> _Change:
        """Nothing was tried, and in shadow mode nothing will be; the switch to live wakes it."""
        until = now + timedelta(seconds=SHADOW_LOOK_SECONDS)
        return _Change(PUT_OFF, describe_failure(failure), {"waits_for": WAITS_FOR_LIVE}, until)

    def _would_ask(self, decision: retry.GiveUp, desk: OrderDesk, message: str) -> _Change:
        """Note that a person would be asked; in shadow mode the order is looked at again later."""
        asked = [{"reason": one.reason, "field": one.field} for one in decision.findings]
        desk.note_shadow(troubles=asked)
        until = self._store.now() + timedelta(seconds=SHADOW_LOOK_SECONDS)
        return _Change("waiting", message, {**_SUCCEEDED, "waits_for": WAITS_FOR_CONNECTOR}, until)

    def _put_off(self, failure: PeerAway | NotYet, now: datetime) -> _Change:
        """Nothing was tried, so nothing is used up: the order comes by when it may go on."""
        seconds = failure.retry_after_seconds + self._jitter() * self._retry_base_seconds
        until = now + timedelta(seconds=seconds)
        columns = {"not_before_at": until, "waits_for": waits_for(failure)}
        return _Change(PUT_OFF, describe_failure(failure), columns, until)


def _woken(news: WokenMeanwhile, desk: OrderDesk) -> _Change:
    """Go on with the order as it is now; nothing of what was about to be written down was."""
    if isinstance(news, SkuTableChanged):
        desk.sku_book.forget()
        return _Change("woken", "an entry of a SKU changed; judging it again", {}, None, True)
    return _Change("woken", "news came in; reading the order again", {}, None, True)


_SUCCEEDED: dict[str, Any] = {
    "attempt_count": 0,
    "first_failed_at": None,
    "not_before_at": None,
}
_ASKED: dict[str, Any] = {"waits_for": "a person"}


def _priority_of(order: OrderRecord) -> Priority:
    """Return how urgent an order's calls are: what was placed, may have been sent."""
    is_placed = order.state not in (State.RECEIVED, State.ACCEPTED)
    return Priority.TRACKING if is_placed else Priority.ORDERS


def _attempt_row(
    before: OrderRecord,
    desk: OrderDesk,
    change: _Change,
    error: Exception | None,
    seconds: float,
) -> AttemptRow:
    message = "; ".join([change.message, *(f"warning: {text}" for text in desk.warnings)])
    peer, call = desk.last_call
    if isinstance(error, BridgeError):
        peer, call = error.peer, str(error.operation)
    return AttemptRow(
        step=step_of(before),
        outcome=change.outcome,
        message=message,
        duration_ms=round(seconds * 1000),
        attempt_number=before.attempt_count + 1,
        peer=peer,
        call=call,
        status=error.status if isinstance(error, BridgeError) else None,
        detail=(error.detail or None) if isinstance(error, BridgeError) else None,
    )
