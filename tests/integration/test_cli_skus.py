"""`antbridge skus …`, `orders correct` and `orders preview`: printed, decided, exit status."""

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import app.cli_corrections as corrections_module
import app.cli_sku_check as check_module
from app import cli_database
from app.clock import SystemClock
from app.settings import Settings
from app.simulator import (
    Address,
    Fault,
    Order,
    OrderedLine,
    SimulatedActiveAnts,
    SimulatedAnkorstore,
)
from app.store.facts import save_settings_snapshot
from app.store.session import Store
from app.wiring import ACTIVE_ANTS, Companies, Transports, build_companies
from tests.command_line import Run, command_line, forget_settings
from tests.order_samples import SETTINGS
from tests.store_rows import add_order, attempts_of, order_row

BERLIN = Address("Ina Smit", "Laden Smit", "Neue Straße", "10115", "Berlin", "DE")


@pytest.fixture
def ankorstore() -> SimulatedAnkorstore:
    """Return the marketplace the commands ask."""
    company = SimulatedAnkorstore(clock=SystemClock())
    company.base_url = "http://127.0.0.1:1"
    return company


@pytest.fixture
def ants() -> SimulatedActiveAnts:
    """Return the warehouse the commands ask."""
    return SimulatedActiveAnts(clock=SystemClock())


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    database_url: str,
    ankorstore: SimulatedAnkorstore,
    ants: SimulatedActiveAnts,
) -> Iterator[Run]:
    """Return what runs a command line on a database: exit status, standard output and error."""
    forget_settings(monkeypatch, tmp_path)
    for name, value in {
        "COLUMNS": "200",
        "DATABASE_URL": database_url,
        "ANKORSTORE_BASE_URL": "http://127.0.0.1:1",
        "ANKORSTORE_CLIENT_ID": ankorstore.client_id,
        "ANKORSTORE_CLIENT_SECRET": ankorstore.client_secret,
        "ACTIVE_ANTS_USERNAME": ants.username,
        "ACTIVE_ANTS_PASSWORD": ants.password,
        "ACTIVE_ANTS_REQUESTS_PER_MINUTE": "60000",
    }.items():
        monkeypatch.setenv(name, value)

    def build(settings: Settings, store: Store) -> Companies:
        transports = Transports(ankorstore.transport(), ants.transport())
        return build_companies(settings, None, transports, store)

    for module in (check_module, corrections_module):
        monkeypatch.setattr(module, "build_companies", build)
        monkeypatch.setattr(module, "configure_logs", lambda *_: None)
    monkeypatch.setattr(cli_database, "configure_logs", lambda *_: None)
    with command_line(monkeypatch, capsys) as run_command:
        yield run_command


@pytest.fixture
def work(database_url: str) -> Callable[..., Any]:
    """Return what works on the database beside the command."""

    def once(steps: Callable[[Store], Any]) -> Any:
        async def alone() -> Any:
            store = Store(database_url, SystemClock())
            try:
                return await steps(store)
            finally:
                await store.close()

        return asyncio.run(alone())

    return once


def listed(run: Run) -> list[tuple[str, str | None, str | None]]:
    status, out, _ = run("skus", "list", "--json")
    assert status == 0
    return [
        (one["marketplace_sku"], one["warehouse_sku"], one["pack_mode"]) for one in json.loads(out)
    ]


def test_set_adds_to_what_was_said(run: Run) -> None:
    """What an option names changes, the rest stays; an empty one takes back, the last ends it."""
    status, out, _ = run("skus", "set", "MUG-01", "--warehouse-sku", "WH-1", "--note", "tray")
    assert (status, "MUG-01: no entry -> is WH-1 at the warehouse" in out) == (0, True)
    run("skus", "set", "MUG-01", "--pack-mode", "factor:6")
    assert listed(run) == [("MUG-01", "WH-1", "factor:6")]
    assert "nothing was changed" in run("skus", "set", "MUG-01", "--pack-mode", "factor:6")[1]
    assert "MUG-01\tWH-1\tfactor:6" in run("skus", "list")[1]
    run("skus", "set", "MUG-01", "--warehouse-sku", "")
    assert listed(run) == [("MUG-01", None, "factor:6")]
    run("skus", "set", "MUG-01", "--pack-mode", "")
    assert listed(run) == []


