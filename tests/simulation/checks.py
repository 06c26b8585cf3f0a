"""
What must be true at the end of every run, whatever happened in it.

Kept apart from what makes things happen: these functions only look at the companies and at the
store. The simulation and the tests with real processes are judged by the same ones.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from itertools import pairwise

from app.simulator import Order
from tests.simulation.evidence import WAITING, Evidence, lacks_what_was_called_off


def find_violations(world: Evidence) -> list[str]:
    """Return every broken promise of a run, each as a sentence."""
    return [*world.observer.problems, *run_checks(world, CHECKS)]


def run_checks(world: Evidence, checks: Collection["Check"]) -> list[str]:
    """Return what some of the checks find, each as a sentence."""
    return [f"{check.__name__}: {problem}" for check in checks for problem in check(world)]


def at_most_one_warehouse_order(world: Evidence) -> Iterator[str]:
    """One live warehouse order per marketplace order."""
    marks = Counter(
        order.extras.get("extra1")
        for order in world.active_ants.orders.values()
        if not _was_recorded_as_gone(world, order.external_order_number)
    )
    for mark, count in marks.items():
        if mark is not None and count > 1:
            yield f"{count} warehouse orders for {mark}"


def at_most_one_accept(world: Evidence) -> Iterator[str]:
    """The service accepts an order at most once, also after an acceptance was taken back."""
    for order in world.orders:
        statuses = [status for _, status in order.history]
        moves = list(pairwise(statuses))
        accepts = moves.count(("ankor_confirmed", "brand_confirmed"))
        by_people = order.id in world.accepted_by_people
        if accepts - by_people > 1:
            yield f"order {order.reference} accepted {accepts} times"


def at_most_one_answer(world: Evidence) -> Iterator[str]:
    """An order is accepted or rejected by the service once, whole or in part, and not both."""
    taken: Counter[str] = Counter(
        call.path.split("/")[-3]
        for call in world.ankorstore.calls_to("POST */-actions/transition")
        if call.status == 200
    )
    for order in world.orders:
        if taken[order.id] > 1:
            yield f"order {order.reference} was answered {taken[order.id]} times"


def rejected_orders_are_never_placed(world: Evidence) -> Iterator[str]:
    """What was rejected, by whomever, is not at the warehouse unless it was placed before."""
    for order in world.orders:
        statuses = [status for _, status in order.history]
        was_accepted = "brand_confirmed" in statuses
        marks = [one.extras.get("extra1") for one in world.active_ants.orders.values()]
        if "rejected" in statuses and not was_accepted and order.id in marks:
            yield f"order {order.reference} was rejected and placed"


def at_most_one_confirm_of_the_brand_label(world: Evidence) -> Iterator[str]:
    """One confirmed quote per order, and never a carrier's label."""
    confirmed = Counter(
        call.path.split("/")[-2]
        for call in world.ankorstore.calls_to("POST */confirm")
        if call.status == 200
    )
    by_order: Counter[str] = Counter()
    for quote_id in confirmed:
        quote = world.ankorstore.quotes.get(quote_id)
        if quote is None:
            continue
        by_order[quote.order_id] += confirmed[quote_id]
        if not quote.is_brand_label:
            yield f"a {quote.carrier_code} label was bought for {quote.order_id}"
    for order_id, count in by_order.items():
        if count > 1:
            yield f"{count} confirms for {order_id}"


def shipped_units_are_ordered_units(world: Evidence) -> Iterator[str]:
    """What the warehouse was asked for is what was ordered, line by line."""
    orders = {order.id: order for order in world.orders}
    for placed in world.active_ants.orders.values():
        order = orders.get(placed.extras.get("extra1") or "")
        if order is None:
            continue
        asked = {item.extra6: item.quantity for item in placed.items}
        wanted = {line.id: line.units for line in order.lines}
        if asked != wanted:
            yield f"order {order.reference}: asked {asked}, ordered {wanted}"


def tracking_is_the_orders_own(world: Evidence) -> Iterator[str]:
    """The tracking shown belongs to a parcel of that very order."""
    for order in world.orders:
        if not order.tracking or order.shipping_method != "custom":
            continue
        own = {
            text
            for shipment in world.active_ants.shipments.values()
            if shipment.extras.get("extra1") == order.id
            for parcel in shipment.parcels
            for text in (parcel.number, parcel.track_url)
        }
        shown = {order.tracking.get("number"), order.tracking.get("link")} - {None, ""}
        if shown and not shown & own:
            yield f"order {order.reference} shows foreign tracking {shown}"


def no_foreign_shipment_is_acknowledged(world: Evidence) -> Iterator[str]:
    """Only shipments that carry our mark leave the feed."""
    ours = {order.id for order in world.orders}
    for shipment in world.active_ants.shipments.values():
        if shipment.is_acknowledged and shipment.extras.get("extra1") not in ours:
            yield f"foreign shipment {shipment.id} acknowledged"


def acknowledged_shipments_are_stored(world: Evidence) -> Iterator[str]:
    """What left the feed is in the store."""
    stored = {
        row["warehouse_shipment_id"] for row in world.observer.rows("SELECT * FROM shipments")
    }
    for shipment in world.active_ants.shipments.values():
        if shipment.is_acknowledged and str(shipment.id) not in stored:
            yield f"shipment {shipment.id} acknowledged and not stored"


