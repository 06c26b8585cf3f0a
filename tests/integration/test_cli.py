"""The command line: what is printed, what is decided, and the exit status."""

import asyncio
import getpass
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from app import __version__, cli_database
from app.clock import SystemClock
from app.domain.reasons import REASONS
from app.store.migrate import known_revisions
from app.store.models import WarehouseOrder
from app.store.session import Store
from app.worker_lock import hold_worker_role
from tests.command_line import Run, command_line, forget_settings
from tests.conftest import Databases
from tests.store_rows import add_order, attempts_of, order_id_of, order_row

SERVICE = {
    "ANKORSTORE_CLIENT_ID": "client",
    "ANKORSTORE_CLIENT_SECRET": "secret-canary",
    "ANKORSTORE_WEBHOOK_SECRETS": "secret-canary",
    "ACTIVE_ANTS_USERNAME": "user",
    "ACTIVE_ANTS_PASSWORD": "secret-canary",
    "OPERATOR_TOKEN": "secret-canary",
}


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Iterator[Run]:
    """Return what runs a command line: exit status, standard output, standard error."""
    forget_settings(monkeypatch, tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(cli_database, "configure_logs", lambda *_: None)
    with command_line(monkeypatch, capsys) as run_command:
        yield run_command


@pytest.fixture
def filled(
    run: Run, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Callable[[Store], Awaitable[Any]]], Any]:
    """Point the command line at a database; return what works on that from the test."""
    monkeypatch.setenv("DATABASE_URL", database_url)

    def work(steps: Callable[[Store], Awaitable[Any]]) -> Any:
        async def once() -> Any:
            store = Store(database_url, SystemClock())
            try:
                return await steps(store)
            finally:
                await store.close()

        return asyncio.run(once())

    return work


async def add_short_order(store: Store) -> int:
    return await add_order(
        store,
        1,
        marketplace_reference="R1",
        attention_reason="stock_short",
        attention_since=store.now(),
        attention_detail=[{"reason": "stock_short", "field": "SKU MUG", "detail": "3 missing"}],
        next_attempt_at=None,
    )


async def add_twins(store: Store) -> None:
    """Add an order whose reference is the other one's number at the warehouse."""
    await add_order(store, 1, marketplace_reference="555")
    other = await add_order(store, 2, marketplace_reference="777")
    async with store.write() as connection:
        await connection.execute(
            insert(WarehouseOrder).values(
                order_id=other,
                external_order_number="777",
                warehouse_order_id="555",
                intent_at=store.now(),
                sent_before_at=store.now(),
                payload={},
                lines=[],
            )
        )