def test_remove(run: Run) -> None:
    """An entry is taken back once; after that there is none to take back."""
    run("skus", "set", "MUG-01", "--pack-mode", "pack")
    status, out, _ = run("skus", "remove", "MUG-01")
    assert (status, "pack mode pack -> no entry" in out) == (0, True)
    status, _, err = run("skus", "remove", "MUG-01")
    assert (status, "skus list" in err) == (2, True)


WRONG = (
    (("skus", "set", "MUG-01"), "--warehouse-sku, --pack-mode or both"),
    (("skus", "set", "MUG-01", "--pack-mode", "packs"), "factor:6"),
    (("skus", "set", "  ", "--pack-mode", "pack"), "is empty"),
    (("skus", "import", "no-such.csv"), "No such file"),
    (("orders", "correct", "R1", "--reason", "x"), "--clear"),
    (("orders", "correct", "R1", "--reason", "x", "--house-number", "0"), "from 1 to"),
    (("orders", "correct", "R1", "--reason", "x", "--addition", "x" * 11), "extra address"),
    (("orders", "correct", "R1", "--reason", "x", "--phone", "12"), "6 to 15 digits"),
    (("orders", "correct", "R1", "--reason", "x", "--sku", "MUG"), "OLD=NEW"),
    (("orders", "correct", "R1", "--reason", "x", "--pack-mode", "MUG=packs"), "factor:6"),
    (("orders", "correct", "NONE", "--reason", "x", "--phone", "+31201234567"), "no order has"),
    (("orders", "preview", "NONE"), "no order has"),
)


@pytest.mark.parametrize(("arguments", "told"), WRONG)
def test_wrong_use_says_what_is_right(run: Run, arguments: tuple[str, ...], told: str) -> None:
    """A command that cannot be right changes nothing and says what would be."""
    status, _, err = run(*arguments)

    assert (status, told in " ".join(err.replace("│", " ").split())) == (2, True), err
    assert listed(run) == []


def test_import_is_whole_or_nothing(run: Run, tmp_path: Path) -> None:
    """Every wrong row is named; a rehearsal prints the changes; the file is taken whole."""
    bad, good = tmp_path / "bad.csv", tmp_path / "good.csv"
    bad.write_text("marketplace_sku,pack_mode\nA,unit\nB,box\n,unit\n")
    good.write_bytes(b"\xef\xbb\xbfmarketplace_sku;warehouse_sku\r\nA;WH-1\r\nB;WH-2\r\n")

    status, out, err = run("skus", "import", str(bad))
    assert (status, out) == (2, "")
    assert "bad.csv: line 3, column pack_mode: must be unit" in err
    assert "bad.csv: line 4, column marketplace_sku: is empty" in err
    assert listed(run) == []
    status, out, _ = run("skus", "import", "--dry-run", str(good))
    assert (status, "A: no entry -> is WH-1 at the warehouse" in out) == (0, True)
    assert listed(run) == []
    assert run("skus", "import", str(good))[0] == 0
    assert listed(run) == [("A", "WH-1", None), ("B", "WH-2", None)]


def test_a_column_that_is_left_out_wipes_nothing(run: Run, tmp_path: Path) -> None:
    """Aliases, modes and notes stay where the file has no such column; an empty cell is a word."""
    file = tmp_path / "some.csv"
    run("skus", "set", "A", "--warehouse-sku", "WH-1", "--pack-mode", "unit", "--note", "tray")
    file.write_text("marketplace_sku,pack_mode\nA,factor:6\nB,pack\n")
    assert run("skus", "import", str(file))[0] == 0
    assert listed(run) == [("A", "WH-1", "factor:6"), ("B", None, "pack")]
    assert json.loads(run("skus", "list", "--json")[1])[0]["note"] == "tray"

    file.write_text("marketplace_sku,warehouse_sku\nA,WH-2\n")
    assert (
        "A: is WH-1 at the warehouse, pack mode factor:6 -> is WH-2"
        in run("skus", "import", "--dry-run", str(file))[1]
    )
    assert run("skus", "import", str(file))[0] == 0
    file.write_text("marketplace_sku,warehouse_sku,pack_mode,note\nB,WH-3,,new\n")
    assert run("skus", "import", str(file))[0] == 0
    assert listed(run) == [("A", "WH-2", "factor:6"), ("B", "WH-3", None)]


