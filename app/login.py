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

from app.answers import read_pause_seconds
from app.clock import Clock
from app.errors import RateLimited, Transient, Unauthorized

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
    ) -> None:
        """
        Log in by posting *form* to *token_url*; renew that long before a token ends.

        Never log in more than *logins_per_hour* times in an hour, whatever happens.
        """
        self._peer = peer
        self._token_url = token_url
        self._form = dict(form)
        self._clock = clock
        self._renew_early_seconds = renew_early_seconds
        self._logins_per_hour = logins_per_hour
        self._logins: deque[float] = deque()
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
                if self._wants_token():
                    is_answered = False
                    try:
                        response = yield self._token_request()
                        await response.aread()
                        is_answered = True
                    finally:
                        if not is_answered:  # the sender gave this flow up
                            self._fail(Transient(self._peer, "log in", detail="no answer"))
                    self._keep(response)
                token = self._token
            assert token is not None
            request.headers["Authorization"] = f"Bearer {token.value}"
            response = yield request
            if response.status_code != 401:
                self._failures = 0
                return
            await response.aread()
            if is_repeat:
                self._fail(Unauthorized(self._peer, "log in", status=401))
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
        if isinstance(self._last_failure, Unauthorized):
            raise Unauthorized(self._peer, "log in", detail="refused a moment ago")
        if isinstance(self._last_failure, RateLimited) or self._hour_is_full():
            raise RateLimited(self._peer, "log in", retry_after_seconds=wait, status=None)
        raise Transient(self._peer, "log in", detail="failed a moment ago")

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

    def _fail(self, failure: Transient, pause_seconds: float | None = None) -> None:
        """Note a failed login and let nobody try again for a while that grows."""
        is_refused = isinstance(failure, Unauthorized)
        first = FIRST_REFUSED_PAUSE_SECONDS if is_refused else FIRST_TROUBLE_PAUSE_SECONDS
        grown = min(LONGEST_PAUSE_SECONDS, first * 2.0 ** min(self._failures, 10))
        self._failures += 1
        self._last_failure = failure
        self._paused_until = self._clock.monotonic() + max(grown, pause_seconds or 0.0)

    def _keep(self, response: httpx.Response) -> None:
        """
        Keep the token of *response*.

        Raises:
            Transient: There is none in it, and no earlier token works any more.
        """
        token, lifetime_seconds = _read_token(response)
        failure = self._failure_of(response, token is not None)
        if failure is None:
            assert token is not None
            now = self._clock.monotonic()
            early = min(self._renew_early_seconds, lifetime_seconds / 2)
            self._token = _Token(token, now + lifetime_seconds - early, now + lifetime_seconds)
            return
        asked = failure.retry_after_seconds if isinstance(failure, RateLimited) else None
        self._fail(failure, asked)
        if not self._is_alive(self._token):
            raise failure

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
