"""Lists of the simulated marketplace, page by page."""

import pytest

from app.simulator import SimulatedAnkorstore

from .conftest import Caller


async def walk(caller: Caller, **query: object) -> list[str]:
    """Follow the links and return the ids in order."""
    ids: list[str] = []
    answer = await caller.get("/api/v1/orders", **query)
    while True:
        document = answer.json()
        ids += [one["id"] for one in document["data"]]
        following = document["links"].get("next")
        if not following:
            return ids
        assert following.startswith(caller.company.base_url)
        answer = await caller.http.get(following)


@pytest.mark.parametrize("newest_first", [True, False])
async def test_links_lead_through_every_order_once(
    ankorstore: SimulatedAnkorstore, caller: Caller, newest_first: bool
) -> None:
    """Following next gives each order once, filters kept, in the habitual direction."""
    ankorstore.habits.newest_first = newest_first
    placed = [ankorstore.place_order().id for _ in range(7)]
    ankorstore.place_order(status="brand_confirmed")

    query = {"page[limit]": 3, "filter[status]": "ankor_confirmed"}
    walked = await walk(caller, **query)

    assert walked == (placed[::-1] if newest_first else placed)


async def test_cursor_outlives_a_change_of_status(
    ankorstore: SimulatedAnkorstore, caller: Caller
) -> None:
    """When the order a cursor names leaves the list, the next page goes on behind it."""
    placed = [ankorstore.place_order().id for _ in range(4)]
    query = {"page[limit]": 2, "filter[status]": "ankor_confirmed"}
    first = (await caller.get("/api/v1/orders", **query)).json()
    assert first["meta"]["page"] == {
        "from": placed[3],
        "to": placed[2],
        "hasMore": True,
        "perPage": 2,
    }
    ankorstore.accept_by_person(placed[2])

    second = (await caller.http.get(first["links"]["next"])).json()

    assert [one["id"] for one in second["data"]] == [placed[1], placed[0]]
    back = (await caller.http.get(second["links"]["prev"])).json()
    assert [one["id"] for one in back["data"]] == [placed[3]]


async def test_lists_have_no_shipping_overview(
    ankorstore: SimulatedAnkorstore, caller: Caller
) -> None:
    """The overview is in single reads only."""
    order = ankorstore.place_order()
    listed = (await caller.get("/api/v1/orders")).json()["data"][0]
    single = (await caller.get(f"/api/v1/orders/{order.id}")).json()["data"]
    assert "shippingOverview" not in listed["attributes"]
    assert "shippingOverview" in single["attributes"]


async def test_page_size_is_capped(ankorstore: SimulatedAnkorstore, caller: Caller) -> None:
    """Fifteen by default, at most fifty; beyond that lowered, or refused where it is the habit."""
    for _ in range(60):
        ankorstore.place_order(emit=False)
    for limit, shown in ((None, 15), (50, 50), (500, 50)):
        query = {} if limit is None else {"page[limit]": limit}
        assert len((await caller.get("/api/v1/orders", **query)).json()["data"]) == shown

    ankorstore.habits.refuses_large_pages = True
    assert (await caller.get("/api/v1/orders", **{"page[limit]": 51})).status_code == 400


async def test_filters_and_includes(ankorstore: SimulatedAnkorstore, caller: Caller) -> None:
    """Filters are joined by and; includes bring each resource once; unknown ones are refused."""
    first = ankorstore.place_order()
    again = ankorstore.place_order(retailer=first.retailer, status="brand_confirmed")
    ankorstore.place_order()

    query = {"filter[retailer]": first.retailer.id, "include": "retailer"}
    listed = (await caller.get("/api/v1/orders", **query)).json()
    both = query | {"filter[status]": "brand_confirmed"}

    assert {one["id"] for one in listed["data"]} == {first.id, again.id}
    assert [one["id"] for one in listed["included"]] == [first.retailer.id]
    assert [one["id"] for one in (await caller.get("/api/v1/orders", **both)).json()["data"]] == [
        again.id
    ]
    assert (await caller.get("/api/v1/orders", include="everything")).status_code == 400


async def test_type_names_follow_the_habit(ankorstore: SimulatedAnkorstore, caller: Caller) -> None:
    """An order is written throughout in the plural or in the singular; mixed gives both."""
    orders = [ankorstore.place_order() for _ in range(40)]
    spellings = set()
    for order in orders:
        answer = await caller.get(f"/api/v1/orders/{order.id}", include="retailer")
        document = answer.json()
        spellings.add((document["data"]["type"], document["included"][0]["type"]))
    assert spellings == {("orders", "retailers"), ("order", "retailer")}
