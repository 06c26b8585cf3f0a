"""The orders of the demo: what happens to each, and which ending is right."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from app.demo.people import Person, agree_a_later_date, cancel_late
from app.simulator import Fault, Order, OrderedLine, SimulatedActiveAnts, SimulatedAnkorstore

UNKNOWN_SKU = "VASE-NEW"
SCARCE_SKU = "MUG-02"
SCARCE_PIECES = 15
POLICY = """\
[reason.stock_short]
action = "partial"
minimum_value_share = 0.5

[reason.ship_by_unreachable]
action = "hold"
hold_hours = 48
then = "accept"
"""
ORDER_TYPE = "ANKORSTORE"
OVERTAKEN_SECONDS = 1.5


@dataclass(frozen=True, slots=True)
class Companies:
    """Both companies, in this process."""

    ankorstore: SimulatedAnkorstore
    active_ants: SimulatedActiveAnts


@dataclass(slots=True)
class Scene:
    """One order. `is_right` looks at both companies and at what the service says of the order."""

    title: str
    place: Callable[[Companies], Order]
    expected: str
    is_right: Callable[["Scene", Companies, dict[str, Any]], bool]
    parcels: int = 1
    person: Person | None = None
    """Who acts in it; without an act of theirs the order does not come to its end."""
    is_person_done: bool = False
    ships: bool = True
    """Whether the warehouse's floor gets to packing it."""
    order: Order | None = None
    shown: dict[str, Any] = field(default_factory=dict)
    told_attempts: int = 0
    has_news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def order_id(self) -> str:
        """The order's id at the marketplace; empty before it is placed."""
        return self.order.id if self.order is not None else ""

    @property
    def is_at_rest(self) -> bool:
        """Whether the service is done with it, or asks a person who is not going to act."""
        if self.person is not None and not self.is_person_done:
            return False
        is_closed = self.shown.get("state") == "closed" and not self.shown.get("next_attempt_at")
        return is_closed or self.shown.get("attention_reason") is not None


def is_shipped_once(scene: Scene, companies: Companies, shown: dict[str, Any]) -> bool:
    """One warehouse order, accepted once, shipped by own carrier, closed as completed."""
    order = companies.ankorstore.orders[scene.order_id]
    at_warehouse = companies.active_ants.orders_numbered(str(order.reference))
    accepts = companies.ankorstore.calls_to(f"POST */{order.id}/-actions/transition")
    return (
        shown.get("outcome") == "completed"
        and (order.status, order.shipping_method) == ("shipped", "custom")
        and len(at_warehouse) == 1
        and _shows_own_tracking(order, companies)
        and at_warehouse[0].is_complete
        and len([call for call in accepts if call.status == 200]) == 1
    )


def _parcels_of(order: Order, companies: Companies) -> set[str]:
    """Return the numbers and links of the parcels the warehouse sent for *order*."""
    return {
        text
        for shipment in companies.active_ants.shipments.values()
        if shipment.extras.get("extra1") == order.id
        for parcel in shipment.parcels
        for text in (parcel.number, parcel.track_url)
        if text
    }


def _shows_own_tracking(order: Order, companies: Companies) -> bool:
    shown = {text for text in (order.tracking or {}).values() if text}
    return bool(shown & _parcels_of(order, companies))


def was_adopted(scene: "Scene", companies: Companies, shown: dict[str, Any]) -> bool:
    """Shipped once, although the answer to its create was lost."""
    creates = companies.active_ants.calls_to("POST */order/add")
    lost = [call for call in creates if call.fault is not None]
    return (
        is_shipped_once(scene, companies, shown)
        and len(lost) == 1
        and lost[0].json()["extra1"] == scene.order_id
    )


def was_found_by_reconciling(scene: Scene, companies: Companies, shown: dict[str, Any]) -> bool:
    """Shipped once, although no webhook told of it in the first place."""
    return is_shipped_once(scene, companies, shown) and shown.get("found_by") == "reconcile"


def has_all_parcels(scene: Scene, companies: Companies, shown: dict[str, Any]) -> bool:
    """Shipped once, and the marketplace shows both parcels."""
    tracking = companies.ankorstore.orders[scene.order_id].parcel_tracking
    numbers = [
        parcel.number
        for shipment in companies.active_ants.shipments.values()
        if shipment.extras.get("extra1") == scene.order_id
        for parcel in shipment.parcels
    ]
    return (
        is_shipped_once(scene, companies, shown)
        and tracking is not None
        and len(numbers) == scene.parcels
        and {parcel["trackingNumber"] for parcel in tracking["parcels"]}
        == {number for number in numbers if number}
    )


def came_twice_and_late(scene: Scene, companies: Companies, shown: dict[str, Any]) -> bool:
    """Shipped once, although the first event was taken in twice, after a later one."""
    events = [one for one in companies.ankorstore.deliveries if one.order_id == scene.order_id]
    created = [one for one in events if one.event_type == "order.brand_created"]
    later = next(one for one in events if one.event_type == "order.billing_address_updated")
    return (
        is_shipped_once(scene, companies, shown)
        and len(created) == 2
        and all(one.is_delivered for one in [later, *created])
        and all(later.attempts[-1].at < one.attempts[-1].at for one in created)
    )


