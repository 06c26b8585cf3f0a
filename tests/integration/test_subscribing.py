"""The service keeps its webhook subscription: made once, never lost, never another's touched."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from app.alerts.conditions import Bounds, judge
from app.errors import BridgeError, NotReady, NotYet, Rejected
from app.flow.forecast import Pace
from app.flow.watch import Watched, watch
from app.ports import RateWindow
from app.simulator.ankorstore.deliveries import Subscription as Held
from app.simulator.faults import Fault
from app.store.schedules import ensure_schedules, load_schedules
from app.store.session import Store
from app.store.webhook_rows import load_secrets
from app.store.webhook_watch import load_webhook_watch
from app.subscribing.judging import HANDLED_EVENTS, shown_url
from app.subscribing.keeper import OLD_SECRET_SECONDS, SETTLE_SECONDS, Keeper, NotManaged
from tests.conftest import DATABASES
from tests.fake_clock import FakeClock
from tests.integration.subscribing import (
    KEY,
    SECOND_KEY,
    THE_BRANDS,
    URL,
    Crash,
    FusedStore,
    Keeping,
    fused_keeper,
)

CREATE = "POST */webhook-subscriptions"
CHANGE = "PATCH */webhook-subscriptions/*"


@pytest.fixture
async def keeping(store: Store, clock: FakeClock) -> Keeping:
    """Return a service without a subscription; the brand has one of another program."""
    await ensure_schedules(store, ["reconcile"], {"reconcile": 300})
    return Keeping(store, clock)


async def assert_all_is_well(keeping: Keeping) -> None:
    """One subscription leads here, with a secret that is known, and the brand's is untouched."""
    (there,) = keeping.here()
    (row,) = await keeping.rows("active")
    assert await keeping.rows("creating", "retiring") == []
    assert (row.subscription_id, row.url) == (there.id, URL)
    assert set(row.events) == set(there.events) == set(HANDLED_EVENTS) & set(there.events)
    assert keeping.secret_of(row) == there.secret
    assert keeping.brands.url == THE_BRANDS
    assert keeping.ankorstore.outbox.subscriptions["brands-own"] is keeping.brands
    seen = await load_webhook_watch(keeping.store)
    assert (seen.is_managed, seen.is_up, seen.problem) == (True, True, None)


async def is_reconcile_due(keeping: Keeping) -> bool:
    schedule = (await load_schedules(keeping.store))["reconcile"]
    return schedule.next_run_at <= keeping.store.now()


async def watched(store: Store) -> Watched:
    windows = (RateWindow("minute", 60.0, 60),)
    return await watch(store, Pace(windows, windows, 300, False, 300, 50), 86_400.0)


async def alerts(store: Store) -> list[tuple[str, int]]:
    told = judge(await watched(store), Bounds(1e9, 1000), None)
    return [(one.name, one.count) for one in told]


async def test_register_makes_one_and_only_one(keeping: Keeping) -> None:
    """It tells of what is offered and handled; its secret lies encrypted; twice is once."""
    keeping.ankorstore.habits.offered_events += ("external_order.created",)

    await keeping.register()
    await keeping.register()

    await assert_all_is_well(keeping)
    assert keeping.writes() == ["POST"]
    events = keeping.here()[0].events
    assert "order.brand_created" in events
    assert not {"order.brand_paid", "external_order.created"} & set(events)
    (row,) = await keeping.rows()
    assert keeping.here()[0].secret not in repr(row) + str(row.secret_encrypted)
    assert await is_reconcile_due(keeping)


async def test_the_form_of_the_guide(keeping: Keeping) -> None:
    """Where the guide's form is the one understood, all of it works the same."""
    keeping.ankorstore.habits.subscription_form = "guide"

    await keeping.register()
    await keeping.check()
    await keeping.rotate()

    await assert_all_is_well(keeping)


@pytest.mark.parametrize(
    ("settings", "says"),
    [({"encryption_key": ""}, "Set ENCRYPTION_KEY"), ({"public_url": ""}, "Set PUBLIC_URL")],
)
async def test_what_is_missing_is_named(
    keeping: Keeping, settings: dict[str, str], says: str
) -> None:
    """And nothing was written at Ankorstore."""
    keeping.settings.update(settings)
    with pytest.raises(NotReady) as caught:
        await keeping.register()
    assert caught.value.resolution.startswith(says)
    assert keeping.writes() == []


