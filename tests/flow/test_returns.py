"""Goods that come back: noticed, announced once, labelled, and followed until booked."""

from dataclasses import replace
from typing import Any

import pytest

from app.domain.jobs import RECONCILE, RETURNS
from app.domain.lifecycle import State
from app.domain.returns import ReturnCase, ReturnState
from app.domain.tasks import Answer
from app.flow.case import gather_case, tell_story
from app.ports import Turn
from app.simulator import Address, Fault, Order, OrderedLine
from app.store.decisions import Impossible
from app.store.decisions_returns import ask_return_label, close_return, open_return
from app.store.decisions_tasks import resend_order, settle_task
from app.store.queries import find_order
from app.store.returns import keep_label, load_label, load_returns
from app.store.session import Store
from tests.fake_clock import FakeClock
from tests.flow.world import World, build_world, hand_driven

GOOD = Address("Ina Smit", "Winkel Smit", "Damstraat 14", "1012 JS", "Amsterdam", "NL")
HOUR = 3600.0
RMA = "POST */rma/add"
FOLLOWED = {"active_ants_path_return_items": "/v2/returnitem/get"}


async def _place(world: World, *, packs: int = 2) -> Order:
    order = world.ankorstore.place_order([OrderedLine("TOTE-NAT", packs=packs)], GOOD)
    await world.tell(order)
    await world.work()
    return order


async def _ship(world: World, **arguments: Any) -> Order:
    order = await _place(world)
    await world.ship(order, **arguments)
    assert (await world.held(order)).outcome == "completed"
    return order


async def _refuse(world: World, order: Order) -> None:
    world.ankorstore.refuse_shipment(order.id)
    await world.tell(order, event_type="order.shipment_refused")
    await world.work()


async def _open(world: World, order: Order, **how: Any) -> str:
    said = await open_return(world.store, await world.held(order), by="Ann", **how)
    await world.run_jobs()
    await world.work()
    return said


async def _case(world: World, order: Order) -> ReturnCase:
    (case,) = await load_returns(world.store, (await world.held(order)).order_id)
    return case


async def test_refusal_opens_a_case_that_a_person_announces(store: Store, clock: FakeClock) -> None:
    """A closed order is read on the event; the announcement names the lines of the shipment."""
    async with build_world(
        store, clock, warehouse=hand_driven(), active_ants_return_reason="not_wanted"
    ) as world:
        order = await _ship(world)
        await _refuse(world, order)
        held = await world.held(order)
        assert (held.attention_reason, held.outcome) == ("reception_refused", "completed")
        await _refuse_again(world, order)
        assert (await _case(world, order)).state is ReturnState.OPEN
        await world.pass_time(2 * HOUR, steps=2)
        assert world.active_ants.calls_to(RMA) == []

        await _open(world, order, reason="refused", remark="box was wet")
        (call,) = world.active_ants.calls_to(RMA)
        (shipment,) = world.active_ants.shipments.values()
        assert call.json() == {
            "shipmentId": shipment.id,
            "externalReference": str(order.reference),
            "remark": "box was wet",
            "rmaItems": [
                {"shipmentItemId": shipment.items[0].id, "quantity": 2, "returnReasonId": 2}
            ],
        }
        case = await _case(world, order)
        (rma_id,) = world.active_ants.return_desk.rmas
        assert (case.state, case.rma_id) == (ReturnState.ANNOUNCED, str(rma_id))
        assert (await world.held(order)).attention_reason is None
        assert "nothing changes" in await _open(world, order)
        assert len(world.active_ants.calls_to(RMA)) == 1


async def _refuse_again(world: World, order: Order) -> None:
    await world.tell(order, event_type="order.shipment_refused")
    await world.work()


