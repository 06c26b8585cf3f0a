"""The commands `antbridge rehearse` and `antbridge upgrade check`: is the same decided today?"""

import sys
from datetime import timedelta
from typing import Annotated

import typer

from app import __version__
from app.cli_database import WRONG_USE, OrderText, with_store_as_it_is
from app.flow.rehearsing import Found, Rehearsed
from app.rehearsal import Rehearsal
from app.settings import Settings
from app.store.order_names import NamedOrder, name_orders
from app.store.recorded_steps import holds_records
from app.store.session import Store

SAME, DIFFERENT = 0, 1
_NOTHING = (
    "nothing is recorded of it, or it is not kept any more (CALL_RETENTION_DAYS); "
    "what was decided before steps were recorded cannot be rehearsed"
)

upgrade_cli = typer.Typer(help="Prove a new version before it takes traffic.", no_args_is_help=True)


def rehearse_command(order: OrderText) -> None:
    """Take an order's recorded steps again with this version; nothing is called or written."""

    async def rehearse(store: Store, settings: Settings) -> int:
        if not await _is_recorded(store):
            return WRONG_USE
        found = await name_orders(store, order)
        if len(found) != 1:
            names = ", ".join(f"{one.name} ({one.marketplace_order_id})" for one in found)
            problem = (
                f"fits several orders: {names}; use the id in brackets"
                if found
                else ("is no order's reference, id or number")
            )
            return _wrong(f"{order!r} {problem}")
        told = await Rehearsal(store, settings).of_order(found[0].order_id)
        if told.difference is None and not told.same:
            return _wrong(f"{found[0].name}: {told.skipped[0] if told.skipped else _NOTHING}")
        print(_sum_up(told))
        if told.difference is None:
            return SAME
        for line in _tell(told.difference):
            print(line)
        return DIFFERENT

    with_store_as_it_is(rehearse)


@upgrade_cli.command("check")
def check_command(
    days: Annotated[int, typer.Option(min=1, max=3650, help="How far to look back.")] = 30,
) -> None:
    """
    Take every recent order's recorded steps again with this version; nothing is called or written.

    Run the new version's command on the database, or a copy of it, while the old one is at work.
    """

    async def check(store: Store, settings: Settings) -> int:
        if not await _is_recorded(store):
            return WRONG_USE
        orders = steps = 0
        skipped: dict[str, int] = {}
        differing: list[tuple[NamedOrder, Found]] = []
        since = store.now() - timedelta(days=days)
        async for order, told in Rehearsal(store, settings).of_all(since):
            orders += 1
            steps += told.same
            for why in told.skipped:
                skipped[why] = skipped.get(why, 0) + 1
            if told.difference is not None:
                differing.append((order, told.difference))
                print(f"{order.name}: {told.difference.step}: {told.difference.what} differs")
        for why, count in sorted(skipped.items()):
            print(f"{count} steps were not taken again: {why}")
        if not steps and not differing:
            return _wrong(f"of the last {days} days {_NOTHING}")
        print(
            f"Version {__version__}: {orders} orders of the last {days} days, {steps} steps "
            f"decided the same, {len(differing)} orders otherwise."
        )
        if differing:
            print("`antbridge rehearse ORDER` shows what was decided then and what would be now.")
        return DIFFERENT if differing else SAME

    with_store_as_it_is(check)


async def _is_recorded(store: Store) -> bool:
    if await holds_records(store):
        return True
    _wrong("the database is of a version that recorded no steps; run `antbridge migrate` first")
    return False


def _wrong(problem: str) -> int:
    print(f"antbridge: {problem}", file=sys.stderr)
    return WRONG_USE


def _sum_up(told: Rehearsed) -> str:
    text = f"{told.same} steps decided the same"
    if told.skipped:
        text += f", {len(told.skipped)} were not taken again ({told.skipped[0]})"
    return text


def _tell(found: Found) -> list[str]:
    return [
        f"first difference: {found.step} at {found.at:%Y-%m-%d %H:%M:%S} UTC",
        f"  what: {found.what}",
        f"  then: {found.then!r}",
        f"  now:  {found.now!r}",
    ]
