"""Plays the demo from beginning to end and tells what happens."""

import asyncio
import secrets
import signal
import tempfile
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from app.clock import SystemClock
from app.demo.scenes import (
    ORDER_TYPE,
    POLICY,
    SCARCE_PIECES,
    SCARCE_SKU,
    Companies,
    Scene,
    write_scenes,
)
from app.demo.service import RunningService, ServiceFailed, free_port, run_service
from app.simulator import SimulatedActiveAnts, SimulatedAnkorstore, serve_companies

SHIPPING_SECONDS = 2.0
PATIENCE_SECONDS = 50.0
LOOK_SECONDS = 0.25
FOREIGN_SHIPMENTS = 5
INTERVALS = {
    "SHIPMENT_POLL_SECONDS": "1",
    "RECONCILE_SECONDS": "2",
    "WAREHOUSE_SETTLE_SECONDS": "2",
    "HTTP_TIMEOUT_SECONDS": "2",
    "RETRY_BASE_SECONDS": "0.5",
    "ACTIVE_ANTS_REQUESTS_PER_MINUTE": "1200",
}
INTERRUPTED = 130
OPERATOR = "demo"

console = Console(highlight=False)


def run_demo(*, keeps: bool = False) -> int:
    """
    Run the demo; return 0 only if every order ended as it should.

    Where it *keeps*, all stays up afterwards, until interrupted, for a look at the console.
    """
    try:
        return asyncio.run(_run(keeps))
    except (KeyboardInterrupt, asyncio.CancelledError):
        console.print("\nStopped.")
        return INTERRUPTED
    except ServiceFailed as failure:
        console.print(f"The demo could not run: {failure}")
        return 1


async def _run(keeps: bool) -> int:
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    assert task is not None
    for signal_number in (signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(signal_number, task.cancel)
    clock = SystemClock()
    companies = Companies(
        SimulatedAnkorstore(clock=clock, seed=7),
        SimulatedActiveAnts(clock=clock, seed=7, search_lag_seconds=1.0),
    )
    companies.active_ants.habits.ships_by_itself = False
    companies.active_ants.set_stock(SCARCE_SKU, SCARCE_PIECES)
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="antbridge-demo-") as folder:
        policy_file = Path(folder) / "policy.toml"
        policy_file.write_text(POLICY)
        async with serve_companies(companies.ankorstore, companies.active_ants) as served:
            environment = {
                "ANKORSTORE_BASE_URL": served.ankorstore_url,
                "ANKORSTORE_CLIENT_ID": companies.ankorstore.client_id,
                "ANKORSTORE_CLIENT_SECRET": companies.ankorstore.client_secret,
                "ANKORSTORE_WEBHOOK_SECRETS": companies.ankorstore.webhook_secret,
                "ACTIVE_ANTS_BASE_URL": served.active_ants_url,
                "ACTIVE_ANTS_USERNAME": companies.active_ants.username,
                "ACTIVE_ANTS_PASSWORD": companies.active_ants.password,
                "ACTIVE_ANTS_ORDER_TYPE": ORDER_TYPE,
                "PACK_MODE": "unit",
                "POLICY_FILE": str(policy_file),
                **INTERVALS,
            }
            _introduce(served.ankorstore_url, served.active_ants_url, port)
            async with run_service(Path(folder), environment, port) as service:
                companies.ankorstore.webhook_url = f"{service.url}/webhooks/ankorstore"
                scenes = write_scenes()
                status = await _play(companies, service, scenes)
                await _end(companies, service, scenes, keeps)
                return status


def _introduce(ankorstore_url: str, active_ants_url: str, port: int) -> None:
    console.print("[bold]antbridge demo[/bold]: the real service, two simulated companies\n")
    console.print(f"  Ankorstore, simulated    {ankorstore_url}")
    console.print(f"  Active Ants, simulated   {active_ants_url}")
    console.print(f"  antbridge                http://127.0.0.1:{port}  (SQLite, throw-away)")
    console.print("\nThe clock is real; these settings are shortened for the demo:")
    for name, value in INTERVALS.items():
        console.print(f"  {name}={value}")
    console.print("\nThe brand's policy:")
    for line in POLICY.splitlines():
        console.print(f"  {line}", markup=False)
    console.print()


async def _play(companies: Companies, service: RunningService, scenes: list[Scene]) -> int:
    started = time.monotonic()
    companies.active_ants.add_foreign_shipments(FOREIGN_SHIPMENTS)
    packing = asyncio.create_task(_pack_and_ship(companies, scenes))
    people: list[asyncio.Task[None]] = []
    try:
        first, *others = scenes
        _open(first, companies, started)
        # The fault waits for the next create, which must be that of the first order.
        while companies.active_ants.faults.plans and time.monotonic() - started < 10:
            await _look(service, scenes[:1], started)
        for scene in others:
            _open(scene, companies, started)
        people = [asyncio.create_task(_act(scene, companies, service)) for scene in others]
        while time.monotonic() - started < PATIENCE_SECONDS:
            await _look(service, scenes, started)
            if service.has_died:
                raise ServiceFailed("the service went away")
            for person in people:
                if person.done():
                    person.result()  # what a person was refused is the demo's own failure
            if all(scene.is_at_rest for scene in scenes):
                break
    finally:
        for task in (packing, *people):
            task.cancel()
        await asyncio.gather(packing, *people, return_exceptions=True)
    status = await service.read("/status") or {}
    return _conclude(scenes, companies, status, time.monotonic() - started)


