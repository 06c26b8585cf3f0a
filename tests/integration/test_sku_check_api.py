"""The check of all SKUs over the operators' API: the report of the command, bounded in time."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from unittest.mock import patch

import httpx
import pytest

import app.main as main_module
from app.domain.catalogue import Variant
from app.flow.sku_check import SkuReport, SkuSayings, check_skus
from app.main import create_app
from app.ports import Priority, call_priority
from app.simulator import Fault, SimulatedActiveAnts, SimulatedAnkorstore
from app.store.session import Store
from app.wiring import Transports
from tests.fake_clock import FakeClock
from tests.integration.web import OPERATOR, running, web_settings

PATH = "/api/skus/check"
SAYINGS = SkuSayings(entries={}, pack_mode="unit", facts_seconds=600)


@pytest.fixture
def ankorstore(clock: FakeClock) -> SimulatedAnkorstore:
    """Return the marketplace the check reads, with a pack nobody said anything of."""
    company = SimulatedAnkorstore(clock=clock)
    company.base_url = "http://127.0.0.1:1"
    company.add_variant("TOTE-NAT")
    company.add_variant("MUG-01", unit_multiplier=6)
    company.add_variant("NO-SUCH")
    return company


@pytest.fixture
async def client(
    database_url: str, clock: FakeClock, ankorstore: SimulatedAnkorstore
) -> AsyncIterator[httpx.AsyncClient]:
    """Return an operator's client of a web part that reaches both companies."""
    ants = SimulatedActiveAnts(clock=clock)
    settings = web_settings(
        database_url,
        ankorstore_client_id=ankorstore.client_id,
        ankorstore_client_secret=ankorstore.client_secret,
        active_ants_username=ants.username,
        active_ants_password=ants.password,
    )
    transports = Transports(ankorstore.transport(), ants.transport())
    async with running(
        create_app(settings, with_worker=False, clock=clock, transports=transports)
    ) as made:
        made.headers.update(OPERATOR)
        yield made


async def test_the_report_of_the_command(client: httpx.AsyncClient, store: Store) -> None:
    """Every finding with its cure; nothing is said of SKUs by it."""
    answer = await client.post(PATH)

    assert answer.status_code == 200
    report = answer.json()
    findings = report.pop("findings")
    assert report == {
        "is_clean": False,
        "is_whole": True,
        "live": 3,
        "archived": 0,
        "unreadable": 0,
        "unchecked": 0,
    }
    assert {(one["reason"], one["sku"]) for one in findings} == {
        ("pack_mode_unconfirmed", "MUG-01"),
        ("sku_unknown", "NO-SUCH"),
    }
    assert all(one["cure"] and one["detail"] for one in findings)
    assert (await client.get("/api/skus")).json() == {"skus": []}


async def test_it_is_for_operators_and_bounded(client: httpx.AsyncClient) -> None:
    for seconds in ("0", "3601", "x"):
        assert (await client.post(PATH, params={"seconds": seconds})).status_code == 422
    del client.headers["authorization"]
    assert (await client.post(PATH)).status_code == 401


async def test_a_company_that_does_not_answer(
    client: httpx.AsyncClient, ankorstore: SimulatedAnkorstore
) -> None:
    """503 and why; never a report that looks clean."""
    ankorstore.faults.always("GET */product-variants", Fault.SERVER_ERROR_BEFORE)

    answer = await client.post(PATH)

    assert (answer.status_code, "not every variant" in answer.json()["detail"]) == (503, True)


async def test_one_check_at_a_time_and_behind_orders(client: httpx.AsyncClient) -> None:
    """A second is refused meanwhile; the calls of the first come after all that is about orders."""
    began, ends = asyncio.Event(), asyncio.Event()
    seen: list[Any] = []

    async def wait(*_: Any, seconds: float) -> SkuReport:
        seen.extend((call_priority.get(), seconds))
        began.set()
        await ends.wait()
        return SkuReport()

    with patch.object(main_module, "check_skus", wait):
        first = asyncio.create_task(client.post(PATH, params={"seconds": 7}))
        await began.wait()
        assert (await client.post(PATH)).status_code == 409
        ends.set()
        assert (await first).json()["is_clean"] is True
    assert seen == [Priority.UPKEEP, 7]


class Company:
    """A company that lists two variants and then, or when asked for a product, says nothing."""

    def __init__(self, variants: list[Any]) -> None:
        self.variants = variants

    async def walk_variants(self) -> AsyncIterator[Any]:
        """List what there is; None never comes."""
        for one in self.variants:
            if one is None:
                await asyncio.Event().wait()
            yield one

    async def knows_product(self, sku: str) -> bool:
        """Know `TOTE-NAT`, and of any other never answer."""
        if sku != "TOTE-NAT":
            await asyncio.Event().wait()
        return True


@pytest.mark.parametrize(("is_listed", "unchecked"), [(True, 1), (False, 0)])
async def test_a_report_that_is_not_whole_is_not_clean(
    store: Store, is_listed: bool, unchecked: int
) -> None:
    """What the time did not suffice for is counted; it ends all the same."""
    singles = [Variant(f"v-{sku}", sku, sku, 1, False) for sku in ("TOTE-NAT", "Z-LAST")]
    variants = singles if is_listed else [singles[0], None]
    company: Any = Company(variants)

    report = await check_skus(store, company, company, SAYINGS, seconds=0.05)

    assert (report.is_whole, report.is_clean, report.findings) == (False, False, [])
    assert (report.live, report.unchecked) == (2 if is_listed else 1, unchecked)
