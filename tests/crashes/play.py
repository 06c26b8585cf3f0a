"""Plays cases, here or on several processes, and says how each ended."""

import gc
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing.util import Finalize

from tests.crashes.life import Life, live
from tests.crashes.places import Place, open_place
from tests.crashes.points import Case, Passed
from tests.crashes.promises import find_broken
from tests.simulation.run import silence_logs

LINES_BEFORE, LINES_AFTER = 15, 45


@dataclass(frozen=True, slots=True)
class Result:
    """How a case ended; *recovery* is what the process after the first death passed."""

    case: Case
    broken: tuple[str, ...]
    seconds: float
    trace: tuple[str, ...]
    recovery: tuple[Passed, ...]

    def report(self) -> str:
        """Say what is wrong, show the trace around the point, and how to see it again."""
        here = next((n for n, line in enumerate(self.trace) if " HERE " in line), 0)
        around = self.trace[max(0, here - LINES_BEFORE) : here + LINES_AFTER]
        return "\n".join(
            (
                f"{self.case}",
                *(f"  {sentence}" for sentence in self.broken),
                *(f"    {line}" for line in around),
                f"  again: make crashes CASE={self.case}",
            )
        )


def play(case: Case, place: Place) -> Result:
    """Play one case; an error of the run itself counts as a broken promise."""
    started = time.process_time()
    life: Life | None = None
    try:
        life = live(case, place)
        broken = tuple(find_broken(life))
    except Exception as error:
        broken = (f"the run broke: {error!r}",)
    return Result(
        case,
        broken,
        time.process_time() - started,
        tuple(life.trace) if life is not None and broken else (),
        tuple(life.fuse.passed[1]) if life is not None and len(life.fuse.passed) > 1 else (),
    )


def play_all(cases: Iterable[Case], jobs: int, server_url: str | None) -> Iterator[Result]:
    """Play *cases* on *jobs* processes, each with databases of its own; results come in order."""
    with ProcessPoolExecutor(jobs, initializer=_prepare, initargs=(server_url,)) as pool:
        yield from pool.map(_play_here, cases, chunksize=16)


class _Here:
    """What a process that plays cases keeps open until it ends."""

    server_url: str | None = None
    places: dict[str, Place] = {}  # noqa: RUF012 - one a process, as it is meant
    stack = ExitStack()


def _prepare(server_url: str | None) -> None:
    silence_logs()
    gc.freeze()
    _Here.server_url = server_url
    Finalize(None, _Here.stack.close, exitpriority=10)


def _play_here(case: Case) -> Result:
    kind = case.setting.database
    if kind not in _Here.places:
        _Here.places[kind] = _Here.stack.enter_context(open_place(kind, _Here.server_url))
    return play(case, _Here.places[kind])
