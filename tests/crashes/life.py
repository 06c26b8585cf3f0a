"""
One order's life: the whole service in one process that dies where the case says.

The simulation's world with nothing left to chance: every delay is fixed, one process receives
and works, and what the case names happens exactly there. The process after a death starts on
what the database holds.
"""

import asyncio
import sys
from collections import Counter
from random import Random
from typing import Any
from unittest.mock import patch

import httpx

from app.simulator.company import Company
from app.simulator.exchange import Ask
from app.worker import Worker
from tests.crashes.places import Place
from tests.crashes.points import Case, Passed, Point
from tests.simulation.plan import SETTLE_SECONDS, OrderPlan, Plan
from tests.simulation.process import Crash, Process, ProcessStore, current_process, track_tasks
from tests.simulation.virtual_loop import VirtualLoop
from tests.simulation.wire import Fate
from tests.simulation.world import World

SEARCH_LAG_SECONDS = 3.0
LATE_SECONDS = SETTLE_SECONDS - SEARCH_LAG_SECONDS - 0.5
"""How late a request may take effect and still be seen by a search when the settle time ends."""
OUT_SECONDS = BACK_SECONDS = 0.01
RESTART_SECONDS = 1.0
POLL_SECONDS = 5.0
STEP_SECONDS = 2.5
LONGEST_LIFE_SECONDS = 400.0
AFTERLIFE_SECONDS = 31.2
"""How long it is watched that nothing more happens: more than any job's interval."""
VARIANTS = {
    "plain": OrderPlan(at_seconds=0.5, skus=("MUG-01",), is_told=True, parcels=1, parts=1),
    "parcels": OrderPlan(
        at_seconds=0.5, skus=("MUG-01", "BOWL-01"), is_told=True, parcels=2, parts=1
    ),
    "untold": OrderPlan(at_seconds=0.5, skus=("MUG-01",), is_told=False, parcels=1, parts=1),
}
"""The orders: one of one line; one whose parcels are told too; one no webhook tells of."""
_COMMIT_PARTS = {
    "before commit": "before",
    "at commit, without effect": "without-effect",
    "after commit": "with-effect",
}
_STORE_TROUBLES = {
    "before": "fails before",
    "without-effect": "fails",
    "with-effect": "fails after",
}


def make_plan(case: Case) -> Plan:
    """Return a simulation's plan with one order and no fault at all."""
    return Plan(
        seed=0,
        random=Random(0),
        workers=1,
        poll_seconds=POLL_SECONDS,
        orders=[VARIANTS[case.setting.variant]],
        exchange_faults={},
        fault_routes=(),
        store_faults={},
        crash_chance=0.0,
        clock_ahead_seconds=0.0,
        clock_jumps=[],
        freezes=[],
        store_gone=[],
        feed_disorder_chance=0.0,
        uniqueness=case.setting.uniqueness,
        search_lag_seconds=SEARCH_LAG_SECONDS,
        late_seconds=LATE_SECONDS,
        redelivery_chance=0.0,
        event_loss_chance=0.0,
        is_out_of_order=False,
        feed="by_type",
        max_in_flight=1,
        foreign_shipments=3,
        not_found="nok",
    )


