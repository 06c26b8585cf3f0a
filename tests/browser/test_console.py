"""The console as a person uses it: in a real browser, with scripts switched off."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from app.domain.reasons import REASONS
from app.store.pauses import load_pauses
from tests.browser.brand import (
    CANCELLED,
    HELD,
    RETAILER_ORDERS,
    TRACKED,
    TRACKING_NUMBER,
    UNKNOWN_SKU,
    UNKNOWN_SKU_ORDERS,
)
from tests.browser.conftest import PATIENCE_MS, PHONE, Served, sign_in

PATHS = (
    "/",
    "/attention",
    "/orders",
    f"/orders/{CANCELLED}",
    f"/orders/{HELD}",
    f"/orders/{CANCELLED}/do/settle",
    f"/orders/{HELD}/do/correct",
    "/attention/sku_unknown/retry",
    "/search?q=MUG-BLUE",
    "/events",
    "/events/1",
    "/events/replay?since=2026-01-01T00:00&until=2099-01-01T00:00",
    "/shipments",
    "/pauses",
    "/pauses/placing",
    "/schedules",
    "/schedules/reconcile/pause",
    "/settings",
)


def heading(page: Page, name: str) -> None:
    """Wait for the page with this heading, the only one of its rank."""
    expect(page.get_by_role("heading", level=1)).to_have_text(name)


def test_the_morning_look(anna: Page, served: Served) -> None:
    """From the overview to an order that waits, and why; and back again."""
    heading(anna, "Something needs you")
    attention = len([code for code in REASONS if code in anna.content()])
    assert attention >= 3
    charts = anna.get_by_role("img")
    assert charts.count() == 4
    anna.get_by_text("The numbers", exact=True).first.click()
    expect(anna.get_by_role("table", name="Orders ended, by day")).to_be_visible()

    anna.get_by_role("link", name=REASONS["sku_unknown"].sentence).click()
    heading(anna, "Needs attention")
    assert anna.url.endswith("/attention#sku_unknown")
    anna.get_by_role("link", name=UNKNOWN_SKU, exact=True).click()
    heading(anna, f"Order {UNKNOWN_SKU}")
    expect(anna.get_by_text("VASE-NEW: 4 needed, not known at the warehouse")).to_be_visible()
    expect(anna.get_by_text("What to do: Say which SKU it is there")).to_be_visible()

    anna.go_back()
    heading(anna, "Needs attention")
    anna.get_by_role("link", name="Orders", exact=True).click()
    anna.get_by_label("Ship-by date").select_option("late")
    anna.get_by_role("button", name="Show").click()
    expect(anna.get_by_role("row")).to_have_count(2)
    assert "deadline=late" in anna.url


def test_releasing_a_held_order(anna: Page, served: Served) -> None:
    """The first button of the order's page does it; it asks why, and the history has who."""
    anna.goto(f"/orders/{HELD}")
    anna.get_by_role("link", name="Release", exact=True).click()
    heading(anna, "Release")
    anna.get_by_label("Why, for the history").fill("nothing is added after all")
    anna.get_by_role("button", name="Release").click()

    heading(anna, f"Order {HELD}")
    expect(anna.get_by_role("status")).to_have_text(
        "Release: it is judged again now, by the policy."
    )
    expect(anna.get_by_text("released by anna: nothing is added after all")).to_be_visible()
    assert served.order(HELD).attention_reason is None
    anna.reload()
    expect(anna.get_by_role("status")).to_have_count(0)


def test_resolving_a_late_cancel(anna: Page, served: Served) -> None:
    """What was done in Maya is recorded; without saying what, nothing is."""
    anna.goto(f"/orders/{CANCELLED}")
    expect(anna.get_by_text("Cancel the warehouse order in Maya now")).to_be_visible()
    anna.get_by_role("link", name="Record what was done in Maya").click()
    anna.get_by_label("Why, for the history").fill("Maya says it is gone")
    anna.get_by_role("button", name="Record what was done in Maya").click()
    expect(anna.get_by_text("choose one")).to_be_visible()
    expect(anna.get_by_label("Why, for the history")).to_have_value("Maya says it is gone")
    assert served.order(CANCELLED).task_answer is None

    assert anna.get_by_role("radio").count() == 3  # what this task allows, and no more
    anna.get_by_label("the warehouse order was cancelled or deleted in Maya").check()
    anna.get_by_role("button", name="Record what was done in Maya").click()

    expect(anna.get_by_role("status")).to_contain_text("both companies are asked once more now")
    assert served.order(CANCELLED).task_answer == "cancelled-in-maya"
    (decided,) = [row for row in served.history(CANCELLED) if row.outcome == "decided"]
    assert decided.message.endswith("by anna: Maya says it is gone")


