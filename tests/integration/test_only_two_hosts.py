"""
Calls leave for the two configured hosts and for nobody else, over real sockets.

A company that answers anything, and a stranger who only counts who comes to him.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from app.errors import BridgeError, OutcomeUnknown, Transient
from app.ports import Turn
from app.settings import Settings
from app.wiring import Companies, build_companies
from tests.answering import load_recorded
from tests.integration.web import web_settings
from tests.peer import Answer, Peer, running_peer

ORDER = "1ecb023e-7ec0-6d5c-a477-0242ac170009"
TOKEN_PATHS = ("/oauth/token", "/token")


@pytest.fixture
async def company() -> AsyncIterator[Peer]:
    """Return the server both companies are configured to be at."""
    async with running_peer() as made:
        yield made


@pytest.fixture
async def stranger() -> AsyncIterator[Peer]:
    """Return a server nobody has any business with."""
    async with running_peer() as made:
        made.answer = lambda _, __: (200, {}, json.dumps({"access_token": "his"}).encode())
        yield made


@pytest.fixture
async def companies(company: Peer) -> AsyncIterator[Companies]:
    """Return both companies' clients, over the network."""
    made = build_companies(settings_of(company))
    yield made
    await made.close()


def settings_of(company: Peer) -> Settings:
    return web_settings(
        "sqlite:///never-opened.db",
        ankorstore_base_url=company.base_url,
        active_ants_base_url=company.base_url,
        active_ants_requests_per_minute=60_000,
    )


def turn() -> Turn:
    return Turn(asyncio.get_running_loop().time() + 5)


Call = Callable[[Companies], Awaitable[Any]]


async def _list(companies: Companies) -> list[Any]:
    return [order async for order in companies.marketplace.list_orders("ankor_confirmed")]


CALLS: dict[str, Call] = {
    "read order": lambda c: c.marketplace.read_order(ORDER),
    "list orders": _list,
    "accept order": lambda c: c.marketplace.accept_order(ORDER, turn=turn()),
    "confirm quote": lambda c: c.marketplace.confirm_quote("q", None, turn=turn()),
    "read settings": lambda c: c.warehouse.read_settings(),
    "find order": lambda c: c.warehouse.find_order("7"),
    "create order": lambda c: c.warehouse.create_order({"externalOrderNumber": "7"}, turn=turn()),
    "search shipments": lambda c: c.warehouse.search_shipments("7"),
}
WRITES = ("accept order", "confirm quote", "create order")


def grant(method: str, target: str) -> Answer | None:
    """Return a token where one is asked for."""
    if target in TOKEN_PATHS:
        return 200, {}, json.dumps({"access_token": "ours", "expires_in": 3600}).encode()
    return None


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("name", CALLS)
async def test_a_redirect_leads_nowhere(
    companies: Companies, company: Peer, stranger: Peer, name: str, status: int
) -> None:
    """To another host or to the same one: not followed, and an error of this attempt alone."""
    for target in (f"{stranger.base_url}/taken", "/taken", f"//127.0.0.1:{stranger.port}/taken"):
        company.answer = lambda method, path, to=target: (
            grant(method, path)
            or (
                status,
                {"Location": to},
                b"",
            )
        )
        company.requests.clear()

        with pytest.raises(OutcomeUnknown if name in WRITES else Transient):
            await CALLS[name](companies)

        assert "/taken" not in company.targets
        assert len([each for each in company.targets if each not in TOKEN_PATHS]) == 1
    assert stranger.connections == 0


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("name", ["read order", "find order"])
async def test_a_login_that_redirects(
    companies: Companies, company: Peer, stranger: Peer, name: str, status: int
) -> None:
    """The secret is posted to the token endpoint and nowhere else; no call is made without it."""
    for target in (f"{stranger.base_url}/token", "/elsewhere"):
        company.answer = lambda _, __, to=target: (status, {"Location": to}, b"")

        with pytest.raises(Transient):
            await CALLS[name](companies)

    assert len(company.requests) == 1  # the second one found the login paused
    assert company.targets[0] in TOKEN_PATHS
    assert stranger.connections == 0