def waits_for_person(scene: Scene, companies: Companies, shown: dict[str, Any]) -> bool:
    """Not accepted, nothing at the warehouse, and a person is asked with the reason."""
    order = companies.ankorstore.orders[scene.order_id]
    return (
        shown.get("attention_reason") == "sku_unknown"
        and order.status == "ankor_confirmed"
        and not companies.active_ants.orders_numbered(str(order.reference))
    )


def was_accepted_in_part(scene: Scene, companies: Companies, shown: dict[str, Any]) -> bool:
    """Shipped once, with the two packs there were of the scarce mug and all of the tea."""
    order = companies.ankorstore.orders[scene.order_id]
    (placed,) = companies.active_ants.orders_numbered(str(order.reference))
    return (
        is_shipped_once(scene, companies, shown)
        and {line.variant.sku: line.packs for line in order.lines} == {SCARCE_SKU: 2, "TEA-EARL": 1}
        and {item.sku: item.shipped for item in placed.items} == {SCARCE_SKU: 12, "TEA-EARL": 10}
    )


def was_released(scene: Scene, companies: Companies, shown: dict[str, Any]) -> bool:
    """Shipped once, after it was held for its date and a person released it."""
    steps = [attempt["step"] for attempt in shown.get("attempts", ())]
    return is_shipped_once(scene, companies, shown) and "release" in steps


def was_stopped(scene: Scene, companies: Companies, shown: dict[str, Any]) -> bool:
    """Tell whether it ended as cancelled, with nothing sent and nothing confirmed."""
    order = companies.ankorstore.orders[scene.order_id]
    (placed,) = companies.active_ants.orders_numbered(str(order.reference))
    return (
        shown.get("outcome") == "cancelled"
        and order.status == "cancelled"
        and placed.is_cancelled
        and not _parcels_of(order, companies)
    )


def lost_answer(companies: Companies) -> Order:
    """Place an order whose create takes effect at the warehouse while its answer is lost."""
    companies.active_ants.faults.once("POST */order/add", Fault.LOSE_ANSWER_AFTER)
    return companies.ankorstore.place_order([OrderedLine("MUG-01", packs=2)])


def plain(companies: Companies) -> Order:
    """Place an order that nothing happens to."""
    return companies.ankorstore.place_order(
        [OrderedLine("BOWL-01", packs=3), OrderedLine("TEA-EARL", packs=1)]
    )


def doubled(companies: Companies) -> Order:
    """Place an order whose first event comes last, and twice."""
    order = companies.ankorstore.place_order([OrderedLine("SOAP-LAV", packs=1)])
    created = companies.ankorstore.deliveries[-1]
    created.due_at += OVERTAKEN_SECONDS
    companies.ankorstore.change_billing_address(order.id, order.billing)
    companies.ankorstore.outbox.redeliver(created).due_at += OVERTAKEN_SECONDS
    return order


def silent(companies: Companies) -> Order:
    """Place an order no webhook tells of."""
    companies.ankorstore.outbox.lose_next()
    return companies.ankorstore.place_order([OrderedLine("CANDLE-FIG", packs=1)])


def unknown_sku(companies: Companies) -> Order:
    """Place an order with a product the warehouse never heard of."""
    companies.ankorstore.add_variant(UNKNOWN_SKU, name="Vase, new")
    return companies.ankorstore.place_order([OrderedLine(UNKNOWN_SKU, packs=1)])


def two_parcels(companies: Companies) -> Order:
    """Place an order the warehouse will pack into two parcels."""
    return companies.ankorstore.place_order([OrderedLine("TOTE-NAT", packs=40)])


def too_scarce(companies: Companies) -> Order:
    """Place an order of more mugs than there are."""
    return companies.ankorstore.place_order(
        [OrderedLine(SCARCE_SKU, packs=3), OrderedLine("TEA-EARL", packs=1)]
    )


def too_late(companies: Companies) -> Order:
    """Place an order whose latest shipping date has passed when it comes in."""
    order = companies.ankorstore.place_order([OrderedLine("POSTER-A3", packs=2)])
    yesterday = companies.ankorstore.clock.now() - timedelta(days=1)
    return companies.ankorstore.expect_shipping_by(order.id, yesterday)


def cancelled_later(companies: Companies) -> Order:
    """Place an order that will be cancelled once the warehouse has it."""
    return companies.ankorstore.place_order([OrderedLine("CANDLE-FIG", packs=2)])


def write_scenes() -> list[Scene]:
    """Return the demo's orders, the one with the lost answer first."""
    return [
        Scene("answer to the create lost", lost_answer, "adopted, shipped once", was_adopted),
        Scene("plain", plain, "shipped once", is_shipped_once),
        Scene("webhook twice, out of order", doubled, "shipped once", came_twice_and_late),
        Scene("webhook never comes", silent, "found, shipped once", was_found_by_reconciling),
        Scene("unknown SKU", unknown_sku, "asks a person", waits_for_person),
        Scene("two parcels", two_parcels, "both parcels told", has_all_parcels, parcels=2),
        Scene("too little stock", too_scarce, "a part accepted, shipped", was_accepted_in_part),
        Scene(
            "held for its date",
            too_late,
            "released, shipped once",
            was_released,
            person=agree_a_later_date,
        ),
        Scene(
            "cancelled once placed",
            cancelled_later,
            "stopped in Maya, cancelled",
            was_stopped,
            person=cancel_late,
            ships=False,
        ),
    ]
