"""What a person does in the simulated warehouse's back office."""

import json

import pytest

from app.simulator import SimulatedActiveAnts
from app.simulator.active_ants.back_office import ImpossibleInMaya
from app.simulator.active_ants.records import OrderedItem, WarehouseOrder
from app.simulator.exchange import Ask
from tests.simulator.conftest import HandClock


@pytest.fixture
def company(clock: HandClock) -> SimulatedActiveAnts:
    return SimulatedActiveAnts(clock=clock, shipping_delay_seconds=60)


def add(company: SimulatedActiveAnts, *, is_on_hold: bool = False) -> WarehouseOrder:
    order = WarehouseOrder(
        order_number=4711,
        external_order_number="R1",
        order_type_id=3002,
        shipping_method_id=None,
        items=[OrderedItem("MUG-01", 4, "line-1", None), OrderedItem("BOWL-01", 1, "line-2", None)],
        extras={"extra1": "mark"},
        created_at=company.clock.now(),
        is_on_hold=is_on_hold,
        is_valid=True,
        ships_from_at=None,
        payload={"deliveryAddressStreet": "Damstraat"},
    )
    company.orders[4711] = order
    for item in order.items:
        company.stockroom.reserve(item.sku, item.quantity)
    company.floor.plan(order)
    return order


def test_cancelled_order_never_ships(company: SimulatedActiveAnts, clock: HandClock) -> None:
    """Its goods can be sold again, and no time and no hand ships it."""
    order = add(company)
    left = company.products["MUG-01"].stock
    company.cancel_in_maya(order)
    clock.move(3600)
    company.catch_up()

    assert company.shipments == {}
    assert company.products["MUG-01"].stock == left + 4
    with pytest.raises(AssertionError, match="never ships"):
        company.ship(order)
    with pytest.raises(ImpossibleInMaya, match="cancelled"):
        company.change_in_maya(order, {"deliveryAddressStreet": "Neude"})


def test_changed_order_ships_what_it_was_changed_to(
    company: SimulatedActiveAnts, clock: HandClock
) -> None:
    """The new address stands on it, and the new quantities leave."""
    order = add(company)
    company.change_in_maya(
        order, {"deliveryAddressStreet": "Neude"}, quantities={"line-1": 2, "line-2": 0}
    )
    clock.move(61)
    company.catch_up()

    (shipment,) = company.shipments.values()
    assert [(item.sku, item.quantity) for item in shipment.items] == [("MUG-01", 2)]
    assert order.payload["deliveryAddressStreet"] == "Neude"
    with pytest.raises(ImpossibleInMaya, match="shipped"):
        company.cancel_in_maya(order)


def test_what_was_shipped_stays_shipped(company: SimulatedActiveAnts) -> None:
    """A line cannot be reduced below what left."""
    order = add(company)
    company.ship(order, lines={"MUG-01": 3})
    with pytest.raises(ImpossibleInMaya, match="more than that"):
        company.change_in_maya(order, quantities={"line-1": 2})


def test_release_in_maya(company: SimulatedActiveAnts, clock: HandClock) -> None:
    """An order on hold ships once a person releases it; a second release is no button."""
    order = add(company, is_on_hold=True)
    clock.move(3600)
    company.catch_up()
    assert company.shipments == {}
    company.release_in_maya(order)
    with pytest.raises(ImpossibleInMaya, match="not on hold"):
        company.release_in_maya(order)
    clock.move(61)
    company.catch_up()

    assert len(company.shipments) == 1


def test_control_endpoint(company: SimulatedActiveAnts) -> None:
    """The same over HTTP; what makes no sense is refused."""
    add(company)
    wanted = {"order": 4711, "do": "cancel"}
    handler = company.control.find(Ask("POST", "/_simulator/maya", "", {}, b""))
    assert handler is not None
    answer = handler(Ask("POST", "/_simulator/maya", "", {}, json.dumps(wanted).encode()))

    assert json.loads(answer.body)["is_cancelled"] is True