def test_check_reports_every_variant_that_would_fail(
    run: Run, ankorstore: SimulatedAnkorstore, ants: SimulatedActiveAnts
) -> None:
    """Each kind of trouble is told with its cure; archived variants are left out; 0 once cured."""
    ankorstore.add_variant("TOTE-NAT")
    ankorstore.add_variant("MUG-01", unit_multiplier=6)
    ankorstore.add_variant("MUG-02", unit_multiplier=6)
    ankorstore.add_variant("NO-SUCH")
    ankorstore.add_variant("GONE").archived_at = SystemClock().now()
    for number in range(20):  # more than a page
        ants.set_stock(f"MORE-{number}", 1)
        ankorstore.add_variant(f"MORE-{number}")
    run("skus", "set", "MUG-02", "--pack-mode", "factor:4", "--warehouse-sku", "TOTE-NAT")

    status, out, _ = run("skus", "check", "--json")

    report = json.loads(out)
    assert (status, report["is_clean"], report["live"], report["archived"]) == (1, False, 24, 1)
    assert {(one["reason"], one["sku"]) for one in report["findings"]} == {
        ("pack_mode_unconfirmed", "MUG-01"),
        ("pack_mode_mismatch", "MUG-02"),
        ("sku_shared", "MUG-02"),
        ("sku_shared", "TOTE-NAT"),
        ("sku_unknown", "NO-SUCH"),
    }
    text = run("skus", "check")[1]
    assert "antbridge skus set MUG-01 --pack-mode unit|pack|factor:N" in text
    assert "24 live variants, 1 archived: 4 with findings." in text
    run("skus", "set", "MUG-01", "--pack-mode", "pack")
    run("skus", "set", "MUG-02", "--pack-mode", "factor:3", "--warehouse-sku", "")
    run("skus", "set", "NO-SUCH", "--warehouse-sku", "BOWL-01")
    status, out, _ = run("skus", "check")
    assert (status, "an order for any of them could be taken" in out) == (0, True), out


def test_check_that_could_not_ask_proves_nothing(run: Run, ankorstore: SimulatedAnkorstore) -> None:
    """A company that does not answer ends with status 2, not with a clean report."""
    ankorstore.faults.always("GET */product-variants", Fault.SERVER_ERROR_BEFORE)

    status, out, err = run("skus", "check")

    assert (status, out, "not every variant could be checked" in err) == (2, "", True)


def place(ankorstore: SimulatedAnkorstore, work: Callable[..., Any], **columns: Any) -> Order:
    """Place an order at the marketplace and hold it, with the warehouse's settings at hand."""
    order = ankorstore.place_order([OrderedLine("TOTE-NAT")], BERLIN)

    async def hold(store: Store) -> int:
        await save_settings_snapshot(store, ACTIVE_ANTS, SETTINGS)
        values = {"marketplace_order_id": order.id, "marketplace_reference": "R1", **columns}
        return await add_order(store, **values)

    work(hold)
    return order


