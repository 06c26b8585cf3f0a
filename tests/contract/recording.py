"""Everything the Ankorstore client sends, and every field it reads, told from the outside."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import httpx

from app.ankorstore.calls import AnkorstoreCalls
from app.domain.policy import REJECT_TYPES
from app.domain.shipment import ParcelTracking, TrackedGoods, TrackedParcel, Tracking
from app.jsonapi import normalise_type
from tests.contract.test_marketplace_contract import PARCELS, World, build_world


@dataclass
class Recording:
    """What went over the wire, by HTTP call (`METHOD /path` as it was sent)."""

    queries: dict[str, dict[str, set[str]]] = field(default_factory=dict)
    bodies: dict[str, list[Any]] = field(default_factory=dict)
    reads: dict[str, set[str]] = field(default_factory=dict)


class ReadDict(dict[str, Any]):
    """An object of an answer that notes which of its fields somebody looks at."""

    def __init__(self, content: dict[str, Any], path: str, log: set[str]) -> None:
        self._path = path
        self._log = log
        super().__init__(
            {name: watched(value, self._join(name), log) for name, value in content.items()}
        )

    def _join(self, name: str) -> str:
        return f"{self._path}.{name}" if self._path else name

    def get(self, name: Any, default: Any = None) -> Any:
        self._log.add(self._join(name))
        return super().get(name, default)

    def __getitem__(self, name: str) -> Any:
        self._log.add(self._join(name))
        return super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        self._log.add(self._join(str(name)))
        return super().__contains__(name)


def watched(value: Any, path: str, log: set[str]) -> Any:
    """Return *value* with every object in it watched; resources are told apart by their type."""
    if isinstance(value, list):
        return [watched(one, _entry_path(one, path), log) for one in value]
    return ReadDict(value, path, log) if isinstance(value, dict) else value


def _entry_path(entry: Any, path: str) -> str:
    if path == "included" and isinstance(entry, dict):
        return f"included[{normalise_type(entry.get('type'))}]"
    return f"{path}[]"


@contextmanager
def recorded() -> Iterator[Recording]:
    """Record every call of every client until the block ends."""
    recording = Recording()
    original_call = AnkorstoreCalls.call
    original_send = AnkorstoreCalls.send

    async def call(
        self: AnkorstoreCalls, operation: Any, method: str, url: str, read: Any, **how: Any
    ) -> Any:
        log = recording.reads.setdefault(f"{method} {httpx.URL(url).path}", set())
        return await original_call(
            self, operation, method, url, lambda body: read(watched(body, "", log)), **how
        )

    async def send(self: AnkorstoreCalls, operation: Any, method: str, url: str, **how: Any) -> Any:
        parsed = httpx.URL(url)
        name = f"{method} {parsed.path}"
        sent = recording.queries.setdefault(name, {})
        for key, value in (*(how.get("params") or {}).items(), *parsed.params.items()):
            sent.setdefault(key, set()).add(value)
        if (body := how.get("body")) is not None:
            recording.bodies.setdefault(name, []).append(json.loads(json.dumps(body)))
        return await original_send(self, operation, method, url, **how)

    with patch.object(AnkorstoreCalls, "call", call), patch.object(AnkorstoreCalls, "send", send):
        yield recording


async def use_every_call(build: Callable[[], World] = build_world) -> None:
    """Make every call the service can make, each with all it may send."""
    world = build()
    try:
        await _read_and_answer(world)
        await _ship(world)
        await _subscribe(world)
    finally:
        await world.connection.close()


async def _read_and_answer(world: World) -> None:
    marketplace = world.marketplace
    orders = [world.order() for _ in range(4)]
    whole, part, rejected = (order.id for order in orders[:3])
    await marketplace.read_order(whole)
    await world.listed("ankor_confirmed")
    assert [one async for one in marketplace.walk_orders()]
    assert [one async for one in marketplace.walk_variants()]
    await marketplace.accept_order(whole, turn=world.turn)
    line = orders[1].lines[0].id
    await marketplace.accept_order(part, pack_quantities={line: 1}, turn=world.turn)
    for kind in REJECT_TYPES:
        await marketplace.reject_order(world.order().id, kind, "too far", turn=world.turn)
    await marketplace.reject_order(rejected, "PAYMENT_ISSUES_WITH_RETAILER", None, turn=world.turn)
    labelled = world.order("brand_confirmed")
    world.company.generate_labels(labelled.id)
    await marketplace.reset_label(labelled.id, turn=world.turn)
    await marketplace.postpone_shipping(labelled.master_order_id, world.clock.now().date())


async def _ship(world: World) -> None:
    marketplace = world.marketplace
    link = Tracking(link="https://track.example/1")
    for tracking in (link, Tracking(carrier_code="ups", number="1Z"), None):
        order = world.order("brand_confirmed")
        quote = (await marketplace.request_quotes(order.id, PARCELS))[-1]
        await marketplace.confirm_quote(quote.quote_id, tracking, turn=world.turn)
        await marketplace.read_order(order.id)
    goods = TrackedGoods(order.lines[0].variant.id, 2, 12, "T5113A", world.clock.now().date())
    parcel = TrackedParcel(
        "7c9d1f60-2a3b-5e1c-8b1f-5d7d3c9b0a01", "1Z1", None, "TRANSIT", goods=(goods,)
    )
    shipment = ParcelTracking(
        "0b7f1c1e-4a2f-4f0b-9d35-1a1f3e6c1c11", "ups", "1Z1", None, "TRANSIT", (parcel,)
    )
    for exists in (False, True):
        await marketplace.write_tracking(order.master_order_id, shipment, exists=exists)
        assert await marketplace.read_tracking(order.master_order_id) is not None


async def _subscribe(world: World) -> None:
    subscriptions = world.subscriptions
    (application,) = await subscriptions.list_applications()
    events = await subscriptions.list_webhook_events()
    url = "https://hook.example/a"
    made = await subscriptions.create_subscription(application.application_id, url, events)
    await subscriptions.update_subscription(made.subscription_id, url, events[:2])
    await subscriptions.list_applications()
    await subscriptions.delete_subscription(made.subscription_id)
