"""The retention job: prunes what was kept long enough, and keeps the tables quick to count."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.store.recorded_settings import forget_settings
from app.store.retention import (
    BATCH_ROWS,
    Prune,
    drop_old_copies,
    forget_workers,
    prune_attempts,
    prune_corrections,
    prune_events,
    prune_names,
    prune_payloads,
    prune_recorded,
    prune_shadows,
    refresh_statistics,
)
from app.store.session import Store
from app.store.tallies import advance_tallies

MAX_BATCHES = 200
"""Of one kind in one run; what is left then goes in the next."""


@dataclass(frozen=True, slots=True)
class RetentionRules:
    """How many days after an order was closed its traces are kept; 0 is for ever."""

    event_days: int
    attempt_days: int
    call_days: int = 0
    """Of what was asked and answered, and all else that a step is rehearsed from."""


async def prune(store: Store, rules: RetentionRules) -> str:
    """Prune what is older than *rules* say; return what was done in one line."""
    events = await _in_batches(store, prune_events, rules.event_days)
    payloads = await _in_batches(store, prune_payloads, rules.event_days)
    payloads += await _in_batches(store, prune_shadows, rules.event_days)
    corrections = await _in_batches(store, prune_corrections, rules.event_days)
    names = await _in_batches(store, prune_names, rules.event_days)
    attempts = await _in_batches(store, prune_attempts, rules.attempt_days)
    recorded = await _in_batches(store, prune_recorded, rules.call_days)
    if recorded:
        await forget_settings(store)
    await forget_workers(store)
    await advance_tallies(store)
    await refresh_statistics(store)
    if events or payloads or corrections or names or attempts or recorded:
        await drop_old_copies(store)
    told = f"{events} events and {payloads} payloads emptied, {attempts} attempts deleted"
    return f"{told}, {recorded} records of calls emptied" if recorded else told


async def _in_batches(store: Store, prune_some: Prune, days: int) -> int:
    if days == 0:
        return 0
    before: datetime = store.now() - timedelta(days=days)
    done = 0
    for _ in range(MAX_BATCHES):
        count = await prune_some(store, before)
        done += count
        if count < BATCH_ROWS:
            break
        await asyncio.sleep(0)  # whoever waits for the database gets it between two batches
    return done
