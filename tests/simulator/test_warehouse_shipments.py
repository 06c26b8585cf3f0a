"""Shipments and stock at the simulated warehouse."""

from app.simulator import SimulatedActiveAnts

from .conftest import HandClock, Shop


async def test_order_ships_by_itself(
    active_ants: SimulatedActiveAnts, shop: Shop, clock: HandClock
) -> None:
    """A while after it was placed an order stands in the feed, until it is acknowledged."""
    await shop.add("3434273911")
    clock.move(59)
    assert await shop.feed() == []
    clock.move(1)
    (row,) = await shop.feed()

    assert row["externalOrderNumber"] == "3434273911"
    assert (row["extra1"], row["orderType"], row["totalNumberOfProducts"]) == ("order-1", 3002, 12)
    assert row["numberOfColli"] == len(row["shippedColli"])
    assert row["shippingDate"] == "2026-03-02T10:01:00"  # Amsterdam, no zone
    assert await shop.feed() == [row]
    assert (await shop.acknowledge(row["id"]))["result"] is None
    assert await shop.feed() == []
    assert active_ants.acknowledged == {row["id"]}


async def test_preferred_date_delays_the_shipment(
    active_ants: SimulatedActiveAnts, shop: Shop, clock: HandClock
) -> None:
    """An order is not shipped before the date it asks for."""
    await shop.add("3434273911", preferredShippingDate="2026-03-02T18:00:00")
    clock.move(7 * 3600)
    assert await shop.feed() == []
    clock.move(3600)  # 18:00 in Amsterdam
    assert len(await shop.feed()) == 1


async def test_several_shipments_of_one_order(
    active_ants: SimulatedActiveAnts, shop: Shop, clock: HandClock
) -> None:
    """By hand an order ships in parts; what is left goes by itself later."""
    items = [{"sku": "MUG-01", "quantity": 12}, {"sku": "BOWL-01", "quantity": 4}]
    await shop.add("3434273911", orderItems=items)
    first = active_ants.ship("3434273911", parcels=2, lines={"MUG-01": 5}, tracking=["P1", "P2"])
    clock.move(60)
    rows = await shop.feed()

    assert [parcel["packageNumber"] for parcel in rows[0]["shippedColli"]] == ["P1", "P2"]
    assert [(one["sku"], one["quantity"]) for one in rows[0]["shippedProducts"]] == [("MUG-01", 5)]
    assert [(one["sku"], one["quantity"]) for one in rows[1]["shippedProducts"]] == [
        ("MUG-01", 7),
        ("BOWL-01", 4),
    ]
    assert rows[0]["id"] == first.id
    assert active_ants.orders[first.order_number].is_complete


async def test_feed_shows_a_hundred_of_the_oldest_rows(
    active_ants: SimulatedActiveAnts, shop: Shop
) -> None:
    """Rows of other shops fill the window; ours appears once enough of them are acknowledged."""
    active_ants.add_foreign_shipments(100, order_type=3002)
    active_ants.add_foreign_shipments(5, order_type="WEBSHOP")
    await shop.add("3434273911")
    active_ants.ship("3434273911")

    window = await shop.feed()
    assert len(window) == 100
    assert all(row["externalOrderNumber"].startswith("WEB-") for row in window)
    await shop.acknowledge(window[0]["id"])
    assert (await shop.feed())[-1]["externalOrderNumber"] == "3434273911"
    assert len(await shop.feed(3001)) == 5
    everything = (await shop.http.get("/v2/shipment/get")).json()["result"]
    assert len(everything) == 100


async def test_foreign_shipment_can_bear_our_number(
    active_ants: SimulatedActiveAnts, shop: Shop
) -> None:
    """Another shop's row may collide with our number, with or without an extra1."""
    for extra1 in (None, "somebody else"):
        active_ants.add_foreign_shipments(1, external_order_number="3434273911", extra1=extra1)
    rows = await shop.feed()
    assert [(one["externalOrderNumber"], one["extra1"]) for one in rows] == [
        ("3434273911", None),
        ("3434273911", "somebody else"),
    ]


async def test_acknowledgement_wants_at_most_a_hundred_ids(
    active_ants: SimulatedActiveAnts, shop: Shop
) -> None:
    """Too many ids or no list are refused and change nothing; the names' case does not matter."""
    rows = active_ants.add_foreign_shipments(101)
    ids = [one.id for one in rows]
    assert (await shop.acknowledge(*ids))["messageCode"] == "NOK"
    for body in ({}, {"ids": "17"}):
        response = await shop.http.post("/v2/shipment/sync", json=body)
        assert response.json()["messageCode"] == "NOK"
    assert active_ants.acknowledged == set()
    response = await shop.http.post("/v2/shipment/sync", json={"Ids": [ids[0], 1]})
    assert response.json()["messageCode"] == "OK"
    assert active_ants.acknowledged == {ids[0]}


