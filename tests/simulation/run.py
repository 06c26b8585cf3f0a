"""
Runs many seeds, or one again: `python -m tests.simulation.run --seeds 2000` or `--seed 4711`.

A failing seed is printed with the commit and the end of its trace; the same seed on the same
commit gives the same trace.
"""

import argparse
import gc
import logging
import os
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import structlog

from tests.simulation.checks import find_violations
from tests.simulation.world import run_seed

FOUND_SEEDS = Path(__file__).with_name("found_seeds.txt")
TRACE_LINES = 60


@dataclass(frozen=True, slots=True)
class Result:
    """How one seed ended."""

    seed: int
    violations: tuple[str, ...]
    digest: str
    trace: tuple[str, ...]
    struck: Counter[str]


def silence_logs() -> None:
    """Keep the service's own log lines out of a run: there are millions."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


def _prepare_process() -> None:
    """Make a process fit for thousands of runs: each leaves much garbage at once, at its end."""
    silence_logs()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


def run_one(seed: int) -> Result:
    """Run *seed*; an error of the run itself counts as a violation."""
    try:
        world = run_seed(seed)
    except Exception as error:
        return Result(seed, (f"the run broke: {error!r}",), "", (), Counter())
    violations = tuple(find_violations(world))
    trace = tuple(world.trace) if violations else ()
    return Result(seed, violations, world.digest(), trace, world.struck)


def read_found_seeds() -> list[int]:
    """Return every seed that ever failed."""
    lines = FOUND_SEEDS.read_text().splitlines()
    return [int(line.split()[0]) for line in lines if line and not line.startswith("#")]


def _commit() -> str:
    result = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    return result.stdout.strip() or "unknown"


def report(result: Result) -> None:
    """Print a failing seed with what is needed to look into it."""
    print(f"\nseed {result.seed} at commit {_commit()}")
    for violation in result.violations:
        print(f"  {violation}")
    for line in result.trace[-TRACE_LINES:]:
        print(f"    {line}")


def run_many(seeds: range, jobs: int) -> list[Result]:
    """Run *seeds* on *jobs* processes; return the failing ones, each printed as it is found."""
    failing = []
    struck: Counter[str] = Counter()
    done = 0
    started = time.monotonic()
    with ProcessPoolExecutor(jobs, initializer=_prepare_process) as pool:
        pending = [pool.submit(_run_chunk, chunk) for chunk in _chunks(seeds)]
        for future in as_completed(pending):
            for result in future.result():
                done += 1
                struck += result.struck
                if result.violations:
                    failing.append(result)
                    report(result)
            if sys.stdout.isatty():
                print(f"\r{done} seeds", end="", flush=True)
    seconds = time.monotonic() - started
    print("\nWhat struck: " + ", ".join(f"{kind} {struck[kind]:,}" for kind in sorted(struck)))
    print(f"{done} seeds in {seconds:.0f} s on {jobs} processes: {len(failing)} with violations")
    return failing


def _chunks(seeds: range, size: int = 20) -> list[range]:
    return [seeds[start : start + size] for start in range(0, len(seeds), size)]


def _run_chunk(seeds: range) -> list[Result]:
    return [run_one(seed) for seed in seeds]


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, help="run one seed and print its whole trace")
    parser.add_argument("--seeds", type=int, default=200, help="how many seeds to run")
    parser.add_argument("--start", type=int, default=0, help="the first seed")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    silence_logs()
    if asked.seed is not None:
        world = run_seed(asked.seed)
        print("\n".join(world.trace))
        violations = find_violations(world)
        print(f"\nseed {asked.seed} at commit {_commit()}, digest {world.digest()}")
        print("\n".join(violations) or "no violation")
        return 1 if violations else 0
    return 1 if run_many(range(asked.start, asked.start + asked.seeds), asked.jobs) else 0


if __name__ == "__main__":
    sys.exit(main())
