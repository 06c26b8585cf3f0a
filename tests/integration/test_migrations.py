"""The schema: built by one history on both databases, up and down, safely when many start."""

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic import command
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.pool import NullPool

import app.store.models_alarms
import app.store.models_contract
import app.store.models_jobs
import app.store.models_operators
import app.store.models_pauses
import app.store.models_returns
import app.store.models_shadow
import app.store.models_skus
import app.store.models_webhooks  # noqa: F401 - all their tables belong to the schema
from app.domain.corrections import read_corrections
from app.store.migrate import (
    alembic_config,
    bring_up_to_date,
    known_revisions,
    migration_connection,
    sync_url,
)
from app.store.models import Base
from tests.conftest import DATABASES, Databases

TABLES = set(Base.metadata.tables)


@pytest.fixture(params=DATABASES)
def empty_url(request: pytest.FixtureRequest, databases: Databases) -> Iterator[str]:
    """Return a database of each kind without any table."""
    url = databases.make(request.param, is_empty=True)
    yield url
    databases.drop(url)


def tables_of(url: str) -> set[str]:
    engine = create_engine(sync_url(url), poolclass=NullPool)
    return set(inspect(engine).get_table_names()) - {"alembic_version"}


def run(url: str, *statements: str) -> list[tuple[object, ...]]:
    """Run statements in one transaction; return the rows of the last, if it has any."""
    engine = create_engine(sync_url(url), poolclass=NullPool)
    with engine.begin() as connection:
        results = [connection.execute(text(statement)) for statement in statements]
        return [tuple(row) for row in results[-1]] if results[-1].returns_rows else []


def test_up_down_and_up_again(empty_url: str) -> None:
    """Every table comes with the migrations, goes with their reversal, and comes again."""
    assert bring_up_to_date(empty_url) == known_revisions()[0]
    assert tables_of(empty_url) == TABLES

    with migration_connection(empty_url) as connection:
        command.downgrade(alembic_config(connection), "base")
        connection.commit()
    assert tables_of(empty_url) == set()

    assert bring_up_to_date(empty_url) == known_revisions()[0]
    assert tables_of(empty_url) == TABLES


def test_models_and_migrations_agree(database_url: str) -> None:
    """What the migrations built is exactly what the models say."""
    with migration_connection(database_url) as connection:
        command.check(alembic_config(connection))


def test_coming_up_twice_changes_nothing(database_url: str) -> None:
    """On an up-to-date schema a start runs no migration and keeps what is stored."""
    run(
        database_url,
        "INSERT INTO orders (marketplace_order_id, state, found_by, created_at) "
        "VALUES ('one', 'received', 'webhook', '2026-03-02 09:00:00')",
    )

    assert bring_up_to_date(database_url) == known_revisions()[0]

    assert run(database_url, "SELECT marketplace_order_id FROM orders") == [("one",)]


def test_several_threads_start_at_once(empty_url: str) -> None:
    """Whoever comes first migrates, the others wait, and all find the schema in place."""
    with ThreadPoolExecutor(5) as pool:
        revisions = list(pool.map(bring_up_to_date, [empty_url] * 5))

    assert revisions == [known_revisions()[0]] * 5
    assert tables_of(empty_url) == TABLES
    assert run(empty_url, "SELECT count(*) FROM alembic_version") == [(1,)]


def test_several_processes_start_at_once(empty_url: str) -> None:
    """The lock holds between processes too."""
    code = "import sys; from app.store.migrate import *; print(bring_up_to_date(sys.argv[1]))"
    starts = [
        subprocess.Popen([sys.executable, "-c", code, empty_url], stdout=subprocess.PIPE)
        for _ in range(2)
    ]

    answers = [start.communicate(timeout=60)[0].decode().strip() for start in starts]

    assert answers == [known_revisions()[0]] * 2
    assert [start.returncode for start in starts] == [0, 0]
    assert tables_of(empty_url) == TABLES


@pytest.mark.parametrize(
    ("reason", "steps", "is_unreleased"),
    [
        ("corrected_not_released", (), True),
        ("acceptance_reverted", ("phone corrected by ina: asked",), True),
        ("acceptance_reverted", ("phone corrected by ina: asked", "retried by ina"), False),
        (None, ("phone corrected, and released by ina: asked",), False),
        (None, (), False),
    ],
    ids=str,
)
def test_an_older_correction_stays_unreleased(
    empty_url: str, reason: str | None, steps: tuple[str, ...], is_unreleased: bool
) -> None:
    """The upgrade gives corrections the word for it, as the question or the history tells."""
    with migration_connection(empty_url) as connection:
        command.upgrade(alembic_config(connection), "0011")
        connection.commit()
    asked = "NULL" if reason is None else f"'{reason}'"
    steps_of = [("retry" if "retried" in message else "correct", message) for message in steps]
    run(
        empty_url,
        "INSERT INTO orders (marketplace_order_id, state, found_by, created_at, attention_reason, "
        "corrections) VALUES ('one', 'received', 'webhook', '2026-03-02 09:00:00', "
        f"""{asked}, '{{"phone": "+3120", "street": null, "entries": {{}}}}')""",
        *(
            "INSERT INTO attempts (order_id, happened_at, step, outcome, message, attempt_number, "
            f"duration_ms) SELECT id, '2026-03-02 09:00:00', '{step}', 'decided', '{message}', "
            "0, 0 FROM orders"
            for step, message in steps_of
        ),
    )

    bring_up_to_date(empty_url)

    ((held,),) = run(empty_url, "SELECT corrections FROM orders")
    corrections = read_corrections(json.loads(held) if isinstance(held, str) else held)  # type: ignore[arg-type]
    assert (corrections.is_unreleased, corrections.phone) == (is_unreleased, "+3120")


def test_a_newer_schema_is_left_alone(database_url: str) -> None:
    """A revision this version does not know was written by a newer one, and stays."""
    run(database_url, "UPDATE alembic_version SET version_num = '9999'")

    assert bring_up_to_date(database_url) == "9999"

    assert run(database_url, "SELECT version_num FROM alembic_version") == [("9999",)]
    assert tables_of(database_url) == TABLES


def test_a_migration_that_fails_half_way_leaves_nothing(empty_url: str) -> None:
    """A start that dies in the middle of a migration can simply be repeated."""
    run(empty_url, "CREATE TABLE parcels (id INTEGER)")
    with pytest.raises(Exception, match="parcels"):
        bring_up_to_date(empty_url)
    assert tables_of(empty_url) == {"parcels"}

    run(empty_url, "DROP TABLE parcels")
    bring_up_to_date(empty_url)

    assert tables_of(empty_url) == TABLES


def test_the_lock_of_a_failed_start_is_given_back(empty_url: str) -> None:
    """After a start that failed the next one does not wait for it."""
    with pytest.raises(ZeroDivisionError), migration_connection(empty_url):
        raise ZeroDivisionError

    assert bring_up_to_date(empty_url) == known_revisions()[0]