async def test_shipment_search_never_touches_the_flag(
    active_ants: SimulatedActiveAnts, shop: Shop
) -> None:
    """Search finds acknowledged rows too, in a form of its own, by either path."""
    await shop.add("3434273911")
    shipment = active_ants.ship("3434273911", tracking=["P1"])
    await shop.acknowledge(shipment.id)

    for path in ("/v2/shipment/search", "/shipment/search"):
        body = {"externalOrderNumber": "3434273911"}
        (row,) = (await shop.http.post(path, json=body)).json()["result"]
        assert (row["id"], row["packageNumber"]) == (shipment.id, "P1")
        assert row["shipmentItems"][0]["quantity"] == 12
        assert row["warehouseAbbreviation"] == "NR"
        assert "orderNumber" not in row
        assert "extra1" not in row
    assert active_ants.shipments[shipment.id].is_acknowledged


async def test_carriers_vary(active_ants: SimulatedActiveAnts, shop: Shop) -> None:
    """Some parcels come with a tracking page, some without; the chosen method is kept."""
    active_ants.add_foreign_shipments(40)
    pages = {"trackTraceUrl" in row["shippedColli"][0] for row in await shop.feed()}
    assert pages == {True, False}

    await shop.add("3434273911", shippingMethodId=10305)
    assert active_ants.ship("3434273911").method.code == "BELBE_BP"
    await shop.add("3434273912")
    assert active_ants.ship("3434273912", shipping_method="DPD_CL").method.code == "DPD_CL"


async def test_stock_falls_with_orders_and_shipments(
    active_ants: SimulatedActiveAnts, shop: Shop
) -> None:
    """An order takes what can be sold, a shipment what lies there; selling goes below zero."""
    active_ants.set_stock("MUG-01", 10)
    await shop.add("3434273911")
    row = (await shop.http.get("/v2/stock/get/MUG-01")).json()["result"]
    assert (row["stock"], row["physicalStock"]) == (-2, 10)
    active_ants.set_stock("BOWL-01", 10)
    await shop.add("3434273912", orderItems=[{"sku": "BOWL-01", "quantity": 4}])
    active_ants.ship("3434273912")
    row = (await shop.http.get("/v2/stock/get/BOWL-01")).json()["result"]
    assert (row["stock"], row["physicalStock"]) == (6, 6)
    assert (await shop.http.get("/v2/stock/get/NONE")).json()["messageCode"] == "NOK"


async def test_short_order_waits_for_stock(
    active_ants: SimulatedActiveAnts, shop: Shop, clock: HandClock
) -> None:
    """What does not lie on the shelf is not shipped until it does."""
    active_ants.set_stock("MUG-01", 10)
    await shop.add("3434273911")
    clock.move(600)
    assert await shop.feed() == []
    active_ants.set_stock("MUG-01", 100)
    clock.move(60)
    assert len(await shop.feed()) == 1


async def test_bulk_stock_uses_up_the_flag(active_ants: SimulatedActiveAnts, shop: Shop) -> None:
    """bulk/false shows a change once and to one reader; bulk/true shows all and keeps it."""
    everything = (await shop.http.get("/v2/stock/bulk/true")).json()["result"]
    assert len(everything) == len(active_ants.products)
    first = (await shop.http.get("/stock/bulk/false")).json()["result"]
    assert len(first) == len(active_ants.products)
    await shop.add("3434273911")
    changed = (await shop.http.get("/v2/stock/bulk/false")).json()["result"]
    assert [one["sku"] for one in changed] == ["MUG-01"]
    assert (await shop.http.get("/v2/stock/bulk/false")).json()["result"] == []


async def test_product_search(active_ants: SimulatedActiveAnts, shop: Shop) -> None:
    """A product is found by SKU with GET and with POST."""
    by_get = await shop.http.get("/v2/product/search", params={"sku": "MUG-01"})
    by_post = await shop.http.post("/product/search", json={"Sku": "MUG-01"})
    assert by_get.json()["result"] == by_post.json()["result"]
    assert by_get.json()["result"]["weight"] == 0.295
    missing = await shop.http.get("/v2/product/search", params={"sku": "NONE"})
    assert missing.json()["messageCode"] == "NOK"
