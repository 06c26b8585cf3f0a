"""
Works a large backlog off in virtual time and prints the figures: `make backlog ORDERS=10000`.

Real worker and store code, on SQLite or PostgreSQL; companies that count calls by the minute and
hour, answer as slowly as real ones, and refuse what comes too soon.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from app.store.migrate import bring_up_to_date
from tests.backlog.world import drain, run_patiently
from tests.simulation.run import silence_logs


def main() -> int:
    """Run what the command line asks for; fail where a call was refused or the end misjudged."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=10_000)
    parser.add_argument("--replicas", type=int, default=1, help="more than one needs PostgreSQL")
    parser.add_argument("--database-url", help="an empty database; else a SQLite file is made")
    asked = parser.parse_args()
    silence_logs()
    with tempfile.TemporaryDirectory() as folder:
        database_url = asked.database_url or f"sqlite:///{Path(folder) / 'backlog.db'}"
        bring_up_to_date(database_url)
        started = time.monotonic()
        drained = run_patiently(
            lambda world: drain(world, asked.orders),
            database_url,
            replicas=asked.replicas,
            reconcile_seconds=3600,
        )
        seconds = time.monotonic() - started
    print(f"orders             {drained.orders}")
    print(f"replicas           {asked.replicas}")
    print(f"virtual hours      {drained.hours:.2f}")
    print(f"foreseen hours     {drained.foreseen_hours:.2f}")
    print(f"forecast error     {100 * drained.forecast_error:.1f} %")
    print(f"calls              {drained.calls}")
    print(f"refused with 429   {drained.refused}")
    print(f"real seconds       {seconds:.0f}")
    return 0 if drained.refused == 0 and drained.forecast_error < 0.1 else 1


if __name__ == "__main__":
    sys.exit(main())
