"""What the simulated marketplace lets a brand, a retailer and its own support do to an order."""

from collections.abc import Callable

import pytest

from app.simulator import Address, OrderedLine, SimulatedAnkorstore
from app.simulator.ankorstore.refusals import ImpossibleMove

from .conftest import Caller, HandClock

ELSEWHERE = Address("Ada", "Shop", "Nieuwstraat 1", "1000", "Brussel", "BE")


async def test_accept_moves_the_order_and_tells_subscribers(
    ankorstore: SimulatedAnkorstore, caller: Caller
) -> None:
    """An accept answers the order without masterOrderId, includes honoured, and emits."""
    order = ankorstore.place_order()
    path = f"/api/v1/orders/{order.id}/-actions/transition?include=orderItems"

    answer = (await caller.send(path, {"data": {"type": "brand-validates"}})).json()

    assert answer["data"]["attributes"]["status"] == order.status == "brand_confirmed"
    assert "masterOrderId" not in answer["data"]["attributes"]
    assert {one["id"] for one in answer["included"]} == {line.id for line in order.lines}
    assert [one.event_type for one in ankorstore.deliveries] == [
        "order.brand_created",
        "order.brand_accepted",
    ]


async def test_transition_answer_may_carry_the_master_order_id(
    ankorstore: SimulatedAnkorstore, caller: Caller
) -> None:
    """The missing masterOrderId is a habit that can be turned off."""
    ankorstore.habits.transition_answer_lacks_master_order_id = False
    order = ankorstore.place_order()

    answer = (await caller.transition(order.id, "brand-validates")).json()

    assert answer["data"]["attributes"]["masterOrderId"] == order.master_order_id


async def test_accept_with_fewer_packs_shrinks_and_removes_lines(
    ankorstore: SimulatedAnkorstore, caller: Caller
) -> None:
    """Reduced lines lose packs and units alike, zero removes, unnamed lines stay as they are."""
    wanted = [OrderedLine("A-1", 4, 6, 100), OrderedLine("B-1", 2, 3, 50), OrderedLine("C-1", 1)]
    order = ankorstore.place_order(wanted)
    first, second, third = order.lines
    items = [
        {"id": first.id, "type": "order-items", "attributes": {"quantity": 3}},
        {"id": second.id, "type": "order-items", "attributes": {"quantity": 0}},
    ]

    answer = await caller.transition(order.id, "brand-validates", orderItems=items)

    assert [(line.id, line.packs, line.units) for line in order.lines] == [
        (first.id, 3, 18),
        (third.id, 1, 1),
    ]
    assert answer.json()["data"]["attributes"]["brandTotalAmount"] == 1800 + 500


@pytest.mark.parametrize(
    ("packs", "pointer"),
    [
        pytest.param([5, 2], "data.attributes.orderItems.0.attributes.quantity", id="more"),
        pytest.param([-1, 2], "data.attributes.orderItems.0.attributes.quantity", id="negative"),
        pytest.param(["1", 2], "data.attributes.orderItems.0.attributes.quantity", id="text"),
        pytest.param([0, 0], "data.attributes.orderItems", id="nothing left"),
    ],
)
async def test_impossible_reductions_change_nothing(
    ankorstore: SimulatedAnkorstore, caller: Caller, packs: list[object], pointer: str
) -> None:
    """A reduction that adds, or leaves nothing, is a 422 and the order stays as it was."""
    order = ankorstore.place_order([OrderedLine("A-1", 4), OrderedLine("B-1", 2)])
    items = [
        {"id": line.id, "type": "order-items", "attributes": {"quantity": count}}
        for line, count in zip(order.lines, packs, strict=True)
    ]

    answer = await caller.transition(order.id, "brand-validates", orderItems=items)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["source"]["pointer"] == pointer
    assert order.status == "ankor_confirmed"
    assert [line.packs for line in order.lines] == [4, 2]


