"""Decisions about parcels, labels and returns, by the API and by the command line."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import insert, select

from app.domain.returns import ReturnLabel
from app.store.models import Order, WarehouseOrder
from app.store.models_returns import Return
from app.store.returns import keep_label, load_returns
from app.store.session import Store
from app.store.shipments import JudgedShipment, save_shipments
from tests.fake_clock import FakeClock
from tests.integration.test_cli import Run, filled, run  # noqa: F401 - fixtures
from tests.integration.web import OPERATOR, running_web
from tests.shipment_samples import goods
from tests.store_rows import add_order, attempts_of

PARCEL = {"length_cm": 60, "width_cm": 40, "height_cm": 40, "weight_kg": 12.5}
WHY = {"by": "Ann", "reason": "agreed"}
LABEL = ReturnLabel("application/pdf", "label.pdf", "3S1", b"%PDF label")


@pytest.fixture
async def client(database_url: str, clock: FakeClock) -> AsyncIterator[httpx.AsyncClient]:
    """Return an operator's client of the running web part."""
    async with running_web(database_url, clock) as made:
        made.headers.update(OPERATOR)
        yield made


async def add_shipped(store: Store, **columns: Any) -> int:
    """Add an order of which two of three pieces were sent."""
    order_id = await add_order(store, 1, marketplace_reference="R1", **columns)
    line = {"marketplace_line_id": "l", "sku": "MUG", "sent_quantity": 3, "units_per_sku": 1}
    async with store.write() as connection:
        await connection.execute(
            insert(WarehouseOrder).values(
                order_id=order_id,
                external_order_number="AK1",
                intent_at=store.now(),
                sent_before_at=store.now(),
                answer="created",
                payload={},
                lines=[line],
            )
        )
    sent = goods(("MUG", 2, "l"), id_="77")
    await save_shipments(store, [JudgedShipment(sent, "ours", order_id)], wakes=False)
    return order_id


async def order_row_of(store: Store, order_id: int) -> Any:
    async with store.read() as connection:
        return (await connection.execute(select(Order).where(Order.id == order_id))).one()


async def test_partial_confirm_by_api(client: httpx.AsyncClient, store: Store) -> None:
    """Who and why stand in the history; repeating it changes nothing."""
    asked = {"attention_reason": "partial_shipment_overdue", "attention_since": store.now()}
    order_id = await add_shipped(store, state="placed", **asked)
    body = {"by": "Ann", "reason": "sold out"}
    answer = await client.post("/api/orders/R1/confirm-partial", json=body)
    assert (answer.status_code, answer.json()["attention_reason"]) == (200, None)
    assert "tracking only" in answer.json()["message"]
    assert (
        "nothing changes"
        in (await client.post("/api/orders/R1/confirm-partial", json=body)).json()["message"]
    )

    (attempt,) = await attempts_of(store, order_id)
    assert attempt.message == "to be confirmed as sent, without 1 of MUG, by Ann: sold out"
    assert (await order_row_of(store, order_id)).next_attempt_at is not None


async def test_parcels_by_api(client: httpx.AsyncClient, store: Store) -> None:
    """Parcels no quote holds are refused before anything is written; good ones are shown."""
    asked = {"attention_reason": "parcel_too_heavy", "attention_since": store.now()}
    order_id = await add_shipped(store, state="dispatched", **asked)
    for parcels, status in (
        ([], 422),
        ([{**PARCEL, "weight_kg": 30.5}], 422),
        ([{**PARCEL, "length_cm": 274}], 409),
        (None, 409),
    ):
        answer = await client.post(
            "/api/orders/R1/parcels", json={"reason": "x", "parcels": parcels}
        )
        assert answer.status_code == status, parcels
    assert (await order_row_of(store, order_id)).parcels_agreed_at is None

    answer = await client.post("/api/orders/R1/parcels", json={**WHY, "parcels": [PARCEL]})
    assert (answer.status_code, answer.json()["attention_reason"]) == (200, None)
    shown = (await client.get("/api/orders/R1")).json()
    assert shown["parcels_agreed"] == [{**PARCEL, "weight_kg": "12.5"}]


