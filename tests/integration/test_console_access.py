"""Who gets into the console, how, for how long, and what every page carries."""

import re
import threading
from collections.abc import AsyncIterator
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.store.models_operators import Operator, OperatorSession
from app.store.operator_sessions import MOST_FAILURES, hash_token
from app.store.operators import Role, change_operator, unlock_operator
from app.store.session import Store
from app.web.console import access as access_module
from tests.fake_clock import FakeClock
from tests.integration.console import PASSWORD, Browser, add_person, console, text_of
from tests.integration.web import OPERATOR
from tests.store_rows import count_rows, rows_of

PAGES = (
    "/",
    "/attention",
    "/attention/sku_unknown/retry",
    "/orders",
    "/orders/R1",
    "/orders/R1/preview",
    "/orders/R1/do/retry",
    "/search?q=R1",
    "/events",
    "/shipments",
    "/schedules",
)
SETTINGS = "/settings"
"""Shown without the database, but for the session."""
TWELVE_HOURS = 12 * 3600


@pytest.fixture
async def browser(database_url: str, clock: FakeClock, store: Store) -> AsyncIterator[Browser]:
    """Return a stranger's browser; the operator anna may sign in."""
    await add_person(store)
    async with console(database_url, clock) as made:
        yield made


def cookie_of(response: httpx.Response, name: str) -> Any:
    """Return the cookie that an answer sets."""
    made = SimpleCookie[str]()
    for header in response.headers.get_list("set-cookie"):
        made.load(header)
    return made[name]


async def test_a_stranger_sees_the_sign_in_and_then_what_they_wanted(browser: Browser) -> None:
    """A page that was asked for comes after the sign-in, its query too."""
    sent = await browser.get("/?a=1&b=2")
    assert sent.headers["location"] == "/sign-in?next=%2F%3Fa%3D1%26b%3D2"

    page = await browser.follow(sent)
    assert 'name="next" value="/?a=1&amp;b=2"' in page.text

    signed = await browser.sign_in(next="/?a=1&b=2")
    assert (signed.status_code, signed.headers["location"]) == (303, "/?a=1&b=2")
    assert "anna" in text_of(await browser.follow(signed))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("path", [*PAGES, SETTINGS])
async def test_no_page_is_shown_to_strangers(browser: Browser, path: str) -> None:
    """Not even whether there is such a thing."""
    answer = await browser.get(path)

    assert (answer.status_code, answer.text) == (303, "")


async def test_the_session_is_a_cookie_no_script_reads(browser: Browser, store: Store) -> None:
    """It goes over https only, to this host only, and the database keeps but a hash of it."""
    signed = await browser.sign_in()

    cookie = cookie_of(signed, "__Host-antbridge_session")
    assert (cookie["secure"], cookie["httponly"], cookie["samesite"]) == (True, True, "lax")
    assert (cookie["path"], cookie["domain"], cookie["max-age"]) == ("/", "", str(TWELVE_HOURS))
    (session,) = await rows_of(store, OperatorSession)
    assert session.token_hash == hash_token(cookie.value)
    assert cookie.value not in str(session)


async def test_on_this_machine_the_cookie_needs_no_https(
    database_url: str, clock: FakeClock, store: Store
) -> None:
    """Plain http on loopback works; the same through a proxy is a secure cookie again."""
    await add_person(store)
    async with console(database_url, clock, base_url="http://127.0.0.1:8000") as browser:
        signed = await browser.sign_in()
        assert not cookie_of(signed, "antbridge_session")["secure"]
        assert (await browser.get("/")).status_code == 200

        browser.http.headers["X-Forwarded-Proto"] = "https"
        behind = await browser.get("/sign-in")
        assert cookie_of(behind, "__Host-antbridge_form")["secure"]


async def test_a_refused_sign_in_tells_nothing(browser: Browser, store: Store) -> None:
    """A wrong password, a name that is none and a disabled one are answered alike."""
    await add_person(store, "gone")
    await change_operator(store, "gone", disabled_at=store.now())
    await add_person(store, "proxied")
    await change_operator(store, "proxied", password_hash=None)

    answers = [
        await browser.sign_in("anna", "a wrong password"),
        await browser.sign_in("nobody", PASSWORD),
        await browser.sign_in("gone", PASSWORD),
        await browser.sign_in("proxied", PASSWORD),
        await browser.sign_in("Robert'); --", ""),
    ]

    assert {answer.status_code for answer in answers} == {401}
    said = {re.sub(r' value="[^"]*"', "", answer.text) for answer in answers}
    assert len(said) == 1
    assert "do not fit" in said.pop()
    assert await count_rows(store, OperatorSession) == 0


