"""What follows from a person's answer to a task, played on both companies and both databases."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from sqlalchemy import delete, func, select, update

from app.domain.lifecycle import Outcome, State
from app.domain.tasks import Answer
from app.jobs import SHIPMENTS
from app.simulator import Fault, Order
from app.store.decisions import Impossible
from app.store.decisions_tasks import close_order, resend_order, settle_task
from app.store.models import StockReservation, WarehouseOrder
from app.store.schedules import run_soon
from app.store.session import Store
from tests.fake_clock import FakeClock
from tests.flow.test_changes import MOVED, TOTE, change_packs, hear, place, settle
from tests.flow.world import World, build_world, hand_driven

Doing = Callable[[World, Order], object]
DOINGS: dict[str, Doing] = {
    "cancel": lambda world, order: world.ankorstore.cancel_order(order.id),
    "revert": lambda world, order: world.ankorstore.revert_acceptance(order.id),
    "accept": lambda world, order: world.ankorstore.accept_by_person(order.id),
    "labels": lambda world, order: world.ankorstore.generate_labels(order.id),
    "reset": lambda world, order: world.ankorstore.reset_labels(order.id),
    "fulfilment": lambda world, order: world.ankorstore.request_fulfillment(order.id),
    "ship": lambda world, order: world.ankorstore.ship_by_person(order.id),
    "odd": lambda world, order: world.ankorstore.set_status(order.id, "brand_ponders"),
    "move": lambda world, order: world.ankorstore.change_address(order.id, MOVED),
    "lines": lambda world, order: change_packs(world, order, 5),
}


@dataclass(frozen=True, slots=True)
class Case:
    """What happens, what is answered while Ankorstore shows what, and how the order stands then."""

    doing: str
    task: str
    answer: Answer
    ending: tuple[State, str | None, str | None]
    """State, outcome, and what is asked next."""
    before_answer: str | None = None
    is_gone: bool = False
    """Whether the warehouse order is replaced."""


CANCELLED, CHANGED, SHIPPED, KEPT = Answer.CANCELLED, Answer.CHANGED, Answer.SHIPPED, Answer.KEPT
CLOSED, PLACED, ACCEPTED, RECEIVED = State.CLOSED, State.PLACED, State.ACCEPTED, State.RECEIVED
GOES_ON = (PLACED, None, None)
NO_LABEL = "ignored: shipped with Ankorstore's label"
LOGISTICS = "ignored: shipped by Ankorstore logistics"
SOMEBODY = "ignored: shipped by somebody else"
DECIDE = (ACCEPTED, None, "warehouse_order_cancelled")
STOPPED, REVERTED = "cancelled_after_placing", "reverted_after_placing"
LABELS, FULFILMENT = "labels_after_placing", "fulfilment_after_placing"
ELSEWHERE, LINES = "address_changed_after_placing", "lines_changed_after_placing"
OTHERS = "shipped_by_somebody_else"
CASES = [
    Case("cancel", STOPPED, CANCELLED, (CLOSED, "cancelled", None), is_gone=True),
    Case("cancel", STOPPED, SHIPPED, (CLOSED, "cancelled", None)),
    Case("cancel", STOPPED, KEPT, (PLACED, None, STOPPED)),
    Case("revert", REVERTED, CANCELLED, (RECEIVED, None, "acceptance_reverted"), is_gone=True),
    Case("revert", REVERTED, CANCELLED, DECIDE, "accept", is_gone=True),
    Case("revert", REVERTED, KEPT, (PLACED, None, REVERTED)),
    Case("revert", REVERTED, KEPT, GOES_ON, "accept"),
    Case("revert", REVERTED, SHIPPED, (PLACED, None, REVERTED)),
    Case("revert", REVERTED, SHIPPED, GOES_ON, "accept"),
    Case("revert", REVERTED, CANCELLED, (CLOSED, "cancelled", None), "cancel", is_gone=True),
    Case("labels", LABELS, CANCELLED, (CLOSED, NO_LABEL, None), is_gone=True),
    Case("labels", LABELS, KEPT, (PLACED, None, LABELS)),
    Case("labels", LABELS, KEPT, GOES_ON, "reset"),
    Case("labels", LABELS, SHIPPED, (PLACED, None, LABELS)),
    Case("labels", LABELS, SHIPPED, (CLOSED, SOMEBODY, None), "ship"),
    Case("labels", LABELS, CANCELLED, (CLOSED, SOMEBODY, None), "ship", is_gone=True),
    Case("labels", LABELS, CANCELLED, DECIDE, "reset", is_gone=True),
    Case("fulfilment", FULFILMENT, CANCELLED, (CLOSED, LOGISTICS, None), is_gone=True),
    Case("fulfilment", FULFILMENT, SHIPPED, (CLOSED, LOGISTICS, None)),
    Case("fulfilment", FULFILMENT, KEPT, (PLACED, None, FULFILMENT)),
    Case("ship", OTHERS, CANCELLED, (CLOSED, SOMEBODY, None), is_gone=True),
    Case("ship", OTHERS, SHIPPED, (CLOSED, "completed", None)),
    Case("ship", OTHERS, KEPT, (PLACED, None, OTHERS)),
    Case("move", ELSEWHERE, CHANGED, GOES_ON),
    Case("move", ELSEWHERE, KEPT, GOES_ON),
    Case("move", ELSEWHERE, SHIPPED, GOES_ON),
    Case("move", ELSEWHERE, CANCELLED, DECIDE, is_gone=True),
    Case("move", ELSEWHERE, CHANGED, (PLACED, None, STOPPED), "cancel"),
    Case("move", ELSEWHERE, CANCELLED, (CLOSED, "cancelled", None), "cancel", is_gone=True),
    Case("move", ELSEWHERE, KEPT, (PLACED, None, REVERTED), "revert"),
    Case("lines", LINES, CHANGED, GOES_ON),
    Case("lines", LINES, KEPT, GOES_ON),
    Case("lines", LINES, CANCELLED, DECIDE, is_gone=True),
    Case("lines", LINES, CHANGED, (PLACED, None, "unknown_marketplace_status"), "odd"),
]


async def count_reserved(store: Store) -> int:
    async with store.read() as connection:
        statement = select(func.count()).select_from(StockReservation)
        return int((await connection.execute(statement)).scalar_one())


async def hear_of_shipments(world: World) -> None:
    """Let the feed be read; the orders it wakes are not worked on yet."""
    await run_soon(world.store, SHIPMENTS)
    await world.run_jobs()


async def settle_in_maya(world: World, order: Order, answer: Answer) -> None:
    """Do in the back office what the answer says, then record it."""
    number = str(order.reference)
    if answer is CANCELLED:
        world.active_ants.cancel_in_maya(number)
    if answer is CHANGED:
        units = {line.id: line.units for line in order.lines}
        world.active_ants.change_in_maya(number, {"deliveryAddressStreet": "Oudegracht"}, units)
    await settle(world, order, answer)


@pytest.mark.parametrize(
    "case", CASES, ids=lambda case: f"{case.doing}-{case.answer}-{case.before_answer or 'as is'}"
)
async def test_what_follows_from_an_answer(store: Store, clock: FakeClock, case: Case) -> None:
    """The order stands as the table says, and nothing was confirmed or placed on the way."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = await place(world)
        DOINGS[case.doing](world, order)
        await hear(world, order)
        assert (await world.held(order)).attention_reason == case.task
        if case.before_answer is not None:
            DOINGS[case.before_answer](world, order)  # no event tells of it
        clock.advance(5)
        await settle_in_maya(world, order, case.answer)

        held = await world.held(order)
        assert (held.state, held.outcome, held.attention_reason) == case.ending
        assert (held.live is None) is case.is_gone
        assert (await count_reserved(store) == 0) is case.is_gone
        assert held.is_answer_owed is (case.ending[2] == "unknown_marketplace_status")
        assert (world.accepts(), world.creates(), world.confirms()) == (1, 1, 0)
        if case.ending == GOES_ON:
            await world.ship(order)
            assert (await world.held(order)).outcome == "completed"
            assert (await world.held(order)).new_address is None
            assert world.confirms() == 1
        decided = [row for row in await world.history(order) if row["step"] == "settle"]
        assert [row["message"].split(" (")[0] for row in decided] == [f"recorded {case.answer}"]


