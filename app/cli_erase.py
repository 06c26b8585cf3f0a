"""The command `antbridge erase`: takes a person's data out of the database."""

import sys
from typing import Annotated

import typer

from app.cli_database import WRONG_USE, operator_name, with_store
from app.store.erasing import (
    Unfinished,
    count_personal,
    erase_events,
    erase_notes,
    erase_order,
    why_unfinished,
)
from app.store.order_names import NamedOrder, load_names, name_orders
from app.store.persons import SHORTEST_NAME, find_naming
from app.store.retention import drop_old_copies
from app.store.session import Store

UNFINISHED = 1


def erase_command(
    retailer: Annotated[
        str | None,
        typer.Option(help="Name, mail address or id of a retailer, or a person's name."),
    ] = None,
    order: Annotated[
        str | None, typer.Option(help="Reference, marketplace id or warehouse number of one order.")
    ] = None,
    does_it: Annotated[
        bool, typer.Option("--yes", help="Erase; without it only what would be erased is shown.")
    ] = False,
) -> None:
    """
    Erase a person's data from every table; what proves what was done stays.

    It cannot be undone. Orders that are not finished are named, and nothing is erased then.
    """
    if (retailer is None) == (order is None):
        raise typer.BadParameter("give either --retailer or --order")
    if retailer is not None and len(retailer.strip()) < SHORTEST_NAME:
        raise typer.BadParameter(f"--retailer: give at least {SHORTEST_NAME} characters")

    async def erase(store: Store) -> int:
        event_ids: tuple[int, ...] = ()
        if order is not None:
            orders = await name_orders(store, order)
            if len(orders) != 1:
                return _wrong_order(order, orders)
        else:
            assert retailer is not None
            naming = await find_naming(store, retailer)
            orders, event_ids = await load_names(store, naming.order_ids), naming.event_ids
            if not orders and not event_ids and not does_it:
                print("No order and no event that is kept names this retailer.")
                print("Notes beside orders are looked through with --yes.")
                return 0
        if await _refused(store, orders):
            return UNFINISHED
        for one in orders:
            print(f"{one.name}: {_tell(await count_personal(store, one.order_id))}")
        if event_ids:
            print(f"events of no order of ours: {len(event_ids)}")
        if not does_it:
            print("Nothing was erased. Give --yes to erase this; it cannot be undone.")
            return 0
        return await _erase(store, orders, event_ids, retailer)

    with_store(erase)


async def _erase(
    store: Store, orders: list[NamedOrder], event_ids: tuple[int, ...], retailer: str | None
) -> int:
    for one in orders:
        try:
            await erase_order(store, one.order_id, by=operator_name())
        except Unfinished as why:
            print(
                f"antbridge: {one.name} has just moved on: {why}; run this again", file=sys.stderr
            )
            return UNFINISHED
    if event_ids:
        await erase_events(store, list(event_ids))
    if retailer is not None and (notes := await erase_notes(store, retailer.strip())):
        print(f"notes beside orders: {_tell(notes)}")
    await drop_old_copies(store)
    print(f"Erased the personal data of {len(orders)} orders. Backups still hold it.")
    return 0


async def _refused(store: Store, orders: list[NamedOrder]) -> bool:
    problems = [(one, await why_unfinished(store, one.order_id)) for one in orders]
    for one, why in problems:
        if why is not None:
            print(f"antbridge: {one.name} is not finished: {why}", file=sys.stderr)
    if is_refused := any(why is not None for _, why in problems):
        print("antbridge: nothing was erased", file=sys.stderr)
    return is_refused


def _wrong_order(text: str, found: list[NamedOrder]) -> int:
    names = ", ".join(f"{one.name} ({one.marketplace_order_id})" for one in found)
    problem = f"fits several orders: {names}; use the id in brackets"
    if not found:
        problem = "is no order's reference, id or number"
    print(f"antbridge: {text!r} {problem}", file=sys.stderr)
    return WRONG_USE


def _tell(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {what}" for what, count in counts.items()) or "nothing personal left"