@pytest.mark.parametrize("fault", [Fault.LOSE_ANSWER_AFTER, Fault.LOSE_ANSWER_BEFORE])
async def test_announcement_without_an_answer_asks_a_person(
    store: Store, clock: FakeClock, fault: Fault
) -> None:
    """Nothing can look it up, so it is never sent again by itself, only on a person's word."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = await _ship(world)
        world.active_ants.faults.once(RMA, fault)
        await _open(world, order)
        await world.pass_time(5 * HOUR, steps=5)
        assert (await world.held(order)).attention_reason == "return_unclear"
        assert len(world.active_ants.calls_to(RMA)) == 1
        with pytest.raises(Impossible, match="--rma-id"):
            await _open(world, order)

        if fault is Fault.LOSE_ANSWER_AFTER:
            (rma_id,) = world.active_ants.return_desk.rmas
            await _open(world, order, rma_id=str(rma_id))
        else:
            await _open(world, order, again=True)
        assert (await _case(world, order)).state is ReturnState.ANNOUNCED
        assert len(world.active_ants.return_desk.rmas) == 1
        assert (await world.held(order)).attention_reason is None


async def test_crash_between_intent_and_answer(sqlite_store: Store, clock: FakeClock) -> None:
    """An intent without an answer counts as a lost answer, once it cannot be under way any more."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = await _ship(world)

        async def dies(*_: Any, **__: Any) -> str:
            raise RuntimeError("the process is gone")

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(type(world.companies.warehouse.returns), "add_rma", dies)
            await _open(world, order)
        case = await _case(world, order)
        assert (case.announce_intent_at is not None, case.rma_id) == (True, None)
        await world.run_job(RETURNS)
        assert (await world.held(order)).attention_reason is None
        await world.pass_time(2 * HOUR, steps=4)
        assert (await world.held(order)).attention_reason == "return_unclear"
        assert world.active_ants.calls_to(RMA) == []


