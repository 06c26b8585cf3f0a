"""No decision about an order is written down without a reason; only a retry needs none."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from app.store.session import Store
from tests.fake_clock import FakeClock
from tests.integration.test_cli import Run, filled, run  # noqa: F401 - fixtures
from tests.integration.test_settling_commands import Filled
from tests.integration.web import OPERATOR, running_web
from tests.store_rows import add_order, attempts_of, order_row

COMMANDS = (
    "orders accept R1",
    "orders accept R1 --partial",
    "orders reject R1 --type OTHER",
    "orders hold R1",
    "orders release R1",
    "orders take R1",
    "orders settle R1 kept",
    "orders resend R1",
    "orders close R1 --outcome cancelled",
    "orders confirm-partial R1",
    "orders parcels R1 --as-reckoned",
    "orders reset-label R1",
    "orders correct R1 --house-number 7",
    "orders postpone R1 --date 2030-01-01",
    "returns open R1",
    "returns close R1",
)
BODIES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("accept", {}),
    ("reject", {"reject_type": "OTHER"}),
    ("hold", {}),
    ("release", {}),
    ("take", {}),
    ("settle", {"answer": "kept"}),
    ("resend", {}),
    ("close", {"outcome": "cancelled"}),
    ("confirm-partial", {}),
    ("parcels", {}),
    ("reset-label", {}),
    ("corrections", {"house_number": 7}),
    ("postpone", {"date": "2030-01-01"}),
    ("return", {}),
    ("return-close", {}),
)


async def asking(store: Store) -> int:
    """Add an order that asks a person."""
    return await add_order(
        store,
        marketplace_reference="R1",
        attention_reason="stock_short",
        attention_since=store.now(),
    )


def test_no_command_decides_without_a_reason(run: Run, filled: Filled) -> None:  # noqa: F811
    """Exit status 2, the option named, nothing written; blanks are no reason."""
    order_id = filled(asking)
    before = filled(lambda store: order_row(store, order_id))
    for command in COMMANDS:
        for said in ((), ("--reason", " \t ")):
            status, out, err = run(*command.split(), *said)
            assert (status, out, "--reason" in err) == (2, "", True), (command, err)
    assert "write it in words" in err
    assert filled(lambda store: order_row(store, order_id)) == before
    assert filled(lambda store: attempts_of(store, order_id)) == []

    assert run("orders", "retry", "R1")[0] == 0


@pytest.fixture
async def client(database_url: str, clock: FakeClock) -> AsyncIterator[httpx.AsyncClient]:
    """Return an operator's client of the running web part."""
    async with running_web(database_url, clock) as made:
        made.headers.update(OPERATOR)
        yield made


async def test_no_call_decides_without_a_reason(client: httpx.AsyncClient, store: Store) -> None:
    """422, the field and what belongs there; also where no body is sent at all."""
    order_id = await asking(store)
    before = await order_row(store, order_id)
    for path, body in BODIES:
        for said in (None, body, {**body, "reason": " "}, {**body, "reason": None}):
            answer = await client.post(f"/api/orders/R1/{path}", json=said)
            assert answer.status_code == 422, (path, said)
            places = [one["loc"] for one in answer.json()["detail"]]
            assert ["body", "reason"] in places, (path, said, places)
        unsaid = await client.post(f"/api/orders/R1/{path}", json=body)
        assert unsaid.json()["detail"][0]["msg"] == ("is missing: Why, in words; it is kept.")
    assert await order_row(store, order_id) == before
    assert await attempts_of(store, order_id) == []

    assert (await client.post("/api/orders/R1/retry")).status_code == 200


async def test_nobody_decides_under_a_name_that_says_nothing(
    client: httpx.AsyncClient, store: Store
) -> None:
    """A name of blanks, or of what cannot be printed, is refused, also where no reason is asked."""
    order_id = await asking(store)
    before = await order_row(store, order_id)
    for path, body in (*BODIES, ("retry", {}), ("return-label", {})):
        for by in (" ", "\x00\u200b"):
            said = {**body, "reason": "asked", "by": by}
            answer = await client.post(f"/api/orders/R1/{path}", json=said)
            assert answer.status_code == 422, (path, by)
            assert [one["loc"] for one in answer.json()["detail"]] == [["body", "by"]], path
    assert await order_row(store, order_id) == before
    assert await attempts_of(store, order_id) == []