async def test_an_unknown_name_costs_as_much_as_a_known_one(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A password is compared either way, so that time tells nothing; never on the event loop."""
    compared: list[tuple[bool, bool]] = []
    main = threading.current_thread()
    real = access_module.is_password

    def compare(password: str, password_hash: str | None) -> bool:
        compared.append((password_hash is not None, threading.current_thread() is main))
        return real(password, password_hash)

    monkeypatch.setattr(access_module, "is_password", compare)
    await browser.sign_in("nobody", PASSWORD)
    await browser.sign_in("anna", "a wrong password")

    assert compared == [(False, False), (True, False)]
    assert real(PASSWORD, None) is False


async def test_repeated_failures_lock_a_name_for_a_while(
    browser: Browser, store: Store, clock: FakeClock
) -> None:
    """The right password does not help then; it does after a quarter of an hour."""
    for _ in range(MOST_FAILURES - 1):
        await browser.sign_in("anna", "a wrong password")
    assert (await browser.sign_in()).status_code == 303  # a good one starts the count anew
    for _ in range(MOST_FAILURES):
        await browser.sign_in("anna", "a wrong password")
    assert (await browser.sign_in()).status_code == 401

    clock.advance(15 * 60 - 1)
    assert (await browser.sign_in()).status_code == 401
    clock.advance(2)
    assert (await browser.sign_in()).status_code == 303


async def test_a_locked_name_can_be_unlocked(browser: Browser, store: Store) -> None:
    """By whoever runs the command; tries with names that are none leave no row behind."""
    for _ in range(MOST_FAILURES):
        await browser.sign_in("anna", "a wrong password")
        await browser.sign_in("nobody", "a wrong password")
    assert await count_rows(store, Operator) == 1

    assert await unlock_operator(store, "anna")

    assert (await browser.sign_in()).status_code == 303


async def test_signing_out_ends_the_session(browser: Browser, store: Store) -> None:
    """The cookie is dropped, and worth nothing to whoever kept it."""
    signed = await browser.sign_in()
    kept = cookie_of(signed, "__Host-antbridge_session").value

    out = await browser.send("/", "/sign-out")
    assert (out.status_code, out.headers["location"]) == (303, "/sign-in")
    assert cookie_of(out, "__Host-antbridge_session")["max-age"] == "0"

    browser.http.cookies.set("__Host-antbridge_session", kept, "antbridge.test", "/")
    assert (await browser.get("/")).status_code == 303
    assert await count_rows(store, OperatorSession) == 0


async def test_a_session_ends_by_itself(browser: Browser, store: Store, clock: FakeClock) -> None:
    """After its hours the cookie is worth nothing, and the next sign-in clears the row away."""
    await browser.sign_in()
    clock.advance(TWELVE_HOURS - 1)
    assert (await browser.get("/")).status_code == 200
    clock.advance(2)
    assert (await browser.get("/")).status_code == 303

    await browser.sign_in()

    assert await count_rows(store, OperatorSession) == 1


@pytest.mark.parametrize("change", ["disabled_at", "password_hash"])
async def test_who_is_disabled_or_gets_a_new_password_is_out_at_once(
    browser: Browser, store: Store, change: str
) -> None:
    """Sessions do not outlive what they rest on."""
    await browser.sign_in()
    value = store.now() if change == "disabled_at" else "another hash"

    await change_operator(store, "anna", **{change: value})

    assert (await browser.get("/")).status_code == 303


async def test_a_new_sign_in_ends_the_one_before(browser: Browser, store: Store) -> None:
    """Of the same browser, that is: its old token must not live on."""
    await browser.sign_in()
    await browser.sign_in()

    assert await count_rows(store, OperatorSession) == 1


@pytest.mark.parametrize("token", [None, "", "0" * 64, "é", "of another"])
async def test_a_form_from_elsewhere_is_refused(
    browser: Browser, store: Store, token: str | None
) -> None:
    """Without the token of this very session nothing happens."""
    await browser.sign_in()
    if token == "of another":
        form = await browser.get("/sign-in")
        token = re.findall(r'name="form_token" value="(\w+)"', form.text)[0]
    fields = {"reason": "x"} if token is None else {"form_token": token}

    answer = await browser.http.post("/sign-out", data=fields)

    assert answer.status_code == 403
    assert "Nothing was done" in answer.text
    assert await count_rows(store, OperatorSession) == 1


async def test_a_sign_in_from_elsewhere_is_refused(browser: Browser, store: Store) -> None:
    """Nobody can be signed in under a name of somebody else's choosing."""
    fields = {"name": "anna", "password": PASSWORD, "form_token": "0" * 64}
    without_cookie = await browser.http.post("/sign-in", data=fields)
    await browser.get("/sign-in")
    with_cookie = await browser.http.post("/sign-in", data=fields)

    assert (without_cookie.status_code, with_cookie.status_code) == (403, 403)
    assert await count_rows(store, OperatorSession) == 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{}", "application/json", 415),
        (b"a=" + b"x" * 70_000, "application/x-www-form-urlencoded", 413),
        (b"&".join(b"a%d=1" % n for n in range(101)), "application/x-www-form-urlencoded", 400),
        (b"a=\xff", "application/x-www-form-urlencoded", 400),
        (b"a=%ff", "application/x-www-form-urlencoded", 400),
        (b"a=%00", "application/x-www-form-urlencoded", 400),
        (b"", "", 415),
    ],
    ids=["json", "large", "fields", "bytes", "escapes", "nul", "none"],
)
async def test_what_is_no_form_is_refused(
    browser: Browser, content: bytes, kind: str, status: int
) -> None:
    """By its kind, its size, or what it holds; as a page, before it is judged."""
    headers = {"content-type": kind}

    answer = await browser.http.post("/sign-in", content=content, headers=headers)

    assert answer.status_code == status
    assert "<h1>" in answer.text


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "wanted",
    ["https://evil.example", "//evil.example", "/\\evil.example", "/a\nb", "evil", "/\tx", "/é"],
)
async def test_a_sign_in_leads_nowhere_else(browser: Browser, wanted: str) -> None:
    """Whatever a link to the sign-in asks for, it ends on a page of the console."""
    shown = await browser.http.get("/sign-in", params={"next": wanted})
    assert 'name="next" value="/"' in shown.text

    signed = await browser.sign_in(next=wanted)

    assert signed.headers["location"] == "/"


