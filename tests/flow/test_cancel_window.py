"""The cancel window: created on hold, released once its time has come and nothing changed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from app.domain.lifecycle import State
from app.domain.tasks import Answer
from app.settings import SettingsError, load_settings
from app.simulator import Fault
from app.store.session import Store
from tests.fake_clock import FakeClock
from tests.flow.test_changes import hear, place, settle
from tests.flow.test_settling import DOINGS
from tests.flow.world import World, build_world, hand_driven

PATH = "/v2/order/release"
WINDOW_SECONDS = 600


@asynccontextmanager
async def window_world(store: Store, clock: FakeClock) -> AsyncIterator[World]:
    async with build_world(
        store,
        clock,
        warehouse=hand_driven(),
        cancel_window_minutes=WINDOW_SECONDS / 60,
        active_ants_path_order_release=PATH,
    ) as world:
        yield world


def releases(world: World) -> int:
    return len(world.active_ants.calls_to(f"POST {PATH}"))


async def test_released_when_its_time_has_come(store: Store, clock: FakeClock) -> None:
    """On hold until then, read right before, released once; then the order takes its way."""
    async with window_world(store, clock) as world:
        order = await place(world)
        (placed,) = world.active_ants.orders.values()
        held = await world.held(order)
        assert (held.state, held.waits_for) == (State.PLACED, "the cancel window to end")
        assert placed.is_on_hold
        await world.pass_time(WINDOW_SECONDS - 30, steps=3)
        await hear(world, order)  # news alone releases nothing
        assert releases(world) == 0
        reads = world.reads(order)
        await world.pass_time(31)

        assert (releases(world), placed.is_on_hold) == (1, False)
        assert world.reads(order) == reads + 1
        await world.pass_time(90_000, steps=2)
        await world.ship(order)
        assert (await world.held(order)).outcome == "completed"
        assert releases(world) == 1


@pytest.mark.parametrize(
    ("doing", "task"),
    [
        ("cancel", "cancelled_on_hold"),
        ("revert", "cancelled_on_hold"),
        ("labels", "labels_after_placing"),
        ("fulfilment", "fulfilment_after_placing"),
        ("ship", "shipped_by_somebody_else"),
        ("move", "changed_on_hold"),
        ("lines", "changed_on_hold"),
    ],
)
@pytest.mark.parametrize("is_told", [True, False], ids=["told", "untold"])
async def test_what_changed_is_never_released(
    store: Store, clock: FakeClock, doing: str, task: str, is_told: bool
) -> None:
    """Whether an event tells of it or only the last reading: it stays on hold, with a task."""
    async with window_world(store, clock) as world:
        order = await place(world)
        DOINGS[doing](world, order)
        if is_told:
            await hear(world, order)
        await world.pass_time(3 * WINDOW_SECONDS, steps=3)

        (placed,) = world.active_ants.orders.values()
        assert (await world.held(order)).attention_reason == task
        assert (releases(world), placed.is_on_hold) == (0, True)


async def test_change_and_answer_while_on_hold(store: Store, clock: FakeClock) -> None:
    """Changed in Maya: released as planned. Deleted there: placed anew, on hold again."""
    async with window_world(store, clock) as world:
        changed = await place(world)
        DOINGS["move"](world, changed)
        await hear(world, changed)
        world.active_ants.change_in_maya(str(changed.reference), {"deliveryAddressHouseNumber": 25})
        await settle(world, changed, Answer.CHANGED)
        (placed,) = world.active_ants.orders.values()
        assert placed.is_on_hold
        await world.pass_time(WINDOW_SECONDS + 1)
        assert not placed.is_on_hold
        await world.ship(changed)
        assert (await world.held(changed)).outcome == "completed"


async def test_asked_to_cancel_is_not_released(store: Store, clock: FakeClock) -> None:
    """A retailer's request to cancel holds the release until a person has settled it."""
    async with window_world(store, clock) as world:
        order = await place(world)
        world.ankorstore.ask_for_cancellation(order.id, "changed my mind")
        await world.pass_time(WINDOW_SECONDS + 1)
        assert await world.reasons(order) == ["retailer_asked_to_cancel"]
        world.ankorstore.withdraw_cancellation(order.id)
        await world.retry(order)

        assert releases(world) == 1


@pytest.mark.parametrize("lost", [Fault.LOSE_ANSWER_BEFORE, Fault.LOSE_ANSWER_AFTER])
async def test_release_whose_answer_was_lost(store: Store, clock: FakeClock, lost: Fault) -> None:
    """Made again after its time; where the first worked, the refusal asks a person to look."""
    async with window_world(store, clock) as world:
        order = await place(world)
        world.active_ants.faults.once(f"POST {PATH}", lost)
        await world.pass_time(WINDOW_SECONDS + 1)
        assert releases(world) == 1
        await world.pass_time(5)
        assert releases(world) == 1
        await world.pass_time(30, steps=3)

        (placed,) = world.active_ants.orders.values()
        assert (releases(world), placed.is_on_hold) == (2, False)
        held = await world.held(order)
        if lost is Fault.LOSE_ANSWER_BEFORE:
            assert held.attention_reason is None
            return
        assert held.attention_reason == "release_refused"
        await settle(world, order, Answer.RELEASED)
        await world.ship(order)
        assert (await world.held(order)).outcome == "completed"
        assert releases(world) == 2