NEXT_LINKS = (
    "http://127.0.0.1:{stranger}/api/v1/orders?page=2",
    "https://127.0.0.1:{company}/api/v1/orders?page=2",
    "http://localhost:{company}/api/v1/orders?page=2",
    "http://127.0.0.1/api/v1/orders?page=2",
    "http://127.0.0.1:{company}@127.0.0.1:{stranger}/api/v1/orders",
    "http://user:word@127.0.0.1:{company}/api/v1/orders",
    "//127.0.0.1:{stranger}/api/v1/orders",
    "http://127.0.0.1:{stranger}\\@127.0.0.1:{company}/api/v1/orders",
    "http://127.0.0.1:{stranger}#@127.0.0.1:{company}/",
    "http://127.0.0.1:{stranger}?@127.0.0.1:{company}/",
    "http://127.0.0.1:{company}.evil.example/",
    "http://127.0.0.1:{company}0/",
    "http://2130706433:{company}/",
    "http://[::ffff:127.0.0.1]:{company}/",
    "http://127.0.0.1:{company}\r\nHost: evil.example/",
    "ftp://127.0.0.1:{company}/",
    "file:///etc/passwd",
    "javascript:alert(1)",
)


@pytest.mark.parametrize("link", NEXT_LINKS)
async def test_a_next_page_at_a_strangers(
    companies: Companies, company: Peer, stranger: Peer, link: str
) -> None:
    """A link to another host, port, scheme or user is not followed; the list counts as broken."""
    page = load_recorded("ankorstore/order_list")
    page["links"] = {"next": link.format(company=company.port, stranger=stranger.port)}
    company.answer = lambda method, path: (
        grant(method, path) or (200, {}, json.dumps(page).encode())
    )

    with pytest.raises(Transient):
        await _list(companies)

    assert len([each for each in company.targets if each not in TOKEN_PATHS]) == 1
    assert stranger.connections == 0


@pytest.mark.parametrize(
    "link",
    ["///127.0.0.1:{stranger}/x", "http:127.0.0.1:{stranger}/", "\\\\127.0.0.1:{stranger}/x"],
)
async def test_a_next_page_that_only_looks_like_a_strangers(
    companies: Companies, company: Peer, stranger: Peer, link: str
) -> None:
    """What names no host is a path at the company, where it finds the pages to go in a circle."""
    page = load_recorded("ankorstore/order_list")
    page["links"] = {"next": link.format(stranger=stranger.port)}
    company.answer = lambda method, path: (
        grant(method, path) or (200, {}, json.dumps(page).encode())
    )

    with pytest.raises(Transient):
        await _list(companies)

    assert len(company.requests) == 3
    assert stranger.connections == 0


async def test_what_an_answer_names_besides_is_not_called(
    companies: Companies, company: Peer, stranger: Peer
) -> None:
    """Addresses in headers and members of an answer are kept or dropped, never gone to."""
    order = load_recorded("ankorstore/order")
    order["links"] = {"self": stranger.base_url, "related": {"href": stranger.base_url}}
    headers = {
        "Location": stranger.base_url,
        "Content-Location": stranger.base_url,
        "Refresh": f"0; url={stranger.base_url}",
        "Link": f'<{stranger.base_url}>; rel="next"',
        "Alt-Svc": f'h2="127.0.0.1:{stranger.port}"',
    }
    company.answer = lambda method, path: (
        grant(method, path) or (200, headers, json.dumps(order).encode())
    )

    for _ in range(2):
        assert (await companies.marketplace.read_order(ORDER)).marketplace_order_id == ORDER

    assert stranger.connections == 0


async def test_the_environment_names_no_way_round(
    company: Peer, stranger: Peer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Neither a proxy nor a netrc file of the environment changes where or as whom we call."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
        monkeypatch.setenv(name, stranger.base_url)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    order = load_recorded("ankorstore/order")
    company.answer = lambda method, path: (
        grant(method, path) or (200, {}, json.dumps(order).encode())
    )

    companies = build_companies(settings_of(company))
    await companies.marketplace.read_order(ORDER)
    with pytest.raises(BridgeError):
        await companies.warehouse.read_settings()
    await companies.close()

    assert stranger.connections == 0
    authorizations = [
        line for head in company.heads for line in head.split("\r\n") if "uthorization" in line
    ]
    assert set(authorizations) == {"Authorization: Bearer ours"}


async def test_an_address_from_anywhere(
    companies: Companies, company: Peer, stranger: Peer
) -> None:
    """Should an address ever get past all checks, the connection itself refuses to go there."""
    company.answer = lambda method, path: grant(method, path) or (200, {}, b"{}")
    for connection in companies.connections.values():
        for url in (f"{stranger.base_url}/x", f"https://127.0.0.1:{stranger.port}/x"):
            with pytest.raises(Transient):
                await connection.call("GET", url, operation="read")
        assert (await connection.call("GET", "/x", operation="read")).status == 200
    assert stranger.connections == 0
