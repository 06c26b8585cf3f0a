"""How an order that is new here is taken, by what the marketplace shows of it."""

from app.domain.lifecycle import State
from app.simulator import Address, Order, OrderedLine
from app.store.inbox import Disposition
from app.store.inbox_writing import IncomingEvent
from app.store.queries import load_figures
from app.store.session import Store
from tests.fake_clock import FakeClock
from tests.flow.world import World, build_world, hand_driven, prompt

GOOD = Address("Ina Smit", "Winkel Smit", "Damstraat 14", "1012 JS", "Amsterdam", "NL")
ENDED = {
    "cancelled": "cancelled",
    "rejected": "rejected",
    "fulfillment_requested": "ignored: shipped by Ankorstore logistics",
    "shipped": "ignored: shipped by somebody else",
    "received": "ignored: shipped by somebody else",
    "reception_refused": "ignored: shipped by somebody else",
    "invoiced": "ignored: shipped by somebody else",
    "brand_paid": "ignored: shipped by somebody else",
}


async def _tell_all(world: World, orders: list[Order]) -> None:
    for order in orders:
        await world.tell(order)
    await world.work()


async def test_order_that_is_not_ours_to_send_is_closed(store: Store, clock: FakeClock) -> None:
    """What is over, or others ship, is closed with its outcome and never written to."""
    async with build_world(store, clock) as world:
        orders = {status: world.ankorstore.place_order(status=status) for status in ENDED}
        await _tell_all(world, list(orders.values()))

        for status, order in orders.items():
            held = await world.held(order)
            assert (held.state, held.outcome) == (State.CLOSED, ENDED[status])
            assert (held.attention_reason, held.next_attempt_at) == (None, None)
            assert world.reads(order) == 1
        assert world.writes() == []

        await _tell_all(world, list(orders.values()))
        # Read again, for its end may have been taken back, and left as it is.
        assert {world.reads(order) for order in orders.values()} == {2}
        assert {(await world.held(order)).state for order in orders.values()} == {State.CLOSED}
        assert world.writes() == []


async def test_order_accepted_by_somebody_skips_the_accept(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """An order that arrives accepted is reviewed and placed; nothing is accepted again."""
    async with build_world(sqlite_store, clock, warehouse=prompt()) as world:
        order = world.ankorstore.place_order(ship_to=GOOD, status="brand_confirmed")
        await _tell_all(world, [order])
        assert (await world.held(order)).state is State.PLACED
        await world.pass_time(400)

        assert (await world.held(order)).outcome == "completed"
        assert (world.accepts(), world.creates(), world.confirms()) == (0, 1, 1)


async def test_order_that_arrives_accepted_gets_the_same_review(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """Reject is impossible by then, so short stock does not hold it; everything else does."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        place = world.ankorstore.place_order
        accepted = {"ship_to": GOOD, "status": "brand_confirmed"}
        short = place([OrderedLine("TOTE-NAT", packs=1001)], **accepted)
        unknown = place([OrderedLine("NO-SUCH"), OrderedLine("TOTE-NAT", packs=1001)], **accepted)
        asked = place([OrderedLine("TOTE-NAT")], **accepted)
        world.ankorstore.ask_for_cancellation(asked.id, "ordered twice")
        labelled = place(status="shipping_labels_generated")
        label_chosen = place([OrderedLine("TOTE-NAT")], **accepted)
        world.ankorstore.choose_shipping_method(label_chosen.id, "ankorstore")
        await _tell_all(world, [short, unknown, asked, labelled, label_chosen])

        assert (await world.held(short)).state is State.PLACED
        assert await world.reasons(unknown) == ["sku_unknown"]
        assert await world.reasons(asked) == ["retailer_asked_to_cancel"]
        assert await world.reasons(labelled) == ["labels_generated"]
        assert await world.reasons(label_chosen) == ["own_carrier_not_possible"]
        assert (await world.held(unknown)).state is State.ACCEPTED
        assert world.writes() == ["POST /v2/order/add"]


async def test_label_that_is_reset_lets_the_order_go_on(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """A label generated before sending waits with attention until it is reset, then all goes on."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        fresh = world.ankorstore.place_order(
            [OrderedLine("TOTE-NAT")], GOOD, status="shipping_labels_generated"
        )
        known = world.ankorstore.place_order(
            [OrderedLine("NO-SUCH")], GOOD, status="brand_confirmed"
        )
        await _tell_all(world, [fresh, known])
        world.active_ants.set_stock("NO-SUCH", 5)
        world.ankorstore.generate_labels(known.id)
        await world.retry(known)
        assert await world.reasons(known) == ["labels_generated"]
        assert world.writes() == []

        for order in (fresh, known):
            world.ankorstore.reset_labels(order.id)
        await _tell_all(world, [fresh, known])

        for order in (fresh, known):
            held = await world.held(order)
            assert (held.state, held.attention_reason) == (State.PLACED, None)
        assert world.creates() == 2


async def test_status_nobody_knows_is_kept_and_shown(sqlite_store: Store, clock: FakeClock) -> None:
    """A status text of tomorrow is kept as it is and asks a person; nothing is sent."""
    async with build_world(sqlite_store, clock) as world:
        order = world.ankorstore.place_order(status="brand_ponders")
        await _tell_all(world, [order])

        held = await world.held(order)
        assert (held.state, held.marketplace_status) == (State.RECEIVED, "brand_ponders")
        assert held.attention_reason == "unknown_marketplace_status"
        assert held.attention_detail[0]["detail"] == "brand_ponders"
        assert world.writes() == []


async def test_event_without_an_order_of_ours_is_kept_and_ignored(
    store: Store, clock: FakeClock
) -> None:
    """An external order's event is stored as ignored: no order comes of it and no call is made."""
    async with build_world(store, clock) as world:
        calls = len(world.ankorstore.calls)
        event = IncomingEvent("ankorstore", "e", "external_order.created", None, b"{}", {}, None)
        assert await world.inbox.store_event(event) is Disposition.IGNORED
        await world.work()

        figures = await load_figures(store)
        assert (figures.events_stored, figures.events_unprocessed) == (1, 0)
        assert sum(figures.orders.values()) == 0
        assert len(world.ankorstore.calls) == calls


async def test_same_event_twice_wakes_once(store: Store, clock: FakeClock) -> None:
    """A delivery that is repeated, late or out of order changes nothing."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = world.ankorstore.place_order(ship_to=GOOD)
        assert await world.tell(order, "b", "order.brand_accepted") is Disposition.STORED
        assert await world.tell(order, "a", "order.brand_created") is Disposition.STORED
        assert await world.tell(order, "a", "order.brand_created") is Disposition.DUPLICATE
        await world.work()
        reads = world.reads(order)
        assert await world.tell(order, "b", "order.brand_accepted") is Disposition.DUPLICATE
        await world.work()

        assert (await world.held(order)).state is State.PLACED
        assert (world.accepts(), world.creates(), world.reads(order)) == (1, 1, reads)


async def test_order_the_marketplace_does_not_know(sqlite_store: Store, clock: FakeClock) -> None:
    """An event about an order that cannot be read asks a person; other orders go on."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        gone = world.ankorstore.place_order(ship_to=GOOD)
        other = world.ankorstore.place_order(ship_to=GOOD)
        world.ankorstore.forget_order(gone.id)
        await _tell_all(world, [gone, other])

        assert await world.reasons(gone) == ["marketplace_refused"]
        assert (await world.held(other)).state is State.PLACED
