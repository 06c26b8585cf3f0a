"""The commands `antbridge pause`, `resume` and `pauses`."""

from typing import Annotated

import typer

from app.cli_database import operator_name, reason_given, with_store
from app.domain.pauses import Pausable, tell_pause
from app.domain.signing import one_line
from app.flow.steering import tell_paused, tell_resumed
from app.store.pauses import load_pauses, pause, resume
from app.store.session import Store

WhatText = Annotated[
    Pausable, typer.Argument(metavar="WHAT", help=f"One of {', '.join(Pausable)}.")
]


def pause_command(
    what: WhatText,
    reason: Annotated[str, typer.Option(help="Why; shown for as long as the pause lasts.")],
) -> None:
    """Pause a flow, a company or everything, for all processes. Webhooks are still stored."""
    why = reason_given(reason)

    async def start(store: Store) -> int:
        in_force, is_new = await pause(store, what, by=operator_name(), reason=why)
        print(tell_paused(in_force, is_new=is_new))
        return 0

    with_store(start)


def resume_command(
    what: WhatText,
    reason: Annotated[str, typer.Option(help="Why; kept with the pause.")] = "",
) -> None:
    """End a pause; the orders that waited for it go on by ship-by date."""

    async def end(store: Store) -> int:
        ended, woken = await resume(store, what, by=operator_name(), reason=one_line(reason))
        print(tell_resumed(what, ended, woken))
        return 0

    with_store(end)


def pauses_command() -> None:
    """List what is paused, since when, by whom and why."""

    async def show(store: Store) -> int:
        in_force = await load_pauses(store)
        for one in in_force.values():
            print(f"{one.what}: {tell_pause(one)} ({one.reason})")
        if not in_force:
            print("nothing is paused")
        return 0

    with_store(show)