async def test_changed_lines_are_what_must_be_sent(store: Store, clock: FakeClock) -> None:
    """After 'changed in Maya' the order is complete only once the new quantity was sent."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = await place(world)
        DOINGS["lines"](world, order)
        await hear(world, order)
        await settle_in_maya(world, order, CHANGED)
        units = order.lines[0].units
        await world.ship(order, lines={"TOTE-NAT": units - 1})
        assert (await world.held(order)).state is PLACED
        await world.ship(order, lines={"TOTE-NAT": 1})

        assert (await world.held(order)).outcome == "completed"


async def test_answers_that_make_no_sense(store: Store, clock: FakeClock) -> None:
    """Refused with the possible ones named; nothing changes."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = await place(world)

        async def refuse(answer: Answer) -> str:
            with pytest.raises(Impossible) as refused:
                await settle_task(store, await world.held(order), answer=answer, by="a test")
            return str(refused.value)

        assert "possible: cancelled-in-maya" in await refuse(KEPT)
        DOINGS["cancel"](world, order)
        await hear(world, order)
        before = await world.history(order)
        assert "possible: cancelled-in-maya, shipped-anyway, kept" in await refuse(CHANGED)
        assert await world.history(order) == before
        fresh = world.ankorstore.place_order(TOTE)
        await world.tell(fresh)
        with pytest.raises(Impossible, match="waits for no such record"):
            await settle_task(store, await world.held(fresh), answer=CANCELLED, by="a test")


