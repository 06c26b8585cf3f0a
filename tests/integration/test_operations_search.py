"""The API's list of orders finds with `q` what the console's search finds."""

from collections.abc import AsyncIterator

import httpx
import pytest

from app.store import order_search
from app.store.session import Store
from app.store.shipments import JudgedShipment, save_shipments
from tests.fake_clock import FakeClock
from tests.integration.test_operations import add_placing
from tests.integration.web import OPERATOR, running_web
from tests.shipment_samples import shipment
from tests.store_rows import add_order, order_id_of

SKU = "MUG-BLUE"


@pytest.fixture
async def client(database_url: str, clock: FakeClock) -> AsyncIterator[httpx.AsyncClient]:
    """Return an operator's client of the running web part."""
    async with running_web(database_url, clock) as made:
        made.headers.update(OPERATOR)
        yield made


async def add_sent(store: Store, number: int, *, sku: str = SKU, state: str = "closed") -> int:
    """Add an order that was placed with one line of this SKU."""
    row = await add_order(store, number, state=state, marketplace_reference=f"R{number}")
    line = {"marketplace_line_id": "l", "sku": sku, "sent_quantity": 1, "units_per_sku": 1}
    await add_placing(store, row, f"AK{number}", lines=[line])
    return row


async def pages_of(client: httpx.AsyncClient, **query: str | int) -> list[list[int]]:
    """Return which numbers stand on each page, from the first to the last."""
    numbers = {order_id_of(number): number for number in range(20)}
    pages: list[list[int]] = []
    cursor = ""
    while len(pages) < len(numbers):
        answer = await client.get("/api/orders", params={**query, "after": cursor})
        found = answer.json()
        pages.append([numbers[order["marketplace_order_id"]] for order in found["orders"]])
        if (cursor := found["next"]) is None:
            break
    return pages


async def test_a_search_finds_by_every_number(client: httpx.AsyncClient, store: Store) -> None:
    """Reference, id, the warehouse's numbers, tracking number, SKU and retailer."""
    row = await add_order(store, 1, state="placed", marketplace_reference="R1")
    await add_placing(store, row, "AK1", warehouse_order_id="881", warehouse_order_number="S44")
    await save_shipments(store, [JudgedShipment(shipment(), "matched", row)])
    await add_sent(store, 2)
    await add_order(store, 3, state="placed", retailer_text="cafe angstrom | ina smit")
    tracking = shipment().parcels[0].tracking_number or ""
    assert tracking

    for text in ("R1", order_id_of(1), "AK1", "881", "S44", tracking, f" {tracking} "):
        assert await pages_of(client, q=text) == [[1]], text
    assert await pages_of(client, q=SKU) == [[2]]
    assert await pages_of(client, q="Café Å") == [[3]]
    for text in (SKU[:-1], "MUG%", "ca", "nothing"):
        assert await pages_of(client, q=text) == [[]], text


async def test_what_is_called_so_goes_before_what_holds_it(
    client: httpx.AsyncClient, store: Store
) -> None:
    """A reference that is somebody's SKU or name, too, leads to its order alone."""
    await add_order(store, 1, state="placed", marketplace_reference=SKU)
    await add_sent(store, 2)
    await add_order(store, 3, retailer_text=SKU.lower())

    assert await pages_of(client, q=SKU) == [[1]]


async def test_a_search_keeps_to_the_other_filters(client: httpx.AsyncClient, store: Store) -> None:
    """State, attention and deadline narrow what is found in every way."""
    row = await add_sent(store, 1)
    await save_shipments(store, [JudgedShipment(shipment(), "matched", row)])
    await add_sent(store, 2, state="placed")
    waits = {"attention_reason": "stock_short", "attention_since": store.now()}
    await add_order(store, 3, verdict={"needed": {SKU: 4}}, **waits)
    await add_order(store, 4, state="placed", retailer_text="the mug shop", ship_by_at=store.now())
    await add_order(store, 5, state="closed", retailer_text="the mug shop")
    tracking = shipment().parcels[0].tracking_number or ""

    assert await pages_of(client, q=SKU) == [[3, 2, 1]]
    assert await pages_of(client, q=SKU, state="closed") == [[1]]
    assert await pages_of(client, q=SKU, state="placed") == [[2]]
    assert await pages_of(client, q=SKU, attention="any") == [[3]]
    assert await pages_of(client, q=SKU, attention="post_box") == [[]]
    assert await pages_of(client, q="mug shop", deadline="late") == [[4]]
    assert await pages_of(client, q="mug shop", state="closed") == [[5]]
    assert await pages_of(client, q=tracking, state="closed") == [[1]]
    assert await pages_of(client, q=tracking, state="placed") == [[]]
    assert await pages_of(client, q="R1", state="placed") == [[]]


async def test_a_search_goes_on_page_by_page(
    client: httpx.AsyncClient, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Newest first, never more than asked for; open ones at once where there is room for them."""
    for number in range(1, 9):
        await add_sent(store, number, sku="VASE" if number == 7 else SKU)
    await add_order(store, 9, state="closed")
    await add_order(store, 10, state="closed", marketplace_reference="R10")
    await add_order(store, 11, state="closed", marketplace_reference="R10")
    monkeypatch.setattr(order_search, "WINDOW", 5)

    assert await pages_of(client, q=SKU, limit=2) == [[8], [6, 5], [4, 3], [2, 1]]
    assert await pages_of(client, q="VASE", limit=2) == [[7], [], []]
    assert await pages_of(client, q="R10", limit=1) == [[11], [10]]

    for number in (12, 13):
        await add_order(store, number, verdict={"needed": {"BOWL": 1}})
    for number in range(14, 19):
        await add_order(store, number, state="closed")
    assert await pages_of(client, q="BOWL", limit=2) == [[13, 12], [13, 12], [], []]
    assert await pages_of(client, q="BOWL", limit=2, state="closed") == [[], [], [], []]
    await add_order(store, 19, verdict={"needed": {"BOWL": 1}})
    assert (await pages_of(client, q="BOWL", limit=2))[0] == [19, 13]


async def test_a_search_for_nothing_lists_all(client: httpx.AsyncClient, store: Store) -> None:
    """An empty `q` is none; one of blanks can be nobody's."""
    await add_order(store, 1)

    assert await pages_of(client, q="") == [[1]]
    assert await pages_of(client, q="  ") == [[]]
