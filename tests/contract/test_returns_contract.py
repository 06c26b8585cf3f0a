"""Returns: the warehouse's client against the simulated warehouse."""

from typing import Any

import pytest

from app.active_ants.paths import PathTable
from app.active_ants.returns import WarehouseReturns
from app.domain.returns import ReturnItem
from app.errors import NotReady, OutcomeUnknown, Rejected, Transient
from app.ports import Turn
from app.simulator import Fault
from app.simulator.active_ants.records import Shipment
from tests.contract.test_warehouse_contract import NUMBER, PAYLOAD, World

RMA = "POST */rma/add"


async def _shipped(**paths: str) -> tuple[World, WarehouseReturns, Shipment]:
    world = World()
    content = await world.warehouse.read_settings()
    world.warehouse.use_settings(content)
    await world.warehouse.create_order(PAYLOAD, turn=Turn(world.clock.monotonic() + 10))
    shipment = world.company.ship(NUMBER)
    calls = world.warehouse.returns._calls
    returns = WarehouseReturns(calls, PathTable(paths), "DAMAGED")
    calls._paths = PathTable(paths)
    returns.use_settings(content)
    return world, returns, shipment


async def _announce(world: World, returns: WarehouseReturns, shipment: Shipment) -> str:
    items = await returns.list_items(NUMBER, str(shipment.id))
    return await returns.add_rma(
        str(shipment.id),
        items,
        reference=NUMBER,
        remark=None,
        turn=Turn(world.clock.monotonic() + 10),
    )


async def test_lines_are_announced_under_the_warehouses_ids() -> None:
    """Each line of the shipment, with all its pieces and the reason looked up by its code."""
    world, returns, shipment = await _shipped()
    items = await returns.list_items(NUMBER, str(shipment.id))
    assert [(one.sku, one.pieces) for one in items] == [("MUG", 4), ("VASE", 1)]
    assert await returns.list_items(NUMBER, "1") == ()
    assert await returns.list_items("unknown", str(shipment.id)) == ()

    rma_id = await _announce(world, returns, shipment)
    rma = world.company.return_desk.rmas[int(rma_id)]
    assert (rma.reference, sorted(rma.items.values())) == (NUMBER, [1, 4])
    (call,) = world.company.calls_to(RMA)
    assert {item["returnReasonId"] for item in call.json()["rmaItems"]} == {1}


async def test_foreign_lines_are_refused() -> None:
    """The warehouse's words come along, for a person only."""
    world, returns, shipment = await _shipped()
    with pytest.raises(Rejected) as refused:
        await returns.add_rma(
            str(shipment.id),
            [ReturnItem("1", "MUG", 1)],
            reference=NUMBER,
            remark=None,
            turn=Turn(world.clock.monotonic() + 10),
        )
    assert "does not belong" in refused.value.detail
    assert "does not belong" not in str(refused.value)


@pytest.mark.parametrize("fault", [Fault.LOSE_ANSWER_AFTER, Fault.NOT_JSON, Fault.EMPTY_BODY])
async def test_an_announcement_without_a_usable_answer(fault: Fault) -> None:
    """Unknown: it may be there, and nothing can look it up."""
    world, returns, shipment = await _shipped()
    world.company.faults.once(RMA, fault)
    with pytest.raises(OutcomeUnknown):
        await _announce(world, returns, shipment)
    assert len(world.company.return_desk.rmas) == 1


async def test_a_label_comes_whole_or_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its bytes are those the warehouse made; a refusal carries its words; a torn one is none."""
    world, returns, shipment = await _shipped()
    label = await returns.read_label(str(shipment.id))
    assert (label.mime_type, label.package_number) == ("application/pdf", f"3SRET{shipment.id}")
    assert label.data.startswith(b"%PDF-1.4")
    world.company.habits.makes_return_labels = False
    with pytest.raises(Rejected, match="read return label") as refused:
        await returns.read_label(str(shipment.id))
    assert "No return label" in refused.value.detail
    world.company.habits.makes_return_labels = True
    monkeypatch.setattr("base64.b64encode", lambda _: b"not base64 !")
    with pytest.raises(Transient):
        await returns.read_label(str(shipment.id))


@pytest.mark.parametrize("not_found", ["nok", "null", "empty", "404"])
async def test_guessed_calls_are_off_until_their_path_is_set(not_found: Any) -> None:
    """Nothing is sent to a guessed path; set, what was booked and reported is read."""
    world, returns, shipment = await _shipped()
    assert (returns.tells_booked, returns.tells_carrier_statuses) == (False, False)
    with pytest.raises(NotReady):
        await returns.count_booked(NUMBER)
    assert world.company.calls_to("POST */returnitem/get") == []

    world, returns, shipment = await _shipped(
        return_items="/v2/returnitem/get", tracktrace_status="/v2/tracktrace/status"
    )
    world.company.habits.not_found = not_found
    assert (returns.tells_booked, returns.tells_carrier_statuses) == (True, True)
    assert await returns.count_booked(NUMBER) == 0
    rma_id = await _announce(world, returns, shipment)
    world.company.return_desk.book(int(rma_id), 3)
    assert await returns.count_booked(NUMBER) == 3
    statuses = await returns.read_carrier_statuses()
    assert {one.warehouse_shipment_id for one in statuses} == {str(shipment.id)}
    assert {one.package_number for one in statuses} == {one.number for one in shipment.parcels}
    assert all(one.status_text in ("3", "4") for one in statuses)
