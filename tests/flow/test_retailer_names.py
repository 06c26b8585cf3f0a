"""An order can be found by its retailer's names from its first reading on."""

from dataclasses import replace
from typing import Any

from app.domain.search_text import retailer_text
from app.flow.desk import DeskTimes, OrderDesk
from app.simulator import Address
from app.store.order_search import find_by_content
from app.store.queries import find_order
from app.store.session import Store
from tests.fake_clock import FakeClock
from tests.flow.world import build_world
from tests.order_samples import ORDER
from tests.store_rows import add_order, order_id_of, order_row

SHOP = Address("Ina Smit", "Café Ångström", "Damstraat 14", "1012 JS", "Amsterdam", "NL")


async def test_a_part_of_a_name_finds_the_order(store: Store, clock: FakeClock) -> None:
    """However it is spelled; to the end of the order, whatever later answers leave out."""
    async with build_world(store, clock) as world:
        order = world.ankorstore.place_order(ship_to=SHOP)
        await world.tell(order)
        await world.work()
        order_id = (await world.held(order)).order_id
        kept = (await order_row(store, order_id)).retailer_text
        assert "cafe angstrom | ina smit" in kept

        await world.pass_time(400)

        assert (await world.held(order)).outcome == "completed"
        assert (await order_row(store, order_id)).retailer_text == kept
        for text in ("angstr", "CAFE Å", "ina  smit"):
            found, _ = await find_by_content(store, text)
            assert [one.order_id for one in found] == [order_id], text
        for text in ("an", "smit ina", "ang%", "1012 JS"):
            assert await find_by_content(store, text) == ([], None), text


async def test_an_answer_that_names_fewer_takes_no_name_away(sqlite_store: Store) -> None:
    """What answers a write may leave the retailer out; only a whole reading says who they are."""
    row = await add_order(sqlite_store)
    held = await find_order(sqlite_store, order_id_of(1))
    assert held is not None
    assert held.order_id == row
    nobody: Any = None
    desk = OrderDesk(
        held,
        store=sqlite_store,
        marketplace=nobody,
        warehouse=nobody,
        facts=nobody,
        times=DeskTimes(10, 60),
    )

    desk.remember(replace(ORDER, retailer=None))
    assert "read_at" in desk.noted
    assert "retailer_text" not in desk.noted
    desk.remember(ORDER)

    assert desk.noted["retailer_text"] == retailer_text(ORDER)
