"""
The long form: `python -m tests.fuzz.run --count 1000000`.

The seed is printed first; the same seed on the same commit sends the same deliveries. The time
allowed is many times what is needed; it keeps a stuck run from going on for ever.
"""

import argparse
import asyncio
import secrets
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from app.main import create_app
from app.store.migrate import bring_up_to_date
from app.store.session import Store
from tests.fake_clock import FakeClock
from tests.fuzz.attack import Attack, Figures
from tests.integration.web import running, web_settings

GROWTH_BYTES = 64 * 1024 * 1024
"""More than this on top is a leak; the allocator's own ups and downs stay below."""


async def attack(
    database_url: str, count: int, seed: int, seconds: float = float("inf")
) -> Figures:
    """Send *count* deliveries to the application on *database_url*."""
    clock = FakeClock()
    store = Store(database_url, clock)
    app = create_app(web_settings(database_url), with_worker=False, clock=clock)
    async with running(app):
        figures = await Attack(app, store, seed).run(count, until=perf_counter() + seconds)
    await store.close()
    return figures


def main() -> int:
    """Run and tell; 1 when something did not hold, or not all was sent in time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=secrets.randbits(32))
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--database-url", default="", help="an empty database; else SQLite")
    wanted = parser.parse_args()
    print(f"seed {wanted.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="antbridge-fuzz-") as folder:
        url = wanted.database_url or f"sqlite:///{Path(folder) / 'fuzz.db'}"
        bring_up_to_date(url)
        figures = asyncio.run(attack(url, wanted.count, wanted.seed, wanted.minutes * 60))
    print("\n".join(figures.lines()))
    grown = figures.memory_after_bytes - figures.memory_before_bytes
    if figures.sent < wanted.count:
        print(f"only {figures.sent:,} of {wanted.count:,} were sent in {wanted.minutes:g} minutes")
        return 1
    if grown > GROWTH_BYTES:
        print(f"the process grew by {grown:,} bytes")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
