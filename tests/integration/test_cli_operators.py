"""`antbridge operators`: who is let in, kept out, and how a password gets there."""

import io
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from app import cli_operators
from app.passwords import is_password
from app.store.models_operators import Operator, OperatorSession
from app.store.operator_sessions import MOST_FAILURES, sign_in
from app.store.operators import find_operator
from app.store.session import Store
from tests.integration.test_cli import Run, filled, run
from tests.store_rows import count_rows, rows_of

__all__ = ["filled", "run"]
PASSWORD = "correct horse battery"
Filled = Callable[[Callable[[Store], Awaitable[Any]]], Any]


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return what puts a text on standard input."""
    return lambda text: monkeypatch.setattr("sys.stdin", io.StringIO(text))


async def find_anna(store: Store) -> Operator:
    (row,) = [row for row in await rows_of(store, Operator) if row.name == "anna"]
    return row


async def open_session(store: Store) -> None:
    anna = await find_operator(store, "anna")
    assert anna is not None
    assert await sign_in(store, anna, "token", is_right=True, hours=1)


async def fail_often(store: Store) -> None:
    anna = await find_operator(store, "anna")
    assert anna is not None
    for _ in range(MOST_FAILURES):
        await sign_in(store, anna, "token", is_right=False, hours=1)


def test_a_life_of_an_operator(run: Run, filled: Filled, typed: Callable[[str], None]) -> None:
    """Added, given another password, locked, unlocked, disabled, enabled; sessions end with it."""
    typed(f"{PASSWORD}\n")
    assert run("operators", "add", "Anna", "--role", "viewer") == (
        0,
        "anna may sign in as viewer\n",
        "",
    )
    row = filled(find_anna)
    assert row.role == "viewer"
    assert row.password_hash.startswith("$argon2id$")
    assert is_password(PASSWORD, row.password_hash)

    typed("another password of hers\n")
    filled(open_session)
    assert run("operators", "password", "anna")[0] == 0
    assert not is_password(PASSWORD, filled(find_anna).password_hash)
    assert filled(lambda store: count_rows(store, OperatorSession)) == 0

    filled(fail_often)
    assert "\tlocked until " in run("operators", "list")[1]
    assert run("operators", "unlock", "anna")[1] == "anna is not locked any more\n"
    assert json.loads(run("operators", "list", "--json")[1])[0]["state"] == "active"

    filled(open_session)
    assert run("operators", "disable", "anna")[0] == 0
    assert filled(lambda store: count_rows(store, OperatorSession)) == 0
    assert "\tdisabled\t" in run("operators", "list")[1]
    assert run("operators", "enable", "anna")[0] == 0
    assert filled(find_anna).disabled_at is None


def test_a_name_is_given_once(run: Run, filled: Filled, typed: Callable[[str], None]) -> None:
    """Also where the first of that name is disabled: the history must not mix two people up."""
    for given in ("anna", "ANNA"):
        typed(f"{PASSWORD}\n")
        status, _, problem = run("operators", "add", given)
    assert (status, "there is an operator anna already" in problem) == (2, True)
    assert filled(lambda store: count_rows(store, Operator)) == 1


@pytest.mark.parametrize("name", ["", "a b", "-x", "é", "x" * 101, "a/b"])
def test_what_is_no_name_is_refused(run: Run, filled: Filled, name: str) -> None:
    """With what a name is."""
    status, _, problem = run("operators", "add", "--", name)

    assert (status, "for example anna" in problem) == (2, True)
    assert filled(lambda store: count_rows(store, Operator)) == 0


@pytest.mark.parametrize("password", ["", "too short", " begins with white space", "x" * 501])
def test_what_is_no_password_is_refused(
    run: Run, filled: Filled, typed: Callable[[str], None], password: str
) -> None:
    """With what one is; it is not repeated."""
    typed(f"{password}\n")
    status, said, problem = run("operators", "add", "anna")

    assert status == 2
    assert "password" in problem
    assert not password or password not in said + problem
    assert filled(lambda store: count_rows(store, Operator)) == 0


def test_a_password_is_asked_for_twice_at_a_terminal(
    run: Run, filled: Filled, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two that differ change nothing."""
    answers = iter([PASSWORD, "correct horse batter", PASSWORD, PASSWORD])
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr(cli_operators.getpass, "getpass", lambda _: next(answers))

    assert run("operators", "add", "anna")[0] == 2
    assert filled(lambda store: count_rows(store, Operator)) == 0
    assert run("operators", "add", "anna")[0] == 0
    assert is_password(PASSWORD, filled(find_anna).password_hash)


def test_one_who_comes_through_a_proxy_needs_no_password(run: Run, filled: Filled) -> None:
    """And cannot sign in with any."""
    assert run("operators", "add", "anna@brand.example", "--no-password")[0] == 0
    assert "\tproxy only\t" in run("operators", "list")[1]


@pytest.mark.parametrize("command", ["disable", "enable", "unlock", "password"])
def test_nobody_can_be_changed_who_is_not_there(
    run: Run, filled: Filled, typed: Callable[[str], None], command: str
) -> None:
    """The name is told."""
    typed(f"{PASSWORD}\n")
    status, _, problem = run("operators", command, "nobody")

    assert (status, problem) == (2, "antbridge: there is no operator nobody\n")