def test_migrate_needs_no_other_setting(
    run: Run, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The schema is brought up without credentials, and once more without harm."""
    for kind in ("sqlite", "postgres"):
        url = databases.make(kind, is_empty=True)
        monkeypatch.setenv("DATABASE_URL", url)
        for _ in range(2):
            status, out, _ = run("migrate")
            assert (status, out.strip()) == (0, f"schema at revision {known_revisions()[0]}")
        databases.drop(url)


def test_orders_are_listed(run: Run, filled: Any) -> None:
    """The list shows each order's name, state, warehouse number and reason, newest first."""
    status, out, _ = run("orders", "list")
    assert (status, "R1" in out) == (0, False)
    filled(add_short_order)
    filled(lambda store: add_order(store, 2, marketplace_reference="R2", state="placed"))

    _, out, _ = run("orders", "list")
    assert out.index("R2") < out.index("R1")
    assert "stock_short" in out
    for options, shown in (
        (("--state", "placed"), {"R2"}),
        (("--attention", "any"), {"R1"}),
        (("--attention", "sku_unknown"), set()),
    ):
        _, out, _ = run("orders", "list", *options)
        assert {name for name in ("R1", "R2") if name in out} == shown
    assert "more than 1" in run("orders", "list", "--limit", "1")[2]


def test_a_reason_that_does_not_exist_is_refused(run: Run, filled: Any) -> None:
    """A filter with a typing mistake is told rather than answered with nothing."""
    status, _, err = run("orders", "list", "--attention", "stock_shrot")

    assert (status, "stock_short" in err) == (2, True)
    status, _, err = run("orders", "list", "--state", "plced")
    assert (status, "placed" in err) == (2, True)


def test_an_order_is_shown(run: Run, filled: Any) -> None:
    """One order is shown with its ids, its state, what it needs and what to do."""
    filled(add_short_order)

    for name in ("R1", order_id_of(1)):
        status, out, _ = run("orders", "show", name)
        assert status == 0
        for words in ("R1", order_id_of(1), "received", REASONS["stock_short"].sentence):
            assert words in out


def test_why_tells_the_story(run: Run, filled: Any) -> None:
    """`why` says how the order came in, where it stands, what is wrong and what to do."""
    filled(add_short_order)

    status, out, _ = run("why", "R1")

    assert status == 0
    for words in (
        f"Order R1 ({order_id_of(1)})",
        "a webhook told of it; 0 events",
        REASONS["stock_short"].sentence,
        "SKU MUG: 3 missing",
        REASONS["stock_short"].cure,
    ):
        assert words in out


def test_why_an_order_waits(run: Run, filled: Any) -> None:
    """An order that waits tells for what and until when, and that nobody need act."""
    filled(lambda store: add_order(store, 1, due_seconds=60, waits_for="the warehouse to ship"))

    _, out, _ = run("why", order_id_of(1))

    assert "waits for the warehouse to ship; looked at again in" in out
    assert "Nobody needs to do anything." in out


@pytest.mark.parametrize(
    "command", ["why", "orders show", "orders retry", "orders take --reason x"]
)
def test_an_order_that_cannot_be_told(run: Run, filled: Any, command: str) -> None:
    """A name of no order, or of two, is refused with status 2; both of two are named."""
    filled(add_twins)

    status, out, err = run(*command.split(), "nothing")
    assert (status, out) == (2, "")
    assert "'nothing'" in err
    status, out, err = run(*command.split(), "555")
    assert (status, out) == (2, "")
    for name in ("555", order_id_of(1), "777", order_id_of(2)):
        assert name in err
    assert run("orders", "show", order_id_of(1))[0] == 0


def test_an_order_is_retried(run: Run, filled: Any) -> None:
    """A retry clears the attention; a second look finds the order due and the decision noted."""
    order_id = filled(add_short_order)

    status, out, _ = run("orders", "retry", "R1", "--reason", "stock came")

    assert (status, out.strip()) == (0, "the order is tried again now")
    row = filled(lambda store: order_row(store, order_id))
    assert (row.attention_reason, row.wake_seq) == (None, 1)
    (attempt,) = filled(lambda store: attempts_of(store, order_id))
    assert attempt.step == "retry"
    assert attempt.message == f"retried by {getpass.getuser()} (command line): stock came"


def test_an_order_is_taken(run: Run, filled: Any) -> None:
    """An order from before the switch is handled from the start."""
    columns = {"state": "closed", "outcome": "ignored: before the switch"}
    order_id = filled(lambda store: add_order(store, 1, marketplace_reference="R1", **columns))

    assert run("orders", "take", "R1", "--reason", "ours after all")[0] == 0

    row = filled(lambda store: order_row(store, order_id))
    assert (row.state, row.outcome) == ("received", None)


def test_a_decision_that_makes_no_sense(run: Run, filled: Any) -> None:
    """A refused decision says why on standard error, with status 1, and changes nothing."""
    order_id = filled(lambda store: add_order(store, 1, state="closed", outcome="completed"))
    before = filled(lambda store: order_row(store, order_id))

    for command, words in (("retry", "closed (completed)"), ("take", "before the switch")):
        status, out, err = run("orders", command, order_id_of(1), "--reason", "x")
        assert (status, out) == (1, "")
        assert words in err

    assert filled(lambda store: order_row(store, order_id)) == before


@pytest.mark.parametrize("command", ["serve", "worker"])
@pytest.mark.parametrize(
    ("changes", "name"),
    [
        *(({missing: ""}, missing) for missing in SERVICE),
        ({"LEASE_SECONDS": "12"}, "LEASE_SECONDS"),
        ({"PACK_MODE": "dozen"}, "PACK_MODE"),
        ({"DATABASE_URL": "postgresql://u:secret-canary@127.0.0.1:1/x"}, "DATABASE_URL"),
        ({"DATABASE_URL": "sqlite:////proc/nowhere/a.db"}, "DATABASE_URL"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_wrong_setting_stops_the_start(
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    changes: dict[str, str],
    name: str,
) -> None:
    """The start ends with one line that names the setting and shows no secret."""
    for key, value in {**SERVICE, **changes}.items():
        monkeypatch.setenv(key, value)

    status, out, err = run(command)

    assert (status, out) == (2, "")
    assert err.startswith(f"antbridge: {name}: ")
    assert err.count("\n") == 1
    assert f"for example {name}=" in err or name == "DATABASE_URL"
    assert "secret-canary" not in err


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_a_second_worker_on_sqlite_is_refused(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: str
) -> None:
    """With the worker role taken the start ends with one line that says what to do."""
    url = f"sqlite:///{tmp_path / 'a.db'}"
    for key, value in {**SERVICE, "DATABASE_URL": url}.items():
        monkeypatch.setenv(key, value)

    with hold_worker_role(url, wanted=True):
        status, _, err = run(command)

    assert (status, err.count("\n")) == (2, 1)
    assert "serve --no-worker" in err


def test_version(run: Run) -> None:
    """The version is printed without any setting."""
    assert run("version") == (0, f"{__version__}\n", "")


def test_wrong_use(run: Run) -> None:
    """What does not exist ends with status 2 and no traceback."""
    for arguments in (("nonsense",), ("orders", "nonsense"), ("serve", "--port", "70000")):
        status, _, err = run(*arguments)
        assert (status, "Traceback" in err) == (2, False)