async def test_an_application_that_is_not_listed(keeping: Keeping) -> None:
    """Nothing is known about it, so nothing is said of the subscription either."""
    keeping.ankorstore.habits.subscription_form = "guide"
    await keeping.register()

    async def of_another(keeper: Keeper) -> str:
        keeper._client_id = "somebody-elses"
        return await keeper.check()

    with pytest.raises(NotReady):
        await keeping.run(of_another)
    await assert_all_is_well(keeping)


async def test_nothing_offered_is_refused(keeping: Keeping) -> None:
    """A subscription without events would be one that tells of nothing."""
    keeping.ankorstore.habits.offered_events = ("order.brand_paid",)
    with pytest.raises(NotReady):
        await keeping.register()
    assert keeping.writes() == []


async def test_an_answer_lost_after_it_was_made(keeping: Keeping) -> None:
    """The secret was in the answer; what was made is told by its address, and taken over."""
    keeping.ankorstore.faults.once(CREATE, Fault.LOSE_ANSWER_AFTER)
    with pytest.raises(BridgeError):
        await keeping.register()

    await keeping.check()

    await assert_all_is_well(keeping)
    assert keeping.writes() == ["POST"]


async def test_an_answer_lost_and_the_secret_never_shown_again(keeping: Keeping) -> None:
    """Nobody can know what it signs with: it is deleted, and another one made. One by hand that
    leads here stays."""
    by_hand = Held("by-hand", URL, ("order.shipped",), "of-a-person")
    keeping.ankorstore.outbox.subscriptions[by_hand.id] = by_hand
    keeping.ankorstore.habits.lists_signing_secrets = False
    keeping.ankorstore.faults.once(CREATE, Fault.LOSE_ANSWER_AFTER)
    with pytest.raises(BridgeError):
        await keeping.register()

    await keeping.check()

    assert keeping.writes() == ["POST", "DELETE", "POST"]
    assert keeping.ankorstore.outbox.subscriptions.pop("by-hand") is by_hand
    await assert_all_is_well(keeping)


async def test_an_answer_lost_before_it_was_made(keeping: Keeping, clock: FakeClock) -> None:
    """It may still show for a while; then another one is asked for."""
    keeping.ankorstore.faults.once(CREATE, Fault.LOSE_ANSWER_BEFORE)
    with pytest.raises(BridgeError):
        await keeping.register()

    with pytest.raises(NotYet):
        await keeping.check()
    assert keeping.writes() == ["POST"]
    clock.advance(SETTLE_SECONDS)
    await keeping.check()

    assert keeping.writes() == ["POST", "POST"]
    await assert_all_is_well(keeping)


async def test_one_that_shows_late_is_deleted(keeping: Keeping, clock: FakeClock) -> None:
    """Another has taken its place by then: two would tell everything twice for ever."""
    keeping.ankorstore.faults.once(CREATE, Fault.LOSE_ANSWER_AFTER)
    with pytest.raises(BridgeError):
        await keeping.register()
    (late,) = keeping.here()
    del keeping.ankorstore.outbox.subscriptions[late.id]
    clock.advance(SETTLE_SECONDS)
    await keeping.check()
    keeping.ankorstore.outbox.subscriptions[late.id] = late

    await keeping.check()

    assert keeping.writes() == ["POST", "POST", "DELETE"]
    await assert_all_is_well(keeping)


async def test_a_refused_create_is_told_and_leaves_nothing(keeping: Keeping) -> None:
    """The next run asks again; until then people are told."""
    keeping.ankorstore.faults.once(CREATE, Fault.SERVER_ERROR_BEFORE, status=403)
    with pytest.raises(Rejected):
        await keeping.register()
    assert await alerts(keeping.store) == [("webhook-subscription-lost", 2)]

    await keeping.check()

    await assert_all_is_well(keeping)
    assert await alerts(keeping.store) == []


def _gone(keeping: Keeping) -> None:
    (there,) = keeping.here()
    del keeping.ankorstore.outbox.subscriptions[there.id]


def _led_away(keeping: Keeping) -> None:
    keeping.here()[0].url = "https://old-connector.example/hook"


def _told_less(keeping: Keeping) -> None:
    keeping.here()[0].events = ("order.shipped",)