class Life(World):
    """The world of one case."""

    def __init__(self, case: Case, place: Place, loop: VirtualLoop) -> None:
        super().__init__(make_plan(case), loop)
        self.case = case
        self.place = place
        place.empty()
        self.database = place.connection
        self.active_ants.habits.default_shipping_method = "BUSEU1"
        self.passed: list[list[Passed]] = []
        """What each process passed, one list a process."""
        self.left: list[Point] = [*case.deaths, *([case.trouble] if case.trouble else [])]
        """What has not happened yet."""
        self.is_over = False
        self.calls_at_rest = self.commits_at_rest = self.deliveries_at_rest = 0
        """What the companies and the database counted themselves, until all rested."""
        self.total: Counter[str] = Counter()
        """How often each point was passed by any process, to the very end."""
        self._counts: dict[str, int] = {}
        self._at: dict[tuple[str, Any], int] = {}
        self._deliveries = 0

    # What the case makes happen

    def on_point(self, process: Process, name: str) -> None:
        """Count the point; die here where the case says so."""
        self.total[name] += 1
        if self.is_over:
            return
        if name == "before send":
            self._pass("call", "")
            self._die_at(process, "call", "never-sent")
        elif name == "after answer":
            self._die_at(process, "call", "arrived")
        elif name == "before read":
            self._pass("read", _caller())
            self._die_at(process, "read", "before")
        elif name in _COMMIT_PARTS:
            if name == "before commit":
                self._pass("commit", _caller(), is_ended=False)
            elif name == "at commit, without effect":
                self._mark_ended()
            self._die_at(process, "commit", _COMMIT_PARTS[name])

    def draw_fate(self, process: Process, company: Company, ask: Ask) -> Fate:
        """Say what becomes of a call."""
        number = self._number("call")
        if self.is_over:
            return Fate(OUT_SECONDS, BACK_SECONDS)
        self._name_call(
            number, f"{ask.method} {type(company).__name__.removeprefix('Simulated')}{ask.path}"
        )
        for fate in ("lost-before", "lost-after", "late"):
            if self._is_due("call", number, fate) and self.case.trouble is None:
                return self._die_waiting(process, fate)
        point = self.case.trouble
        if point is None or not self._is_due("call", number, point.fate):
            return Fate(OUT_SECONDS, BACK_SECONDS)
        self._happen(point)
        return Fate(
            LATE_SECONDS if point.fate.startswith("late") else OUT_SECONDS,
            BACK_SECONDS,
            is_lost_out=point.fate.startswith("lost-before"),
            is_lost_back=True,
            resets=not point.fate.endswith("silent"),
        )

    def fate_of_commit(self, process: Process) -> str:
        """Say what happens to a transaction of a process that lives on."""
        point = self.case.trouble
        if point is None or not self._is_due("commit", self._number("commit"), point.fate):
            return "ok"
        self._happen(point)
        return _STORE_TROUBLES[point.fate]

    def take_delivery(self) -> str:
        """Say what happens to a webhook."""
        self._deliveries += 1
        point = self.case.trouble
        if point is None or not self._is_due("delivery", self._deliveries, point.fate):
            return "ok"
        self._happen(point)
        return point.fate

    def _die_at(self, process: Process, kind: str, fate: str) -> None:
        if self.case.trouble is None and self._is_due(kind, self._number(kind), fate):
            self._happen(self.left[0])
            self.crash(process, "")
            raise Crash

    def _die_waiting(self, process: Process, fate: str) -> Fate:
        """Have the process die while its request is under way, or while the answer is."""
        self._happen(self.left[0])
        is_early = fate in ("lost-before", "late")
        pause = OUT_SECONDS / 2 if is_early else OUT_SECONDS + BACK_SECONDS / 2
        self.loop.call_later(pause, self.crash, process, "")
        return Fate(
            LATE_SECONDS if fate == "late" else OUT_SECONDS,
            BACK_SECONDS,
            is_lost_out=fate == "lost-before",
            is_lost_back=True,
            resets=False,
        )

    def _is_due(self, kind: str, number: int, fate: str) -> bool:
        if not self.left or self.is_over:
            return False
        is_its_life = self.case.trouble is not None or (
            len(self.passed) == 1 + len(self.case.deaths) - len(self.left)
        )
        return is_its_life and self.left[0] == Point(kind, number, fate)

    def _happen(self, point: Point) -> None:
        assert self.left[0] == point
        del self.left[0]
        self.note(f"HERE {point}")

    def crash(self, process: Process, where: str) -> None:
        """Kill the process and start the next one a little later."""
        self.note(f"{process.name} CRASH")
        process.die()
        self.loop.call_later(RESTART_SECONDS, self._start, "serve")

    # Counting

    def _pass(self, kind: str, name: str, is_ended: bool = True) -> None:
        number = self._counts[kind] = self._counts.get(kind, 0) + 1
        self._at[kind, asyncio.current_task()] = number
        self.passed[-1].append(Passed(kind, number, name, is_ended))
        if kind == "commit":
            self.note(f"{kind} {number} {name}")

    def _number(self, kind: str) -> int:
        """Return the number of what the running task is about."""
        return self._at.get((kind, asyncio.current_task()), 0)

    def _name_call(self, number: int, name: str) -> None:
        self._replace(Passed("call", number, ""), Passed("call", number, name))

    def _mark_ended(self) -> None:
        number = self._number("commit")
        for index in range(len(self.passed[-1]) - 1, -1, -1):
            one = self.passed[-1][index]
            if (one.kind, one.number) == ("commit", number):
                self.passed[-1][index] = Passed("commit", number, one.name)
                return

    def _replace(self, old: Passed, new: Passed) -> None:
        index = len(self.passed[-1]) - 1 - self.passed[-1][::-1].index(old)
        self.passed[-1][index] = new

    # The process

    def _start(self, name: str) -> None:
        process = Process(f"process-{len(self.passed) + 1}", self.on_point)
        self.passed.append([])
        self._counts.clear()
        self._at.clear()
        self.processes["web"] = self.processes[process.name] = process
        token = current_process.set(process)
        try:
            self.loop.create_task(self._receive(process))
            self.loop.create_task(self._work(process))
        finally:
            current_process.reset(token)
        self.note(f"{process.name} started")

    def _store(self, process: Process) -> ProcessStore:
        store = super()._store(process)
        store.is_postgres = self.place.is_postgres
        return store

    def _wake_workers(self) -> None:
        worker = self.observer.workers.get(self.processes["web"].name)
        if worker is not None:
            worker.wake()

    async def run(self) -> None:
        """Carry the order to its end, and watch for a while that it stays there."""
        self.ankorstore.outbox.delay_seconds_max = 0.0
        self.ankorstore.outbox._transport = Doorbell(self)
        self._start("serve")
        self.active_ants.add_foreign_shipments(self.plan.foreign_shipments)
        tasks = [
            self.loop.create_task(self._order_life(self.plan.orders[0])),
            self.loop.create_task(self._warehouse_floor()),
            self.loop.create_task(self._post_office()),
        ]
        while self.loop.seconds < LONGEST_LIFE_SECONDS and not self._rests():
            await asyncio.sleep(STEP_SECONDS)
        self.is_over = True
        self.calls_at_rest = len(self.ankorstore.calls) + len(self.active_ants.calls)
        self.commits_at_rest = self.place.commits
        self.deliveries_at_rest = self._deliveries
        self.note("all rests")
        await asyncio.sleep(AFTERLIFE_SECONDS)
        for task in tasks:
            task.cancel()
        for process in self.processes.values():
            process.die()
        await asyncio.sleep(0)

    def _rests(self) -> bool:
        ours = {order.id for order in self.orders}
        return (
            self.processes["web"].is_alive
            and self.observer.is_at_rest()
            and not any(delivery.is_waiting for delivery in self.ankorstore.deliveries)
            and all(
                shipment.is_acknowledged
                for shipment in self.active_ants.shipments.values()
                if shipment.extras.get("extra1") in ours
            )
        )


