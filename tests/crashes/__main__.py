"""
Plays every crash of one order's life: `python -m tests.crashes`, or one again: `--case CASE`.

Prints how many cases each kind of point makes and how many ended wrong; a wrong one is printed
with its trace and the command that plays it again.
"""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack

from tests.crashes.life import live
from tests.crashes.places import open_place
from tests.crashes.play import Result, play_all
from tests.crashes.points import Case, Passed
from tests.crashes.promises import find_broken
from tests.crashes.table import HEAD, Row, plan_firsts, plan_rows, rows_of_seconds
from tests.postgres_server import run_server
from tests.simulation.run import silence_logs

DATABASES = ("sqlite", "postgres")
FAILURES_PRINTED = 20


class Table:
    """Plays rows and prints each as soon as it is through."""

    def __init__(self, jobs: int, server_url: str | None) -> None:
        self.failing: list[Result] = []
        self.cases = 0
        self._jobs = jobs
        self._server_url = server_url

    def play(self, rows: Sequence[Row], keep: dict[Case, str]) -> dict[Case, Sequence[Passed]]:
        """Play *rows*; return what the second process passed in those to *keep*."""
        results = play_all(
            (case for row in rows for case in row.cases), self._jobs, self._server_url
        )
        kept: dict[Case, Sequence[Passed]] = {}
        for row in rows:
            for _ in row.cases:
                result = next(results)
                row.seconds += result.seconds
                self.cases += 1
                if result.case in keep:
                    kept[result.case] = result.recovery
                if result.broken:
                    row.wrong += 1
                    self.failing.append(result)
            print(row, flush=True)
        return kept


def play_once(case: Case, server_url: str | None) -> int:
    """Play one case and print its whole trace."""
    with open_place(case.setting.database, server_url) as place:
        life = live(case, place)
        broken = find_broken(life)
    print("\n".join(life.trace))
    print(f"\n{case}")
    print("\n".join(broken) or "no promise is broken")
    return 1 if broken else 0


def play_table(databases: Sequence[str], jobs: int, server_url: str | None) -> int:
    """Play and print the whole table; two deaths on SQLite only."""
    started = time.monotonic()
    table = Table(jobs, server_url)
    print(HEAD, flush=True)
    for database in databases:
        firsts = plan_firsts(database, server_url) if database == "sqlite" else {}
        recoveries = table.play(plan_rows(database, server_url), firsts)
        if firsts:
            table.play(rows_of_seconds(firsts, recoveries.items()), {})
    for result in table.failing[:FAILURES_PRINTED]:
        print(f"\n{result.report()}")
    minutes = (time.monotonic() - started) / 60
    print(
        f"\n{table.cases} cases, {len(table.failing)} wrong, "
        f"in {minutes:.1f} minutes on {jobs} processes"
    )
    return 1 if table.failing else 0


def main() -> int:
    """Play what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--case", type=Case.parse, help="play one case and print its trace")
    parser.add_argument("--database", choices=DATABASES, help="only this one")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    silence_logs()
    databases = [asked.database] if asked.database else list(DATABASES)
    if asked.case is not None:
        databases = [asked.case.setting.database]
    with ExitStack() as stack:
        server_url = stack.enter_context(run_server()) if "postgres" in databases else None
        if asked.case is not None:
            return play_once(asked.case, server_url)
        return play_table(databases, asked.jobs, server_url)


if __name__ == "__main__":
    sys.exit(main())
