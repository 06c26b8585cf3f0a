"""Corrections of one order over the operators' API, and the preview of what will be sent."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from app.main import create_app
from app.simulator import Address, OrderedLine, SimulatedActiveAnts, SimulatedAnkorstore
from app.store.facts import save_settings_snapshot
from app.store.session import Store
from app.wiring import ACTIVE_ANTS, Transports
from tests.fake_clock import FakeClock
from tests.integration.web import OPERATOR, running, web_settings
from tests.order_samples import SETTINGS
from tests.store_rows import add_order, attempts_of, order_row

BERLIN = Address("Ina Smit", "Laden Smit", "Neue Straße", "10115", "Berlin", "DE")


@pytest.fixture
def ankorstore(clock: FakeClock) -> SimulatedAnkorstore:
    """Return the marketplace the preview reads."""
    company = SimulatedAnkorstore(clock=clock)
    company.base_url = "http://127.0.0.1:1"
    return company


@pytest.fixture
async def client(
    database_url: str, clock: FakeClock, ankorstore: SimulatedAnkorstore
) -> AsyncIterator[httpx.AsyncClient]:
    """Return an operator's client of a web part that reaches the marketplace."""
    ants = SimulatedActiveAnts(clock=clock)
    settings = web_settings(
        database_url,
        ankorstore_client_id=ankorstore.client_id,
        ankorstore_client_secret=ankorstore.client_secret,
        pack_mode="unit",
    )
    transports = Transports(ankorstore.transport(), ants.transport())
    app = create_app(settings, with_worker=False, clock=clock, transports=transports)
    async with running(app) as made:
        made.headers.update(OPERATOR)
        yield made
    assert ants.calls == []


async def hold(store: Store, ankorstore: SimulatedAnkorstore, **columns: Any) -> int:
    order = ankorstore.place_order([OrderedLine("TOTE-NAT")], BERLIN)
    await save_settings_snapshot(store, ACTIVE_ANTS, SETTINGS)
    values = {"marketplace_order_id": order.id, "marketplace_reference": "R1", **columns}
    return await add_order(store, **values)


async def test_corrected_then_seen_then_released(
    client: httpx.AsyncClient, store: Store, ankorstore: SimulatedAnkorstore
) -> None:
    """A correction holds the order; the preview shows its payload; release lets it go."""
    order_id = await hold(store, ankorstore)
    before = (await client.get("/api/orders/R1/preview")).json()
    assert (before["payload"], before["changed_by_corrections"]) == (None, None)
    assert [one["reason"] for one in before["findings"]] == ["house_number_missing"]
    (line,) = before["lines"]
    assert (line["sku"], line["pack_quantity"], line["unit_quantity"]) == ("TOTE-NAT", 1, 1)

    wanted = {
        "house_number": 7,
        "extra_address": "2. Hof",
        "skus": {"TOTE-NAT": {"warehouse_sku": "WH-9", "pack_mode": "factor:1"}},
        "by": "ina",
        "reason": "called them",
    }
    answer = await client.post("/api/orders/R1/corrections", json=wanted)
    assert (answer.status_code, answer.json()["attention_reason"]) == (
        200,
        "corrected_not_released",
    )
    (attempt,) = await attempts_of(store, order_id)
    assert attempt.message == (
        "address corrected; SKU TOTE-NAT corrected: is WH-9 at the warehouse, "
        "pack mode factor:1 by ina: called them"
    )
    assert "Hof" not in attempt.message

    shown = (await client.get("/api/orders/R1/preview")).json()
    assert shown["payload"]["deliveryAddressExtraAddress"] == "2. Hof"
    assert shown["payload"]["orderItems"][0]["sku"] == "WH-9"
    assert shown["findings"] == []
    released = await client.post("/api/orders/R1/corrections", json={**wanted, "release": True})
    assert released.json()["attention_reason"] is None
    assert (await order_row(store, order_id)).corrections["street"]["house_number"] == 7
    assert "orders/" not in str([call.path for call in ankorstore.calls if call.method != "GET"])