async def test_every_answer_has_the_safe_headers(browser: Browser) -> None:
    """No script, nothing from elsewhere, no frame, no cache; redirects and refusals too."""
    await browser.sign_in()
    answers = [await browser.get(path) for path in (*PAGES, SETTINGS, "/sign-in")]
    answers += [await browser.http.post("/sign-out"), await browser.http.post("/sign-in")]

    for answer in answers:
        assert answer.headers["content-security-policy"] == (
            "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
            "frame-ancestors 'none'; base-uri 'none'"
        )
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["cache-control"] == "no-store"
        assert not re.search(r"<script|<style|\sstyle=|\son\w+=|javascript:", answer.text)
        assert not re.search(r'(?:src|href|action)="(?:https?:)?//', answer.text)


async def test_the_style_is_kept_for_ever_under_its_own_name(browser: Browser) -> None:
    """Under another version's name it is served and not kept; nothing else is served."""
    page = await browser.get("/sign-in")
    path = re.findall(r'href="(/static/\w+/console.css)"', page.text)[0]

    assert "immutable" in (await browser.get(path)).headers["cache-control"]
    assert (await browser.get("/static/older/console.css")).headers["cache-control"] == "no-store"
    for name in ("nothing.css", "..%2f..%2fsettings.py", "__init__.py"):
        assert (await browser.get(f"/static/older/{name}")).status_code == 404


async def test_a_viewer_signs_in_too(browser: Browser, store: Store) -> None:
    """And is told that they are one."""
    await add_person(store, "vera", Role.VIEWER)
    await browser.sign_in("vera")

    assert "vera viewer" in text_of(await browser.get("/"))


async def test_the_cookie_opens_no_api_and_the_token_no_page(browser: Browser) -> None:
    """Machines have the bearer token, people their session."""
    assert (await browser.http.get("/", headers=OPERATOR)).status_code == 303
    await browser.sign_in()

    assert (await browser.get("/api/orders")).status_code == 401
    assert (await browser.http.get("/api/orders", headers=OPERATOR)).status_code == 200


PROXY = {"operator_header": "X-Forwarded-User", "trusted_proxies": "127.0.0.0/8, 10.0.0.5"}