LOSSES: dict[str, tuple[Callable[[Keeping], None], list[str]]] = {
    "gone": (_gone, ["POST"]),
    "led elsewhere": (_led_away, ["PATCH"]),
    "events taken away": (_told_less, ["PATCH"]),
}


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
async def test_a_loss_is_repaired_told_and_made_up_for(
    keeping: Keeping, clock: FakeClock, loss: tuple[Callable[[Keeping], None], list[str]]
) -> None:
    """It is made again, the lists are compared at once, and people are told for an hour."""
    lose, writes = loss
    await keeping.register()
    async with keeping.store.write() as connection:
        await connection.execute(text("UPDATE schedules SET next_run_at = '2099-01-01 00:00:00'"))
    lose(keeping)

    told = await keeping.check()

    assert told.endswith("; repaired")
    assert keeping.writes() == ["POST", *writes]
    await assert_all_is_well(keeping)
    assert await is_reconcile_due(keeping)
    seen = await load_webhook_watch(keeping.store)
    assert (seen.loss_count, seen.lost_at) == (1, keeping.store.now() - _announced(writes))
    assert await alerts(keeping.store) == [("webhook-subscription-lost", 1)]
    clock.advance(3601)
    await keeping.check()
    assert await alerts(keeping.store) == []


def _announced(writes: list[str]) -> timedelta:
    return timedelta(seconds=2.0 if writes == ["POST"] else 0)


async def test_a_loss_that_cannot_be_repaired_stays_told(keeping: Keeping) -> None:
    """As long as nothing tells us of orders, and it counts once."""
    await keeping.register()
    _gone(keeping)
    keeping.ankorstore.faults.once(CREATE, Fault.SERVER_ERROR_BEFORE, status=403, times=2)
    for _ in range(2):
        with pytest.raises(Rejected):
            await keeping.check()
        assert await alerts(keeping.store) == [("webhook-subscription-lost", 2)]
    seen = await load_webhook_watch(keeping.store)
    assert (seen.is_up, seen.loss_count) == (False, 1)

    await keeping.check()
    await assert_all_is_well(keeping)


async def test_a_change_that_is_refused_is_a_replacement(
    keeping: Keeping, clock: FakeClock
) -> None:
    """A new one takes the place of the one that cannot be set right."""
    await keeping.register()
    _told_less(keeping)
    keeping.ankorstore.faults.once(CHANGE, Fault.SERVER_ERROR_BEFORE, status=422)

    await keeping.check()
    assert len(keeping.here()) == 2
    clock.advance(31)
    await keeping.check()

    assert keeping.writes() == ["POST", "PATCH", "POST", "DELETE"]
    await assert_all_is_well(keeping)


async def test_a_list_without_details_is_no_loss(keeping: Keeping) -> None:
    """Of what is listed by its id alone nobody can say that it changed."""
    await keeping.register()
    (there,) = keeping.here()

    async def look(keeper: Keeper) -> str:
        application = await keeper.read_application()
        bare = [type(one)(one.subscription_id, None, (), None) for one in application.subscriptions]
        known = type(application)(
            application.application_id, None, application.client_id, tuple(bare)
        )

        async def listed() -> Any:
            return (known,)

        keeper._subscriptions.list_applications = listed  # type: ignore[method-assign]
        return await keeper.check()

    await keeping.run(look)

    assert keeping.writes() == ["POST"]
    assert keeping.here() == [there]


async def test_a_new_public_address_is_followed(keeping: Keeping) -> None:
    """That is no loss: the brand moved."""
    await keeping.register()
    keeping.settings["public_url"] = "https://moved.example/bridge"

    await keeping.check()

    (row,) = await keeping.rows("active")
    assert row.url == "https://moved.example/bridge/webhooks/ankorstore"
    there = keeping.ankorstore.outbox.subscriptions[str(row.subscription_id)]
    assert there.url == row.url
    assert (await load_webhook_watch(keeping.store)).loss_count == 0


async def test_a_secret_changed_at_ankorstore_is_taken_over(keeping: Keeping) -> None:
    """A person pressed the button there."""
    await keeping.register()
    keeping.here()[0].secret = "pressed-the-button"

    await keeping.check()

    await assert_all_is_well(keeping)
    assert keeping.writes() == ["POST"]


async def test_the_key_itself_is_changed(keeping: Keeping) -> None:
    """The new one in front of the old; after the next look the old one may go."""
    await keeping.register()
    secret = keeping.here()[0].secret
    keeping.settings["encryption_key"] = f"{SECOND_KEY},{KEY}"
    await keeping.check()
    keeping.settings["encryption_key"] = SECOND_KEY

    await keeping.check()

    (row,) = await keeping.rows()
    assert (keeping.secret_of(row, SECOND_KEY), keeping.secret_of(row)) == (secret, None)
    assert keeping.writes() == ["POST"]