async def test_answer_twice_changes_nothing(store: Store, clock: FakeClock) -> None:
    """Before and after it was followed, a repeated record says so."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = await place(world)
        DOINGS["move"](world, order)
        await hear(world, order)
        for _ in range(2):
            message = await settle_task(
                store, await world.held(order), answer=KEPT, by="a test", reason="he collects it"
            )
        assert "was recorded" in message
        await world.work()
        again = await settle_task(store, await world.held(order), answer=KEPT, by="a test")
        assert "nothing changed" in again
        decided = [row for row in await world.history(order) if row["step"] == "settle"]
        assert [row["message"] for row in decided] == [
            "recorded kept (the warehouse order stays as it is, on purpose) by a test: "
            "he collects it"
        ]


async def test_cancelled_unasked(store: Store, clock: FakeClock) -> None:
    """A placed order whose warehouse order somebody cancelled of his own accord goes on rightly."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = await place(world)
        await settle_in_maya(world, order, CANCELLED)

        assert (await world.held(order)).attention_reason == "warehouse_order_cancelled"


async def test_answer_waits_for_the_companies(store: Store, clock: FakeClock) -> None:
    """While Ankorstore or the warehouse cannot be read nothing follows; the record stays."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = await place(world)
        DOINGS["cancel"](world, order)
        await hear(world, order)
        world.ankorstore.faults.once("GET */orders/*", Fault.SERVER_ERROR_BEFORE)
        world.active_ants.faults.once("POST */shipment/search", Fault.SERVER_ERROR_BEFORE)
        await settle_in_maya(world, order, CANCELLED)
        held = await world.held(order)
        assert (held.state, held.is_answer_owed) == (PLACED, True)
        await world.pass_time(30, steps=6)

        assert (await world.held(order)).outcome == "cancelled"


async def test_goods_of_a_cancelled_order_that_were_sent(store: Store, clock: FakeClock) -> None:
    """Recorded as cancelled, but a search finds it sent: a person is asked what is true."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = await place(world)
        DOINGS["cancel"](world, order)
        await hear(world, order)
        world.active_ants.ship(str(order.reference))  # the feed was not read since
        await settle(world, order, CANCELLED)
        held = await world.held(order)
        assert (held.state, held.attention_reason) == (PLACED, "shipped_though_cancelled")
        assert held.live is not None
        await settle(world, order, SHIPPED)

        assert (await world.held(order)).outcome == "cancelled"
        closing = (await world.history(order))[-1]["message"]
        assert "goods are on their way" in closing
        await world.poll_feed()
        assert (await world.held(order)).attention_reason is None
        assert world.confirms() == 0


