"""The console in this process, and a person who signs in to it."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from argon2 import PasswordHasher

from app.clock import Clock
from app.main import create_app
from app.store.operators import Role, add_operator
from app.store.session import Store
from app.web.console.button_words import tell_words
from tests.integration.web import running, web_settings

PASSWORD = "correct horse battery"
HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
"""With costs for tests: a hash carries its own."""
HTTPS = "https://antbridge.test"
TOKEN_FIELD = re.compile(r'name="form_token" value="([0-9a-f]+)"')


class Browser:
    """Keeps cookies, follows nothing by itself, and fills in forms as they came."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def get(self, path: str) -> httpx.Response:
        return await self.http.get(path)

    async def follow(self, response: httpx.Response) -> httpx.Response:
        """Go where a redirect leads."""
        assert response.status_code == 303, response.text
        return await self.http.get(response.headers["location"])

    async def send(self, page: str, path: str, **fields: str) -> httpx.Response:
        """Open *page*, and send *fields* to *path* with the form token found there."""
        found = TOKEN_FIELD.search((await self.http.get(page)).text)
        assert found is not None, f"no form on {page}"
        return await self.http.post(path, data={"form_token": found[1], **fields})

    async def sign_in(
        self, name: str = "anna", password: str = PASSWORD, **fields: str
    ) -> httpx.Response:
        return await self.send("/sign-in", "/sign-in", name=name, password=password, **fields)


async def add_person(store: Store, name: str = "anna", role: Role = Role.OPERATOR) -> None:
    """Add somebody whose password is `PASSWORD`."""
    await add_operator(store, name, role, HASH)


@asynccontextmanager
async def console(
    database_url: str, clock: Clock | None = None, *, base_url: str = HTTPS, **changes: Any
) -> AsyncIterator[Browser]:
    """Run the web part, and return the browser of somebody who is not signed in yet."""
    settings = web_settings(database_url, **changes)
    app = create_app(settings, with_worker=False, clock=clock)
    async with running(app) as client:
        client.base_url = httpx.URL(base_url)
        yield Browser(client)


def says(response: httpx.Response, sentence: str) -> bool:
    """Tell whether a page says *sentence*, however it is broken up and marked."""
    told, wanted = (re.sub(r"[\s`]", "", text) for text in (text_of(response), sentence))
    return wanted in told


def shows(response: httpx.Response, sentence: str) -> bool:
    """Tell whether a page says a line of a story, its commands as the buttons they are there."""
    line = tell_words(sentence.removeprefix("  - "))
    return says(response, line.striptags())


def text_of(response: httpx.Response) -> str:
    """Return what a page says, without its markup, white space made one."""
    bare = re.sub(r"<[^>]+>", " ", response.text)
    for code, character in (("&#39;", "'"), ("&#34;", '"'), ("&lt;", "<"), ("&gt;", ">")):
        bare = bare.replace(code, character)
    return " ".join(bare.replace("&amp;", "&").split())