async def test_a_trusted_proxy_says_who_it_is(
    database_url: str, clock: FakeClock, store: Store
) -> None:
    """Its word is enough, and the forms of such a person are bound to their browser."""
    await add_person(store)
    async with console(database_url, clock, **PROXY) as browser:
        browser.http.headers["X-Forwarded-User"] = "Anna"
        page = await browser.get("/")
        assert (page.status_code, "anna" in text_of(page)) == (200, True)
        assert "Sign out" not in page.text

        # A page of the proxy's person has no session to end, and its form needs its own token.
        refused = await browser.http.post("/sign-out", data={"form_token": "0" * 64})
        assert refused.status_code == 403
    assert await count_rows(store, OperatorSession) == 0


@pytest.mark.parametrize("names", [["nobody"], ["anna", "vera"], ["anna,vera"], ["gone"]])
async def test_a_proxy_can_name_operators_only(
    database_url: str, clock: FakeClock, store: Store, names: list[str]
) -> None:
    """One who is none, who is disabled, or two at once, are refused with what to do about it."""
    for name in ("anna", "vera", "gone"):
        await add_person(store, name)
    await change_operator(store, "gone", disabled_at=store.now())
    async with console(database_url, clock, **PROXY) as browser:
        answer = await browser.http.get("/", headers=[("X-Forwarded-User", n) for n in names])

    assert answer.status_code == 403
    assert "antbridge operators add" in answer.text


@pytest.mark.parametrize("trusted", ["10.0.0.5", "192.168.0.0/16"])
async def test_the_header_of_anybody_else_is_ignored(
    database_url: str, clock: FakeClock, store: Store, trusted: str
) -> None:
    """Also if they claim to have come through a trusted address."""
    await add_person(store)
    changes = {**PROXY, "trusted_proxies": trusted}
    async with console(database_url, clock, **changes) as browser:
        headers = {"X-Forwarded-User": "anna", "X-Forwarded-For": trusted}
        answer = await browser.http.get("/", headers=headers)

    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")


async def test_without_the_setting_no_header_is_believed(browser: Browser) -> None:
    """The default trusts nobody."""
    answer = await browser.http.get("/", headers={"X-Forwarded-User": "anna"})

    assert answer.status_code == 303


async def test_an_address_that_leads_nowhere(browser: Browser) -> None:
    """Is a page for people, and what it always was for programs."""
    page = await browser.http.get("/nowhere", headers={"accept": "text/html,*/*"})
    assert (page.status_code, "<h1>No such page</h1>" in page.text) == (404, True)
    assert "content-security-policy" in page.headers

    assert (await browser.get("/nowhere")).json() == {"detail": "Not Found"}
    api = {"accept": "text/html", **OPERATOR}
    assert (
        "no order has" in (await browser.http.get("/api/orders/R9", headers=api)).json()["detail"]
    )


@pytest.mark.parametrize("path", ["/pauses/placing/pause", "/events/1/replay", "/sign-out"])
async def test_the_address_of_a_form_opened_by_itself(browser: Browser, path: str) -> None:
    """A refused form leaves its address in the browser; opened, it is a page and does nothing."""
    page = await browser.http.get(path, headers={"accept": "text/html,*/*"})

    assert (page.status_code, "<h1>No page by itself</h1>" in page.text) == (405, True)
    assert page.headers["allow"] == "POST"
    assert "content-security-policy" in page.headers
    assert (await browser.get(path)).json() == {"detail": "Method Not Allowed"}


async def test_too_many_sign_ins_at_once_are_put_off(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Comparing passwords takes memory and time, so what waits for it is bounded."""
    monkeypatch.setattr(access_module, "MOST_WAITING", 0)

    answer = await browser.sign_in()

    assert (answer.status_code, "at once" in answer.text) == (503, True)


async def test_a_lost_database_is_a_page_that_says_so(tmp_path: Path, clock: FakeClock) -> None:
    """503, and no word of the inside; also where the answer could have been a sign-in."""
    async with console(f"sqlite:///{tmp_path}/none/without.db", clock) as browser:
        for path in (*PAGES, SETTINGS):
            browser.http.cookies.set("__Host-antbridge_session", "x", "antbridge.test", "/")
            answer = await browser.get(path)
            assert answer.status_code == 503
            assert "The database cannot be reached" in answer.text
        answer = await browser.sign_in()

    assert answer.status_code == 503
    assert not re.search("Traceback|sqlite|SELECT", answer.text)