async def test_goods_sent_after_the_record(store: Store, clock: FakeClock) -> None:
    """A replaced warehouse order that ships all the same is a task, also on a closed order."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = await place(world)
        DOINGS["cancel"](world, order)
        await hear(world, order)
        await settle(world, order, CANCELLED)  # a lie: nobody cancelled it
        assert (await world.held(order)).outcome == "cancelled"
        await world.ship(order)
        assert (await world.held(order)).attention_reason == "replaced_order_shipped"
        await settle(world, order, KEPT)
        await world.poll_feed()
        await hear(world, order)

        held = await world.held(order)
        assert (held.outcome, held.attention_reason) == ("cancelled", None)
        assert (world.creates(), world.confirms()) == (1, 0)


async def test_stray_goods_stop_a_resend(store: Store, clock: FakeClock) -> None:
    """Nothing is placed anew while goods of the earlier warehouse order are unexplained."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = await place(world)
        await settle(world, order, CANCELLED)
        await world.ship(order)
        assert (await world.held(order)).attention_reason == "replaced_order_shipped"
        with pytest.raises(Impossible, match="goods of an earlier one were sent"):
            await resend_order(store, await world.held(order), by="a test")
        DOINGS["cancel"](world, order)
        await hear(world, order)
        assert (await world.held(order)).attention_reason == "replaced_order_shipped"
        await settle(world, order, KEPT)

        assert (await world.held(order)).outcome == "cancelled"
        assert world.creates() == 1


async def test_resend_places_a_second_and_a_third_order(store: Store, clock: FakeClock) -> None:
    """Under -2, then -3, each after a person's decision, reviewed afresh; shipments by number."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = await place(world)
        number = str(order.reference)
        for count in (2, 3):
            DOINGS["move"](world, order) if count == 2 else None
            held = await world.held(order)
            assert held.live is not None
            world.active_ants.cancel_in_maya(held.live.external_order_number)
            gone = held.live.external_order_number
            await settle_task(store, held, answer=CANCELLED, by="a test", number=gone)
            await world.work()
            assert world.creates() == count - 1
            message = await resend_order(store, await world.held(order), by="a test", reason="ok")
            assert f"{number}-{count}" in message
            again = await resend_order(store, await world.held(order), by="a test")
            assert "nothing changed" in again
            await world.work()
            held = await world.held(order)
            assert held.live is not None
            assert (held.state, held.live.external_order_number) == (PLACED, f"{number}-{count}")
        last = world.active_ants.orders_numbered(f"{number}-3")[0]
        assert last.payload["deliveryAddressStreet"] == "Oudegracht"
        world.active_ants.ship(last)
        await world.poll_feed()

        assert (await world.held(order)).outcome == "completed"
        assert [world.creates(), world.confirms()] == [3, 1]


async def test_resend_after_a_new_acceptance(store: Store, clock: FakeClock) -> None:
    """Reverted and cancelled in Maya, then accepted again: a person decides, nothing by itself."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = await place(world)
        DOINGS["revert"](world, order)
        await hear(world, order)
        await settle_in_maya(world, order, CANCELLED)
        assert (await world.held(order)).accept_blocked
        DOINGS["accept"](world, order)
        await hear(world, order)
        assert (await world.held(order)).attention_reason == "warehouse_order_cancelled"
        with pytest.raises(Impossible, match="A retry does not settle that"):
            await world.retry(order)
        await resend_order(store, await world.held(order), by="a test")
        await world.work()

        assert (await world.held(order)).state is PLACED
        assert world.accepts() == 1


async def test_resend_is_refused_where_one_is_live(store: Store, clock: FakeClock) -> None:
    """Placed, unanswered or never placed: refused with the way out."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        placed = await place(world)
        world.active_ants.faults.once("POST */order/add", Fault.LOSE_ANSWER_BEFORE)
        unanswered = await place(world)
        unmapped = world.ankorstore.place_order(TOTE)
        await world.tell(unmapped)
        for order, words in (
            (placed, "settle"),
            (unanswered, "has, or may have"),
            (unmapped, "nothing was placed"),
        ):
            with pytest.raises(Impossible, match=words):
                await resend_order(store, await world.held(order), by="a test")


async def test_resend_after_a_refused_create(store: Store, clock: FakeClock) -> None:
    """A create that was refused for good is placed under the next number."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        world.active_ants.faults.once("POST */order/add", Fault.SERVER_ERROR_BEFORE, status=422)
        order = await place(world)
        assert (await world.held(order)).attention_reason == "warehouse_refused"
        await resend_order(store, await world.held(order), by="a test")
        await world.work()

        held = await world.held(order)
        assert held.live is not None
        assert (held.state, held.live.external_order_number) == (PLACED, f"{order.reference}-2")