def test_a_retry_of_all_orders_of_a_reason(anna: Page, served: Served) -> None:
    """The number is shown and confirmed; if it changed meanwhile, it is asked again."""
    anna.goto("/attention")
    anna.get_by_role("link", name="Retry them all").click()
    heading(anna, f"Retry {UNKNOWN_SKU_ORDERS} orders")
    other = anna.context.new_page()
    other.goto(f"/orders/{UNKNOWN_SKU}/do/hold")
    other.get_by_label("Why, for the history").fill("wait for the vase")
    other.get_by_role("button", name="Hold").click()
    expect(other.get_by_role("status")).to_be_visible()

    anna.get_by_label("Why, for the history of each").fill("the vase is there now")
    anna.get_by_role("button", name="now").click()
    expect(anna.get_by_role("alert")).to_have_text(
        "There are 2 such orders now. Look, and confirm that number."
    )
    heading(anna, "Retry 2 orders")
    anna.get_by_role("button", name="Retry 2 orders now").click()

    expect(anna.get_by_role("status")).to_have_text("2 of 2 orders are tried again now.")
    assert served.order("R2003").attention_reason is None
    assert served.order(UNKNOWN_SKU).attention_reason == "held_by_operator"


def test_a_search_leads_to_the_order(anna: Page) -> None:
    """By tracking number at once, by SKU to a list."""
    search = anna.get_by_role("searchbox")
    search.fill(TRACKING_NUMBER)
    search.press("Enter")
    heading(anna, f"Order {TRACKED}")
    search.fill("VASE-NEW")
    anna.get_by_role("button", name="Search").click()
    heading(anna, "Search for “VASE-NEW”")
    assert anna.get_by_role("row").count() == UNKNOWN_SKU_ORDERS + 1
    search.fill("Corner Shop")
    search.press("Enter")
    heading(anna, "Search for “Corner Shop”")
    assert anna.get_by_role("row").count() == RETAILER_ORDERS + 1


def test_pausing_and_resuming(anna: Page, served: Served) -> None:
    """Every page says what is paused, by whom and why, until it is resumed."""
    banner = anna.get_by_role("region", name="What is paused")
    expect(banner).to_have_count(0)
    anna.get_by_role("link", name="Pauses").click()
    anna.get_by_role("link", name="Pause placing").click()
    heading(anna, "Pause placing")
    anna.get_by_label("Why, shown on every page").fill("stock-taking until noon")
    anna.get_by_role("button", name="Pause placing").click()
    expect(anna.get_by_role("status")).to_contain_text("Nothing is placed or released")

    for path in ("/", f"/orders/{HELD}", "/settings"):
        anna.goto(path)
        expect(banner).to_contain_text("Placing is paused since")
        expect(banner).to_contain_text("by anna: stock-taking until noon")
    assert [*served.ask(load_pauses)] == ["placing"]
    banner.get_by_role("link", name="See the pauses").click()
    anna.get_by_role("link", name="Resume placing").click()
    anna.get_by_role("button", name="Resume placing").click()
    expect(anna.get_by_text("say why")).to_be_visible()
    anna.get_by_label("Why it goes on").fill("all is counted")
    anna.get_by_role("button", name="Resume placing").click()

    expect(anna.get_by_role("status")).to_contain_text("placing goes on")
    expect(banner).to_have_count(0)
    expect(anna.get_by_text("(all is counted)")).to_be_visible()
    assert served.ask(load_pauses) == {}


def test_replaying_a_time_window(anna: Page, served: Served) -> None:
    """From the list of events: counted first, and done only once that number is confirmed."""
    anna.goto("/events?type=order.brand_created&since=2026-01-01T00:00&until=2099-01-01T00:00")
    anna.get_by_role("link", name="Replay a time window").click()
    heading(anna, "Replay a time window")
    expect(anna.get_by_label("Received from, UTC")).to_have_value("2026-01-01T00:00")
    anna.get_by_label("Received before, UTC").fill("2098-12-31T23:59")
    anna.get_by_role("button", name="Count").click()
    confirm = anna.get_by_role("button", name="again now")
    expect(confirm).to_have_text(re.compile(r"Read \d+ orders again now"))
    assert [row.step for row in served.history(UNKNOWN_SKU)] == ["answer order"]

    anna.get_by_label("Why, for the history of each").fill("the receiver was restored")
    confirm.click()

    heading(anna, "Events")
    expect(anna.get_by_role("status")).to_contain_text("orders are read again now.")
    replayed = served.history(UNKNOWN_SKU)[-1]
    assert replayed.message.startswith("event order.brand_created replayed, received 2026-01-01")
    assert replayed.message.endswith("by anna: the receiver was restored")