@pytest.mark.parametrize("attempts", ["accepted", "cancelled", "shipped"])
async def test_transition_from_the_wrong_status_is_a_conflict(
    ankorstore: SimulatedAnkorstore, caller: Caller, attempts: str
) -> None:
    """Accept and reject work from ankor_confirmed only; nothing is emitted otherwise."""
    order = ankorstore.place_order()
    if attempts == "cancelled":
        ankorstore.cancel_order(order.id)
    else:
        ankorstore.accept_by_person(order.id)
    if attempts == "shipped":
        ankorstore.ship_by_person(order.id)
    emitted = len(ankorstore.deliveries)

    accept = await caller.transition(order.id, "brand-validates")
    reject = await caller.transition(order.id, "brand-rejects", rejectType="PRODUCT_OUT_OF_STOCK")

    for answer, kind in ((accept, "brand-validates"), (reject, "brand-rejects")):
        assert answer.status_code == 409
        assert answer.json()["errors"] == [
            {
                "code": "ORDER_ACTION_TRANSITION_FAILED",
                "detail": f"Order cannot be transitioned using {kind} from this state",
                "status": "409",
            }
        ]
    assert len(ankorstore.deliveries) == emitted


@pytest.mark.parametrize(
    ("attributes", "status"),
    [
        pytest.param({"rejectType": "BUYER_NOT_A_RETAILER"}, 200, id="type"),
        pytest.param({"rejectType": "OTHER", "rejectReason": "Closed"}, 200, id="other"),
        pytest.param({"rejectType": "OTHER"}, 422, id="other without reason"),
        pytest.param({"rejectType": "OTHER", "rejectReason": ""}, 422, id="empty reason"),
        pytest.param({"rejectType": "OTHER", "rejectReason": "x" * 1001}, 422, id="long reason"),
        pytest.param({"rejectType": "NO_IDEA"}, 422, id="unknown type"),
        pytest.param({"resetType": "OTHER"}, 422, id="wrong member"),
    ],
)
async def test_reject_wants_a_known_reason(
    ankorstore: SimulatedAnkorstore, caller: Caller, attributes: dict[str, str], status: int
) -> None:
    """A reject needs a type of the list, and a text where the type is OTHER."""
    order = ankorstore.place_order()

    answer = await caller.transition(order.id, "brand-rejects", **attributes)

    assert answer.status_code == status
    assert order.status == ("rejected" if status == 200 else "ankor_confirmed")


async def test_reset_of_labels_reopens_the_order(
    ankorstore: SimulatedAnkorstore, caller: Caller
) -> None:
    """Labels made by somebody can be reset; the order is then open for the own carrier again."""
    order = ankorstore.place_order(status="brand_confirmed")
    kind, reason = "brand-resets-shipping-labels-generation", "BRAND_SHIPS_WITH_DIFFERENT_CARRIER"
    assert (await caller.transition(order.id, kind, resetType=reason)).status_code == 409
    ankorstore.generate_labels(order.id)
    assert order.shipping_method == "ankorstore"

    assert (await caller.transition(order.id, kind, resetType=reason)).status_code == 200

    assert (order.status, order.shipping_method) == ("brand_confirmed", None)
    assert ankorstore.deliveries[-1].event_type == "order.shipping_labels_generated_reverted"


async def test_request_for_fulfillment_leaves_the_brand_out(
    ankorstore: SimulatedAnkorstore, caller: Caller
) -> None:
    """Ankorstore's own centre may be asked to ship, once, from brand_confirmed."""
    order = ankorstore.place_order(status="brand_confirmed")

    first = await caller.transition(order.id, "brand-requests-fulfillment")
    second = await caller.transition(order.id, "brand-requests-fulfillment")

    assert (first.status_code, second.status_code) == (200, 409)
    assert (order.status, order.shipping_method) == ("fulfillment_requested", "fulfillment")


