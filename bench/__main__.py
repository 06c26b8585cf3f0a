"""`make bench`: everything that is measured, in one run, with what to make of it."""

import asyncio
import os
import platform
import signal
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median

import uvloop

from bench.acknowledging import (
    ROUND_SECONDS,
    ROUNDS,
    STEADY_PER_SECOND,
    measure_receiver,
)
from bench.asking import BIG_ORDERS, measure_questions
from bench.big_tables import EVENTS_AN_ORDER
from bench.carrying import (
    ALL_EVENTS_SHARE,
    BUDGETS,
    Carried,
    carry_orders,
    measure_steady_with_worker,
)
from bench.children import Child, run_child, run_service
from bench.claiming import CLAIM, measure_claims
from bench.databases import KINDS, Databases, bring_databases

ORDERS = int(os.environ.get("BENCH_ORDERS", "10000"))
STARTS = 3
OUT_OF_TIME_SECONDS = 1800.0 + 2 * ORDERS

Measure = Callable[["Bench", str, str], Awaitable[None]]


def say(line: str = "") -> None:
    """Print one line at once."""
    print(line, flush=True)


class Bench:
    """What every measurement needs."""

    def __init__(self, folder: Path, client: Child) -> None:
        self.folder = folder
        self.client = client


async def acknowledge(bench: Bench, kind: str, url: str) -> None:
    """Webhooks against the empty endpoint, without a worker."""
    burst, steady = await measure_receiver(bench.client, bench.folder, url)
    say(
        f"  {kind:<10} {burst.acknowledged_per_second:7,.0f}/s   p50 {burst.p50_ms:5.1f} ms   "
        f"p99 {burst.p99_ms:5.1f} ms   empty endpoint {burst.empty_per_second:7,.0f}/s   "
        f"ratio {burst.ratio:.2f}"
    )
    say(
        f"  {'':<10} at {STEADY_PER_SECOND} events/s, no worker: "
        f"p50 {steady.p50_ms:.1f} ms, p99 {steady.p99_ms:.1f} ms"
    )


async def at_work(bench: Bench, kind: str, url: str) -> None:
    """Webhooks at an even pace, while the same process carries the orders."""
    for lifts_budgets, name in ((False, "default budgets"), (True, "budgets lifted")):
        steady = await measure_steady_with_worker(
            bench.client, bench.folder, url, lifts_budgets=lifts_budgets
        )
        say(f"  {kind:<10} {name}: p50 {steady.p50_ms:.1f} ms, p99 {steady.p99_ms:.1f} ms")


async def carry(bench: Bench, kind: str, url: str) -> None:
    """Whole orders, told once each."""
    carried = await carry_orders(bench.client, bench.folder, url, ORDERS)
    say(
        f"  {kind:<10} {carried.per_second:6.1f} orders/s   "
        f"{carried.commits / carried.orders:.2f} commits an order   "
        f"{carried.calls_per_order:.2f} calls to Ankorstore an order"
    )
    say(f"  {'':<10} {_calls(carried)}")
    say(
        f"  {'':<10} memory {carried.resident_before_mib:.0f} MiB at rest, "
        f"{carried.resident_after_mib:.0f} MiB after {carried.orders:,} orders"
    )