async def test_close_by_hand(store: Store, clock: FakeClock) -> None:
    """What nothing was placed for is closed at once; what the warehouse has, after a record."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        waiting = await place(world, [*TOTE, *[type(TOTE[0])("NO-SUCH")]])
        placed = await place(world)
        with pytest.raises(Impossible, match="record first what became of that"):
            await close_order(
                store, await world.held(placed), outcome=Outcome.CANCELLED, by="a test"
            )
        await settle_in_maya(world, placed, CANCELLED)
        for order in (waiting, placed):
            for _ in range(2):
                message = await close_order(
                    store, await world.held(order), outcome=Outcome.CANCELLED, by="a test"
                )
                await world.work()
            assert "nothing changed" in message
            held = await world.held(order)
            assert (held.state, held.outcome, held.attention_reason) == (CLOSED, "cancelled", None)
            assert held.next_attempt_at is None
            with pytest.raises(Impossible, match="the order is closed"):
                await close_order(store, held, outcome=Outcome.COMPLETED, by="a test")
        assert await count_reserved(store) == 0
        assert world.confirms() == 0


async def test_close_waits_for_an_unanswered_create(store: Store, clock: FakeClock) -> None:
    """Until the settle time is over nobody can say what the warehouse has."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        world.active_ants.faults.once("POST */order/add", Fault.LOSE_ANSWER_AFTER)
        order = await place(world)
        world.active_ants.habits.search_lag_seconds = 10
        with pytest.raises(Impossible, match="the answer to the create is not known yet"):
            await close_order(
                store, await world.held(order), outcome=Outcome.CANCELLED, by="a test"
            )


async def test_decision_on_an_order_that_moved_on(store: Store, clock: FakeClock) -> None:
    """Placed between the look and the close: the close is refused, nothing is lost."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = world.ankorstore.place_order(TOTE)
        world.ankorstore.change_address(order.id, MOVED)
        world.active_ants.faults.once("POST */order/add", Fault.LOSE_ANSWER_AFTER)
        world.ankorstore.set_status(order.id, "brand_confirmed")
        await world.tell(order)
        before = await world.held(order)
        await world.work()
        known = await world.held(order)
        assert known.live is not None
        stale = type(known)(
            **{name: getattr(known, name) for name in known.__dataclass_fields__ if name != "live"}
        )
        assert before.live is None
        with pytest.raises(Impossible, match="moved on"):
            await close_order(store, stale, outcome=Outcome.CANCELLED, by="a test")
        await world.pass_time(60, steps=4)

        assert (await world.held(order)).state is PLACED


async def test_wrong_label_that_was_reset_is_confirmed_anew(store: Store, clock: FakeClock) -> None:
    """A label bought by mistake and reset at Ankorstore: the brand's own is confirmed after all."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = await place(world)
        world.ankorstore.faults.once("POST */confirm", Fault.LOSE_ANSWER_BEFORE)
        await world.ship(order)
        DOINGS["labels"](world, order)
        await world.pass_time(30, steps=3)
        assert (await world.held(order)).attention_reason == "wrong_label_confirmed"
        await settle(world, order, KEPT)
        assert (await world.held(order)).attention_reason == "wrong_label_confirmed"
        DOINGS["reset"](world, order)
        await settle(world, order, KEPT)

        assert (await world.held(order)).outcome == "completed"
        assert order.shipping_method == "custom"


