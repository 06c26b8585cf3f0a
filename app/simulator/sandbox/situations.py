"""The kinds of orders that can be placed by a press of a button, each with what it needs set up."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.simulator.ankorstore import Address, Order, OrderedLine
from app.simulator.faults import Fault
from app.simulator.sandbox.state import Sandbox

PREORDER_SKU = "LAMP-PRE"
PREORDER_WAIT = timedelta(days=30)
PREORDER_SHIPS_WITHIN = timedelta(days=5)
UNKNOWN_SKU = "VASE-NEW"
SCARCE_SKU = "MUG-02"
SCARCE_PIECES = 15
ENOUGH_PIECES = 1000
PLAIN = (OrderedLine("MUG-01", packs=2), OrderedLine("BOWL-01", packs=1))


@dataclass(frozen=True, slots=True)
class Situation:
    """A kind of order. `place` sets up what makes it so and lets a retailer order."""

    title: str
    telling: str
    place: Callable[[Sandbox], Order]


def place_situation(sandbox: Sandbox, code: str) -> Order:
    """Place an order of the kind called *code* in `SITUATIONS`."""
    situation = SITUATIONS[code]
    order = situation.place(sandbox)
    sandbox.titles[order.id] = situation.title
    sandbox.note(f"{order.reference} ordered: {situation.title}")
    return order


def _place(
    sandbox: Sandbox,
    *lines: OrderedLine,
    ship_to: Address | None = None,
    status: str = "ankor_confirmed",
    emit: bool = True,
) -> Order:
    """Place an order whose products the warehouse has, unless a situation says otherwise."""
    wanted = lines or PLAIN
    for line in wanted:
        product = sandbox.active_ants.products.get(line.sku)
        if product is not None and line.sku != SCARCE_SKU and product.stock < ENOUGH_PIECES // 10:
            sandbox.active_ants.set_stock(line.sku, ENOUGH_PIECES)
    return sandbox.ankorstore.place_order(
        wanted, ship_to or _address("Damstraat 12"), status=status, emit=emit
    )


def _address(street: str) -> Address:
    return Address(
        "Charlotte Attan", "Concept Store Amsterdam", street, "1012 JS", "Amsterdam", "NL"
    )


def _place_in_two_parcels(sandbox: Sandbox) -> Order:
    order = _place(sandbox)
    sandbox.active_ants.floor.parcels_wanted[order.id] = 2
    return order


def _place_with_stock(sandbox: Sandbox, pieces: int) -> Order:
    sandbox.active_ants.set_stock(SCARCE_SKU, pieces)
    return _place(sandbox, OrderedLine("MUG-01", packs=3), OrderedLine(SCARCE_SKU, packs=4))


def _place_preorder(sandbox: Sandbox) -> Order:
    variant = sandbox.ankorstore.add_variant(PREORDER_SKU, name="Table lamp, next season")
    variant.available_at = sandbox.clock.now() + PREORDER_WAIT
    if PREORDER_SKU not in sandbox.active_ants.products:
        sandbox.active_ants.set_stock(PREORDER_SKU, ENOUGH_PIECES)
    ships_until_at = variant.available_at + PREORDER_SHIPS_WITHIN
    return _place_until(sandbox, ships_until_at, OrderedLine(PREORDER_SKU, packs=2))


def _place_told_twice(sandbox: Sandbox) -> Order:
    sandbox.ankorstore.outbox.duplicate_next()
    return _place(sandbox)


def _place_with_lost_answer(sandbox: Sandbox) -> Order:
    sandbox.active_ants.faults.once("POST */order/add", Fault.LOSE_ANSWER_AFTER)
    return _place(sandbox)


def _place_until(sandbox: Sandbox, ships_until_at: datetime, *lines: OrderedLine) -> Order:
    """Place an order with another latest shipping date than the usual one."""
    order = _place(sandbox, *lines, emit=False)
    sandbox.ankorstore.expect_shipping_by(order.id, ships_until_at)
    sandbox.ankorstore.book.emit("order.brand_created", order)
    return order


SITUATIONS: dict[str, Situation] = {
    "plain": Situation("plain", "everything fits", _place),
    "two_parcels": Situation("two parcels", "the warehouse sends it in two", _place_in_two_parcels),
    "partial_stock": Situation(
        "partial stock",
        f"sets the stock of {SCARCE_SKU} to {SCARCE_PIECES} pieces and orders 24",
        lambda sandbox: _place_with_stock(sandbox, SCARCE_PIECES),
    ),
    "no_stock": Situation(
        "one product out of stock",
        f"sets the stock of {SCARCE_SKU} to 0 and orders 24",
        lambda sandbox: _place_with_stock(sandbox, 0),
    ),
    "no_house_number": Situation(
        "street without a number",
        "the address is no address of a house",
        lambda sandbox: _place(sandbox, ship_to=_address("Damstraat")),
    ),
    "unknown_sku": Situation(
        "SKU the warehouse does not know",
        f"orders {UNKNOWN_SKU}",
        lambda sandbox: _place(
            sandbox, OrderedLine("MUG-01", packs=1), OrderedLine(UNKNOWN_SKU, packs=1)
        ),
    ),
    "pre_order": Situation(
        "pre-order",
        f"orders {PREORDER_SKU}, which is said to exist in {PREORDER_WAIT.days} days",
        _place_preorder,
    ),
    "accepted": Situation(
        "accepted at Ankorstore already",
        "a person of the brand was faster",
        lambda sandbox: _place(sandbox, status="brand_confirmed"),
    ),
    "late": Situation(
        "too late",
        "its latest shipping date was yesterday",
        lambda sandbox: _place_until(sandbox, sandbox.clock.now() - timedelta(days=1)),
    ),
    "no_webhook": Situation(
        "webhook never comes",
        "only Ankorstore's list tells of it",
        lambda sandbox: _place(sandbox, emit=False),
    ),
    "told_twice": Situation("webhook comes twice", "the same event again", _place_told_twice),
    "lost_answer": Situation(
        "answer of the warehouse is lost",
        "the next order it takes is answered by a broken connection",
        _place_with_lost_answer,
    ),
}
