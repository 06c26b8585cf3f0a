"""The commands `antbridge skus …`: say what single SKUs are at the warehouse."""

import getpass
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from app.cli_database import WRONG_USE, with_store
from app.domain.sku_entries import SkuChange, check_entry, check_note, check_sku
from app.domain.sku_file import read_sku_file
from app.flow.sku_wording import sku_json, tell_changes
from app.settings import load_settings
from app.store.session import Store
from app.store.sku_rules import (
    SkuRow,
    change_sku_rules,
    find_sku_rule,
    list_sku_rules,
)

SkuText = Annotated[str, typer.Argument(metavar="SKU", help="The SKU at Ankorstore.")]
NoteText = Annotated[str, typer.Option("--note", help="Why; kept with the entry.")]

skus_cli = typer.Typer(help="Say what SKUs are at the warehouse.", no_args_is_help=True)


@skus_cli.command("list")
def list_command(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array.")] = False,
) -> None:
    """List every entry, by SKU."""

    async def show(store: Store) -> int:
        rows = await list_sku_rules(store)
        if as_json:
            print(json.dumps([sku_json(row) for row in rows], indent=2, ensure_ascii=False))
        else:
            _print_rows(rows)
        return 0

    with_store(show)


@skus_cli.command("set")
def set_command(
    sku: SkuText,
    warehouse_sku: Annotated[
        str | None, typer.Option(help="Its SKU at the warehouse; empty takes it back.")
    ] = None,
    pack_mode: Annotated[
        str | None, typer.Option(help="unit, pack or factor:n; empty takes it back.")
    ] = None,
    note: NoteText = "",
) -> None:
    """Say what a SKU is; what is not named stays as it was said."""
    if warehouse_sku is None and pack_mode is None:
        raise typer.BadParameter("give --warehouse-sku, --pack-mode or both")
    try:
        sku, note = check_sku(sku), check_note(note)
        check_entry(warehouse_sku, pack_mode)
    except ValueError as problem:
        raise typer.BadParameter(str(problem)) from None

    async def write(store: Store) -> int:
        held = await find_sku_rule(store, sku)
        before = held.entry if held is not None else None
        entry = check_entry(
            _chosen(warehouse_sku, before.warehouse_sku if before else None),
            _chosen(pack_mode, before.pack_mode if before else None),
        )
        is_empty = entry == check_entry(None, None)
        return await _change(store, [SkuChange(sku, None if is_empty else entry, note)])

    with_store(write)


@skus_cli.command("remove")
def remove_command(sku: SkuText, note: NoteText = "") -> None:
    """Take the entry of a SKU back: the settings hold again."""

    async def remove(store: Store) -> int:
        if await find_sku_rule(store, sku.strip()) is None:
            print(
                f"antbridge: no entry of {sku!r}; `antbridge skus list` shows all", file=sys.stderr
            )
            return WRONG_USE
        return await _change(store, [SkuChange(sku.strip(), None, note)])

    with_store(remove)


@skus_cli.command("import")
def import_command(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="UTF-8, commas or semicolons.")],
    is_rehearsal: Annotated[
        bool, typer.Option("--dry-run", help="Print what would change, and change nothing.")
    ] = False,
) -> None:
    """Take over every row of a file, or none if any is wrong; entries it does not name stay."""
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise typer.BadParameter(f"{file}: {error.strerror}") from None
    read = read_sku_file(raw)
    if read.problems:
        for problem in read.problems:
            print(f"antbridge: {file.name}: {problem}", file=sys.stderr)
        print(f"antbridge: nothing of {file.name} was imported", file=sys.stderr)
        raise typer.Exit(WRONG_USE)
    with_store(lambda store: _change(store, read.changes, is_rehearsal=is_rehearsal))


def _chosen(given: str | None, before: str | None) -> str | None:
    return before if given is None else given


async def _change(store: Store, changes: Sequence[SkuChange], *, is_rehearsal: bool = False) -> int:
    changed, woken = await change_sku_rules(
        store,
        changes,
        by=f"{getpass.getuser()} (command line)",
        aliases=load_settings().sku_map,
        is_rehearsal=is_rehearsal,
    )
    for one in changed:
        print(one)
    print(tell_changes(changed, woken, is_rehearsal=is_rehearsal))
    return 0


def _print_rows(rows: Sequence[SkuRow]) -> None:
    table = Table("SKU", "at the warehouse", "pack mode", "note", "changed", "by")
    for row in rows:
        cells = (
            row.marketplace_sku,
            row.entry.warehouse_sku or "",
            row.entry.pack_mode or "",
            row.note,
            f"{row.updated_at:%Y-%m-%d %H:%M}",
            row.updated_by,
        )
        table.add_row(*cells)
        if not Console().is_terminal:
            print("\t".join(cells))
    if Console().is_terminal:
        Console().print(table)
