"""Who gets in at the marketplace: tokens, media types, and how often."""

from random import Random

from app.clock import Clock
from app.simulator.ankorstore.habits import AnkorstoreHabits
from app.simulator.ankorstore.refusals import refuse
from app.simulator.exchange import JSON, JSON_API, Answer, Ask, dump_json

Headers = list[tuple[str, str]]


class Window:
    """A count of requests in the running minute or hour."""

    def __init__(self, seconds: int) -> None:
        self._seconds = seconds
        self._number = -1
        self.count = 0

    def add(self, timestamp: float) -> int:
        """Count one more request and return the count."""
        number = int(timestamp // self._seconds)
        if number != self._number:
            self._number, self.count = number, 0
        self.count += 1
        return self.count

    def ends_at(self) -> int:
        """Return the epoch second at which the count starts anew."""
        return (self._number + 1) * self._seconds


class Access:
    """The marketplace's door."""

    def __init__(
        self,
        clock: Clock,
        random: Random,
        habits: AnkorstoreHabits,
        client_id: str,
        client_secret: str,
    ) -> None:
        self.client_id = client_id
        self._client_secret = client_secret
        self._clock = clock
        self._random = random
        self._habits = habits
        self._tokens: dict[str, float] = {}
        self._requests = Window(60)
        self._hourly = Window(3600)
        self._daily = Window(86_400)
        self._logins = Window(3600)

    def expire_tokens(self) -> None:
        """Make every token given out so far worthless."""
        self._tokens.clear()

    def limit_headers(self) -> Headers:
        """Return the rate limit headers every answer carries."""
        limit = self._habits.requests_per_minute
        remaining = 599 if limit is None else max(0, limit - self._requests.count)
        return [
            ("x-ratelimit-limit", str(limit or 600)),
            ("x-ratelimit-remaining", str(remaining)),
        ]

    def count_request(self) -> Headers | None:
        """Count a request; return the headers of a 429 once a window is used up."""
        habits = self._habits
        counted = (
            (self._requests, habits.requests_per_minute),
            (self._hourly, habits.requests_per_hour),
            (self._daily, habits.requests_per_day),
        )
        for window, limit in counted:
            if limit is not None and window.add(self._now()) > limit:
                return self._wait_headers(window)
        return None

    def give_token(self, ask: Ask) -> Answer:
        """Answer ``POST /oauth/token``."""
        limit = self._habits.tokens_per_hour
        if limit is not None and self._logins.add(self._now()) > limit:
            body = dump_json({"message": "Too Many Attempts."})
            return Answer(429, body, JSON, self._wait_headers(self._logins))
        form = ask.form()
        if form.get("grant_type") != "client_credentials":
            return _login_error(400, "unsupported_grant_type")
        known = (form.get("client_id"), form.get("client_secret"))
        if known != (self.client_id, self._client_secret):
            return _login_error(401, "invalid_client")
        token = f"eyJ0eXAiOiJKV1Qi.{self._random.getrandbits(256):064x}"
        seconds = self._habits.token_seconds
        self._tokens[token] = self._now() + seconds
        answer = {"token_type": "Bearer", "expires_in": seconds, "access_token": token}
        return Answer(200, dump_json(answer), JSON)

    def admit(self, ask: Ask) -> None:
        """
        Let a call through.

        Raises:
            Refused: 401 without a living token, 406 or 415 for a wrong media type.
        """
        kind, _, token = ask.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or self._tokens.get(token, 0.0) <= self._now():
            raise refuse(401)
        accepted = [part.strip().lower() for part in ask.headers.get("accept", "").split(",")]
        if JSON_API not in accepted:
            raise refuse(406)
        if ask.body and ask.headers.get("content-type", "").strip().lower() != JSON_API:
            raise refuse(415)

    def _now(self) -> float:
        return self._clock.now().timestamp()

    def _wait_headers(self, window: Window) -> Headers:
        wait_seconds = max(1, round(window.ends_at() - self._now()))
        return [
            ("retry-after", str(wait_seconds)),
            ("x-ratelimit-reset", str(window.ends_at())),
        ]


def _login_error(status: int, code: str) -> Answer:
    body = {"error": code, "error_description": "Client authentication failed"}
    return Answer(status, dump_json(body), JSON)
