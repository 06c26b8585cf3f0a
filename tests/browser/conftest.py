"""The console served on a free port, its brand's orders, and a real browser in front of it."""

import asyncio
import os
import shutil
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from app.clock import SystemClock
from app.store.migrate import bring_up_to_date
from app.store.operators import Role
from app.store.queries import find_order
from app.store.session import Store
from tests.browser.brand import fill
from tests.fuzz.served import served_web
from tests.integration.console import PASSWORD, add_person
from tests.store_rows import attempts_of

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 60_000
PHONE = {"width": 320, "height": 740}


def run_apart(work: Coroutine[Any, Any, Any]) -> Any:
    """Run *work* in a thread of its own: Playwright keeps an event loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


@dataclass(frozen=True, slots=True)
class Served:
    """The console's address, and its database."""

    url: str
    database_url: str

    def ask(self, work: Callable[[Store], Awaitable[Any]]) -> Any:
        """Run *work* on the database."""

        async def once() -> Any:
            store = Store(self.database_url, SystemClock())
            try:
                return await work(store)
            finally:
                await store.close()

        return run_apart(once())

    def order(self, reference: str) -> Any:
        """Return an order as it stands."""
        return self.ask(lambda store: find_order(store, reference))

    def history(self, reference: str) -> list[Any]:
        """Return an order's history."""
        found = self.order(reference)
        return list(self.ask(lambda store: attempts_of(store, found.order_id)))


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a database with a brand's orders and two people, to be copied."""
    path = tmp_path_factory.mktemp("brand") / "brand.db"
    url = f"sqlite:///{path}"
    bring_up_to_date(url)

    async def write() -> None:
        store = Store(url, SystemClock())
        await fill(store)
        await add_person(store, "anna")
        await add_person(store, "vera", Role.VIEWER)
        await store.close()

    run_apart(write())
    return path


@pytest.fixture
def served(template: Path, tmp_path: Path) -> Iterator[Served]:
    """Serve the console on a database of the test's own."""
    path = tmp_path / "console.db"
    shutil.copy(template, path)
    url = f"sqlite:///{path}"
    with served_web(url) as port:
        yield Served(f"http://127.0.0.1:{port}", url)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Return the machine's own Chromium; CHROMIUM names another one."""
    path = (
        os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    )
    assert path, "no chromium on the PATH: install it (apt-get install chromium) or set CHROMIUM"
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, headless=True, args=FLAGS, timeout=PATIENCE_MS
        )
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser, served: Served) -> Iterator[Page]:
    """Return a new browser's page; a script, or a call to another host, fails the test."""
    context = chromium.new_context(base_url=served.url, java_script_enabled=False)
    context.set_default_timeout(PATIENCE_MS)
    strays: list[str] = []
    context.on(
        "request", lambda sent: None if sent.url.startswith(served.url) else strays.append(sent.url)
    )
    yield context.new_page()
    context.close()
    assert strays == []


@pytest.fixture
def anna(page: Page) -> Page:
    """Return the page of an operator who has signed in."""
    return sign_in(page, "anna")


def sign_in(page: Page, name: str) -> Page:
    """Sign in as a person would."""
    page.goto("/")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    return page
