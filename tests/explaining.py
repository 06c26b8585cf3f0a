"""
How much of the big tables a statement reads, told by the database itself.

The statements are those that were really executed, with their parameters: they are caught on
their way to the driver, run again and rolled back. PostgreSQL counts the rows that each part of
a plan touched; SQLite counts the steps of its machine, of which every row costs several.
"""

import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import psycopg
from sqlalchemy import event
from sqlalchemy.engine import make_url

from app.store.models import Base
from app.store.session import Store
from app.store.sqlite_driver import Execute, T, Work
from bench.big_tables import BIG

STEPS_A_ROW = 3
"""A scan costs SQLite at least this much a row."""
_PROGRESS_STEPS = 10
_SCAN = re.compile(r"^SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?")


@dataclass(frozen=True, slots=True)
class Caught:
    """A statement as the driver got it."""

    sql: str
    parameters: Any


@dataclass(frozen=True, slots=True)
class Effort:
    """Rows a statement read, or a bound of them, and the tables it read from end to end."""

    rows: int
    scans: tuple[str, ...]
    plan: str


@contextmanager
def catching(store: Store) -> Iterator[list[Caught]]:
    """Catch every statement that goes to the database meanwhile."""
    caught: list[Caught] = []

    def note(_: Any, __: Any, sql: str, parameters: Any, *___: Any) -> None:
        if sql.lstrip().upper().startswith(("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")):
            first = parameters[0] if isinstance(parameters, list) else parameters
            caught.append(Caught(sql, first))

    def note_trip(work: Work[T]) -> Any:
        def noted(execute: Execute) -> T:
            def run(sql: str, parameters: Mapping[str, Any]) -> Sequence[Any]:
                caught.append(Caught(sql, parameters))
                return execute(sql, parameters)

            return work(run)

        return in_one_trip(noted)

    in_one_trip = store.write_in_one_trip
    store.write_in_one_trip = note_trip  # type: ignore[method-assign]
    engines = {store._writer.sync_engine, store._reader.sync_engine}
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        yield caught
    finally:
        store.write_in_one_trip = in_one_trip  # type: ignore[method-assign]
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)


def explain(database_url: str, caught: Caught) -> Effort:
    """Run a caught statement again, take it back, and tell what it cost."""
    url = make_url(database_url)
    if url.get_backend_name() == "sqlite":
        return _explain_sqlite(str(url.database), caught)
    return _explain_postgres(database_url, caught)


def _explain_postgres(database_url: str, caught: Caught) -> Effort:
    with psycopg.connect(database_url) as connection:
        row = connection.execute(
            b"EXPLAIN (ANALYZE, FORMAT JSON) " + caught.sql.encode(), caught.parameters
        ).fetchone()
        connection.rollback()
    assert row is not None
    rows, scans, lines = 0, [], []
    for node in plan_nodes(row[0][0]["Plan"]):
        table = node.get("Relation Name")
        touched = int(node["Actual Loops"]) * int(
            node["Actual Rows"]
            + node.get("Rows Removed by Filter", 0)
            + node.get("Rows Removed by Index Recheck", 0)
        )
        lines.append(f"{node['Node Type']} {table or ''} {node.get('Index Name', '')} {touched}")
        if table in BIG or "Index Name" in node:
            rows += touched
        if node["Node Type"] == "Seq Scan" and table in BIG:
            scans.append(str(table))
    return Effort(rows, tuple(scans), "\n".join(lines))


def plan_nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Return a node of a plan of PostgreSQL and all below it."""
    yield plan
    for child in plan.get("Plans", ()):
        yield from plan_nodes(child)


def _partial() -> set[str]:
    """Return the indexes of a few rows each, which may be read whole."""
    return {
        str(index.name)
        for table in Base.metadata.tables.values()
        for index in table.indexes
        if index.dialect_options["sqlite"]["where"] is not None
    }


def _explain_sqlite(path: str, caught: Caught) -> Effort:
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        plan = [
            str(row[3])
            for row in connection.execute(f"EXPLAIN QUERY PLAN {caught.sql}", caught.parameters)
        ]
        steps = 0

        def count() -> int:
            nonlocal steps
            steps += _PROGRESS_STEPS
            return 0

        connection.execute("BEGIN")
        connection.set_progress_handler(count, _PROGRESS_STEPS)
        with suppress(sqlite3.IntegrityError):  # it is there already: the search for it counts
            connection.execute(caught.sql, caught.parameters).fetchall()
        connection.set_progress_handler(None, 0)
        connection.execute("ROLLBACK")
    finally:
        connection.close()
    return Effort(steps // STEPS_A_ROW, tuple(_scans_of(plan)), "\n".join(plan))


def _scans_of(plan: list[str]) -> Iterator[str]:
    for line in plan:
        found = _SCAN.match(line)
        if found is not None and found[1] in BIG and found[2] not in _partial():
            yield found[1]