WRONG_BODIES: tuple[tuple[dict[str, Any], str], ...] = (
    ({}, "say what to correct"),
    ({"house_number": 0}, "greater than"),
    ({"house_number": "x"}, "valid integer"),
    ({"street": " , "}, "street: is empty"),
    ({"addition": "x" * 11}, "extra address"),
    ({"extra_address": "a\nb"}, "extra_address: must be one line"),
    ({"phone": "x"}, "6 to 15 digits"),
    ({"skus": {"A": {}}}, "each must give"),
    ({"skus": {" ": {"pack_mode": "unit"}}}, "is empty"),
    ({"skus": {"A": {"pack_mode": "box"}}}, "factor:6"),
    ({"city": "Berlin"}, "Extra inputs"),
)


@pytest.mark.parametrize(("body", "told"), WRONG_BODIES)
async def test_wrong_corrections_are_refused(
    client: httpx.AsyncClient,
    store: Store,
    ankorstore: SimulatedAnkorstore,
    body: dict[str, Any],
    told: str,
) -> None:
    """What cannot be right is refused with what would be, and holds no order."""
    order_id = await hold(store, ankorstore)

    answer = await client.post("/api/orders/R1/corrections", json={"reason": "x", **body})

    assert (answer.status_code, told in answer.text) == (422, True), answer.text
    row = await order_row(store, order_id)
    assert (row.corrections, row.attention_reason) == (None, None)


async def test_impossible_corrections_are_refused(
    client: httpx.AsyncClient, store: Store, ankorstore: SimulatedAnkorstore
) -> None:
    """An order that is closed, or at the warehouse, answers 409 and says why."""
    await hold(store, ankorstore, state="placed")

    answer = await client.post(
        "/api/orders/R1/corrections", json={"reason": "x", "phone": "+49301234567"}
    )

    assert (answer.status_code, "Maya" in answer.json()["detail"]) == (409, True)


async def test_preview_that_cannot_be_made(
    client: httpx.AsyncClient, store: Store, ankorstore: SimulatedAnkorstore
) -> None:
    """Without the warehouse's settings nothing is shown, and why is told; unknown is 404."""
    order = ankorstore.place_order([OrderedLine("TOTE-NAT")], BERLIN)
    await add_order(store, marketplace_order_id=order.id, marketplace_reference="R1")

    answer = await client.get("/api/orders/R1/preview")
    assert (answer.status_code, "Active Ants" in answer.json()["detail"]) == (503, True)
    assert (await client.get("/api/orders/R9/preview")).status_code == 404


async def test_postpone(
    client: httpx.AsyncClient, store: Store, ankorstore: SimulatedAnkorstore, clock: FakeClock
) -> None:
    """A later day is noted as owed; one that makes no sense is refused; late orders are listed."""
    order_id = await hold(store, ankorstore, ship_by_at=clock.now())
    for deadline, count in (("late", 1), ("at_risk", 0)):
        listed = await client.get("/api/orders", params={"deadline": deadline})
        assert len(listed.json()["orders"]) == count
    assert (await client.get("/api/orders?deadline=soon")).status_code == 422
    path = "/api/orders/R1/postpone"

    answer = await client.post(path, json={"date": "2026-03-20", "by": "ina", "reason": "truck"})

    assert (answer.status_code, "2026-03-20" in answer.json()["message"]) == (200, True)
    assert (await order_row(store, order_id)).postpone_to == "2026-03-20"
    (attempt,) = await attempts_of(store, order_id)
    assert attempt.message == "postponed to 2026-03-20 by ina: truck"
    assert (await client.post(path, json={"date": "2026-02-01", "reason": "x"})).status_code == 409
    for body in ({}, {"date": "soon"}, {"date": "2026-03-21", "day": 1}):
        assert (await client.post(path, json={"reason": "x", **body})).status_code == 422


async def test_without_the_token_nobody_gets_in(client: httpx.AsyncClient) -> None:
    """Neither call answers anything but 401 without the token."""
    del client.headers["Authorization"]
    assert (await client.get("/api/orders/R1/preview")).status_code == 401
    assert (await client.post("/api/orders/R1/corrections", json={})).status_code == 401
