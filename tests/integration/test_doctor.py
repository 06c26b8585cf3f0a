"""`antbridge doctor`: every broken set-up gets its diagnosis, a sound one none."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from typer.testing import CliRunner

from app.cli import cli
from app.doctor import Diagnosis, Severity, database_checks, examine
from app.doctor.database_checks import examine_database
from app.domain.jobs import SHIPMENTS
from app.domain.pauses import Pausable
from app.flow.forecast import Pace
from app.main import create_app
from app.ports import RateWindow
from app.sealing import Sealer
from app.settings import Settings
from app.simulator import SimulatedActiveAnts, SimulatedAnkorstore
from app.simulator.active_ants.records import OrderType
from app.simulator.faults import Fault
from app.store.migrate import known_revisions
from app.store.pauses import pause
from app.store.presence import beat
from app.store.schedules import run_soon
from app.store.session import Store
from app.store.webhook_rows import activate, note_intent
from app.web.health import read_status
from app.wiring import Transports, build_companies
from app.worker import Worker
from tests.fake_clock import FakeClock
from tests.flow.world import make_settings
from tests.integration.subscribing import KEY, SECOND_KEY
from tests.integration.web import TOKEN
from tests.store_rows import add_order

PACE = Pace((RateWindow("m", 60.0, 60),), (RateWindow("m", 60.0, 60),), 300, False, 300, 50)
SEEN = {name: {"budget_left": 9} for name in ("ankorstore", "active_ants")}
URL = "https://bridge.example/webhooks/ankorstore"


class _Dated(httpx.AsyncBaseTransport):
    """A company's answers, with the date its web server would put on them."""

    def __init__(self, inner: httpx.AsyncBaseTransport, clock: FakeClock) -> None:
        self._inner = inner
        self._clock = clock
        self.ahead = timedelta(0)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._inner.handle_async_request(request)
        response.headers["Date"] = format_datetime(self._clock.now() + self.ahead)
        return response


class Setup:
    """A sound set-up, for a test to break."""

    def __init__(self, store: Store, database_url: str, clock: FakeClock) -> None:
        self.store = store
        self.clock = clock
        self.ankorstore = SimulatedAnkorstore(clock=clock, webhook_url=URL)
        self.active_ants = SimulatedActiveAnts(clock=clock)
        self.wires = [_Dated(one.transport(), clock) for one in (self.ankorstore, self.active_ants)]
        self.settings: dict[str, Any] = {
            "database_url": database_url,
            "operator_token": TOKEN * 2,
            "encryption_key": KEY,
            "public_url": "https://bridge.example",
        }
        app = create_app(self.read_settings(), with_worker=False, clock=clock)
        self.public: httpx.AsyncBaseTransport = httpx.ASGITransport(app)

    @property
    def subscription(self) -> Any:
        (one,) = self.ankorstore.outbox.subscriptions.values()
        return one

    def read_settings(self) -> Settings:
        return make_settings(self.ankorstore, self.active_ants, **self.settings)

    async def examine(self) -> list[Diagnosis]:
        settings = self.read_settings()
        companies = build_companies(settings, self.clock, Transports(*self.wires))
        try:
            found = await examine(settings, self.store, companies, self.public)
            # The server of the tests does without fsync on purpose; see the test about it.
            return [one for one in found if "fsync" not in one.problem]
        finally:
            await companies.close()


@pytest.fixture
async def setup(store: Store, database_url: str, clock: FakeClock) -> Setup:
    """Return a sound set-up with a worker that told of itself just now."""
    sound = Setup(store, database_url, clock)
    settings = sound.read_settings()
    companies = build_companies(settings, clock, Transports(*sound.wires), store)
    worker = Worker(settings, store, companies)
    await worker.run_jobs_once()
    await run_soon(store, SHIPMENTS)  # failed before the warehouse's settings were read
    await worker.run_jobs_once()
    await beat(store, "worker-1", version="1", started_at=clock.now(), peers=SEEN)
    await companies.close()
    return sound


async def test_a_sound_set_up_gets_none(setup: Setup) -> None:
    """Nothing is found, and nothing was changed at either company."""
    assert await setup.examine() == []
    calls = [*setup.ankorstore.calls, *setup.active_ants.calls]
    reads = ("search", "byordertype", "token")
    assert [
        call.path for call in calls if call.method != "GET" and not call.path.endswith(reads)
    ] == []


@dataclass(frozen=True)
class Case:
    """How a set-up is broken, and what is found."""

    name: str
    break_it: Callable[[Setup], Any]
    check: str
    says: str
    severity: Severity = Severity.ERROR


def _set(**settings: Any) -> Callable[[Setup], Any]:
    return lambda setup: setup.settings.update(settings)


def _orders_types(*types: OrderType) -> Callable[[Setup], Any]:
    return lambda setup: setattr(setup.active_ants.habits, "order_types", types)


