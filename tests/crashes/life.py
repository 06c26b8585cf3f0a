"""
One order's life: the whole service in one process that dies where the case says.

The simulation's world with nothing left to chance: every delay is fixed, one process receives
and works, and what the case names happens exactly there. The process after a death starts on
what the database holds.
"""

import asyncio
from unittest.mock import patch

from app.simulator.company import Company
from app.simulator.exchange import Ask
from tests.crashes.fuse import Fuse
from tests.crashes.places import Place
from tests.crashes.plans import LATE_SECONDS, make_plan
from tests.crashes.points import ANSWER_FATES, COMMIT_FATES, Case
from tests.crashes.stand_ins import DeafWorker, Doorbell
from tests.simulation.process import Crash, Process, ProcessStore, current_process, track_tasks
from tests.simulation.virtual_loop import VirtualLoop
from tests.simulation.wire import Fate
from tests.simulation.world import World

OUT_SECONDS = BACK_SECONDS = 0.01
RESTART_SECONDS = 1.0
STEP_SECONDS = 2.5
LONGEST_LIFE_SECONDS = 400.0
AFTERLIFE_SECONDS = 31.2
"""How long it is watched that nothing more happens: more than any job's interval."""
_STORE_TROUBLES = {
    "before": "fails before",
    "without-effect": "fails",
    "with-effect": "fails after",
}


class Life(World):
    """The world of one case."""

    def __init__(self, case: Case, place: Place, loop: VirtualLoop) -> None:
        super().__init__(make_plan(case), loop)
        self.case = case
        self.place = place
        self.fuse = Fuse(case)
        self.calls_at_rest = self.commits_at_rest = 0
        """What the companies and the database counted themselves, until all rested."""
        place.empty()
        self.database = place.connection
        self.active_ants.habits.default_shipping_method = "BUSEU1"
        self.ankorstore.outbox.delay_seconds_max = 0.0
        self.ankorstore.outbox._transport = Doorbell(self)

    # What the case makes happen

    def on_point(self, process: Process, name: str) -> None:
        """Count the point; die here where the case says so."""
        begun = self.fuse.count(name)
        if begun is not None and begun.kind == "commit":
            self.note(f"{process.name} commit {begun.number} {begun.name}")
        if self.case.trouble is None and self.fuse.due_at(name) is not None:
            self._happen()
            self.crash(process, "")
            raise Crash

    def draw_fate(self, process: Process, company: Company, ask: Ask) -> Fate:
        """Say what becomes of a call."""
        peer = type(company).__name__.removeprefix("Simulated")
        self.fuse.name_call(f"{ask.method} {peer}{ask.path}")
        if self.case.trouble is None:
            point = self.fuse.due("call", "lost-before", "lost-after", "late")
            return self._die_waiting(process, point.fate) if point else _arrives()
        point = self.fuse.due("call", *ANSWER_FATES)
        if point is None:
            return _arrives()
        self._happen()
        return Fate(
            LATE_SECONDS if point.fate.startswith("late") else OUT_SECONDS,
            BACK_SECONDS,
            is_lost_out=point.fate.startswith("lost-before"),
            is_lost_back=True,
            resets=not point.fate.endswith("silent"),
        )

    def fate_of_commit(self, process: Process) -> str:
        """Say what happens to a transaction of a process that lives on."""
        if self.case.trouble is None or self.fuse.due("commit", *COMMIT_FATES) is None:
            return "ok"
        self._happen()
        return _STORE_TROUBLES[self.case.trouble.fate]

    def take_delivery(self, fates: tuple[str, ...]) -> str:
        """Say what happens to a webhook."""
        self.fuse.deliveries += not self.fuse.is_over
        if self.case.trouble is None or self.fuse.due("delivery", *fates) is None:
            return "arrives"
        self._happen()
        return self.case.trouble.fate

    def crash(self, process: Process, where: str) -> None:
        """Kill the process and start the next one a little later."""
        self.note(f"{process.name} CRASH")
        process.die()
        self.loop.call_later(RESTART_SECONDS, self._start, "the next")

    def _die_waiting(self, process: Process, fate: str) -> Fate:
        """Have the process die while its request is under way, or while the answer is."""
        self._happen()
        is_under_way = fate in ("lost-before", "late")
        pause = OUT_SECONDS / 2 if is_under_way else OUT_SECONDS + BACK_SECONDS / 2
        self.loop.call_later(pause, self.crash, process, "")
        return Fate(
            LATE_SECONDS if fate == "late" else OUT_SECONDS,
            BACK_SECONDS,
            is_lost_out=fate == "lost-before",
            is_lost_back=True,
            resets=False,
        )

    def _happen(self) -> None:
        self.note(f"HERE {self.fuse.burn()}")

    # The process

    def _start(self, name: str) -> None:
        self.fuse.start_process()
        process = Process(f"process-{len(self.fuse.passed)}", self.on_point)
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
        self._start("the first")
        self.active_ants.add_foreign_shipments(self.plan.foreign_shipments)
        tasks = [
            self.loop.create_task(self._order_life(self.plan.orders[0])),
            self.loop.create_task(self._warehouse_floor()),
            self.loop.create_task(self._post_office()),
        ]
        for _ in range(int(LONGEST_LIFE_SECONDS / STEP_SECONDS)):
            await asyncio.sleep(STEP_SECONDS)
            if self._rests():
                break
        self.fuse.is_over = True
        self.calls_at_rest = len(self.ankorstore.calls) + len(self.active_ants.calls)
        self.commits_at_rest = self.place.commits
        self.note("all rests")
        await asyncio.sleep(AFTERLIFE_SECONDS)
        for task in tasks:
            task.cancel()
        for process in self.processes.values():
            process.die()
        await asyncio.sleep(0)

    def _rests(self) -> bool:
        """Tell whether nothing is owed any more, to the companies neither."""
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


def _arrives() -> Fate:
    return Fate(OUT_SECONDS, BACK_SECONDS)
