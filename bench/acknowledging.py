"""How fast webhooks are acknowledged, each only after its event is committed."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.children import WEBHOOK_SECRET, Child, Service, run_service

ROUNDS = 5
ROUND_SECONDS = 2.0
WARM_UP_SECONDS = 1.0
EVENTS_A_ROUND = 16_000
STEADY_PER_SECOND = 200
STEADY_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Burst:
    """64 connections, as fast as answers come: medians over the rounds."""

    acknowledged_per_second: float
    empty_per_second: float
    ratio: float
    p50_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class Steady:
    """An even stream of events."""

    p50_ms: float
    p99_ms: float


async def measure_burst(client: Child, service: Service) -> Burst:
    """Take turns between webhooks and the empty endpoint of one running service."""
    posts, empties = [], []
    for number in range(ROUNDS + 1):
        seconds = ROUND_SECONDS if number else WARM_UP_SECONDS
        post = await client.ask(
            what="events",
            port=service.port,
            events=EVENTS_A_ROUND,
            secret=WEBHOOK_SECRET,
            seconds=seconds,
        )
        empty = await client.ask(what="empty", port=service.port, seconds=seconds)
        if post["refused"] or empty["refused"]:
            raise RuntimeError(f"{post['refused']} webhooks were refused")
        if number:
            posts.append(post)
            empties.append(empty)
    return Burst(
        acknowledged_per_second=median(one["per_second"] for one in posts),
        empty_per_second=median(one["per_second"] for one in empties),
        ratio=median(
            post["per_second"] / empty["per_second"]
            for post, empty in zip(posts, empties, strict=True)
        ),
        p50_ms=median(one["p50_ms"] for one in posts),
        p99_ms=median(one["p99_ms"] for one in posts),
    )


async def measure_steady(
    client: Child, service: Service, order_ids: list[str] | None = None
) -> Steady:
    """Send an even stream; *order_ids* are orders that exist, for a worker to carry."""
    answer = await client.ask(
        what="events",
        port=service.port,
        events=STEADY_PER_SECOND * STEADY_SECONDS,
        order_ids=order_ids,
        secret=WEBHOOK_SECRET,
        per_second=STEADY_PER_SECOND,
    )
    if answer["refused"]:
        raise RuntimeError(f"{answer['refused']} webhooks were refused")
    return Steady(answer["p50_ms"], answer["p99_ms"])


async def measure_receiver(
    client: Child, folder: Path, database_url: str, say: Callable[[str], None]
) -> tuple[Burst, Steady]:
    """Measure a receiver without a worker on a fresh database."""
    environment = {"DATABASE_URL": database_url}
    async with run_service(folder, environment, with_worker=False) as service:
        steady = await measure_steady(client, service)
        burst = await measure_burst(client, service)
    say(
        f"{burst.acknowledged_per_second:,.0f}/s acknowledged, p50 {burst.p50_ms:.1f} ms, "
        f"p99 {burst.p99_ms:.1f} ms; empty endpoint {burst.empty_per_second:,.0f}/s; "
        f"ratio {burst.ratio:.2f}"
    )
    say(
        f"at {STEADY_PER_SECOND} events/s, no worker: p50 {steady.p50_ms:.1f} ms, "
        f"p99 {steady.p99_ms:.1f} ms"
    )
    return burst, steady
