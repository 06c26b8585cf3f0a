"""
Bearer tokens: fetched once for everybody, renewed early, renewed once more after a 401.

A login that fails is not tried again at once, by nobody: the pause grows with every failure,
because a token endpoint allows few calls an hour and a peer may lock an account. Calls made in
the pause fail with the reason of the last login.

Authlib's httpx client was looked at and does not fit: its refresh is not single-flight across
waiting requests, and it does not repeat a request after a 401.
"""

import asyncio
import json
from collections import deque
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import structlog

from app.answers import read_pause_seconds
from app.clock import Clock
from app.errors import RateLimited, Transient, Unauthorized
from app.ports import ShelvedToken, TokenShelf

FIRST_REFUSED_PAUSE_SECONDS = 5.0
"""After a login that was refused; doubles with every further failure."""
FIRST_TROUBLE_PAUSE_SECONDS = 1.0
"""After a login without a usable answer; doubles with every further failure."""
LONGEST_PAUSE_SECONDS = 120.0
UNSAID_PAUSE_SECONDS = 60.0
"""After a 429 that names no pause."""
UNKNOWN_LIFETIME_SECONDS = 600.0
"""How long a token is taken to live when the answer does not say."""
LONGEST_LIFETIME_SECONDS = 86_400.0
HOUR_SECONDS = 3600.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, repr=False)
class _Token:
    """A token; between the two moments a new one is wanted and this one still works."""

    value: str
    renew_at_monotonic: float
    ends_at_monotonic: float