class Doorbell(httpx.AsyncBaseTransport):
    """The way of a webhook to the process; what the process does about it dies with it."""

    def __init__(self, life: Life) -> None:
        self._life = life

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        life = self._life
        process = life.processes["web"]
        if not process.is_alive or life.receiver is None:
            raise httpx.ConnectError("nobody there", request=request)
        fate = life.take_delivery()
        if fate == "lost-before":
            raise httpx.ReadError("never arrived", request=request)
        inner = httpx.ASGITransport(app=life.receiver)
        token = current_process.set(process)
        try:
            task = life.loop.create_task(inner.handle_async_request(request))
        finally:
            current_process.reset(token)
        await asyncio.wait([task])
        # An answer given before the death counts, even where the process died at once after it.
        is_dead = task.cancelled() or task.exception() is not None
        if is_dead or fate == "lost-after":
            raise httpx.ReadError("no answer", request=request)
        life.note(f"{process.name} answers a webhook with {task.result().status_code}")
        return task.result()


def _caller() -> str:
    """Return the name of the function of the service that asks the store."""
    frame = sys._getframe(3)
    while frame.f_back is not None:
        path = frame.f_code.co_filename
        if "/app/" in path:
            return frame.f_code.co_qualname
        frame = frame.f_back
    return "the test"


class DeafWorker(Worker):
    """
    The real worker, but it hears no notification of PostgreSQL.

    One that is lost costs a moment, and here time is virtual.
    """

    async def _listen(self) -> None:
        await asyncio.Event().wait()


def live(case: Case, place: Place) -> Life:
    """Play one case to its end."""
    loop = VirtualLoop()
    loop.set_task_factory(track_tasks)
    asyncio.set_event_loop(loop)
    try:
        with patch("tests.simulation.world.Worker", DeafWorker):
            life = Life(case, place, loop)
            loop.run_until_complete(life.run())
        return life
    finally:
        asyncio.set_event_loop(None)
        loop.close()