async def test_reset_by_api(client: httpx.AsyncClient, store: Store) -> None:
    """Only while Ankorstore shows a label, and said with what is possible instead."""
    asked = {"attention_reason": "wrong_label_confirmed", "attention_since": store.now()}
    order_id = await add_shipped(store, state="dispatched", marketplace_status="shipped", **asked)
    answer = await client.post("/api/orders/R1/reset-label", json=WHY)
    assert answer.status_code == 409
    assert "Ankorstore's support" in answer.json()["detail"]
    assert (await client.get("/status")).json()["wrong_labels"] == 1
    metrics = (await client.get("/metrics")).text
    assert "antbridge_wrong_labels 1.0" in metrics
    async with store.write() as connection:
        await connection.execute(
            Order.__table__.update().values(marketplace_status="shipping_labels_generated")
        )
    for said in ("asked to take its label back", "nothing changes"):
        answer = await client.post("/api/orders/R1/reset-label", json=WHY)
        assert said in answer.json()["message"]
    assert len(await attempts_of(store, order_id)) == 1


async def test_returns_by_api(client: httpx.AsyncClient, store: Store) -> None:
    """Open, list, label, close: each once, each refused where it makes no sense."""
    order_id = await add_shipped(store, state="closed", outcome="completed")
    assert (await client.post("/api/orders/R1/return-label")).status_code == 409
    assert (await client.get("/api/orders/R1/return-label/file")).status_code == 409
    answer = await client.post("/api/orders/R1/return", json={**WHY, "remark": "wet"})
    assert answer.json()["message"] == "1 return(s) are announced to the warehouse now"
    assert (
        "nothing changes"
        in (await client.post("/api/orders/R1/return", json=WHY)).json()["message"]
    )
    (shown,) = (await client.get("/api/returns")).json()["returns"]
    assert (shown["order"], shown["warehouse_shipment_id"], shown["state"]) == ("R1", "77", "open")

    assert (await client.post("/api/orders/R1/return-label")).status_code == 200
    (case,) = await load_returns(store, order_id)
    assert case.label_asked_at is not None
    await keep_label(store, case, LABEL)
    label = await client.get("/api/orders/R1/return-label/file")
    assert (label.content, label.headers["content-type"]) == (
        LABEL.data,
        "application/octet-stream",
    )
    assert (await client.post("/api/orders/R1/return-close", json=WHY)).status_code == 200
    assert (await client.get("/api/orders/R1/return-label/file")).status_code == 409
    assert (await client.get("/api/returns")).json() == {"returns": []}
    assert len((await client.get("/api/returns?all=true")).json()["returns"]) == 1
    del client.headers["authorization"]
    assert (await client.get("/api/returns")).status_code == 401
    assert (await client.get("/api/orders/R1/return-label/file")).status_code == 401


async def test_refund_is_shown(client: httpx.AsyncClient, store: Store) -> None:
    """As Ankorstore wrote it."""
    await add_shipped(store, state="closed", outcome="completed", refund_text="€12.00")
    assert (await client.get("/api/orders/R1")).json()["refund_text"] == "€12.00"