def _without_tls(setup: Setup) -> None:
    setup.settings["ankorstore_base_url"] = "https://www.ankorstore.example"
    setup.settings["active_ants_base_url"] = "https://shopapi.activeants.example"
    setup.settings["public_url"] = "http://127.0.0.1"
    setup.subscription.url = "http://127.0.0.1/webhooks/ankorstore"


def _subscribed(**changes: Any) -> Callable[[Setup], Any]:
    def change(setup: Setup) -> None:
        for name, value in changes.items():
            setattr(setup.subscription, name, value)

    return change


def _leads_to(answer: Callable[[httpx.Request], httpx.Response]) -> Callable[[Setup], Any]:
    return lambda setup: setattr(setup, "public", httpx.MockTransport(answer))


def _refuse(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("no route", request=request)


async def _seal_with_another_key(setup: Setup) -> None:
    """Let the service have registered, and lose its key."""
    row_id = await note_intent(setup.store, url=URL, events=["order.shipped"], known_ids=[], by="a")
    sealed = Sealer([SECOND_KEY]).seal("stored")
    await activate(setup.store, row_id, "gone-since", sealed, overlap_seconds=0)


def _fails(company: str, pattern: str, fault: Fault) -> Callable[[Setup], Any]:
    return lambda setup: getattr(setup, company).faults.always(pattern, fault)


def _missing(*paths: str) -> Callable[[Setup], Any]:
    return lambda setup: setattr(setup.active_ants.habits, "missing_paths", paths)


def _clock(index: int, seconds: float) -> Callable[[Setup], Any]:
    return lambda setup: setattr(setup.wires[index], "ahead", timedelta(seconds=seconds))


async def _stuck(setup: Setup) -> None:
    gone = setup.store.now() - timedelta(hours=1)
    await add_order(setup.store, leased_by="worker-gone", lease_until=gone)


async def _execute(setup: Setup, statement: str) -> None:
    async with setup.store.write() as connection:
        await connection.execute(text(statement))


def _sql(statement: str) -> Callable[[Setup], Any]:
    return lambda setup: _execute(setup, statement)


WARNING = Severity.WARNING
CASES = [
    Case(
        "test and live",
        _set(active_ants_base_url="https://shopapi.activeants.nl"),
        "test_and_live",
        "ANKORSTORE_BASE_URL is a simulated company, ACTIVE_ANTS_BASE_URL is live",
    ),
    Case("packs undecided", _set(pack_mode=None), "pack_mode", "PACK_MODE is not set", WARNING),
    Case("all on hold", _set(create_on_hold=True), "create_on_hold", "is on", WARNING),
    Case("guessable token", _set(operator_token="abc"), "operator_token", "3 characters", WARNING),
    Case(
        "wrong client secret",
        _set(ankorstore_client_secret="wrong"),
        "ankorstore_login",
        "ankorstore refuses the login",
    ),
    Case(
        "Ankorstore away",
        _fails("ankorstore", "*", Fault.REFUSE_CONNECTION),
        "ankorstore_unreachable",
        "does not answer as it should",
    ),
    Case(
        "no JSON from Ankorstore",
        _fails("ankorstore", "GET */applications*", Fault.NOT_JSON),
        "ankorstore_unreachable",
        "does not answer as it should",
    ),
    Case("no subscription", _subscribed(url=None), "webhook_missing", "no webhook subscription"),
    Case(
        "subscribed elsewhere",
        _subscribed(url="https://old-connector.example/hook"),
        "webhook_elsewhere",
        "https://old-connector.example/hook",
    ),
    Case(
        "subscribed without TLS",
        _without_tls,
        "webhook_not_https",
        "is not https",
    ),
    Case(
        "events missing",
        _subscribed(events=("order.brand_created", "order.shipped")),
        "webhook_events",
        "nothing of order.brand_accepted, order.cancelled",
    ),
    Case(
        "subscribed to another host",
        _subscribed(url="https://staging.bridge.example/webhooks/ankorstore"),
        "webhook_elsewhere",
        "no subscription leads to https://bridge.example/webhooks/ankorstore: https://staging.",
    ),
    Case(
        "secret sealed by a lost key",
        _seal_with_another_key,
        "webhook_sealed",
        "cannot be read with ENCRYPTION_KEY",
    ),
    Case("no public address", _set(public_url=""), "public_url", "is not set", WARNING),
    Case(
        "public address leads nowhere",
        _leads_to(_refuse),
        "public_url_unreachable",
        "https://bridge.example cannot be reached from here: ConnectError",
    ),
    Case(
        "public address leads elsewhere",
        _leads_to(lambda _: httpx.Response(404)),
        "public_url_elsewhere",
        "https://bridge.example does not lead to this installation: it answers 404",
    ),
    Case("secret changed", _subscribed(secret="other"), "webhook_secret", "not among ours"),
    Case(
        "wrong warehouse password",
        _set(active_ants_password="wrong"),
        "active_ants_login",
        "active_ants refuses the login",
    ),
    Case(
        "warehouse away",
        _fails("active_ants", "*", Fault.SERVER_ERROR_BEFORE),
        "active_ants_unreachable",
        "does not answer as it should",
    ),
    Case(
        "unknown order type",
        _set(active_ants_order_type="NOWHERE"),
        "warehouse_settings",
        "ACTIVE_ANTS_ORDER_TYPE",
    ),
    Case(
        "order type undecided",
        _set(active_ants_order_type=None),
        "warehouse_settings",
        "ACTIVE_ANTS_ORDER_TYPE",
    ),
    Case(
        "unknown language",
        _set(active_ants_language="XX"),
        "warehouse_settings",
        "ACTIVE_ANTS_LANGUAGE",
    ),
    Case(
        "unknown shipping method",
        _set(active_ants_shipping_method="PIGEON"),
        "warehouse_settings",
        "ACTIVE_ANTS_SHIPPING_METHOD",
    ),
    Case(
        "unknown shipping method of a country",
        _set(shipping_method_by_country={"DE": "PIGEON"}),
        "warehouse_settings",
        "SHIPPING_METHOD_BY_COUNTRY",
    ),
    Case(
        "order type shared",
        lambda setup: setup.active_ants.add_foreign_shipments(3, order_type="ANKORSTORE"),
        "order_type_shared",
        "3 shipments of our order type are of other programs",
        WARNING,
    ),
    Case(
        "path of the order search",
        _missing("*/order/search"),
        "warehouse_path",
        "ACTIVE_ANTS_PATH_ORDER_SEARCH",
    ),
    Case(
        "path of the product search",
        _missing("*/product/search"),
        "warehouse_path",
        "ACTIVE_ANTS_PATH_PRODUCT_SEARCH",
    ),
    Case(
        "path of one stock",
        _set(active_ants_path_stock_get="/v2/nonsense/{sku}"),
        "warehouse_path",
        "ACTIVE_ANTS_PATH_STOCK_GET",
    ),
    Case(
        "path of the feed",
        _missing("*/shipment/byordertype"),
        "warehouse_path",
        "ACTIVE_ANTS_PATH_SHIPMENT_LIST_BY_TYPE",
    ),
    Case(
        "words for not found",
        _set(active_ants_not_found_pattern="never said"),
        "warehouse_not_found",
        "asked for what nothing has",
    ),
    Case("clock off", _clock(0, 3600), "clock", "3600 s behind that of ankorstore"),
    Case("clock a little off", _clock(1, -60), "clock", "60 s ahead of that", WARNING),
    Case("leases stuck", _stuck, "stuck_leases", "1 orders are leased by workers that are gone"),
    Case("no worker", _sql("DELETE FROM workers"), "no_worker", "no order moves", WARNING),
    Case(
        "company away",
        _sql(
            "UPDATE peers SET away_since = '2026-03-01 10:00:00+00:00', last_error = 'reset' "
            "WHERE name = 'ankorstore'"
        ),
        "company_away",
        "ankorstore does not answer since 2026-03-01 10:00 UTC: reset",
    ),
    Case(
        "job failing",
        _sql("UPDATE schedules SET last_error = 'Transient' WHERE name = 'shipments'"),
        "job_failed",
        "the job shipments failed when it ran last: Transient",
        WARNING,
    ),
    Case("never migrated", _sql("DROP TABLE alembic_version"), "schema_missing", "no schema yet"),
    Case(
        "old schema",
        _sql("UPDATE alembic_version SET version_num = '0001'"),
        "schema_old",
        "the schema is 0001, this version needs",
    ),
    Case(
        "newer schema",
        _sql("UPDATE alembic_version SET version_num = '9999_later'"),
        "schema_newer",
        "9999_later",
        WARNING,
    ),
]


async def test_between_simulated_companies_nothing_leaves_the_machine(setup: Setup) -> None:
    """So their webhook needs no TLS; one that leads anywhere else does."""
    url = "http://127.0.0.1:8000/webhooks/ankorstore"
    setup.settings["public_url"], setup.subscription.url = "http://127.0.0.1:8000", url
    assert await setup.examine() == []
    setup.settings["public_url"] = ""
    setup.subscription.url = "http://bridge.example/webhooks/ankorstore"
    found = await setup.examine()
    assert [one.check for one in found] == ["webhook_not_https", "public_url"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_a_broken_set_up_gets_its_diagnosis(setup: Setup, case: Case) -> None:
    """The one that names what was broken, with a cure, and no other."""
    pending = case.break_it(setup)
    if hasattr(pending, "__await__"):
        await pending
    found = await setup.examine()
    assert [one.check for one in found] == [case.check], found
    assert case.says in found[0].problem
    assert found[0].severity is case.severity
    assert len(found[0].cure) > 10


async def test_what_was_found_last_stands_in_the_status(setup: Setup) -> None:
    """The job examines on schedule; whoever asks for the status makes no call."""
    shown = await read_status(setup.store, PACE)
    assert shown["doctor"] == {"examined_at": None, "findings": []}
    setup.settings["public_url"] = "https://127.0.0.1:1"
    setup.subscription.url = "https://127.0.0.1:1/webhooks/ankorstore"
    settings = setup.read_settings()
    companies = build_companies(settings, setup.clock, Transports(*setup.wires), setup.store)
    setup.clock.advance(90)
    await Worker(settings, setup.store, companies).run_jobs_once()
    await companies.close()

    calls = len(setup.ankorstore.calls) + len(setup.active_ants.calls)
    shown = await read_status(setup.store, PACE)

    assert calls == len(setup.ankorstore.calls) + len(setup.active_ants.calls)
    assert shown["doctor"]["examined_at"] == setup.clock.now().isoformat()
    checks = {one["check"] for one in shown["doctor"]["findings"]}
    assert "public_url_unreachable" in checks  # nobody serves it
    assert not {one for one in checks if one.startswith(("webhook", "database_un", "schema"))}
    assert shown["webhook"]["is_up"] is True
    assert shown["webhook"]["is_managed"] is False


async def test_what_is_paused_is_not_found_wrong(setup: Setup) -> None:
    """A person stopped the calls; that is told elsewhere."""
    for company in (Pausable.ANKORSTORE, Pausable.ACTIVE_ANTS):
        await pause(setup.store, company, by="ann", reason="moving")
    settings = setup.read_settings()
    companies = build_companies(settings, setup.clock, Transports(*setup.wires), setup.store)
    found = await examine(settings, setup.store, companies, setup.public)
    await companies.close()
    assert [one for one in found if "fsync" not in one.problem] == []


async def test_a_full_disk_is_told(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside an SQLite file; a server looks after its own."""
    for free, severity in ((50 * 1024**2, Severity.ERROR), (500 * 1024**2, WARNING)):
        usage = _Usage(free)
        monkeypatch.setattr(database_checks.shutil, "disk_usage", lambda _, usage=usage: usage)
        found = await setup.examine()
        wanted = [] if setup.store.is_postgres else [("disk_full", severity)]
        assert [(one.check, one.severity) for one in found] == wanted


async def test_a_database_that_cannot_be_written(
    setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is named as that, and the rest is examined all the same."""

    @asynccontextmanager
    async def refuse() -> AsyncIterator[Any]:
        raise OperationalError("CREATE", None, Exception("attempt to write a readonly database"))
        yield

    monkeypatch.setattr(setup.store, "write", refuse)
    setup.subscription.events = ("order.shipped",)

    found = {one.check: one.problem for one in await setup.examine()}

    assert list(found) == ["database_read_only", "webhook_events"]
    assert "attempt to write a readonly database" in found["database_read_only"]


async def test_the_disk_is_looked_at_before_there_is_a_folder(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database named in a folder that is still to be made is no reason to break."""
    asked: list[Path] = []

    def usage(folder: Path) -> Any:
        asked.append(folder)
        return _Usage(2**40)

    monkeypatch.setattr(database_checks.shutil, "disk_usage", usage)
    url = f"sqlite:///{tmp_path}/not/made/yet.db"
    found = [one async for one in examine_database(store, url, known_revisions())]

    assert {one.check for one in found} <= {"no_worker", "database_not_durable"}
    assert asked == ([] if store.is_postgres else [tmp_path])


@dataclass(frozen=True)
class _Usage:
    free: int


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
async def test_a_server_that_may_lose_commits_is_told(setup: Setup) -> None:
    """As the server of the tests is, which has nothing to keep."""
    async with setup.store.read() as connection:
        value = (await connection.execute(text("SHOW fsync"))).scalar_one()
    found = [one async for one in database_checks.examine_durability(setup.store)]
    told = [one.problem for one in found if "fsync" in one.problem]
    assert (len(told) == 1) is (value == "off")


def test_the_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A wrong setting is a finding too; the report is for people or for programs."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("ANKORSTORE_BASE_URL", "nonsense")
    plain = CliRunner().invoke(cli, ["doctor"])
    assert plain.exit_code == 1
    assert plain.stdout.startswith("error    ANKORSTORE_BASE_URL")
    report = json.loads(CliRunner().invoke(cli, ["doctor", "--json"]).stdout)
    assert (report["is_sound"], report["findings"][0]["check"]) == (False, "settings")