class BearerLogin(httpx.Auth):
    """Puts a token on every request; asks for one through the same connection when needed."""

    def __init__(
        self,
        peer: str,
        token_url: str,
        form: Mapping[str, str],
        *,
        clock: Clock,
        renew_early_seconds: float,
        logins_per_hour: int | None = None,
        shelf: TokenShelf | None = None,
    ) -> None:
        """
        Log in by posting *form* to *token_url*; renew that long before a token ends.

        Never log in more than *logins_per_hour* times in an hour, whatever happens: with a
        *shelf* all processes of the account together, without one this process alone.
        """
        self._peer = peer
        self._token_url = token_url
        self._form = dict(form)
        self._clock = clock
        self._renew_early_seconds = renew_early_seconds
        self._logins_per_hour = logins_per_hour
        self._logins: deque[float] = deque()
        self._shelf = shelf
        self._leave: int | None = None
        self._refused: str | None = None
        self._token: _Token | None = None
        self._failures = 0
        self._paused_until = clock.monotonic()
        self._last_failure: Transient = Transient(peer, "log in")
        self._single_flight = asyncio.Lock()

    async def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Send *request* with a token; on 401 take one new token and send it once more."""
        for is_repeat in (False, True):
            async with self._single_flight:
                if self._wants_token() and await self._may_log_in():
                    is_answered = False
                    try:
                        response = yield self._token_request()
                        await response.aread()
                        is_answered = True
                    finally:
                        if not is_answered:  # the sender gave this flow up
                            await self._fail(Transient(self._peer, "log in", detail="no answer"))
                    await self._keep(response)
                token = self._token
            assert token is not None
            request.headers["Authorization"] = f"Bearer {token.value}"
            response = yield request
            if response.status_code != 401:
                self._failures = 0
                return
            await response.aread()
            if is_repeat:
                await self._fail(Unauthorized(self._peer, "log in", status=401))
            elif not self._drop(token):
                return

    def _wants_token(self) -> bool:
        """
        Tell whether to log in now.

        Raises:
            Transient: There is no token, and a failed login forbids to ask for one yet; of the
                kind of that failure.
        """
        now = self._clock.monotonic()
        if self._token is not None and now < self._token.renew_at_monotonic:
            return False
        wait = self._wait_seconds()
        if wait <= 0:
            return True
        if self._is_alive(self._token):
            return False
        is_full = isinstance(self._last_failure, RateLimited) or self._hour_is_full()
        kind = RateLimited if is_full else type(self._last_failure)
        raise self._refusal(kind.__name__, wait)

    async def _may_log_in(self) -> bool:
        """
        Ask the other processes of the account; False where one of them has brought a token.

        Raises:
            Transient: None of them may log in now, and there is no token.
        """
        if self._shelf is None:
            return True
        while True:
            answer = await self._shelf.ask(
                logins_per_hour=self._logins_per_hour, refused=self._refused
            )
            if answer.leave is not None:
                self._leave = answer.leave
                return True
            if answer.token is not None:
                self._use(answer.token)
                return False
            if self._is_alive(self._token):
                return False
            if answer.failure is not None:
                raise self._refusal(answer.failure, answer.wait_seconds)
            await self._clock.sleep(answer.wait_seconds)

    def _refusal(self, kind: str, wait_seconds: float) -> Transient:
        """Return the error of a call that finds no token while nobody may log in."""
        if kind == Unauthorized.__name__:
            return Unauthorized(self._peer, "log in", detail="refused a moment ago")
        if kind == RateLimited.__name__:
            return RateLimited(self._peer, "log in", retry_after_seconds=wait_seconds, status=None)
        return Transient(self._peer, "log in", detail="failed a moment ago")

    def _is_alive(self, token: _Token | None) -> bool:
        return token is not None and self._clock.monotonic() < token.ends_at_monotonic

    def _drop(self, token: _Token) -> bool:
        """
        Forget a token that was refused; False where a new one would be no better.

        A login whose last token was refused at once is paused like one that failed.
        """
        if self._token is token:
            if self._wait_seconds() > 0:
                return False
            self._refused = token.value
            self._token = None
        return True

    def _token_request(self) -> httpx.Request:
        self._logins.append(self._clock.monotonic())
        return httpx.Request(
            "POST", self._token_url, data=self._form, headers={"Accept": "application/json"}
        )

    def _wait_seconds(self) -> float:
        """Return how long nobody may log in; 0 when a login may go out now."""
        now = self._clock.monotonic()
        wait = max(0.0, self._paused_until - now)
        if self._hour_is_full():
            wait = max(wait, self._logins[0] + HOUR_SECONDS - now)
        return wait

    def _hour_is_full(self) -> bool:
        hour_ago = self._clock.monotonic() - HOUR_SECONDS
        while self._logins and self._logins[0] <= hour_ago:
            self._logins.popleft()
        return self._logins_per_hour is not None and len(self._logins) >= self._logins_per_hour

    def _use(self, token: ShelvedToken) -> None:
        now = self._clock.monotonic()
        renew_at, ends_at = now + token.renew_in_seconds, now + token.ends_in_seconds
        self._token = _Token(token.value, renew_at, ends_at)

    async def _fail(self, failure: Transient, pause_seconds: float | None = None) -> None:
        """Note a failed login and let nobody try again for a while that grows."""
        is_refused = isinstance(failure, Unauthorized)
        first = FIRST_REFUSED_PAUSE_SECONDS if is_refused else FIRST_TROUBLE_PAUSE_SECONDS
        grown = min(LONGEST_PAUSE_SECONDS, first * 2.0 ** min(self._failures, 10))
        self._failures += 1
        self._last_failure = failure
        asked = pause_seconds or 0.0
        self._paused_until = self._clock.monotonic() + max(grown, asked)
        leave, self._leave = self._leave, None
        if self._shelf is None or leave is None:
            return
        try:
            pause = await self._shelf.fail(
                leave, type(failure).__name__, first_seconds=first, at_least_seconds=asked
            )
            self._paused_until = self._clock.monotonic() + pause
        except Exception as trouble:  # the leave ends by itself
            log.warning("login.not_recorded", peer=self._peer, error=type(trouble).__name__)

    async def _keep(self, response: httpx.Response) -> None:
        """
        Keep the token of *response*.

        Raises:
            Transient: There is none in it, and no earlier token works any more.
        """
        token, lifetime_seconds = _read_token(response)
        failure = self._failure_of(response, token is not None)
        if failure is None:
            assert token is not None
            early = min(self._renew_early_seconds, lifetime_seconds / 2)
            kept = ShelvedToken(token, lifetime_seconds - early, lifetime_seconds)
            self._use(kept)
            leave, self._leave = self._leave, None
            if self._shelf is not None and leave is not None:
                await self._share(self._shelf, leave, kept)
            return
        asked = failure.retry_after_seconds if isinstance(failure, RateLimited) else None
        await self._fail(failure, asked)
        if not self._is_alive(self._token):
            raise failure

    async def _share(self, shelf: TokenShelf, leave: int, token: ShelvedToken) -> None:
        try:
            await shelf.keep(leave, token)
        except Exception as trouble:  # the token works all the same
            log.warning("login.not_recorded", peer=self._peer, error=type(trouble).__name__)

    def _failure_of(self, response: httpx.Response, has_token: bool) -> Transient | None:
        status = response.status_code
        if status == 429:
            pause = read_pause_seconds(response.headers, self._clock.now())
            return RateLimited(
                self._peer,
                "log in",
                status=status,
                retry_after_seconds=UNSAID_PAUSE_SECONDS if pause is None else pause,
            )
        if status in (400, 401, 403):
            return Unauthorized(self._peer, "log in", status=status)
        if status != 200 or not has_token:
            return Transient(self._peer, "log in", status=status, detail="no token in the answer")
        return None


def _read_token(response: httpx.Response) -> tuple[str | None, float]:
    """Return the token and its life in seconds; None where the answer holds none."""
    body: Any
    try:
        body = json.loads(response.content)
    except (ValueError, RecursionError):
        return None, 0.0
    if not isinstance(body, dict):
        return None, 0.0
    token = body.get("access_token")
    is_usable = isinstance(token, str) and token.isascii() and token.isprintable() and token != ""
    return (token if is_usable else None), _read_lifetime(body.get("expires_in"))


def _read_lifetime(value: object) -> float:
    try:
        seconds = float(value) if isinstance(value, int | float | str) else 0.0
    except (ValueError, OverflowError):
        seconds = 0.0
    return min(seconds, LONGEST_LIFETIME_SECONDS) if seconds > 0 else UNKNOWN_LIFETIME_SECONDS
