"""Who gets in at the warehouse: one username for a client, tokens of about sixteen hours."""

from datetime import timedelta
from random import Random

from app.clock import Clock
from app.simulator.active_ants.habits import WarehouseHabits
from app.simulator.exchange import JSON, Answer, Ask, dump_json

HTTP_DATE = "%a, %d %b %Y %H:%M:%S GMT"


class Login:
    """The warehouse's door."""

    def __init__(
        self, clock: Clock, random: Random, habits: WarehouseHabits, username: str, password: str
    ) -> None:
        self._clock = clock
        self._random = random
        self._habits = habits
        self._known = (username, password)
        self._tokens: dict[str, float] = {}

    def expire_tokens(self) -> None:
        """Make every token given out so far worthless."""
        self._tokens.clear()

    def is_admitted(self, ask: Ask) -> bool:
        """Say whether the caller shows a living token."""
        kind, _, token = ask.headers.get("authorization", "").partition(" ")
        return kind.lower() == "bearer" and self._tokens.get(token, 0.0) > self._now()

    def give_token(self, ask: Ask) -> Answer:
        """Answer ``POST /token``; a refused login is a 400."""
        form = ask.form()
        if form.get("grant_type") != "password":
            return _login_error("unsupported_grant_type", "The grant type is not supported.")
        if (form.get("username"), form.get("password")) != self._known:
            return _login_error("invalid_grant", "The user name or password is incorrect.")
        seconds = self._habits.token_seconds
        token = f"{self._random.getrandbits(384):096x}"
        self._tokens[token] = self._now() + seconds
        issued_at = self._clock.now()
        answer = {
            "access_token": token,
            "token_type": "bearer",
            "expires_in": seconds,
            "userName": self._known[0],
            "issued": issued_at.strftime(HTTP_DATE),
            "expires": (issued_at + timedelta(seconds=seconds)).strftime(HTTP_DATE),
        }
        return Answer(200, dump_json(answer), JSON)

    def _now(self) -> float:
        return self._clock.now().timestamp()


def _login_error(code: str, text: str) -> Answer:
    return Answer(400, dump_json({"error": code, "error_description": text}), JSON)