async def _end(
    companies: Companies, service: RunningService, scenes: list[Scene], keeps: bool
) -> None:
    """Say how to see all this in the console; where it *keeps*, stay up until interrupted."""
    if not keeps:
        console.print("To look at these orders in the console: antbridge demo --keep")
        return
    password = secrets.token_urlsafe(12)
    await service.add_operator(OPERATOR, password)
    console.print(f"\n[bold]The console[/bold] is open at {service.url}/")
    console.print(f"  name      {OPERATOR}")
    console.print(f"  password  {password}", markup=False)
    console.print("One order waits for you there. Ctrl-C ends everything.")
    packing = asyncio.create_task(_pack_and_ship(companies, scenes))
    try:
        await service.wait_until_dead()
        raise ServiceFailed("the service went away")
    except asyncio.CancelledError:
        console.print("\nStopped.")
    finally:
        packing.cancel()


async def _act(scene: Scene, companies: Companies, service: RunningService) -> None:
    if scene.person is not None:
        await scene.person(scene, companies, service)
        scene.is_person_done = True


def _open(scene: Scene, companies: Companies, started: float) -> None:
    scene.order = scene.place(companies)
    seconds = time.monotonic() - started
    console.print(f"{seconds:5.1f} s  [bold]{scene.order.reference}[/bold]  ordered: {scene.title}")


async def _look(service: RunningService, scenes: list[Scene], started: float) -> None:
    """Show what is new since the last look."""
    await asyncio.sleep(LOOK_SECONDS)
    for scene in scenes:
        shown = await service.read(f"/api/orders/{scene.order_id}") if scene.order else None
        if shown is None or scene.order is None:
            continue
        scene.shown = shown
        scene.has_news.set()
        for attempt in shown["attempts"][scene.told_attempts :]:
            seconds = time.monotonic() - started
            what = f"{attempt['step']}: {attempt['message']}"
            console.print(f"{seconds:5.1f} s  {scene.order.reference}  {what}", markup=False)
        scene.told_attempts = len(shown["attempts"])


async def _pack_and_ship(companies: Companies, scenes: list[Scene]) -> None:
    """Be the warehouse's floor: send each order two seconds after it came in."""
    while True:
        await asyncio.sleep(0.1)
        opened = [scene for scene in scenes if scene.order is not None]
        parcels = {str(s.order.reference): s.parcels for s in opened if s.order and s.ships}
        kept_back = {str(s.order.reference) for s in opened if s.order and not s.ships}
        now = companies.active_ants.clock.now()
        for order in list(companies.active_ants.orders.values()):
            age = (now - order.created_at).total_seconds()
            is_due = age >= SHIPPING_SECONDS and order.external_order_number not in kept_back
            if is_due and not order.is_complete:
                companies.active_ants.ship(
                    order,
                    parcels=parcels.get(order.external_order_number, 1),
                    shipping_method="BUSEU1",
                )


def _conclude(
    scenes: list[Scene], companies: Companies, status: dict[str, Any], seconds: float
) -> int:
    console.print("\n[bold]The stories[/bold]")
    for scene in scenes:
        assert scene.order is not None
        console.print(f"\n  [bold]{scene.order.reference}[/bold]  {scene.title}")
        for attempt in scene.shown.get("attempts", []):
            at = attempt["happened_at"][11:19]
            console.print(f"    {at}  {attempt['step']}: {attempt['message']}", markup=False)
        if scene.shown.get("attention_reason"):
            console.print(f"    Why: {scene.shown['attention_sentence']}", markup=False)
            console.print(f"    Cure: {scene.shown['attention_cure']}", markup=False)
    table = Table("order", "what happens to it", "right ending", "ended as", "", title="\nEndings")
    wrong = 0
    for scene in scenes:
        assert scene.order is not None
        is_right = scene.is_right(scene, companies, scene.shown)
        wrong += not is_right
        ending = scene.shown.get("outcome") or scene.shown.get("attention_reason") or "unfinished"
        mark = "[green]right[/green]" if is_right else "[red]WRONG[/red]"
        table.add_row(str(scene.order.reference), scene.title, scene.expected, ending, mark)
    console.print(table)
    foreign = [
        s for s in companies.active_ants.shipments.values() if s.extras.get("extra1") is None
    ]
    taken = [shipment for shipment in foreign if shipment.is_acknowledged]
    wrong += bool(taken)
    inbox = status.get("inbox", {})
    console.print(
        f"{inbox.get('stored', 0)} events stored; {len(foreign)} shipments of other shops in the "
        f"feed, {len(taken)} of them acknowledged; {seconds:.0f} seconds."
    )
    console.print("[green]All right.[/green]" if not wrong else "[red]Something is wrong.[/red]")
    return 1 if wrong else 0