async def test_release_refused_and_deleted(store: Store, clock: FakeClock) -> None:
    """Released in Maya is one answer, cancelled there the other."""
    async with window_world(store, clock) as world:
        order = await place(world)
        world.active_ants.cancel_in_maya(str(order.reference))
        await world.pass_time(WINDOW_SECONDS + 1)
        assert (await world.held(order)).attention_reason == "release_refused"
        await settle(world, order, Answer.CANCELLED)

        assert (await world.held(order)).attention_reason == "warehouse_order_cancelled"


async def test_sent_before_its_release(store: Store, clock: FakeClock) -> None:
    """Released by a person in Maya and sent: nothing is left to release."""
    async with window_world(store, clock) as world:
        whole, part = await place(world), await place(world)
        for order in (whole, part):
            world.active_ants.release_in_maya(str(order.reference))
        await world.ship(whole)
        await world.ship(part, lines={"TOTE-NAT": 1})
        await world.pass_time(WINDOW_SECONDS + 1)

        assert (await world.held(whole)).outcome == "completed"
        assert (await world.held(part)).state is State.PLACED
        assert releases(world) == 0


async def test_adopted_order_is_released_too(store: Store, clock: FakeClock) -> None:
    """A create whose answer was lost is found, on hold, and released in its time."""
    async with window_world(store, clock) as world:
        world.active_ants.faults.once("POST */order/add", Fault.LOSE_ANSWER_AFTER)
        order = await place(world)
        await world.pass_time(WINDOW_SECONDS + 60, steps=6)

        assert (await world.held(order)).state is State.PLACED
        assert releases(world) == 1


async def test_cancelled_right_before_the_release(store: Store, clock: FakeClock) -> None:
    """News between the last reading and the call stops the call."""
    async with window_world(store, clock) as world:
        order = await place(world)
        plain = world.companies.warehouse.reserve_call

        async def interrupted() -> None:
            if order.status == "brand_confirmed":
                world.ankorstore.cancel_order(order.id)
                await world.tell(order, event_type="order.cancelled")
            await plain()

        world.companies.warehouse.reserve_call = interrupted  # type: ignore[method-assign]
        await world.pass_time(WINDOW_SECONDS + 1)

        assert (await world.held(order)).attention_reason == "cancelled_on_hold"
        assert releases(world) == 0


def test_window_needs_the_confirmed_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """The start is refused with both settings named; with the path it is not."""
    monkeypatch.delenv("ACTIVE_ANTS_PATH_ORDER_RELEASE", raising=False)
    with pytest.raises(SettingsError) as refused:
        load_settings(_env_file=None, cancel_window_minutes=60)
    assert "CANCEL_WINDOW_MINUTES" in str(refused.value)
    assert "ACTIVE_ANTS_PATH_ORDER_RELEASE=/v2/order/release" in str(refused.value)
    loaded = load_settings(
        _env_file=None, cancel_window_minutes=60, active_ants_path_order_release=PATH
    )
    assert loaded.cancel_window_minutes == 60


def test_maya_address_must_name_the_number() -> None:
    """A link without a place for the number would lead nowhere."""
    with pytest.raises(SettingsError, match="MAYA_ORDER_URL: must be an https address"):
        load_settings(_env_file=None, maya_order_url="https://maya.activeants.nl/orders")


@pytest.mark.parametrize("again", [None, Fault.REFUSE_CONNECTION, Fault.SERVER_ERROR_BEFORE])
@pytest.mark.parametrize(
    ("doing", "task"),
    [
        ("cancel", "cancelled_after_placing"),
        ("revert", "reverted_after_placing"),
        ("move", "address_changed_after_placing"),
    ],
)
async def test_release_that_may_have_worked_is_no_hold(
    sqlite_store: Store, clock: FakeClock, doing: str, task: str, again: Fault | None
) -> None:
    """After a release without an answer the task is to stop the goods, whatever the next says."""
    async with window_world(sqlite_store, clock) as world:
        order = await place(world)
        world.active_ants.faults.once(f"POST {PATH}", Fault.LOSE_ANSWER_AFTER)
        await world.pass_time(WINDOW_SECONDS + 1)
        (placed,) = world.active_ants.orders.values()
        assert not placed.is_on_hold
        if again is not None:
            world.active_ants.faults.once(f"POST {PATH}", again, status=422)
            await world.pass_time(15)
        DOINGS[doing](world, order)
        await hear(world, order)
        await world.pass_time(30)

        assert (await world.held(order)).attention_reason == task
