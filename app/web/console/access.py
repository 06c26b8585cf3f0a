"""Who is in front of the console: by the cookie of a session, or by the word of a trusted proxy."""

import asyncio
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network

import structlog
from starlette.requests import Request

from app.passwords import is_password
from app.store.operator_sessions import end_session, load_session, sign_in
from app.store.operators import Role, find_operator
from app.store.session import Store
from app.web.console.cookies import FORM, SESSION, form_token, new_token, read_cookie
from app.web.console.refusals import Refused

AT_ONCE = 2
"""Passwords being compared at the same time: each takes 64 MiB and half a core for a moment."""
MOST_WAITING = 20

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class AccessRules:
    """How long a sign-in lasts, and from which addresses a header names the person."""

    session_hours: float = 12.0
    operator_header: str | None = None
    trusted_proxies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Person:
    """Whoever is signed in. `key` is the secret their forms are bound to."""

    name: str
    role: str
    key: str = field(repr=False)
    is_by_proxy: bool = False

    @property
    def may_decide(self) -> bool:
        """Whether they may do more than look."""
        return self.role == Role.OPERATOR

    @property
    def form_token(self) -> str:
        """What every form of theirs carries."""
        return form_token(self.key)


class Access:
    """Lets people in."""

    def __init__(self, store: Store, rules: AccessRules) -> None:
        """Ask *store* about people and sessions."""
        self._store = store
        self._header = rules.operator_header
        self._proxies = [ip_network(text) for text in rules.trusted_proxies]
        self.session_hours = rules.session_hours
        self._comparing = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    async def identify(self, request: Request) -> Person | None:
        """
        Return who sends *request*, None for a stranger.

        Raises:
            Refused: The proxy names somebody who is no operator here.
        """
        named = self._name_by_proxy(request)
        if named is not None:
            operator = await find_operator(self._store, named)
            if operator is None or operator.disabled_at is not None:
                raise Refused(
                    403,
                    "You are not an operator here",
                    f"The proxy says that you are {named!r}. Whoever runs antbridge can add you: "
                    "antbridge operators add NAME --no-password",
                )
            key = read_cookie(request, FORM) or new_token()
            return Person(operator.name, operator.role, key, is_by_proxy=True)
        token = read_cookie(request, SESSION)
        session = await load_session(self._store, token) if token else None
        return Person(session.operator_name, session.role, token) if session is not None else None

    async def sign_in(self, name: str, password: str) -> str | None:
        """
        Return the token of a new session, None where name and password do not fit.

        The same work is done whether there is such a name or not.

        Raises:
            Refused: Too many people sign in at once.
        """
        if self._waiting >= MOST_WAITING:
            raise Refused(503, "Busy", "Too many sign-ins at once. Try again in a moment.")
        kept = name.strip().lower()
        operator = await find_operator(self._store, kept) if "\x00" not in kept else None
        password_hash = operator.password_hash if operator is not None else None
        self._waiting += 1
        try:
            async with self._comparing:
                is_right = await asyncio.to_thread(is_password, password, password_hash)
        finally:
            self._waiting -= 1
        if operator is None:
            log.warning("operator.sign_in_refused", operator=None)
            return None
        token = new_token()
        hours = self.session_hours
        if not await sign_in(self._store, operator, token, is_right=is_right, hours=hours):
            log.warning("operator.sign_in_refused", operator=operator.name)
            return None
        log.info("operator.signed_in", operator=operator.name)
        return token

    async def sign_out(self, request: Request) -> None:
        """End the session of the request's cookie."""
        if token := read_cookie(request, SESSION):
            await end_session(self._store, token)

    def _name_by_proxy(self, request: Request) -> str | None:
        """Return the name in the header, where it comes from a trusted address; else None."""
        if self._header is None or request.client is None:
            return None
        values = request.headers.getlist(self._header)
        if not values or not self._is_trusted(request.client.host):
            return None
        name = ",".join(values).strip().lower()  # two names are nobody's name
        return name or None

    def _is_trusted(self, host: str) -> bool:
        try:
            address = ip_address(host)
        except ValueError:
            return False
        return any(address in network for network in self._proxies)
