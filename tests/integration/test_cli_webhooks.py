"""`antbridge webhooks …`: what is printed, the exit status, and never a secret."""

import asyncio
import json
import re
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

import app.cli_webhooks as module
from app.cli_database import operator_name
from app.clock import SystemClock
from app.settings import Settings
from app.simulator import Fault, SimulatedActiveAnts, SimulatedAnkorstore
from app.simulator.ankorstore.deliveries import Subscription
from app.store.schedules import hold_job, load_schedules
from app.store.session import Store
from app.wiring import Companies, Transports, build_companies
from tests.command_line import Run, command_line, forget_settings
from tests.integration.subscribing import KEY, THE_BRANDS, URL

Result = TypeVar("Result")


@pytest.fixture
def ankorstore() -> SimulatedAnkorstore:
    """Return the marketplace the commands ask; another program of the brand is subscribed."""
    company = SimulatedAnkorstore(clock=SystemClock())
    brands = Subscription("brands-own", THE_BRANDS, ("order.shipped",), "the-brands-secret")
    company.outbox.subscriptions[brands.id] = brands
    return company


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    database_url: str,
    ankorstore: SimulatedAnkorstore,
) -> Iterator[Run]:
    """Return what runs a command on a database: exit status, standard output and error."""
    forget_settings(monkeypatch, tmp_path)
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("ANKORSTORE_BASE_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("ANKORSTORE_CLIENT_ID", ankorstore.client_id)
    monkeypatch.setenv("ANKORSTORE_CLIENT_SECRET", ankorstore.client_secret)
    monkeypatch.setenv("ENCRYPTION_KEY", KEY)
    monkeypatch.setenv("PUBLIC_URL", "https://bridge.example")

    def build(settings: Settings, store: Store) -> Companies:
        ants = SimulatedActiveAnts(clock=SystemClock())
        transports = Transports(ankorstore.transport(), ants.transport())
        return build_companies(settings, None, transports, store)

    async def refuse(*_: object, **__: object) -> Any:
        raise httpx.ConnectError("no network in tests")

    monkeypatch.setattr(module, "build_companies", build)
    monkeypatch.setattr(module, "configure_logs", lambda *_: None)
    monkeypatch.setattr(module, "HOLD_TRIES", 1)
    monkeypatch.setattr("app.doctor.webhook_checks._ask", refuse)
    monkeypatch.setattr("app.subscribing.keeper.ANNOUNCE_SECONDS", 0.0)
    with command_line(monkeypatch, capsys, "webhooks") as command:

        def run_command(*arguments: str) -> tuple[int, str, str]:
            status, out, err = command(*arguments)
            for one in ankorstore.outbox.subscriptions.values():
                assert one.secret not in out + err
            assert "very-secret" not in out + err
            return status, out, err

        yield run_command


def in_store(database_url: str, work: Callable[[Store], Coroutine[Any, Any, Result]]) -> Result:
    async def once() -> Result:
        store = Store(database_url, SystemClock())
        try:
            return await work(store)
        finally:
            await store.close()

    return asyncio.run(once())


def test_from_nothing_to_nothing(
    run: Run, ankorstore: SimulatedAnkorstore, database_url: str
) -> None:
    """Register, list, verify, rotate, delete; the other program's subscription stays."""
    assert run("register")[:2] == (0, "our webhook subscription was made\n")
    assert run("register")[:2] == (0, "our webhook subscription is as it should be\n")
    schedule = in_store(database_url, load_schedules)["webhooks"]
    assert (schedule.last_error, schedule.last_note) == (None, "by hand")
    assert schedule.lease_until is None

    status, out, _ = run("list")
    lines = [line.split("\t")[1:3] for line in out.splitlines()]
    assert status == 0
    assert lines == [
        ["not ours", "https://shop.example/other-connector"],
        ["active", URL],
    ]
    status, out, _ = run("list", "--json")
    (_, first) = json.loads(out)
    assert (first["standing"], first["url"]) == ("active", URL)

    status, out, _ = run("verify")
    assert status == 1  # the public address leads nowhere in a test
    assert out.startswith("error    https://bridge.example cannot be reached")
    assert "1 errors, 0 warnings." in out
    assert "Looked after by the service since" in out
    status, out, _ = run("verify", "--json")
    assert [one["check"] for one in json.loads(out)["findings"]] == ["public_url_unreachable"]

    assert run("rotate", "--overlap", "0")[0] == 0
    (_, second) = json.loads(run("list", "--json")[1])
    assert second["standing"] == "active"
    assert second["subscription_id"] != first["subscription_id"]

    status, _, err = run("delete")
    assert (status, "--yes" in err) == (2, True)
    assert len(ankorstore.outbox.subscriptions) == 3
    assert run("delete", "--yes")[:2] == (
        0,
        "1 subscription(s) deleted; none is looked after any more\n",
    )
    assert "brands-own" in ankorstore.outbox.subscriptions
    status, out, _ = run("verify")
    assert (status, "0 errors" in out, "1 errors" in out) == (1, False, True)  # the public address
    (found,) = re.findall(r"^warning .* deleted the webhook subscription at .*", out, re.MULTILINE)
    assert operator_name() in found


def test_wrong_use_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is missing, and how to come by it; nothing of ours to rotate."""
    status, _, err = run("rotate")
    assert (status, "`antbridge webhooks register` first" in err) == (2, True)
    monkeypatch.setenv("PUBLIC_URL", "")
    status, _, err = run("register")
    assert (status, err.startswith("antbridge: PUBLIC_URL: is missing; for example")) == (2, True)
    monkeypatch.setenv("PUBLIC_URL", "https://bridge.example")
    for key, says in (
        ("", "ENCRYPTION_KEY: is missing"),
        ("short", "ENCRYPTION_KEY: must be 32 random bytes in base64 (openssl rand -base64 32)"),
    ):
        monkeypatch.setenv("ENCRYPTION_KEY", key)
        status, _, err = run("register")
        assert (status, err.startswith(f"antbridge: {says}")) == (2, True)
        assert "openssl rand -base64 32" in err
        assert err.count("\n") == 1


def test_a_refusal_is_told_and_the_job_goes_on(
    run: Run, ankorstore: SimulatedAnkorstore, database_url: str
) -> None:
    """In one line, with the company's own word; the worker tries again within a minute."""
    ankorstore.faults.once("POST */webhook-subscriptions", Fault.SERVER_ERROR_BEFORE, status=403)
    status, out, err = run("register")
    assert (status, out) == (1, "")
    assert "create subscription (HTTP 403)" in err
    schedule = in_store(database_url, load_schedules)["webhooks"]
    assert schedule.lease_until is None
    assert schedule.last_error is not None
    assert "HTTP 403" in schedule.last_error


def test_a_worker_that_is_at_it_is_not_disturbed(
    run: Run, ankorstore: SimulatedAnkorstore, database_url: str
) -> None:
    """Two that create at the same time would create two."""
    assert in_store(database_url, lambda store: hold_job(store, "webhooks", 60)) is not None
    status, _, err = run("register")
    assert (status, "a worker is looking after the webhook now" in err) == (2, True)
    assert [call for call in ankorstore.calls if call.method != "GET"] == []


def test_an_application_nobody_lists(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client id is of no application."""

    async def nobody(_: object) -> tuple[()]:
        return ()

    monkeypatch.setattr(
        "app.ankorstore.subscriptions.AnkorstoreSubscriptions.list_applications", nobody
    )
    for command in (["list"], ["register"]):
        status, _, err = run(*command)
        assert (status, "no application has our client id" in err) == (1, True)