@pytest.mark.parametrize("when", ["before the create", "at the create"])
async def test_number_of_another_shop(store: Store, clock: FakeClock, when: str) -> None:
    """None there is ours: recorded, then placed under the next number after a decision."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        twin = await place(world)
        (other,) = world.active_ants.orders.values()
        world.active_ants.occupy_number(other, str(twin.reference), "of another shop")
        if when == "at the create":
            world.active_ants.habits.search_lag_seconds = 1000
        taken = world.ankorstore.place_order(TOTE, MOVED, reference=twin.reference)
        async with store.write() as connection:
            await connection.execute(
                update(WarehouseOrder).values(external_order_number="elsewhere")
            )
        await hear(world, taken)
        world.active_ants.habits.search_lag_seconds = 0
        await hear(world, taken)
        assert (await world.held(taken)).attention_reason == "number_taken"
        await settle(world, taken, CANCELLED)
        held = await world.held(taken)
        assert (held.state, held.attention_reason) == (ACCEPTED, "warehouse_order_cancelled")
        assert held.live is None
        await resend_order(store, held, by="a test")
        await world.work()

        held = await world.held(taken)
        assert held.live is not None
        assert held.live.external_order_number == f"{taken.reference}-2"
        assert held.state is PLACED


@pytest.mark.parametrize("is_created_here", [True, False])
async def test_number_that_is_this_order(
    store: Store, clock: FakeClock, is_created_here: bool
) -> None:
    """A person says that it is this order: it is placed, also where nothing here tells of it."""
    warehouse = hand_driven(search_shows_extras=False)
    async with build_world(store, clock, warehouse=warehouse) as world:
        world.active_ants.faults.once("POST */order/add", Fault.LOSE_ANSWER_AFTER)
        order = await place(world)
        if not is_created_here:
            async with store.write() as connection:
                await connection.execute(delete(WarehouseOrder))
        await world.pass_time(60, steps=2)
        assert (await world.held(order)).attention_reason == "number_taken"
        await settle(world, order, KEPT)

        held = await world.held(order)
        assert held.live is not None
        assert (held.state, held.attention_reason, held.live.answer) == (PLACED, None, "adopted")
        assert held.live.warehouse_order_number is not None
        await world.ship(order)
        assert (await world.held(order)).outcome == "completed"
        assert world.creates() == 1


async def test_number_that_is_this_cancelled_order(store: Store, clock: FakeClock) -> None:
    """What is recorded to be ours, and is cancelled by then, has to be stopped."""
    async with build_world(store, clock, warehouse=hand_driven(search_shows_extras=False)) as world:
        world.active_ants.faults.once("POST */order/add", Fault.LOSE_ANSWER_AFTER)
        order = await place(world)
        await world.pass_time(60, steps=2)
        world.ankorstore.cancel_order(order.id)  # no event tells of it
        await settle(world, order, KEPT)

        held = await world.held(order)
        assert (held.attention_reason, held.is_answer_owed) == (STOPPED, False)
        await settle_in_maya(world, order, CANCELLED)
        assert (await world.held(order)).outcome == "cancelled"


async def test_goods_sent_before_the_record_stop_a_second_placing(
    store: Store, clock: FakeClock
) -> None:
    """Recorded as not ours, while the feed has told of our goods: nothing is placed anew."""
    async with build_world(store, clock, warehouse=hand_driven(search_shows_extras=False)) as world:
        world.active_ants.faults.once("POST */order/add", Fault.LOSE_ANSWER_AFTER)
        order = await place(world)
        await world.pass_time(60, steps=2)
        held = await world.held(order)
        world.active_ants.ship(str(order.reference))
        await hear_of_shipments(world)
        await settle_task(store, held, answer=CANCELLED, by="a test")
        await world.work()

        held = await world.held(order)
        assert held.attention_reason == "shipped_though_cancelled"
        with pytest.raises(Impossible, match="the warehouse has, or may have, it"):
            await resend_order(store, held, by="a test")
        await settle(world, order, SHIPPED)
        assert (await world.held(order)).outcome == "completed"
        assert world.creates() == 1


async def test_resend_is_refused_once_goods_are_known(store: Store, clock: FakeClock) -> None:
    """A create that was refused, and goods of it that left all the same: none is placed anew."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        world.active_ants.faults.once("POST */order/add", Fault.SERVER_ERROR_AFTER, status=422)
        order = await place(world)
        held = await world.held(order)
        assert held.attention_reason == "warehouse_refused"
        world.active_ants.ship(str(order.reference))
        await hear_of_shipments(world)
        with pytest.raises(Impossible, match="goods of it were sent"):
            await resend_order(store, await world.held(order), by="a test")
        await world.work()

        assert (await world.held(order)).outcome == "completed"
        assert world.creates() == 1
