"""
One simulated run: the real receiver, worker, flow and store code, and everything around it.

Drawn from one seed; the same seed and the same code give the same trace.
"""

import asyncio
import hashlib
import sqlite3
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import httpx
from pydantic import SecretStr
from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import StaticPool
from starlette.applications import Starlette
from starlette.routing import Route

from app.settings import Settings
from app.simulator import Order, OrderedLine, SimulatedActiveAnts, SimulatedAnkorstore
from app.simulator.ankorstore.refusals import ImpossibleMove
from app.simulator.company import Company
from app.simulator.exchange import Answer, Ask
from app.simulator.faults import Fault
from app.store.inbox import Inbox
from app.store.models import Base
from app.web.signing_secrets import SigningSecrets
from app.web.webhooks import Receiver
from app.wiring import Transports, build_companies
from app.worker import Worker
from tests.simulation.desk import open_desk
from tests.simulation.observer import Observer
from tests.simulation.plan import (
    FAULTY_SECONDS,
    LEASE_SECONDS,
    SETTLE_SECONDS,
    TIMEOUT_SECONDS,
    Freeze,
    Jump,
    OrderPlan,
    Plan,
    draw_plan,
)
from tests.simulation.policies import play_policy, use_policy
from tests.simulation.process import Crash, Process, ProcessStore, current_process, track_tasks
from tests.simulation.virtual_loop import VirtualClock, VirtualLoop
from tests.simulation.wire import Fate, Wire, disorder_page

CALM_SECONDS = 1500.0
STEP_SECONDS = 10.0
LOOK_SECONDS = 0.2
RESTART_SECONDS = (0.5, 20.0)
WEBHOOK_SECRET = "simulated-webhook-secret"
_SPOILS = {
    "429": Fault.TOO_MANY_REQUESTS,
    "429 unsaid": Fault.TOO_MANY_REQUESTS_UNSAID,
    "5xx before": Fault.SERVER_ERROR_BEFORE,
    "5xx after": Fault.SERVER_ERROR_AFTER,
    "401": Fault.UNAUTHORIZED,
    "truncated": Fault.TRUNCATE_BODY,
    "not json": Fault.NOT_JSON,
    "wrong type": Fault.WRONG_TYPE,
    "empty": Fault.EMPTY_BODY,
}
_SETTINGS = Settings(
    _env_file=None,
    ankorstore_base_url="http://127.0.0.1:1",
    ankorstore_client_id="-",
    ankorstore_client_secret="-",
    ankorstore_webhook_secrets=WEBHOOK_SECRET,
    ankorstore_requests_per_minute=60_000,
    active_ants_base_url="http://127.0.0.1:2",
    active_ants_username="-",
    active_ants_password="-",
    active_ants_requests_per_minute=6_000,
    active_ants_order_type="ANKORSTORE",
    operator_token="operator-token",
    pack_mode="unit",
    shipment_poll_seconds=15,
    tracking_wait_hours=0.01,
    reconcile_seconds=25,
    retry_base_seconds=0.4,
    http_timeout_seconds=TIMEOUT_SECONDS,
    lease_seconds=LEASE_SECONDS,
    warehouse_settle_seconds=SETTLE_SECONDS,
)
"""Reading settings takes longer than many a run; each run copies these."""
_template: bytes | None = None
_database: list[sqlite3.Connection] = []
_engine = create_engine("sqlite://", creator=lambda: _database[-1], poolclass=StaticPool)
"""One engine for all runs of a process, so that statements are compiled once; see `_renew`."""


def _renew() -> Connection:
    """Connect to a new database in memory with every table, copied from one made once."""
    global _template
    raw = sqlite3.connect(":memory:", check_same_thread=False)
    _engine.dispose()
    _database[:] = [raw]
    if _template is None:
        Base.metadata.create_all(_engine)
        _template = raw.serialize()
    else:
        raw.deserialize(_template)
    return _engine.connect()


