"""
What statements that are built once are made of.

Building a statement costs more than running it, so those that run for every order are built once
for each kind of database and kept; all that differs from one run to the next is a parameter, the
time too. Replicas share PostgreSQL, so its clock decides about leases; a moved clock, and SQLite,
pass the service's own.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Interval, bindparam, func
from sqlalchemy.dialects import postgresql, sqlite

from app.store.models import UtcDateTime


def moment(name: str, *, from_database: bool) -> ColumnElement[datetime]:
    """Return the SQL of the time that `Store.moments` gives under *name*."""
    if from_database:
        now: ColumnElement[datetime] = func.clock_timestamp(type_=UtcDateTime())
        return now + bindparam(name, type_=Interval())
    return bindparam(name, type_=UtcDateTime())


def moment_to_compare(name: str, *, from_database: bool) -> ColumnElement[datetime]:
    """
    Return the SQL of such a time for a comparison that an index shall answer.

    The clock may tick between two rows, so PostgreSQL reads every row to compare it with that;
    when the statement began is one moment.
    """
    if from_database:
        began: ColumnElement[datetime] = func.statement_timestamp(type_=UtcDateTime())
        return began + bindparam(name, type_=Interval())
    return moment(name, from_database=False)


def given(table: Any, column: str, *, prefix: str = "its_") -> ColumnElement[Any]:
    """Return a parameter of the kind of *table*'s *column*, called *prefix* and its name."""
    return bindparam(f"{prefix}{column}", type_=table.c[column].type)


def insert_into(table: Any, *, is_postgres: bool) -> Any:
    """Return the dialect's insert, the one with ON CONFLICT."""
    return postgresql.insert(table) if is_postgres else sqlite.insert(table)