def every_acknowledged_event_is_stored(world: Evidence) -> Iterator[str]:
    """A delivery answered 2xx is in the store, once."""
    bodies = Counter(row["raw_body"] for row in world.observer.rows("SELECT * FROM events"))
    for delivery in world.ankorstore.deliveries:
        if delivery.is_delivered and bodies[delivery.body] != 1:
            yield f"event {delivery.event_id} is stored {bodies[delivery.body]} times"


def every_order_is_known(world: Evidence) -> Iterator[str]:
    """No order that waits at the marketplace is unknown here."""
    known = {row["marketplace_order_id"] for row in world.observer.rows("SELECT * FROM orders")}
    for order in world.orders:
        if order.id not in known and order.status in WAITING:
            yield f"order {order.reference} is not known"


def every_order_came_to_rest(world: Evidence) -> Iterator[str]:
    """Closed with an outcome, or asking a person with a reason; nothing waits without end."""
    for row in world.observer.rows("SELECT * FROM orders"):
        if row["state"] == "closed" and row["outcome"]:
            continue
        if row["attention_reason"] is None and not lacks_what_was_called_off(world, row):
            yield (
                f"order {row['marketplace_reference']} is {row['state']}, waits for "
                f"{row['waits_for']}, next {row['next_attempt_at']}, "
                f"not before {row['not_before_at']}"
            )


def completed_orders_were_at_the_warehouse(world: Evidence) -> Iterator[str]:
    """What is closed as completed was sent under our own mark, not under another shop's number."""
    marks = {placed.extras.get("extra1") for placed in world.active_ants.orders.values()}
    rows = {r["marketplace_order_id"]: r for r in world.observer.rows("SELECT * FROM orders")}
    for order in world.orders:
        is_completed = order.id in rows and rows[order.id]["outcome"] == "completed"
        if is_completed and order.id not in marks:
            yield f"order {order.reference} was closed on another shop's warehouse order"


def undisturbed_orders_are_shipped(world: Evidence) -> Iterator[str]:
    """An order nobody touched is shipped by own carrier and closed, without asking anybody."""
    rows = {r["marketplace_order_id"]: r for r in world.observer.rows("SELECT * FROM orders")}
    for order in world.orders:
        row = rows.get(order.id)
        if order.id in world.touched or row is None:
            continue
        ending = (row["state"], row["outcome"], order.status, order.shipping_method)
        if ending != ("closed", "completed", "shipped", "custom"):
            yield f"order {order.reference} ended {ending}, attention {row['attention_reason']}"


def endings_agree(world: Evidence) -> Iterator[str]:
    """What is closed here has ended there the same way."""
    rows = {r["marketplace_order_id"]: r for r in world.observer.rows("SELECT * FROM orders")}
    for order in world.orders:
        row = rows.get(order.id)
        if row is None or row["state"] != "closed":
            continue
        if row["outcome"] == "completed" and not _is_shipped_by_us(order):
            yield f"order {order.reference} closed as completed, shows {order.status}"
        placed = [
            one
            for one in world.active_ants.orders.values()
            if one.extras.get("extra1") == order.id
            and not _was_recorded_as_gone(world, one.external_order_number)
        ]
        was_told = row["task_answer"] == "shipped-anyway"
        if row["outcome"] != "completed" and placed and not was_told:
            yield f"order {order.reference} closed as {row['outcome']} and is at the warehouse"


def _was_recorded_as_gone(world: Evidence, external_order_number: str) -> bool:
    """Tell whether a person recorded that a warehouse order was cancelled in Maya."""
    rows = world.observer.rows("SELECT external_order_number, replaced_at FROM warehouse_orders")
    return any(
        row["external_order_number"] == external_order_number and row["replaced_at"] is not None
        for row in rows
    )


def cancelled_orders_are_not_confirmed(world: Evidence) -> Iterator[str]:
    """What was cancelled at the marketplace is never shown as shipped afterwards."""
    for order in world.orders:
        statuses = [status for _, status in order.history]
        if "cancelled" in statuses and "shipped" in statuses[statuses.index("cancelled") :]:
            yield f"order {order.reference} was shipped after it was cancelled"


def _is_shipped_by_us(order: Order) -> bool:
    return order.shipping_method == "custom" and any(
        status == "shipped" for _, status in order.history
    )


Check = Callable[[Evidence], Iterator[str]]
LOST: tuple[Check, ...] = (
    acknowledged_shipments_are_stored,
    every_acknowledged_event_is_stored,
    every_order_is_known,
    every_order_came_to_rest,
)
"""What these find was lost."""
DOUBLE: tuple[Check, ...] = (
    at_most_one_warehouse_order,
    at_most_one_accept,
    at_most_one_answer,
    at_most_one_confirm_of_the_brand_label,
)
"""What these find was done twice."""
CHECKS: tuple[Check, ...] = (
    *DOUBLE,
    shipped_units_are_ordered_units,
    rejected_orders_are_never_placed,
    tracking_is_the_orders_own,
    no_foreign_shipment_is_acknowledged,
    *LOST,
    completed_orders_were_at_the_warehouse,
    undisturbed_orders_are_shipped,
    endings_agree,
    cancelled_orders_are_not_confirmed,
)