def test_refused_sign_ins_and_forms(page: Page, served: Served) -> None:
    """A wrong password is told without saying what was wrong; a stale form decides nothing."""
    page.goto("/orders")
    page.get_by_label("Name").fill("anna")
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("do not fit")
    expect(page.get_by_label("Name")).to_have_value("anna")

    sign_in(page, "anna")
    page.goto(f"/orders/{HELD}/do/release")
    page.get_by_label("Why, for the history").fill("from a stale form")
    other = page.context.new_page()
    other.goto("/")
    other.get_by_role("button", name="Sign out").click()
    heading(other, "Sign in to antbridge")
    sign_in(other, "anna")
    page.get_by_role("button", name="Release").click()

    heading(page, "This form is not valid any more")
    assert served.order(HELD).attention_reason == "held_by_operator"
    assert page.context.cookies()[0]["httpOnly"]


def test_a_viewer_only_looks(page: Page, served: Served) -> None:
    """No decision is offered, and none is taken by its address."""
    sign_in(page, "vera")
    page.goto(f"/orders/{HELD}")
    expect(page.get_by_role("link", name="Release")).to_have_count(0)
    page.goto(f"/orders/{HELD}/do/release")
    heading(page, "You may look only")


def test_by_keyboard_only(page: Page, served: Served) -> None:
    """Signing in, skipping to the content, and releasing an order, without a mouse."""
    page.goto(f"/orders/{HELD}")
    press(page, "Tab", until="name")
    page.keyboard.type("anna")
    press(page, "Tab", until="password")
    page.keyboard.type("correct horse battery")
    page.keyboard.press("Enter")
    heading(page, f"Order {HELD}")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    expect(page.get_by_role("link", name="Skip to the content")).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Release", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    heading(page, "Release")
    press(page, "Tab", until="reason")
    page.keyboard.type("by keyboard")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.get_by_text("released by anna: by keyboard")).to_be_visible()


def press(page: Page, key: str, *, until: str, most: int = 20) -> None:
    """Press *key* until the field with this id has the focus."""
    for _ in range(most):
        page.keyboard.press(key)
        if page.locator(f"#{until}:focus").count():
            return
    raise AssertionError(f"{until} is not reached by {key}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone(chromium: Browser, served: Served, scheme: str) -> None:
    """No page is wider than the screen; wide tables scroll in their own box."""
    context = chromium.new_context(base_url=served.url, viewport=PHONE, color_scheme=scheme)
    context.set_default_timeout(PATIENCE_MS)
    page = sign_in(context.new_page(), "anna")

    wide = []
    for path in PATHS:
        page.goto(path)
        for summary in page.locator("main summary").all():
            summary.click()
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > PHONE["width"]:
            wide.append((path, width))
    hidden = page.get_by_role("navigation", name="Main").evaluate(
        "one => one.scrollWidth - one.clientWidth"
    )
    page.goto("/")
    labels = page.locator(".chart text").evaluate_all(
        "all => Math.min(...all.map(one => one.getBoundingClientRect().height))"
    )
    context.close()

    assert wide == []
    assert hidden <= 0, "a part of the menu stands outside, and nothing says so"
    assert labels >= 9, "what stands at the axes of the pictures is too small to read"


def test_every_page_can_be_read_by_its_structure(anna: Page) -> None:
    """One heading of the first rank, landmarks, a language, and a name for every field."""
    for path in PATHS:
        anna.goto(path)
        assert anna.get_by_role("heading", level=1).count() == 1, path
        for landmark in ("banner", "main", "contentinfo", "search"):
            assert anna.get_by_role(landmark).count() == 1, (path, landmark)
        assert anna.locator("html[lang=en]").count() == 1
        html = anna.content()
        ids = re.findall(r'\sid="([^"]+)"', html)
        assert len(ids) == len(set(ids)), path
        for field in re.findall(r"<(?:input|select|textarea)\s[^>]*>", html):
            is_named = re.search(r'type="(?:hidden|radio|checkbox)"', field) or (
                (name := re.search(r'id="([^"]+)"', field)) and f'for="{name[1]}"' in html
            )
            assert is_named, (path, field)
