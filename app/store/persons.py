"""
Finding a person: which orders, and which events of no order, name somebody.

There is no column of retailers, so all that is kept and may name one is looked through.
"""

import contextlib
import json
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from app.store.models import Attempt, Event, Order, WarehouseOrder
from app.store.session import Store

PAGE = 100
SHORTEST_NAME = 3


@dataclass(frozen=True, slots=True)
class Naming:
    """What names a person: ids of our orders, and of events that belong to none."""

    order_ids: tuple[int, ...]
    event_ids: tuple[int, ...]


async def find_naming(store: Store, name: str) -> Naming:
    """Return all that holds *name* as whole words: a company, a person, a mail address, an id."""
    pattern = name_pattern(name)
    return Naming(
        tuple([order_id async for order_id in _orders(store, pattern)]),
        tuple([event_id async for event_id in _events(store, pattern)]),
    )


def name_pattern(name: str) -> re.Pattern[str]:
    """Return what finds *name* as whole words in a text whose letters were case-folded."""
    words = r"\s+".join(re.escape(word) for word in name.casefold().split())
    return re.compile(rf"(?<!\w){words}(?!\w)")


async def _orders(store: Store, pattern: re.Pattern[str]) -> Any:
    after_id = 0
    own = (
        Order.retailer_text,
        Order.new_address,
        Order.corrections,
        Order.attention_detail,
        Order.decision,
    )
    while True:
        async with store.read() as connection:
            rows = (
                await connection.execute(
                    select(Order.id, *own).where(Order.id > after_id).order_by(Order.id).limit(PAGE)
                )
            ).all()
            if not rows:
                return
            ids = [row.id for row in rows]
            after_id = ids[-1]
            kept: dict[int, list[Any]] = {row.id: list(row[1:]) for row in rows}
            for model, column in (
                (WarehouseOrder, WarehouseOrder.payload),
                (Attempt, Attempt.recorded),
                (Attempt, Attempt.detail),
                (Attempt, Attempt.message),
                (Event, Event.raw_body),
            ):
                found = await connection.execute(
                    select(model.order_id, column).where(
                        model.order_id.in_(ids), column.is_not(None)
                    )
                )
                for order_id, value in found:
                    kept[order_id].append(value)
        for order_id, values in kept.items():
            if any(names(value, pattern) for value in values):
                yield order_id


async def _events(store: Store, pattern: re.Pattern[str]) -> Any:
    after_id = 0
    while True:
        async with store.read() as connection:
            rows = (
                await connection.execute(
                    select(Event.id, Event.raw_body)
                    .where(Event.id > after_id, Event.order_id.is_(None), Event.pruned_at.is_(None))
                    .order_by(Event.id)
                    .limit(PAGE)
                )
            ).all()
        if not rows:
            return
        after_id = rows[-1].id
        for row in rows:
            if names(row.raw_body, pattern):
                yield row.id


def names(value: Any, pattern: re.Pattern[str]) -> bool:
    """Tell whether any text in *value*, a JSON value or packed or plain bytes of one, fits."""
    return any(pattern.search(text.casefold()) for text in _texts(_decoded(value)))


def _decoded(value: Any) -> Any:
    if isinstance(value, bytes):
        with contextlib.suppress(zlib.error):
            value = zlib.decompress(value)
        value = value.decode("utf-8", "replace")
    return value


def _texts(value: Any) -> Iterator[str]:
    """Yield every text, those in a JSON text within too, and names that are kept in parts."""
    if isinstance(value, Mapping):
        parts = [str(one) for key, one in value.items() if "name" in str(key).casefold() and one]
        yield " ".join(parts)
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, str):
        yield value
        if value[:1] in ("{", "["):
            try:
                inner = json.loads(value)
            except (ValueError, RecursionError):
                return
            yield from _texts(inner)
    elif value is not None:
        yield str(value)
