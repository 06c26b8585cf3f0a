"""The commands `antbridge returns …`: goods that come back."""

import asyncio
import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from app.cli_database import (
    WRONG_USE,
    OrderText,
    ReasonText,
    bring_database_up_to_date,
    find_one,
    with_store,
)
from app.cli_orders import _decide
from app.domain.record import OrderRecord
from app.domain.returns import ReturnCase
from app.errors import BridgeError, Rejected
from app.logs import configure_logs
from app.settings import load_settings, require_settings
from app.store.decisions_returns import close_return, open_return
from app.store.returns import keep_label, list_with_orders, load_label, load_returns
from app.store.session import Store
from app.wiring import build_companies, build_store, known_secrets

returns_cli = typer.Typer(help="Look at goods that come back.", no_args_is_help=True)
LISTED = 200


@returns_cli.command("list")
def list_command(
    with_closed: Annotated[bool, typer.Option("--all", help="Closed ones too.")] = False,
) -> None:
    """List returns, newest first: order, shipment, state, pieces booked, number there."""

    async def show(store: Store) -> int:
        listed = await list_with_orders(store, limit=LISTED, with_closed=with_closed)
        for case, name in listed:
            booked = f"{case.booked_pieces}/{case.pieces}" if case.pieces else "-"
            words = (
                name,
                case.warehouse_shipment_id,
                str(case.state),
                booked,
                case.rma_id or "-",
                case.problem_code or "",
            )
            print("\t".join(words))
        return 0

    with_store(show)


@returns_cli.command("open")
def open_command(
    order: OrderText,
    reason: ReasonText,
    remark: Annotated[str | None, typer.Option(help="A word for the warehouse.")] = None,
    rma_id: Annotated[
        str | None, typer.Option("--rma-id", help="The number the return has in Maya already.")
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Announce once more: Maya does not have it.")
    ] = False,
) -> None:
    """Announce the return of an order's goods to the warehouse."""
    decision = partial(open_return, remark=remark, rma_id=rma_id, again=again)
    _decide(order, decision, reason)


@returns_cli.command("close")
def close_command(order: OrderText, reason: ReasonText) -> None:
    """Close an order's returns: nothing more is to be done about them."""
    _decide(order, close_return, reason)


@returns_cli.command("label")
def label_command(
    order: OrderText,
    out: Annotated[Path, typer.Option("--out", help="File to write, FILE.pdf.")],
    shipment: Annotated[
        str | None, typer.Option(help="Which shipment, where several come back.")
    ] = None,
) -> None:
    """Fetch the label for the way back and write it into a file."""
    settings = load_settings()
    require_settings(settings, ("active_ants_username", "active_ants_password"))
    configure_logs(settings.log_format, known_secrets(settings))
    bring_database_up_to_date(settings)

    async def run() -> int:
        store = build_store(settings)
        companies = build_companies(settings, store=store)
        try:
            found = await find_one(store, order)
            case = await _case_of(store, found, shipment) if found is not None else None
            if case is None:
                return WRONG_USE
            if not case.has_label:
                await keep_label(
                    store,
                    case,
                    await companies.warehouse.returns.read_label(case.warehouse_shipment_id),
                )
            return _write(await load_label(store, case.return_id), out)
        except Rejected as refusal:
            said = refusal.detail or "it gives no reason"
            print(f"antbridge: the warehouse can make no return label: {said}", file=sys.stderr)
            return 1
        except BridgeError as failure:
            print(f"antbridge: {failure}. {failure.resolution}", file=sys.stderr)
            return 1
        finally:
            await companies.close()
            await store.close()

    raise typer.Exit(asyncio.run(run()))


async def _case_of(store: Store, order: OrderRecord, shipment: str | None) -> ReturnCase | None:
    """Return the one open return that is meant; else say on standard error why none is."""
    cases = [case for case in await load_returns(store, order.order_id) if case.closed_at is None]
    if shipment is not None:
        cases = [case for case in cases if case.warehouse_shipment_id == shipment]
    if len(cases) == 1:
        return cases[0]
    ids = ", ".join(case.warehouse_shipment_id for case in cases)
    problem = (
        f"several shipments come back ({ids}); name one with --shipment"
        if cases
        else "no return of this order is open; run antbridge returns open ORDER first"
    )
    print(f"antbridge: {problem}", file=sys.stderr)
    return None


def _write(label: tuple[str, str, bytes] | None, out: Path) -> int:
    if label is None:
        print("antbridge: the return was closed meanwhile; its label is gone", file=sys.stderr)
        return 1
    mime_type, _, data = label
    try:
        out.write_bytes(data)
    except OSError as problem:
        print(f"antbridge: {out}: {problem.strerror}", file=sys.stderr)
        return 1
    print(f"{out}: {len(data)} bytes, {mime_type}")
    return 0
