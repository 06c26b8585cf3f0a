"""`antbridge ledger`: what is printed, and the exit status programs go by."""

import asyncio
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import app.cli_ledger as ledger_module
from app.clock import SystemClock
from app.settings import Settings
from app.simulator import Fault, SimulatedActiveAnts, SimulatedAnkorstore
from app.store.session import Store
from app.wiring import Companies, Transports, build_companies
from tests.command_line import Run, command_line, forget_settings
from tests.store_rows import add_order


@pytest.fixture
def ankorstore() -> SimulatedAnkorstore:
    """Return the marketplace the command asks."""
    company = SimulatedAnkorstore(clock=SystemClock())
    company.base_url = "http://127.0.0.1:1"
    return company


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    database_url: str,
    ankorstore: SimulatedAnkorstore,
) -> Iterator[Run]:
    """Return what runs a command line on a database: exit status, standard output and error."""
    forget_settings(monkeypatch, tmp_path)
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("ANKORSTORE_BASE_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("ANKORSTORE_CLIENT_ID", ankorstore.client_id)
    monkeypatch.setenv("ANKORSTORE_CLIENT_SECRET", ankorstore.client_secret)

    def build(settings: Settings, store: Store) -> Companies:
        ants = SimulatedActiveAnts(clock=SystemClock())
        transports = Transports(ankorstore.transport(), ants.transport())
        return build_companies(settings, None, transports, store)

    monkeypatch.setattr(ledger_module, "build_companies", build)
    monkeypatch.setattr(ledger_module, "configure_logs", lambda *_: None)
    with command_line(monkeypatch, capsys, "ledger") as run_command:
        yield run_command


@pytest.fixture
def hold(database_url: str) -> Callable[..., int]:
    """Return what puts an order into the database."""

    def put(number: int, **columns: Any) -> int:
        async def once() -> int:
            store = Store(database_url, SystemClock())
            try:
                return await add_order(store, number, **columns)
            finally:
                await store.close()

        return asyncio.run(once())

    return put


def test_complete_day_ends_with_status_0(
    run: Run, ankorstore: SimulatedAnkorstore, hold: Callable[..., int]
) -> None:
    """Every order listed is here: each is told with how it stands, and the sum is proven."""
    order = ankorstore.place_order()
    hold(
        1,
        marketplace_order_id=order.id,
        marketplace_reference=str(order.reference),
        submitted_at=order.submitted_at,
        waits_for="the warehouse to ship",
        state="placed",
    )
    status, out, _ = run()

    assert status == 0
    assert f"  open      {order.reference}  placed, waits for the warehouse to ship" in out
    assert "Ankorstore lists 1 of that day (1 in all); 1 of it are here." in out
    assert out.rstrip().endswith("every order here is listed or explained.")


def test_missing_orders_are_named_and_end_with_status_1(
    run: Run, ankorstore: SimulatedAnkorstore
) -> None:
    """By reference and id, in both forms; a day without any is complete."""
    missing = [ankorstore.place_order() for _ in range(2)]
    day = f"{missing[0].submitted_at:%Y-%m-%d}"
    status, out, _ = run(day)
    assert status == 1
    for order in missing:
        assert f"MISSING   {order.reference}  ({order.id}) at Ankorstore: ankor_confirmed" in out
    assert "NOT COMPLETE" in out

    status, out, _ = run("--json", day)
    told = json.loads(out)
    assert (status, told["is_proven"], told["date"]) == (1, False, day)
    nothing = dict.fromkeys(("done", "open", "ignored", "shadowed", "unlisted"), 0)
    assert told["counts"] == {**nothing, "missing": 2}
    named = {entry["marketplace_order_id"]: entry["standing"] for entry in told["orders"]}
    assert named == {order.id: "missing" for order in missing}

    before = missing[0].submitted_at - timedelta(days=1)
    status, out, _ = run(f"{before:%Y-%m-%d}")
    assert (status, "0 orders" in out, "(2 in all)" in out) == (0, True, True)


def test_missing_orders_are_taken_in(run: Run, ankorstore: SimulatedAnkorstore) -> None:
    """With --add-missing this run still ends with 1; the next one finds them here."""
    order = ankorstore.place_order()
    status, _, told = run("--add-missing")
    assert (status, "1 missing orders were taken in" in told) == (1, True)

    status, out, _ = run()
    assert (status, f"open      {order.reference}  received, waits for its turn" in out) == (
        0,
        True,
    )


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_company_that_cannot_be_asked_ends_with_status_2(
    run: Run, ankorstore: SimulatedAnkorstore, hold: Callable[..., int], form: tuple[str, ...]
) -> None:
    """What is here is told all the same, and that nothing is proven."""
    order = ankorstore.place_order()
    hold(1, marketplace_reference="R1", submitted_at=order.submitted_at)
    ankorstore.faults.always("GET */orders", Fault.SERVER_ERROR_BEFORE)
    status, out, error = run(*form)

    assert status == 2
    assert "Ankorstore could not be asked" in error
    assert "R1" in out
    assert ('"is_proven": false' if form else "Not proven") in out


@pytest.mark.parametrize(
    ("arguments", "missing", "told"),
    [
        (("yesterday",), None, "yesterday"),
        ((), "ANKORSTORE_CLIENT_SECRET", "ANKORSTORE_CLIENT_SECRET: is missing"),
    ],
)
def test_wrong_use_ends_with_status_2(
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    missing: str | None,
    told: str,
) -> None:
    """A day that is none, or credentials that are not there; nothing is asked."""
    if missing is not None:
        monkeypatch.delenv(missing)
    status, out, error = run(*arguments)

    assert (status, out) == (2, "")
    assert told in error
