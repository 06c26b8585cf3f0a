"""
A company's request budget in the database, shared by every process that calls it.

One row per company and window holds how far the calls run ahead of the even pace; a grant moves
it forward, for several calls at once. Where few calls may be under way, each of them is a leased
row. All of it is decided under the lock of the company's rows, by the database's clock.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Integer, Table, bindparam, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.metrics import BUDGET_COMMITS
from app.ports import Priority, RateWindow
from app.store.models import CallSlot, RateBudget
from app.store.session import Store
from app.store.statements import given, insert_into

AHEAD_SECONDS = 1.0
"""Places are granted this far ahead of their time: more would let the urgent wait behind them."""
MARK_SECONDS = 2.0
"""How long a waiting call holds back less urgent ones of other processes, unless it asks again."""
ASK_AGAIN_SECONDS = 0.25

_budgets = cast(Table, RateBudget.__table__)
_slots = cast(Table, CallSlot.__table__)
_MOVE = (
    update(_budgets)
    .where(
        _budgets.c.peer == given(_budgets, "peer"),
        _budgets.c.window_name == given(_budgets, "window_name"),
    )
    .values(arrival_at=given(_budgets, "arrival_at", prefix="to_"))
)
_LOCKED = (
    select(_budgets)
    .where(
        _budgets.c.peer == given(_budgets, "peer"),
        _budgets.c.window_name.in_(bindparam("names", expanding=True)),
    )
    .order_by(_budgets.c.window_name)
    .with_for_update()
)
_FREE_SLOT = (
    select(_slots.c.slot_number, _slots.c.fencing_token)
    .where(
        _slots.c.peer == given(_slots, "peer"),
        _slots.c.slot_number < bindparam("slots", type_=Integer()),
        or_(_slots.c.lease_until.is_(None), _slots.c.lease_until <= bindparam("now")),
    )
    .order_by(_slots.c.slot_number)
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class SharedPlaces:
    """
    What was granted: seconds from now at which each place may be used, and the slot with them.

    Nothing granted: ask again after *retry_seconds*.
    """

    waits_seconds: tuple[float, ...] = ()
    slot_number: int | None = None
    fencing_token: int = 0
    retry_seconds: float = 0.0


class SharedBudget:
    """The rows of one company."""

    def __init__(
        self,
        store: Store,
        peer: str,
        windows: Sequence[RateWindow],
        *,
        slots: int | None,
        lease_seconds: float,
    ) -> None:
        """Let at most *slots* calls be under way; one of a process that died frees itself."""
        self._store = store
        self._peer = peer
        self._windows = {window.name: window for window in windows}
        self._first = windows[0].name
        self._slots = slots
        self._lease_seconds = lease_seconds
        self._is_set_up = False

    async def take(self, *, places: int, wants_slot: bool, priority: Priority) -> SharedPlaces:
        """Grant up to *places* to be used within a moment, with a slot where one is wanted."""
        async with self._locked() as (connection, rows, now):
            pause = self._held_back(rows[self._first], now, priority)
            starts: list[float] = []
            if pause == 0 and places:
                starts = self._starts(rows, now, places)
                pause = starts[0] if starts[0] > AHEAD_SECONDS else 0.0
                starts = [wait for wait in starts if wait <= AHEAD_SECONDS]
            slot = None
            if pause == 0 and wants_slot:
                slot = await self._take_slot(connection, now)
                pause = 0.0 if slot is not None else max(ASK_AGAIN_SECONDS, *starts, 0.0)
            if pause > 0:
                await self._mark(connection, priority, now)
                return SharedPlaces(retry_seconds=pause)
            await self._move(connection, rows, now, len(starts))
            await self._unmark(connection, rows[self._first], priority)
            number, token = slot or (None, 0)
            return SharedPlaces(tuple(starts) or (0.0,), number, token)

    async def give_back(self, slot_number: int, fencing_token: int) -> None:
        """Free a slot, unless its lease ran out and somebody else has it by now."""
        async with self._store.write() as connection:
            await connection.execute(
                update(_slots)
                .where(
                    _slots.c.peer == self._peer,
                    _slots.c.slot_number == slot_number,
                    _slots.c.fencing_token == fencing_token,
                )
                .values(lease_until=None)
            )
        BUDGET_COMMITS.inc()

    async def pause(self, seconds: float) -> None:
        """Grant nobody anything for *seconds*; a shorter pause does not end a longer one."""
        async with self._locked() as (connection, rows, now):
            before = rows[self._first].paused_until_at or now
            until = max(before, now + timedelta(seconds=seconds))
            await self._set(connection, paused_until_at=until)

    async def push(self, window_name: str, ahead_seconds: float) -> None:
        """Have a window stand at least so far ahead: others use up the same limit."""
        async with self._locked() as (connection, rows, now):
            row = rows[window_name]
            at_least = now + timedelta(seconds=ahead_seconds)
            if at_least > row.arrival_at:
                await connection.execute(_MOVE, self._moved(row, at_least))

    async def left(self) -> int:
        """Return how many calls could be made at once now."""
        async with self._locked() as (_, rows, now):
            pass
        if (rows[self._first].paused_until_at or now) > now:
            return 0
        return min(
            window.left(_seconds(rows[name].arrival_at - now))
            for name, window in self._windows.items()
        )

    @asynccontextmanager
    async def _locked(self) -> AsyncIterator[tuple[AsyncConnection, dict[str, Any], datetime]]:
        """Open a transaction that holds the company's rows; give them and the time."""
        async with self._store.write() as connection:
            rows, now = await self._lock(connection)
            yield connection, rows, now
        BUDGET_COMMITS.inc()
        self._is_set_up = True  # only now: a commit that failed made no rows

    async def _lock(self, connection: AsyncConnection) -> tuple[dict[str, Any], datetime]:
        """Lock the company's rows, making those that are missing; return them and the time."""
        if not self._is_set_up:
            await self._set_up(connection)
        wanted = {"its_peer": self._peer, "names": list(self._windows)}
        rows = (await connection.execute(_LOCKED, wanted)).all()
        # Asked for once the lock is held: the time before it may be long gone.
        asked = [self._store.time()]
        if self._store.is_postgres:  # a grant lost with the server's power harms nobody
            asked.append(func.set_config("synchronous_commit", "off", True))
        now = (await connection.execute(select(*asked))).one()[0]
        return {row.window_name: row for row in rows}, now

    async def _set_up(self, connection: AsyncConnection) -> None:
        for name in sorted(self._windows):
            row = insert_into(RateBudget, is_postgres=self._store.is_postgres).values(
                peer=self._peer, window_name=name, arrival_at=self._store.time()
            )
            await connection.execute(row.on_conflict_do_nothing())
        for number in range(self._slots or 0):
            slot = insert_into(CallSlot, is_postgres=self._store.is_postgres)
            values = {"peer": self._peer, "slot_number": number}
            await connection.execute(slot.on_conflict_do_nothing(), values)

    def _held_back(self, first: Any, now: datetime, priority: Priority) -> float:
        """Return how long a pause, or a more urgent call elsewhere, holds this one back."""
        if first.paused_until_at is not None and first.paused_until_at > now:
            return _seconds(first.paused_until_at - now)
        is_marked = first.waiting_until_at is not None and first.waiting_until_at > now
        if is_marked and first.waiting_priority < priority:
            return ASK_AGAIN_SECONDS
        return 0.0

    def _starts(self, rows: dict[str, Any], now: datetime, places: int) -> list[float]:
        """Return how long each of the next *places* has to wait for its time."""
        starts = []
        for index in range(places):
            waits = [
                max(0.0, _seconds(rows[name].arrival_at - now))
                + index * window.spacing_seconds
                - window.ahead_seconds
                for name, window in self._windows.items()
            ]
            starts.append(max(0.0, *waits))
        return starts

    async def _move(
        self, connection: AsyncConnection, rows: dict[str, Any], now: datetime, places: int
    ) -> None:
        if not places:
            return
        for name, window in self._windows.items():
            forward = timedelta(seconds=places * window.spacing_seconds)
            moved = self._moved(rows[name], max(now, rows[name].arrival_at) + forward)
            await connection.execute(_MOVE, moved)

    def _moved(self, row: Any, arrival_at: datetime) -> dict[str, Any]:
        return {
            "its_peer": self._peer,
            "its_window_name": row.window_name,
            "to_arrival_at": arrival_at,
        }

    async def _take_slot(
        self, connection: AsyncConnection, now: datetime
    ) -> tuple[int, int] | None:
        wanted = {"its_peer": self._peer, "slots": self._slots, "now": now}
        free = (await connection.execute(_FREE_SLOT, wanted)).first()
        if free is None:
            return None
        taken = (
            update(_slots)
            .where(_slots.c.peer == self._peer, _slots.c.slot_number == free.slot_number)
            .values(
                lease_until=now + timedelta(seconds=self._lease_seconds),
                fencing_token=free.fencing_token + 1,
            )
        )
        await connection.execute(taken)
        return free.slot_number, free.fencing_token + 1

    async def _mark(self, connection: AsyncConnection, priority: Priority, now: datetime) -> None:
        """Hold back less urgent calls of other processes for a moment."""
        mine = (
            update(_budgets)
            .where(
                _budgets.c.peer == self._peer,
                _budgets.c.window_name == self._first,
                or_(
                    _budgets.c.waiting_until_at.is_(None),
                    _budgets.c.waiting_until_at <= now,
                    _budgets.c.waiting_priority >= int(priority),
                ),
            )
            .values(
                waiting_priority=int(priority),
                waiting_until_at=now + timedelta(seconds=MARK_SECONDS),
            )
        )
        await connection.execute(mine)

    async def _unmark(self, connection: AsyncConnection, first: Any, priority: Priority) -> None:
        """Take the mark away once its call goes; whoever else waits as urgently marks again."""
        if first.waiting_until_at is not None and first.waiting_priority == priority:
            await self._set(connection, waiting_priority=None, waiting_until_at=None)

    async def _set(self, connection: AsyncConnection, **values: Any) -> None:
        await connection.execute(
            update(_budgets)
            .where(_budgets.c.peer == self._peer, _budgets.c.window_name == self._first)
            .values(values)
        )


def _seconds(span: timedelta) -> float:
    return span / timedelta(seconds=1)
