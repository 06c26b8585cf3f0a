"""Takes the pictures of the documentation: `python -m tests.browser.screenshots docs`."""

import asyncio
import os
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from app.clock import SystemClock
from app.store.migrate import bring_up_to_date
from app.store.session import Store
from tests.browser.brand import CANCELLED, fill
from tests.browser.conftest import FLAGS, PATIENCE_MS, PHONE, sign_in
from tests.fuzz.served import served_web
from tests.integration.console import add_person

WIDE = {"width": 1200, "height": 800}
PICTURES = (
    ("console-overview", "/", WIDE, "light"),
    ("console-order", f"/orders/{CANCELLED}", WIDE, "light"),
)
OTHERS = (
    ("overview-dark", "/", WIDE, "dark"),
    ("order-phone", f"/orders/{CANCELLED}", PHONE, "light"),
    ("overview-phone", "/", PHONE, "dark"),
    ("attention", "/attention", WIDE, "light"),
    ("settle", f"/orders/{CANCELLED}/do/settle", WIDE, "light"),
    ("orders", "/orders", WIDE, "light"),
    ("orders-phone", "/orders", PHONE, "light"),
    ("events", "/events", WIDE, "light"),
    ("pauses", "/pauses", WIDE, "light"),
    ("replay", "/events/replay?since=2026-01-01T00:00&until=2099-01-01T00:00", WIDE, "light"),
    ("schedules-phone", "/schedules", PHONE, "dark"),
    ("event-phone", "/events/1", PHONE, "light"),
    ("sign-in", "/sign-in", WIDE, "light"),
)


def main(folder: Path, pictures: tuple[tuple[str, str, dict[str, int], str], ...]) -> None:
    """Write the pictures into *folder*."""
    with tempfile.TemporaryDirectory() as scratch:
        url = f"sqlite:///{scratch}/brand.db"
        bring_up_to_date(url)
        asyncio.run(_write(url))
        with served_web(url) as port, sync_playwright() as playwright:
            path = os.environ.get("CHROMIUM") or shutil.which("chromium")
            browser = playwright.chromium.launch(
                executable_path=path, args=FLAGS, timeout=PATIENCE_MS
            )
            for name, at, size, scheme in pictures:
                context = browser.new_context(
                    base_url=f"http://127.0.0.1:{port}",
                    viewport=size,
                    color_scheme=scheme,
                    java_script_enabled=False,
                )
                context.set_default_timeout(PATIENCE_MS)
                page = sign_in(context.new_page(), "anna")
                page.goto(at)
                page.screenshot(path=folder / f"{name}.png", full_page=True)
                context.close()
            browser.close()


async def _write(url: str) -> None:
    store = Store(url, SystemClock())
    await fill(store)
    await add_person(store, "anna")
    await store.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), OTHERS if "--others" in sys.argv else PICTURES)