@pytest.mark.parametrize("is_listed", [True, False])
async def test_the_key_is_lost(keeping: Keeping, clock: FakeClock, is_listed: bool) -> None:
    """The secret is read again, or the subscription replaced whose secret nobody knows."""
    await keeping.register()
    keeping.ankorstore.habits.lists_signing_secrets = is_listed
    keeping.settings["encryption_key"] = SECOND_KEY

    await keeping.check()
    clock.advance(31)
    await keeping.check()

    assert keeping.writes() == (["POST"] if is_listed else ["POST", "POST", "DELETE"])
    (row,) = await keeping.rows("active")
    assert keeping.secret_of(row, SECOND_KEY) == keeping.here()[0].secret


async def test_where_nobody_let_it_the_service_only_tells(keeping: Keeping) -> None:
    """What a person subscribed by hand is looked at, and told of when it goes."""
    by_hand = Held("by-hand", URL, (), "of-a-person")
    keeping.ankorstore.outbox.subscriptions[by_hand.id] = by_hand
    assert await keeping.check() == "a webhook subscription leads here"
    assert await alerts(keeping.store) == []

    by_hand.events = ("order.brand_created", "order.shipped")
    assert "tells nothing of order.brand_accepted, order.cancelled" in await keeping.check()
    del keeping.ankorstore.outbox.subscriptions["by-hand"]
    assert await keeping.check() == f"no webhook subscription leads to {URL}"

    assert await alerts(keeping.store) == [("webhook-subscription-lost", 2)]
    assert (await load_webhook_watch(keeping.store)).loss_count == 1
    assert keeping.writes() == []
    assert not await is_reconcile_due(keeping)
    keeping.ankorstore.outbox.subscriptions["by-hand"] = Held("by-hand", URL, (), "x")
    await keeping.check()
    assert await is_reconcile_due(keeping)


async def test_rotation_overlaps_and_deletes(keeping: Keeping, clock: FakeClock) -> None:
    """Both tell for a while, then the old one goes; its secret counts for a day more."""
    await keeping.register()
    (old,) = keeping.here()
    began = clock.monotonic()

    await keeping.rotate(overlap_seconds=7)

    await assert_all_is_well(keeping)
    assert clock.monotonic() - began == 2 + 7
    assert keeping.writes() == ["POST", "POST", "DELETE"]
    (ended,) = await keeping.rows("ended")
    assert keeping.secret_of(ended) == old.secret
    assert len((await load_secrets(keeping.store, creating_seconds=120)).sealed) == 2
    clock.advance(OLD_SECRET_SECONDS + 1)
    assert len((await load_secrets(keeping.store, creating_seconds=120)).sealed) == 1
    await keeping.check()
    (ended,) = await keeping.rows("ended")
    assert ended.secret_encrypted is None


async def test_a_secret_that_leaked_counts_no_more(keeping: Keeping) -> None:
    """Whoever has it can tell us nothing any more."""
    await keeping.register()

    await keeping.rotate(keeps_old_secret=False)

    (ended,) = await keeping.rows("ended")
    assert ended.secret_encrypted is None
    await assert_all_is_well(keeping)


async def test_nothing_to_rotate(keeping: Keeping) -> None:
    """A subscription made by hand is not ours to replace."""
    with pytest.raises(NotManaged):
        await keeping.rotate()
    assert keeping.writes() == []


async def test_delete_takes_ours_and_no_others(keeping: Keeping) -> None:
    """Nothing makes it again afterwards, and what is under way is still taken."""
    await keeping.register()
    await keeping.rotate()

    assert await keeping.run(lambda keeper: keeper.delete(by="ann")) == 1
    told = await keeping.check()

    assert told == f"no webhook subscription leads to {URL}; ann deleted ours"
    assert keeping.here() == []
    assert keeping.ankorstore.outbox.subscriptions["brands-own"] is keeping.brands
    assert {row.state for row in await keeping.rows()} == {"ended"}
    assert keeping.writes() == ["POST", "POST", "DELETE", "DELETE"]