def test_doings_of_people_emit_their_events(
    ankorstore: SimulatedAnkorstore, clock: HandClock
) -> None:
    """Whatever people do from order to payment is told, with the order as it is then."""
    order = ankorstore.place_order()
    doings: list[Callable[[], object]] = [
        lambda: ankorstore.accept_by_person(order.id),
        lambda: ankorstore.revert_acceptance(order.id),
        lambda: ankorstore.accept_by_person(order.id),
        lambda: ankorstore.change_address(order.id, ELSEWHERE),
        lambda: ankorstore.change_billing_address(order.id, ELSEWHERE),
        lambda: ankorstore.ship_by_person(order.id, "gls", "123"),
        lambda: ankorstore.refuse_shipment(order.id),
        lambda: ankorstore.receive_shipment(order.id),
        lambda: ankorstore.invoice_order(order.id),
        lambda: ankorstore.pay_brand(order.id),
    ]
    for act in doings:
        clock.move(60)
        act()

    assert [one.event_type.removeprefix("order.") for one in ankorstore.deliveries] == [
        "brand_created",
        "brand_accepted",
        "brand_accepted_reverted",
        "brand_accepted",
        "shipping_address_updated",
        "billing_address_updated",
        "shipped",
        "shipment_refused",
        "shipment_received",
        "brand_paid",
    ]
    assert (order.status, order.shipping_method) == ("brand_paid", "custom")
    assert order.tracking == {"number": "123", "link": "https://gls-group.eu/track/123"}


def test_address_change_leaves_updated_at_alone(
    ankorstore: SimulatedAnkorstore, clock: HandClock
) -> None:
    """updatedAt tells of the order only, not of its address."""
    order = ankorstore.place_order()
    before = order.updated_at
    clock.move(60)

    ankorstore.change_address(order.id, ELSEWHERE)

    assert order.updated_at == before
    assert order.ship_to == ELSEWHERE


@pytest.mark.parametrize("status", ["rejected", "cancelled"])
def test_reject_may_show_either_status(ankorstore: SimulatedAnkorstore, status: str) -> None:
    """The documentation shows two results of a reject; both can be had."""
    ankorstore.habits.rejected_status = status  # type: ignore[assignment]
    order = ankorstore.place_order()

    ankorstore.reject_by_person(order.id)

    assert order.status == status
    assert ankorstore.deliveries[-1].event_type == "order.brand_rejected"


def test_impossible_doings_are_refused(ankorstore: SimulatedAnkorstore) -> None:
    """People cannot do what the status does not allow either, and nothing is emitted."""
    order = ankorstore.place_order()

    for act in (ankorstore.ship_by_person, ankorstore.generate_labels, ankorstore.pay_brand):
        with pytest.raises(ImpossibleMove):
            act(order.id)

    assert order.status == "ankor_confirmed"
    assert len(ankorstore.deliveries) == 1


def test_orders_are_invented_from_the_seed(clock: HandClock) -> None:
    """The same seed gives the same orders; references exceed 32 bits; countries vary."""
    first, second = (SimulatedAnkorstore(clock=clock, seed=3) for _ in range(2))
    ours, theirs = ([one.place_order() for _ in range(30)] for one in (first, second))

    assert [(one.id, one.ship_to) for one in ours] == [(one.id, one.ship_to) for one in theirs]
    assert all(one.reference > 2**31 for one in ours)
    assert len({one.reference for one in ours}) == 30
    assert len({one.ship_to.country_code for one in ours}) > 3


async def test_units_of_an_edited_line_need_not_be_whole_packs(
    ankorstore: SimulatedAnkorstore, caller: Caller
) -> None:
    """multipliedQuantity is what was ordered, also where it is no multiple of the pack."""
    order = ankorstore.place_order([OrderedLine("A-1", packs=1, unit_multiplier=6, units=10)])

    answer = await caller.get(f"/api/v1/orders/{order.id}", include="orderItems")

    attributes = answer.json()["included"][0]["attributes"]
    assert (attributes["quantity"], attributes["multipliedQuantity"]) == (1, 10)
