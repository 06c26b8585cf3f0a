"""
An order's whole story: all that is known of it, gathered once and told by pure functions.

The command `why` prints it; whoever else tells it takes the same functions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.domain.pauses import Pause
from app.domain.record import OrderRecord
from app.domain.returns import ReturnCase
from app.domain.shipment import Shipment
from app.flow.deadlines import tell_deadline
from app.flow.story import name_of, tell_past, tell_present, tell_shipments
from app.flow.verdict_words import tell_verdict
from app.store.pauses import load_pauses
from app.store.queries import load_events, load_history, load_peers
from app.store.returns import load_returns
from app.store.session import Store
from app.store.shipments import load_shipments


@dataclass(frozen=True, slots=True)
class Case:
    """All records that an order's story is told from, as they stood at `now`."""

    order: OrderRecord
    now: datetime
    events: Sequence[Mapping[str, Any]] = ()
    history: Sequence[Mapping[str, Any]] = ()
    shipments: Sequence[Shipment] = ()
    pauses: Mapping[str, Pause] = field(default_factory=dict)
    away: Mapping[str, datetime] = field(default_factory=dict)
    """Since when each company that is away is."""
    returns: Sequence[ReturnCase] = ()


@dataclass(frozen=True, slots=True)
class Story:
    """What is told of an order, in lines; the last of `present` is what a person does."""

    title: str
    found: str
    past: tuple[str, ...]
    verdict: tuple[str, ...]
    shipments: tuple[str, ...]
    deadline: tuple[str, ...]
    present: tuple[str, ...]


async def gather_case(store: Store, order: OrderRecord) -> Case:
    """Return all that is known of an order now."""
    peers = await load_peers(store)
    return Case(
        order=order,
        now=store.now(),
        events=await load_events(store, order.order_id),
        history=await load_history(store, order.order_id),
        shipments=[row.shipment for row in await load_shipments(store, order.order_id)],
        pauses=await load_pauses(store),
        away={
            name: peer["away_since"]
            for name, peer in peers.items()
            if peer["away_since"] is not None
        },
        returns=await load_returns(store, order.order_id),
    )


def tell_story(case: Case, *, at_risk_seconds: float, country_code: str) -> Story:
    """Return the story of an order; *country_code* says whose working days count."""
    order = case.order
    how = "a webhook told of it" if order.found_by == "webhook" else "reconciling found it"
    return Story(
        title=f"Order {name_of(order)} ({order.marketplace_order_id})",
        found=f"{how}; {len(case.events)} events came in.",
        past=tuple(tell_past(order, case.events, case.history)),
        verdict=tuple(tell_verdict(order)),
        shipments=tuple(tell_shipments(order, case.shipments)),
        deadline=tuple(
            tell_deadline(
                order, case.now, at_risk_seconds=at_risk_seconds, country_code=country_code
            )
        ),
        present=tuple(
            tell_present(order, case.now, pauses=case.pauses, away=case.away, returns=case.returns)
        ),
    )