async def carry_with_all_events(bench: Bench, kind: str, url: str) -> None:
    """Whole orders, with every event the marketplace sends."""
    orders = max(50, ORDERS // ALL_EVENTS_SHARE)
    carried = await carry_orders(bench.client, bench.folder, url, orders, all_events=True)
    say(
        f"  {kind:<10} {carried.per_second:6.1f} orders/s   "
        f"{carried.commits / carried.orders:.2f} commits   "
        f"{carried.calls_per_order:.2f} calls   {carried.events / carried.orders:.1f} events "
        "an order"
    )
    say(f"  {'':<10} {_calls(carried)}")


async def claim(bench: Bench, kind: str, url: str) -> None:
    """One claim among many rows."""
    milliseconds, rows = await measure_claims(url)
    say(f"  {kind:<10} {milliseconds:5.1f} ms (median) for {CLAIM} among {rows:,} rows")


async def ask(bench: Bench, kind: str, url: str) -> None:
    """What is asked most often, of big tables."""
    filling, answers = await measure_questions(url)
    say(f"  {kind:<10} filled in {filling:.0f} s")
    for question, milliseconds in answers:
        say(f"  {'':<10} {question:<34} {milliseconds:8.1f} ms (median)")


async def start(bench: Bench, kind: str, url: str) -> None:
    """Process start to ready."""
    seconds = []
    for _ in range(STARTS + 1):
        environment = {"DATABASE_URL": url}
        async with run_service(bench.folder, environment, with_worker=False) as service:
            seconds.append(service.seconds_to_ready)
            resident = service.resident_mib()
    say(
        f"  {kind:<10} {median(seconds[1:]):.2f} s to ready ({seconds[0]:.2f} s the first time, "
        f"with the schema to build), {resident:.0f} MiB"
    )


def _loop_nanoseconds() -> float:
    """Return how fast this machine is at this moment; other work on it makes all figures worse."""
    turns = 3_000_000
    started = time.perf_counter()
    for _ in range(turns):
        pass
    return (time.perf_counter() - started) / turns * 1e9


def _calls(carried: Carried) -> str:
    parts = [f"{number / carried.orders:.2f} {name}" for name, number in carried.calls.items()]
    return "calls an order: " + ", ".join(parts)


MEASURES: tuple[tuple[str, Measure], ...] = (
    ("Start-up", start),
    (
        f"Webhooks acknowledged after their commit, 64 connections, {ROUNDS} rounds of "
        f"{ROUND_SECONDS:.0f} s in turn with GET /health/live (medians)",
        acknowledge,
    ),
    (
        f"Webhooks at {STEADY_PER_SECOND} new orders/s, worker in the same process",
        at_work,
    ),
    (f"Whole flow, {ORDERS:,} plain orders told by order.brand_created only", carry),
    ("Whole flow, every event subscribed", carry_with_all_events),
    ("Claim", claim),
    (
        f"Questions to {BIG_ORDERS:,} orders and {EVENTS_AN_ORDER * BIG_ORDERS:,} events, each a "
        "group of statements (bench/questions.py)",
        ask,
    ),
)


async def main() -> None:
    """Run all measurements, each on databases of its own."""
    started = time.perf_counter()
    wanted = sys.argv[1:]
    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGTERM, signal.SIGINT):  # whatever was started is stopped too
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    with tempfile.TemporaryDirectory(prefix="antbridge-bench-") as name:
        folder = Path(name)
        with bring_databases(folder) as databases:
            say(
                f"{os.cpu_count()} cores, Python {platform.python_version()}, load "
                f"{os.getloadavg()[0]:.1f}; SQLite synchronous=FULL; {databases.describe()}"
            )
            say(f"A turn of an empty Python loop takes {_loop_nanoseconds():.0f} ns just now")
            say("Request budgets are lifted: " + ", ".join(f"{k}={v}" for k, v in BUDGETS.items()))
            async with asyncio.timeout(OUT_OF_TIME_SECONDS), run_child("bench.load") as client:
                bench = Bench(folder, client)
                for title, measure in MEASURES:
                    if not wanted or measure.__name__ in wanted:
                        say(f"\n{title}")
                        await _run(bench, measure, databases)
    say(f"\n{time.perf_counter() - started:.0f} s in all")


async def _run(bench: Bench, measure: Measure, databases: Databases) -> None:
    for kind in KINDS:
        url = databases.make(kind)
        try:
            await measure(bench, kind, url)
        finally:
            databases.drop(url)


if __name__ == "__main__":
    try:
        uvloop.run(main())
    except asyncio.CancelledError:
        sys.exit("interrupted")