@pytest.mark.parametrize("comes_back", ["by command", "by hand"])
async def test_what_was_deleted_on_purpose_is_not_missed(keeping: Keeping, comes_back: str) -> None:
    """Nobody is woken for it, until one leads here again: then it is missed when it goes."""
    await keeping.register()
    del keeping.ankorstore.outbox.subscriptions[keeping.here()[0].id]
    await keeping.check()
    assert await alerts(keeping.store) == [("webhook-subscription-lost", 1)]

    async with keeping.store.write() as connection:
        await connection.execute(text("UPDATE schedules SET next_run_at = '2099-01-01 00:00:00'"))
    await keeping.run(lambda keeper: keeper.delete(by="ann"))
    await keeping.check()
    await keeping.check()
    seen = await load_webhook_watch(keeping.store)
    assert (seen.is_managed, seen.is_up, seen.let_go_by) == (False, None, "ann")
    assert (seen.loss_count, await alerts(keeping.store)) == (1, [])

    if comes_back == "by command":
        await keeping.register()
    else:
        keeping.ankorstore.outbox.subscriptions["by-hand"] = Held("by-hand", URL, (), "x")
        await keeping.check()
    seen = await load_webhook_watch(keeping.store)
    assert (seen.is_up, seen.let_go_at, seen.let_go_by) == (True, None, None)
    assert await is_reconcile_due(keeping)
    del keeping.ankorstore.outbox.subscriptions[keeping.here()[0].id]
    keeping.ankorstore.faults.once(CREATE, Fault.SERVER_ERROR_BEFORE, status=403, times=2)
    with suppress(BridgeError):
        await keeping.check()
    assert await alerts(keeping.store) == [("webhook-subscription-lost", 2)]


async def _register(keeper: Keeper) -> None:
    await keeper.register(by="ann")


async def _rotate(keeper: Keeper) -> None:
    await keeper.rotate(by="ann", overlap_seconds=1, keeps_old_secret=True)


async def _check(keeper: Keeper) -> None:
    await keeper.check()


WORKS: dict[str, tuple[Callable[[Keeper], Awaitable[None]], bool, bool]] = {
    "register": (_register, False, False),
    "rotate": (_rotate, True, False),
    "repair": (_check, True, True),
}


@pytest.fixture
async def fused(store: Store, database_url: str, clock: FakeClock) -> AsyncIterator[FusedStore]:
    """Return the same database as a process has it that is about to end."""
    made = FusedStore(database_url, clock)
    yield made
    await made.close()


CRASHES = [
    pytest.param(database, work, shows, id=f"{database}-{name}-{'' if shows else 'not '}listed")
    for database in DATABASES
    for name, work in WORKS.items()
    for shows in (True, False)
    if database == "sqlite" or (name == "rotate" and not shows)  # the longest on a server too
]


@pytest.mark.parametrize(
    ("database_url", "work", "shows_secrets"), CRASHES, indirect=["database_url"]
)
async def test_a_crash_at_any_point_is_healed(
    keeping: Keeping,
    clock: FakeClock,
    fused: FusedStore,
    work: tuple[Callable[[Keeper], Awaitable[None]], bool, bool],
    shows_secrets: bool,
) -> None:
    """Whatever was done when the process ended, the next runs end with one, known and alone."""
    do, has_one, is_lost = work
    keeping.ankorstore.habits.lists_signing_secrets = shows_secrets
    keeping.ankorstore.habits.tokens_per_hour = None
    async with keeping.keeper() as healthy:
        crashes = await _crash_everywhere(keeping, clock, fused, healthy, do, has_one, is_lost)
    assert crashes >= 8, "points are counted"


async def _crash_everywhere(
    keeping: Keeping,
    clock: FakeClock,
    fused: FusedStore,
    healthy: Keeper,
    do: Callable[[Keeper], Awaitable[None]],
    has_one: bool,
    is_lost: bool,
) -> int:
    """Return at how many points the process ended before it came to its end."""
    crashes = 0
    for at in range(100):
        if has_one:
            await healthy.register(by="ann")
        if is_lost:
            _gone(keeping)
        keeper, companies, fuse = fused_keeper(keeping, fused, at)
        try:
            await do(keeper)
        except Crash:
            crashes += 1
        finally:
            await companies.close()
        for _ in range(2):
            clock.advance(31)
            await healthy.check()
        if (await load_webhook_watch(keeping.store)).is_managed:
            await assert_all_is_well(keeping)
        else:
            assert keeping.here() == []  # nothing was done yet
        if not fuse.is_blown:
            return crashes
        await healthy.delete(by="ann")
        async with keeping.store.write() as connection:
            await connection.execute(text("DELETE FROM webhook_subscriptions"))
            await connection.execute(text("DELETE FROM webhook_watch"))
    raise AssertionError("it never comes to its end")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (THE_BRANDS, "https://shop.example/other-connector"),
        ("https://user:pw@a.example:8443/x#y", "https://a.example:8443/x"),
        (None, "no address"),
        ("https://[", "an address that cannot be read"),
    ],
)
def test_an_address_is_shown_without_what_may_be_secret(url: str | None, shown: str) -> None:
    """Others' addresses may hold a token."""
    assert shown_url(url) == shown