class World:
    """Everything that exists in one run."""

    def __init__(self, plan: Plan, loop: VirtualLoop) -> None:
        self.plan = plan
        self.loop = loop
        self.trace: list[str] = []
        self.struck: Counter[str] = Counter()
        self.is_faulty = True
        self.processes: dict[str, Process] = {}
        self.orders: list[Order] = []
        self.plans: dict[str, OrderPlan] = {}
        self.clocks: dict[str, VirtualClock] = {}
        self.touched: set[str] = set()
        self.accepted_by_people: set[str] = set()
        self.database = _renew()
        self.clock = VirtualClock(loop)
        seed = plan.seed
        self.ankorstore = SimulatedAnkorstore(
            clock=self.clock,
            seed=seed,
            webhook_url="http://antbridge.test/webhooks/ankorstore",
            webhook_secret=WEBHOOK_SECRET,
            webhook_transport=_Doorbell(self),
        )
        self.ankorstore.base_url = "http://127.0.0.1:1"
        self.ankorstore.habits.requests_per_minute = None
        self.ankorstore.habits.tokens_per_hour = None
        self.ankorstore.outbox.is_out_of_order = plan.is_out_of_order
        self.ankorstore.outbox.duplicate_probability = plan.redelivery_chance
        self.ankorstore.outbox.lose_probability = plan.event_loss_chance
        self.ankorstore.outbox.delay_seconds_max = 10.0
        self.active_ants = SimulatedActiveAnts(
            clock=self.clock,
            seed=seed,
            uniqueness=plan.uniqueness,  # type: ignore[arg-type]
            search_lag_seconds=plan.search_lag_seconds,
        )
        self.active_ants.habits.ships_by_itself = False
        self.active_ants.habits.not_found = plan.not_found  # type: ignore[assignment]
        self.rules = play_policy(plan.policy, self.active_ants)
        self.observer = Observer(self)
        self.settings = _SETTINGS.model_copy(
            update={
                "ankorstore_client_id": self.ankorstore.client_id,
                "ankorstore_client_secret": SecretStr(self.ankorstore.client_secret),
                "active_ants_username": self.active_ants.username,
                "active_ants_password": SecretStr(self.active_ants.password),
                "active_ants_max_in_flight": plan.max_in_flight,
                "shipment_feed": plan.feed,
            }
        )
        self.receiver: Callable[..., Any] | None = None

    def strike(self, kind: str) -> None:
        """Count a fault that struck."""
        self.struck[kind] += 1

    def note(self, line: str) -> None:
        """Add a line to the trace, under the present time."""
        self.trace.append(f"{self.loop.seconds:9.3f} {line}")

    def digest(self) -> str:
        """Return what two equal runs have in common."""
        return hashlib.sha256("\n".join(self.trace).encode()).hexdigest()

    # Fates

    def on_point(self, process: Process, name: str) -> None:
        """Let the process die here, sometimes."""
        if self.is_faulty and self.plan.random.random() < self.plan.crash_chance:
            self.crash(process, name)
            raise Crash

    def crash(self, process: Process, where: str) -> None:
        """Kill the process and start it again later."""
        self.note(f"{process.name} CRASH {where}")
        self.strike(f"crash {where}")
        process.die()
        pause = self.plan.random.uniform(*RESTART_SECONDS)
        self.loop.call_later(pause, self._start, process.name)

    def fate_of_commit(self, process: Process) -> str:
        """Say what happens to a transaction."""
        if self.is_faulty:
            for kind, chance in self.plan.store_faults.items():
                if self.plan.random.random() < chance:
                    self.note(f"{process.name} store {kind}")
                    self.strike(f"store {kind}")
                    return kind
        return "ok"

    def is_gone(self) -> bool:
        """Tell whether the store cannot be reached now."""
        now = self.loop.seconds
        gone = self.is_faulty and any(start <= now < end for start, end in self.plan.store_gone)
        if gone:
            self.strike("store gone")
        return gone

    def _freeze(self, freeze: Freeze) -> None:
        process = self.processes.get(freeze.worker)
        if process is not None and process.is_alive:
            process.frozen_until = self.loop.seconds + freeze.seconds
            self.note(f"{freeze.worker} stands still for {freeze.seconds:.1f} s")
            self.strike("freeze" if freeze.seconds < LEASE_SECONDS else "freeze past the lease")

    def _jump(self, jump: Jump) -> None:
        if jump.worker in self.clocks:
            self.clocks[jump.worker].ahead_seconds = jump.ahead_seconds
            self.strike("clock jump")
            self.note(f"{jump.worker} clock goes wrong by {jump.ahead_seconds:.1f} s")

    def draw_fate(self, process: Process, company: Company, ask: Ask) -> Fate:
        """Say what becomes of an exchange."""
        random = self.plan.random
        out, back = random.uniform(0.005, 0.05), random.uniform(0.005, 0.05)
        if not self.is_faulty:
            return Fate(out, back)
        if ask.matches("POST */shipment/byordertype") and (
            random.random() < self.plan.feed_disorder_chance
        ):
            self.strike("shipments page in disorder")
            return Fate(out, back, disorder=partial(disorder_page, random))
        if not any(ask.matches(one) for one in self.plan.fault_routes):
            return Fate(out, back)
        for kind, chance in self.plan.exchange_faults.items():
            if random.random() >= chance:
                continue
            late = random.uniform(0, self.plan.late_seconds)
            self.strike(f"exchange {kind}")
            match kind:
                case "refused":
                    return Fate(is_refused=True)
                case "lost out":
                    return Fate(out, back, is_lost_out=True, resets=random.random() < 0.5)
                case "lost back":
                    return Fate(late, back, is_lost_back=True)
                case "silent":
                    return Fate(late, back, is_lost_back=True, resets=False)
                case "slow":
                    return Fate(late, random.uniform(0, 2 * TIMEOUT_SECONDS))
                case _:
                    return Fate(
                        out,
                        back,
                        fault=_SPOILS[kind],
                        fault_status=random.choice((500, 502, 503)),
                        fault_seconds=random.choice((1.0, 5.0)),
                    )
        return Fate(out, back)

    # Processes

    def _start(self, name: str) -> None:
        process = Process(name, self.on_point)
        self.processes[name] = process
        token = current_process.set(process)
        try:
            live = self._receive if name == "web" else self._work
            self.loop.create_task(live(process))
        finally:
            current_process.reset(token)
        self.note(f"{name} started")

    def _store(self, process: Process) -> ProcessStore:
        clock = VirtualClock(self.loop)
        if process.name == "worker-1":
            clock.ahead_seconds = self.plan.clock_ahead_seconds
        self.clocks[process.name] = clock
        return ProcessStore(self.database, clock, process, self.fate_of_commit, self.is_gone)

    async def _work(self, process: Process) -> None:
        store = self._store(process)
        wires = [
            Wire(
                company,
                process,
                self.draw_fate,
                self.observer.on_sent,
                self.observer.on_answer,
                self.note,
            )
            for company in (self.ankorstore, self.active_ants)
        ]
        companies = build_companies(
            self.settings, store.clock, Transports(wires[0], wires[1]), store
        )
        worker = Worker(
            self.settings,
            store,
            companies,
            poll_seconds=self.plan.poll_seconds,
            jitter=self.plan.random.random,
        )
        worker.worker_id = process.name
        use_policy(worker, self.rules)
        self.observer.workers[process.name] = worker
        await worker.run()

    async def _receive(self, process: Process) -> None:
        inbox = Inbox(self._store(process), on_wake=self._wake_workers)
        receiver = Receiver(inbox, SigningSecrets([WEBHOOK_SECRET]))
        self.receiver = Starlette(
            routes=[Route("/webhooks/ankorstore", receiver, methods=["POST"])]
        )

    def _wake_workers(self) -> None:
        for name, worker in self.observer.workers.items():
            if self.processes[name].is_alive and self.plan.random.random() < 0.7:
                worker.wake()

    # People and parcels

    async def run(self) -> None:
        """Run the faulty part, then the calm one until everything rests."""
        for name in ("web", *(f"worker-{number}" for number in range(1, self.plan.workers + 1))):
            self._start(name)
        self.active_ants.add_foreign_shipments(self.plan.foreign_shipments)
        tasks = [self.loop.create_task(self._order_life(plan)) for plan in self.plan.orders]
        tasks.append(self.loop.create_task(self._warehouse_floor()))
        tasks.append(self.loop.create_task(self._post_office()))
        for freeze in self.plan.freezes:
            self.loop.call_later(freeze.at_seconds, self._freeze, freeze)
        for jump in self.plan.clock_jumps:
            self.loop.call_later(jump.at_seconds, self._jump, jump)
        await asyncio.sleep(FAULTY_SECONDS)
        self.is_faulty = False
        self.ankorstore.outbox.lose_probability = 0.0
        self.note("faults stop")
        await self._rest()
        desk = open_desk(self)
        while await desk.answer_all():
            await self._rest()
        for task in tasks:
            task.cancel()
        for process in self.processes.values():
            process.die()
        await asyncio.sleep(0)

    async def _rest(self) -> None:
        """Wait until everything rests, or for so long that it never will."""
        for _ in range(int(CALM_SECONDS / STEP_SECONDS)):
            await asyncio.sleep(STEP_SECONDS)
            if self.observer.is_at_rest():
                return

    async def _order_life(self, plan: OrderPlan) -> None:
        await asyncio.sleep(plan.at_seconds)
        if not plan.is_told:
            self.ankorstore.outbox.lose_next()
        order = self.ankorstore.place_order(
            [OrderedLine(sku, packs=2) for sku in plan.skus],
            status="brand_confirmed" if plan.arrives_accepted else "ankor_confirmed",
        )
        self.orders.append(order)
        if self.plan.policy is not None:
            self.touched.add(order.id)  # its goods run short: it may end otherwise
        self.plans[order.id] = plan
        self.note(f"people place {order.reference}")
        if plan.number_is_taken:
            self.observer.take_number(order)
            self.touched.add(order.id)
        if plan.doing_after_accept is not None:
            self.loop.create_task(self._after_accept(order, *plan.doing_after_accept))
        passed = 0.0
        for at, doing in sorted(plan.doings):
            await asyncio.sleep(at - passed)
            passed = at
            self._do(doing, order)

    async def _after_accept(self, order: Order, pause_seconds: float, doing: str) -> None:
        """Do something to an order soon after it was accepted, while it is on its way."""
        while self.is_faulty:
            if order.status == "brand_confirmed":
                await asyncio.sleep(pause_seconds)
                self._do(doing, order)
                return
            await asyncio.sleep(LOOK_SECONDS)

    def _do(self, doing: str, order: Order) -> None:
        before = order.status
        try:
            match doing:
                case "cancel":
                    self.ankorstore.cancel_order(order.id)
                case "accept":
                    self.ankorstore.accept_by_person(order.id)
                    self.accepted_by_people.add(order.id)
                case "reject":
                    self.ankorstore.reject_by_person(order.id)
                case "revert":
                    self.ankorstore.revert_acceptance(order.id)
                case "labels":
                    self.ankorstore.generate_labels(order.id)
                case "fulfilment":
                    self.ankorstore.request_fulfillment(order.id)
                case "ask for cancellation":
                    self.ankorstore.ask_for_cancellation(order.id, "changed my mind")
                case "change address":
                    moved = replace(order.ship_to, name=f"{order.ship_to.name} Jr")
                    self.ankorstore.change_address(order.id, moved)
                case _:
                    self.ankorstore.change_billing_address(order.id, order.billing)
        except ImpossibleMove:
            return
        self.touched.add(order.id)
        self.strike(f"people {doing}")
        self.note(f"people {doing} {order.reference}: {before} → {order.status}")

    async def _warehouse_floor(self) -> None:
        """Send what came in, in as many parts and parcels as planned."""
        sent: set[int] = set()
        while True:
            await asyncio.sleep(4.0)
            for order in list(self.active_ants.orders.values()):
                plan = self.plans.get(order.extras.get("extra1") or "")
                if plan is None or order.is_complete or order.is_cancelled:
                    continue
                lines = None
                if plan.parts > 1 and order.order_number not in sent:
                    first = order.items[0]
                    lines = {first.sku: max(1, first.quantity // 2)}
                sent.add(order.order_number)
                self.active_ants.ship(order, parcels=plan.parcels, lines=lines)
                self.note(f"warehouse ships {order.external_order_number}")

    async def _post_office(self) -> None:
        """Deliver the marketplace's webhooks as they become due."""
        while True:
            await asyncio.sleep(1.0)
            self.active_ants.catch_up()
            await self.ankorstore.deliver_due()


class _Doorbell(httpx.AsyncBaseTransport):
    """The way of a webhook to whichever receiver lives."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        world = self._world
        process = world.processes.get("web")
        if process is None or not process.is_alive or world.receiver is None:
            raise httpx.ConnectError("nobody there", request=request)
        inner = httpx.ASGITransport(app=world.receiver)
        token = current_process.set(process)
        try:
            response = await inner.handle_async_request(request)
        except Crash:
            raise httpx.ReadError("the receiver died", request=request) from None
        finally:
            current_process.reset(token)
        world.note(f"web answers a webhook with {response.status_code}")
        if world.is_faulty and world.plan.random.random() < 0.05:
            world.strike("webhook's answer lost")
            raise httpx.ReadError("answer lost", request=request)
        return response


def run_seed(seed: int, mutate: Callable[[Plan], None] | None = None) -> World:
    """Run one seed to its end and return the world for the checks."""
    plan = draw_plan(seed)
    if mutate is not None:
        mutate(plan)
    loop = VirtualLoop()
    loop.set_task_factory(track_tasks)
    asyncio.set_event_loop(loop)
    try:
        world = World(plan, loop)
        loop.run_until_complete(world.run())
        return world
    finally:
        asyncio.set_event_loop(None)
        loop.close()


__all__ = ["Answer", "World", "run_seed"]