def test_parcels_by_command(run: Run, filled: Any) -> None:  # noqa: F811
    """One size serves all parcels; what is wrong is named, and nothing is written."""
    order_id = filled(lambda store: add_shipped(store, state="dispatched"))
    wrong = (
        (("--kg", "4"), "--cm once"),
        (("--kg", "4", "--kg", "5", "--kg", "6", "--cm", "1x1x1", "--cm", "2x2x2"), "--cm once"),
        (("--kg", "four", "--cm", "40x30x20"), "--kg four"),
        (("--kg", "nan", "--cm", "40x30x20"), "--kg nan"),
        (("--kg", "4", "--cm", "40x30"), "--cm 40x30"),
        ((), "--as-reckoned"),
        (("--as-reckoned", "--kg", "4", "--cm", "40x30x20"), "--as-reckoned"),
    )
    for options, said in wrong:
        status, _, error = run("orders", "parcels", "R1", *options, "--reason", "x")
        assert (status, said in error) == (2, True), (options, error)
    assert run("orders", "parcels", "R1", "--reason", "x", "--kg", "31", "--cm", "40x30x20")[0] == 1
    assert filled(lambda store: order_row_of(store, order_id)).parcels_agreed_at is None

    options = ("--kg", "4.2", "--kg", "5", "--cm", "40x30x20")
    status, out, _ = run("orders", "parcels", "R1", *options, "--reason", "weighed")
    assert (status, "1 of 40x30x20 cm, 4.2 kg" in out) == (0, True)
    agreed = filled(lambda store: order_row_of(store, order_id)).parcels_agreed
    assert [(one["length_cm"], one["weight_kg"]) for one in agreed] == [(40, "4.2"), (40, "5")]
    assert run("orders", "parcels", "R1", "--as-reckoned", "--reason", "x")[0] == 0


def test_partial_and_reset_by_command(run: Run, filled: Any) -> None:  # noqa: F811
    """Each says what happens next, or why it cannot."""
    filled(lambda store: add_shipped(store, state="placed"))
    status, _, error = run("orders", "reset-label", "R1", "--reason", "x")
    assert (status, "knows of no label" in error) == (1, True)
    status, out, _ = run("orders", "confirm-partial", "R1", "--reason", "sold out")
    assert (status, "tracking only" in out) == (0, True)
    assert run("orders", "confirm-partial", "R9", "--reason", "x")[0] == 2


def test_returns_by_command(
    run: Run,  # noqa: F811
    filled: Any,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """Opened, listed, labelled into a file, closed; the refund and delivery stand in the story."""
    monkeypatch.setenv("ACTIVE_ANTS_USERNAME", "user")
    monkeypatch.setenv("ACTIVE_ANTS_PASSWORD", "secret-canary")
    monkeypatch.setenv("ACTIVE_ANTS_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setattr("app.cli_returns.configure_logs", lambda *_: None)
    order_id = filled(
        lambda store: add_shipped(store, state="closed", outcome="completed", refund_text="€12.00")
    )
    assert "€12.00" in run("why", "R1")[1]
    assert "€12.00" in run("orders", "show", "R1")[1]
    target = tmp_path / "label.pdf"
    label = ("returns", "label", "R1", "--out", str(target))
    status, _, error = run(*label)
    assert (status, "returns open" in error) == (2, True)
    assert run("returns", "open", "R1", "--remark", "wet", "--reason", "refused")[0] == 0
    assert run("returns", "list")[1].split("\t")[:3] == ["R1", "77", "open"]

    status, _, error = run(*label)  # nobody answers there
    assert (status, target.exists(), "active_ants" in error) == (1, False, True)

    async def keep(store: Store) -> None:
        (case,) = await load_returns(store, order_id)
        await keep_label(store, case, LABEL)

    filled(keep)
    status, out, _ = run(*label)
    assert (status, target.read_bytes()) == (0, LABEL.data)
    assert "application/pdf" in out
    assert run("returns", "label", "R1", "--out", str(tmp_path / "no" / "x.pdf"))[0] == 1
    assert run("returns", "close", "R1", "--reason", "kept")[0] == 0
    assert run("returns", "list")[1] == ""
    assert "closed" in run("returns", "list", "--all")[1]

    async def label_kept(store: Store) -> Any:
        async with store.read() as connection:
            return (await connection.execute(select(Return.label_data))).scalar_one()

    assert filled(label_kept) is None
