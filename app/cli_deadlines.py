"""The command `antbridge orders postpone`: announce a later shipping date."""

import getpass
import sys
from datetime import datetime
from typing import Annotated

import typer

from app.cli_database import WRONG_USE, OrderText, ReasonText, find_one, with_store
from app.store.decisions import Impossible
from app.store.decisions_deadlines import postpone_order
from app.store.possible_moves import with_moves
from app.store.session import Store


def postpone_command(
    order: OrderText,
    to: Annotated[
        datetime, typer.Option("--date", formats=["%Y-%m-%d"], help="The day it leaves by.")
    ],
    reason: ReasonText,
) -> None:
    """Have Ankorstore told that an order leaves later."""

    async def decide(store: Store) -> int:
        found = await find_one(store, order)
        if found is None:
            return WRONG_USE
        by = f"{getpass.getuser()} (command line)"
        try:
            print(await postpone_order(store, found, by=by, reason=reason, to=to.date()))
        except Impossible as impossible:
            print(f"antbridge: {with_moves(str(impossible), found)}", file=sys.stderr)
            return 1
        return 0

    with_store(decide)
