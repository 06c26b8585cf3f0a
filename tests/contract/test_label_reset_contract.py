"""Taking a label back, with the real client on the simulated marketplace and its published form."""

import pytest

from app.errors import OutcomeUnknown, Rejected
from app.simulator import Fault
from tests.contract.test_marketplace_contract import World, build_world

TRANSITION = "POST */-actions/transition"


async def _labelled(world: World) -> str:
    order = world.order("brand_confirmed")
    world.company.generate_labels(order.id)
    return order.id


async def test_a_label_is_taken_back_and_the_order_quoted_again() -> None:
    """The order shows accepted again, can be quoted, and names why the label was taken back."""
    world = build_world()
    order_id = await _labelled(world)
    await world.marketplace.reset_label(order_id, turn=world.turn)

    (call,) = world.company.calls_to(TRANSITION)
    assert call.json() == {
        "data": {
            "type": "brand-resets-shipping-labels-generation",
            "attributes": {"resetType": "BRAND_SHIPS_WITH_DIFFERENT_CARRIER"},
        }
    }
    assert (await world.marketplace.read_order(order_id)).status == "brand_confirmed"
    assert await world.brand_label(world.company.orders[order_id])
    await world.connection.close()


async def test_a_label_that_is_not_there_cannot_be_taken_back() -> None:
    """Refused because of the order's state, which stays as it is."""
    world = build_world()
    order = world.order("brand_confirmed")
    with pytest.raises(Rejected) as refused:
        await world.marketplace.reset_label(order.id, turn=world.turn)
    assert (refused.value.status, order.status) == (409, "brand_confirmed")
    await world.connection.close()


@pytest.mark.parametrize(
    "fault", [Fault.LOSE_ANSWER_AFTER, Fault.SERVER_ERROR_AFTER, Fault.TRUNCATE_BODY]
)
async def test_a_reset_without_a_usable_answer_took_effect(fault: Fault) -> None:
    """It counts as unknown, never as done or refused; the order tells."""
    world = build_world(is_checked=False)
    order_id = await _labelled(world)
    world.company.faults.once(TRANSITION, fault)
    with pytest.raises(OutcomeUnknown):
        await world.marketplace.reset_label(order_id, turn=world.turn)
    assert (await world.marketplace.read_order(order_id)).status == "brand_confirmed"
    await world.connection.close()
