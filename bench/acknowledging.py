"""How fast webhooks are acknowledged, each only after its event is committed."""

from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.children import WEBHOOK_SECRET, Child, Service, run_service

ROUNDS = 11
ROUND_SECONDS = 2.0
WARM_UP_SECONDS = 1.0
EVENTS_A_ROUND = 16_000
STEADY_PER_SECOND = 200
STEADY_EVENTS = 2_000


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
        events=STEADY_EVENTS,
        order_ids=order_ids,
        secret=WEBHOOK_SECRET,
        per_second=STEADY_PER_SECOND,
    )
    if answer["refused"]:
        raise RuntimeError(f"{answer['refused']} webhooks were refused")
    return Steady(answer["p50_ms"], answer["p99_ms"])


async def measure_receiver(client: Child, folder: Path, database_url: str) -> tuple[Burst, Steady]:
    """Measure a receiver without a worker on a fresh database."""
    environment = {"DATABASE_URL": database_url}
    async with run_service(folder, environment, with_worker=False) as service:
        steady = await measure_steady(client, service)
        burst = await measure_burst(client, service)
    return burst, steady