async def test_trouble_before_sending_is_no_lost_answer(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """What surely never left is announced by itself later."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = await _ship(world)
        world.active_ants.faults.once(RMA, Fault.REFUSE_CONNECTION)
        await _open(world, order)
        assert (await _case(world, order)).state is ReturnState.OPEN
        await world.pass_time(HOUR, steps=6)
        assert (await _case(world, order)).state is ReturnState.ANNOUNCED


async def test_refused_announcement(sqlite_store: Store, clock: FakeClock) -> None:
    """The warehouse's words reach the person; it is sent again on command."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = await _ship(world)
        (shipment,) = world.active_ants.shipments.values()
        quantity = shipment.items[0].quantity
        world.active_ants.mishaps.hide_goods(shipment.id)
        await _open(world, order)
        held = await world.held(order)
        assert held.attention_reason == "return_refused"
        assert "does not show the shipment" in held.attention_detail[0]["detail"]
        world.active_ants.mishaps.show_goods(shipment.id)
        await _open(world, order, again=True)
        assert (await _case(world, order)).pieces == quantity


async def test_label_is_fetched_and_forgotten(store: Store, clock: FakeClock) -> None:
    """The label is kept until the case is closed, then emptied; a refusal is told plainly."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = await _ship(world)
        with pytest.raises(Impossible, match="open one first"):
            await ask_return_label(store, await world.held(order), by="Ann")
        await _open(world, order)
        world.active_ants.habits.makes_return_labels = False
        await ask_return_label(store, await world.held(order), by="Ann")
        await world.run_jobs()
        await world.work()
        held = await world.held(order)
        assert held.attention_reason == "return_label_refused"
        assert "No return label" in held.attention_detail[0]["detail"]

        world.active_ants.habits.makes_return_labels = True
        await ask_return_label(store, held, by="Ann")
        await world.run_jobs()
        case = await _case(world, order)
        assert (case.state, case.has_label) == (ReturnState.LABELLED, True)
        label = await load_label(store, case.return_id)
        assert label is not None
        assert label[2].startswith(b"%PDF")
        await close_return(store, await world.held(order), by="Ann", reason="kept")
        assert await load_label(store, case.return_id) is None
        assert "already" in await close_return(store, await world.held(order), by="Ann")


async def test_goods_are_followed_until_booked(sqlite_store: Store, clock: FakeClock) -> None:
    """Only with its path set, and once an hour at most, is the warehouse asked what came in."""
    items = "POST /v2/returnitem/get"
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = await _ship(world)
        await _open(world, order)
        await world.pass_time(3 * HOUR, steps=3)
        assert world.active_ants.calls_to(items) == []
        await world.restart(**FOLLOWED)
        (rma_id,) = world.active_ants.return_desk.rmas
        for _ in range(3):
            await world.run_job(RETURNS)
        assert len(world.active_ants.calls_to(items)) == 1
        world.active_ants.return_desk.book(rma_id, 1)
        await world.pass_time(2 * HOUR, steps=2)
        case = await _case(world, order)
        assert (case.state, case.booked_pieces) == (ReturnState.ANNOUNCED, 1)
        world.active_ants.return_desk.book(rma_id, 1)
        await world.pass_time(2 * HOUR, steps=2)
        case = await _case(world, order)
        assert (case.state, case.booked_pieces) == (ReturnState.BOOKED, 2)
        asked = len(world.active_ants.calls_to(items))
        await world.pass_time(5 * HOUR, steps=5)
        assert len(world.active_ants.calls_to(items)) == asked


async def test_story_tells_what_comes_back(sqlite_store: Store, clock: FakeClock) -> None:
    """As long as a return is open, `why` says how far it is and what ends it."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = await _ship(world)
        (shipment,) = world.active_ants.shipments

        async def told() -> tuple[str, ...]:
            case = await gather_case(sqlite_store, await world.held(order))
            return tell_story(case, at_risk_seconds=HOUR, country_code="NL").present

        assert (await told())[-2] == "Nothing more happens to it here."
        await open_return(sqlite_store, await world.held(order), by="Ann")
        await world.work()
        to_be = f"Goods come back: shipment {shipment}, to be announced to the warehouse next."
        assert to_be in await told()
        await world.run_jobs()
        await world.work()

        (rma_id,) = world.active_ants.return_desk.rmas
        lines = await told()
        assert lines[1] == (
            f"Goods come back: shipment {shipment}, announced to the warehouse as {rma_id}, "
            "0 of 2 pieces booked in."
        )
        assert lines[-1].endswith(f"antbridge returns close {order.reference} --reason WHY")
        await close_return(sqlite_store, await world.held(order), by="Ann", reason="kept")
        await world.work()
        assert (await told())[-2] == "Nothing more happens to it here."


async def test_a_return_noted_by_its_number_is_followed(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """Announced in Maya by a person, it ends like any other once all pieces are booked."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven(), **FOLLOWED) as world:
        order = await _ship(world)
        returns = world.companies.warehouse.returns
        (shipment_id,) = map(str, world.active_ants.shipments)
        items = await returns.list_items(str(order.reference), shipment_id)
        await returns.reserve_call()
        rma_id = await returns.add_rma(
            shipment_id,
            items,
            reference=str(order.reference),
            remark=None,
            turn=Turn(clock.monotonic() + 10),
        )
        await _open(world, order, rma_id=rma_id)
        assert len(world.active_ants.calls_to(RMA)) == 1
        case = await _case(world, order)
        assert (case.state, case.pieces) == (ReturnState.ANNOUNCED, 2)
        world.active_ants.return_desk.book(int(rma_id), 2)
        await world.pass_time(2 * HOUR, steps=2)
        assert (await _case(world, order)).state is ReturnState.BOOKED


async def test_returns_that_make_no_sense(sqlite_store: Store, clock: FakeClock) -> None:
    """Refused with the reason while nothing was sent, or the order has no return."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = await _place(world)
        with pytest.raises(Impossible, match="placed, and no shipment of it is known"):
            await _open(world, order)
        await world.ship(order)
        with pytest.raises(Impossible, match="has no return"):
            await close_return(sqlite_store, await world.held(order), by="Ann")


async def test_goods_of_an_order_that_was_called_off(sqlite_store: Store, clock: FakeClock) -> None:
    """Sent before the cancel, they come back by the same commands; a lost answer asks as ever."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order, unsent = [
            world.ankorstore.place_order([OrderedLine("TOTE-NAT", packs=2)], GOOD) for _ in "ab"
        ]
        await world.tell(order)
        await world.work()
        for one in (order, unsent):
            world.ankorstore.cancel_order(one.id)
            await world.tell(one, event_type="order.cancelled")
        await world.work()
        await world.ship(order)
        held = await world.held(order)
        assert held.attention_reason == "cancelled_after_placing"
        await settle_task(sqlite_store, held, answer=Answer.SHIPPED, by="Ann")
        await world.work()
        assert (await world.held(order)).outcome == "cancelled"
        with pytest.raises(Impossible, match="no shipment of it is known to come back"):
            await _open(world, unsent)

        world.active_ants.faults.once(RMA, Fault.LOSE_ANSWER_AFTER)
        assert "announced to the warehouse now" in await _open(world, order)
        await world.pass_time(HOUR)
        held = await world.held(order)
        assert (held.outcome, held.attention_reason) == ("cancelled", "return_unclear")
        await _open(world, order, rma_id="77")
        assert (await _case(world, order)).state is ReturnState.ANNOUNCED
        held = await world.held(order)
        assert (held.outcome, held.attention_reason) == ("cancelled", None)


async def test_label_names_nobody_in_the_log(
    sqlite_store: Store, clock: FakeClock, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither a label nor its base64 form is written to the log, and no repr shows it."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = await _ship(world)
        await _open(world, order)
        await ask_return_label(sqlite_store, await world.held(order), by="Ann")
        await world.run_jobs()
        (shipment,) = world.active_ants.shipments
        label = await world.companies.warehouse.returns.read_label(str(shipment))
        assert "PDF" not in repr(label)
        written = capsys.readouterr()
        assert "JVBERi" not in written.out + written.err
        assert "%PDF" not in written.out + written.err


async def test_refused_before_the_order_was_closed(sqlite_store: Store, clock: FakeClock) -> None:
    """A refusal that is seen while the confirm is being settled opens a case all the same."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = await _place(world)
        world.ankorstore.faults.once("POST */confirm", Fault.LOSE_ANSWER_AFTER)
        await world.ship(order)
        world.ankorstore.refuse_shipment(order.id)
        await world.pass_time(60, steps=4)
        held = await world.held(order)
        assert (held.outcome, held.attention_reason) == ("completed", "reception_refused")


async def test_refusal_nobody_told_of_is_found(store: Store, clock: FakeClock) -> None:
    """Without its event a refusal is seen in Ankorstore's list, once, and only of a held order."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = await _ship(world)
        stranger = world.ankorstore.place_order([OrderedLine("TOTE-NAT")], GOOD, status="shipped")
        for one in (order, stranger):
            world.ankorstore.refuse_shipment(one.id)
        await world.run_job(RECONCILE)

        held = await world.held(order)
        assert (held.attention_reason, held.outcome) == ("reception_refused", "completed")
        assert await find_order(store, stranger.id) is None
        await _open(world, order)
        reads = world.reads(order)
        await world.run_job(RECONCILE)
        assert world.reads(order) == reads


async def test_one_return_for_each_shipment(sqlite_store: Store, clock: FakeClock) -> None:
    """Two shipments come back on their own; pieces booked count for the older one first."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven(), **FOLLOWED) as world:
        order = await _place(world, packs=3)
        await world.ship(order, lines={"TOTE-NAT": 2})
        await world.ship(order)
        assert "2 return(s)" in await _open(world, order)
        first, second = world.active_ants.return_desk.rmas
        world.active_ants.return_desk.book(first, 2)
        await world.pass_time(2 * HOUR, steps=2)
        order_id = (await world.held(order)).order_id
        cases = await load_returns(sqlite_store, order_id)
        assert [(case.state, case.booked_pieces) for case in cases] == [
            (ReturnState.BOOKED, 2),
            (ReturnState.ANNOUNCED, 0),
        ]
        world.active_ants.return_desk.book(second, 1)
        await world.pass_time(2 * HOUR, steps=2)
        cases = await load_returns(sqlite_store, order_id)
        assert [case.state for case in cases] == [ReturnState.BOOKED] * 2


async def _cancel_after_shipping(world: World) -> Order:
    """Return an order all of which left before Ankorstore showed it cancelled."""
    order = await _place(world)
    world.active_ants.ship(str(order.reference))
    world.ankorstore.cancel_order(order.id)
    await world.poll_feed()
    held = await world.held(order)
    assert (held.state, held.attention_reason) == (State.DISPATCHED, "cancelled_after_shipping")
    return order


@pytest.mark.parametrize("when", ["while the task is open", "once it is closed"])
async def test_goods_cancelled_after_shipping_come_back(
    store: Store, clock: FakeClock, when: str
) -> None:
    """Whatever became of the order, goods of it that left are announced and labelled."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = await _cancel_after_shipping(world)
        if when == "once it is closed":
            await _settle(world, order)
            assert (await world.held(order)).outcome == "cancelled"
        await _open(world, order)
        if when == "while the task is open":
            assert (await world.held(order)).attention_reason == "cancelled_after_shipping"
            await _settle(world, order)
        assert len(world.active_ants.calls_to(RMA)) == 1
        await ask_return_label(store, await world.held(order), by="Ann")
        await world.run_jobs()
        await world.work()

        assert (await _case(world, order)).state is ReturnState.LABELLED
        held = await world.held(order)
        assert (held.outcome, held.attention_reason) == ("cancelled", None)
        assert world.confirms() == 0


async def test_refused_return_of_a_cancelled_order_asks(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """A return in trouble asks a person though the order did not end as completed."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = await _cancel_after_shipping(world)
        await _settle(world, order)
        world.active_ants.faults.once(RMA, Fault.SERVER_ERROR_BEFORE, status=422)
        await _open(world, order)
        held = await world.held(order)
        assert (held.outcome, held.attention_reason) == ("cancelled", "return_refused")

        await _open(world, order, again=True)
        held = await world.held(order)
        assert (held.outcome, held.attention_reason) == ("cancelled", None)
        assert (await _case(world, order)).state is ReturnState.ANNOUNCED


async def _settle(world: World, order: Order) -> None:
    await settle_task(world.store, await world.held(order), answer=Answer.SHIPPED, by="Ann")
    await world.work()


async def test_label_by_command_after_a_refused_one(sqlite_store: Store, clock: FakeClock) -> None:
    """Once the label is there nobody is asked about the one that was refused."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = await _ship(world)
        await _open(world, order)
        world.active_ants.habits.makes_return_labels = False
        await ask_return_label(sqlite_store, await world.held(order), by="Ann")
        await world.run_jobs()
        await world.work()
        assert (await world.held(order)).attention_reason == "return_label_refused"
        world.active_ants.habits.makes_return_labels = True
        case = await _case(world, order)
        label = await world.companies.warehouse.returns.read_label(case.warehouse_shipment_id)
        await keep_label(sqlite_store, case, label)
        await world.work()

        case = await _case(world, order)
        assert (case.state, case.problem) == (ReturnState.LABELLED, None)
        assert (await world.held(order)).attention_reason is None


async def test_booked_goods_ask_nobody(sqlite_store: Store, clock: FakeClock) -> None:
    """What a return asked is settled once all pieces are booked."""
    async with build_world(
        sqlite_store,
        clock,
        warehouse=hand_driven(makes_return_labels=False),
        active_ants_path_return_items="/v2/returnitem/get",
    ) as world:
        order = await _ship(world)
        await _open(world, order)
        await ask_return_label(sqlite_store, await world.held(order), by="Ann")
        await world.run_jobs()
        await world.work()
        assert (await world.held(order)).attention_reason == "return_label_refused"
        (rma_id,) = world.active_ants.return_desk.rmas
        world.active_ants.return_desk.book(rma_id, 2)
        await world.pass_time(2 * HOUR, steps=2)

        case = await _case(world, order)
        assert (case.state, case.problem) == (ReturnState.BOOKED, None)
        assert (await world.held(order)).attention_reason is None


async def test_refused_note_of_a_number_opens_nothing(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """A number cannot be that of two returns; the refusal leaves none behind that asks nobody."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = await _place(world, packs=3)
        await world.ship(order, lines={"TOTE-NAT": 2})
        await world.ship(order)
        with pytest.raises(Impossible, match="several shipments"):
            await _open(world, order, rma_id="77")
        assert await load_returns(sqlite_store, (await world.held(order)).order_id) == []


async def test_goods_of_a_replaced_warehouse_order_come_back(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """Returns are announced and followed under the number their goods left under."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven(), **FOLLOWED) as world:
        order = await _place(world)
        world.ankorstore.change_address(order.id, replace(GOOD, street="Damstraat 99"))
        await world.tell(order)
        await world.work()
        held = await world.held(order)
        assert held.attention_reason == "address_changed_after_placing"
        await settle_task(sqlite_store, held, answer=Answer.CANCELLED, by="Ann")
        await world.work()
        await resend_order(sqlite_store, await world.held(order), by="Ann", reason="moved")
        await world.work()
        world.active_ants.ship(str(order.reference))
        await world.poll_feed()
        held = await world.held(order)
        assert held.attention_reason == "replaced_order_shipped"
        await _open(world, order)

        case = await _case(world, order)
        assert (case.state, case.problem) == (ReturnState.ANNOUNCED, None)
        (call,) = world.active_ants.calls_to(RMA)
        assert call.json()["externalReference"] == str(order.reference)

        await settle_task(sqlite_store, held, answer=Answer.KEPT, by="Ann")
        await world.work()
        world.active_ants.ship(f"{order.reference}-2")
        await world.poll_feed()
        await _open(world, order)
        _, second = world.active_ants.return_desk.rmas
        world.active_ants.return_desk.book(second, 2)
        await world.pass_time(2 * HOUR, steps=2)
        cases = await load_returns(sqlite_store, held.order_id)
        assert [case.state for case in cases] == [ReturnState.ANNOUNCED, ReturnState.BOOKED]


async def test_pieces_of_a_closed_return_are_not_waited_for(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """What a person closed takes no pieces from the return of a later shipment."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven(), **FOLLOWED) as world:
        order = await _place(world, packs=3)
        await world.ship(order, lines={"TOTE-NAT": 2})
        await _open(world, order)
        await close_return(sqlite_store, await world.held(order), by="Ann", reason="kept")
        await world.ship(order)
        await _open(world, order)
        _, second = world.active_ants.return_desk.rmas
        world.active_ants.return_desk.book(second, 1)
        await world.pass_time(2 * HOUR, steps=2)

        cases = await load_returns(sqlite_store, (await world.held(order)).order_id)
        assert [case.state for case in cases] == [ReturnState.CLOSED, ReturnState.BOOKED]