def test_correct_and_preview(
    run: Run, ankorstore: SimulatedAnkorstore, ants: SimulatedActiveAnts, work: Callable[..., Any]
) -> None:
    """The preview shows what is in the way, then the payload and what the corrections did to it."""
    order = place(ankorstore, work)
    status, out, _ = run("orders", "preview", "R1")
    assert (status, "no house number" in out) == (1, True)

    said = ("--house-number", "12", "--sku", "TOTE-NAT=WH-9", "--phone", "+49301234567")
    status, out, _ = run("orders", "correct", "R1", "--reason", "asked", *said)
    assert (status, "nothing is sent yet" in out) == (0, True)
    row = work(lambda store: order_row(store, 1))
    assert (row.attention_reason, row.next_attempt_at is None) == ("corrected_not_released", False)
    (attempt,) = work(lambda store: attempts_of(store, 1))
    assert attempt.message.startswith(
        "address corrected; phone corrected; SKU TOTE-NAT corrected: is WH-9 at the warehouse by "
    )
    assert attempt.message.endswith("(command line): asked")

    status, out, _ = run("orders", "preview", "R1", "--json")
    shown = json.loads(out)
    assert (status, shown["findings"]) == (0, [])
    assert shown["payload"]["extra1"] == order.id
    assert shown["payload"]["deliveryAddressHouseNumber"] == 12
    assert shown["payload"]["orderItems"][0]["sku"] == "WH-9"
    assert [one["reason"] for one in shown["findings_without_corrections"]] == [
        "house_number_missing"
    ]
    text = run("orders", "preview", "R1")[1]
    assert "Without the corrections of this order it could not be sent" in text
    assert '"deliveryAddressHouseNumber": 12' in text
    assert [call.path for call in ants.calls] == []


def test_preview_tells_differences(
    run: Run, ankorstore: SimulatedAnkorstore, work: Callable[..., Any]
) -> None:
    """Where both can be sent, each member that the corrections change is told."""
    order = place(ankorstore, work)
    ankorstore.change_address(order.id, replace(BERLIN, street="Neue Straße 7"))
    said = ("--house-number", "12", "--addition", "B")
    run("orders", "correct", "R1", "--reason", "asked", *said)

    status, out, _ = run("orders", "preview", "R1")

    assert status == 0
    told = out[out.index("By the corrections") :].splitlines()
    assert told == [
        "By the corrections of this order:",
        "  deliveryAddressHouseNumber: 7 -> 12",
        "  deliveryAddressHouseNumberAddition: (nothing) -> 'B'",
    ]


def test_postpone_and_deadlines(
    run: Run, ankorstore: SimulatedAnkorstore, work: Callable[..., Any]
) -> None:
    """A late order is listed, `why` proposes a day, and postponing it notes what is owed."""
    yesterday = SystemClock().now() - timedelta(days=1)
    place(ankorstore, work, ship_by_at=yesterday, waits_for="its turn")
    assert "R1" in run("orders", "list", "--deadline", "late")[1]
    assert "R1" not in run("orders", "list", "--deadline", "at_risk")[1]
    assert run("orders", "list", "--deadline", "soon")[0] == 2
    told = run("why", "R1")[1]
    assert "It is late" in told
    command = told[told.index("antbridge orders postpone R1") :].split()[1:6]

    status, out, _ = run(*command, "--reason", "late truck")

    assert (status, "is told now" in out) == (0, True)
    row = work(lambda store: order_row(store, 1))
    assert (row.postpone_to, row.wake_seq) == (command[-1], 1)
    assert "Ankorstore is told that it leaves by" in run("why", "R1")[1]
    status, _, err = run("orders", "postpone", "R1", "--date", "2020-01-01", "--reason", "x")
    assert (status, "is past" in err) == (1, True)
    for wrong in ("tomorrow", "2026-02-30"):
        assert run("orders", "postpone", "R1", "--date", wrong, "--reason", "x")[0] == 2


def test_correction_of_a_closed_order_is_refused(
    run: Run, ankorstore: SimulatedAnkorstore, work: Callable[..., Any]
) -> None:
    """A move that is impossible ends with status 1 and says why."""
    place(ankorstore, work, state="closed", outcome="cancelled", next_attempt_at=None)

    status, _, err = run("orders", "correct", "R1", "--reason", "x", "--phone", "+49301234567")

    assert (status, "the order is closed (cancelled)" in err) == (1, True)


def test_preview_without_the_marketplace(
    run: Run, ankorstore: SimulatedAnkorstore, work: Callable[..., Any]
) -> None:
    """What cannot be read is told as trouble of the company, with status 2."""
    place(ankorstore, work)
    ankorstore.faults.always("GET */orders/*", Fault.SERVER_ERROR_BEFORE)

    status, out, err = run("orders", "preview", "R1")

    assert (status, out, "ankorstore read order" in err) == (2, "", True)
