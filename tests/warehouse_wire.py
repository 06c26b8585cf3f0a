"""The warehouse's client on a wire that answers what a test says, for tests of single calls."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from app.active_ants.auth import password_login
from app.active_ants.client import ActiveAntsWarehouse
from app.active_ants.paths import PathTable
from app.active_ants.rules import MappingRules
from app.outbound import PeerConnection
from app.pacing import local_budget
from app.ports import Turn
from tests.fake_clock import FakeClock

RECORDED = Path(__file__).parent / "recorded" / "active_ants"
HOST = "https://warehouse.example"
NUMBER = "3434273911"
ORDER_ID = "1ecb023e-7ec0-6d5c-a477-0242ac170009"
PAYLOAD = {"externalOrderNumber": NUMBER, "extra1": ORDER_ID, "orderItems": [{"price": 3.51}]}
TURN = Turn(send_before_monotonic=1e9)

Answer = httpx.Response | Exception


def recorded(name: str) -> httpx.Response:
    content = json.loads((RECORDED / f"{name}.json").read_text())
    return httpx.Response(content["status"], json=content["body"])


def envelope(
    code: str, result: Any = None, *, message: str = "", status: int = 200
) -> httpx.Response:
    body = {"messageCode": code, "message": message, "result": result}
    return httpx.Response(status, json=body)


def missing() -> httpx.Response:
    return recorded("missing_path")


class Wire:
    """Answers each path with its answers in turn (the last for ever), and keeps the requests."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self._answers: dict[str, list[Answer]] = {"POST /token": [recorded("token")]}

    def on(self, call: str, *answers: Answer) -> "Wire":
        self._answers[call] = list(answers)
        return self

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answers = self._answers.get(f"{request.method} {request.url.raw_path.decode()}")
        answers = answers or self._answers.get(f"{request.method} {request.url.path}")
        if not answers:
            return missing()
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    @property
    def calls(self) -> list[str]:
        """Every call but the logins, as `METHOD /path?query`."""
        return [
            f"{one.method} {one.url.raw_path.decode()}"
            for one in self.requests
            if one.url.path != "/token"
        ]

    def last_body(self) -> Any:
        return json.loads(self.requests[-1].content)


def build(
    wire: Wire,
    *,
    paths: Mapping[str, str | None] | None = None,
    carrier_map: Mapping[str, str] | None = None,
    knows_settings: bool = True,
) -> ActiveAntsWarehouse:
    clock = FakeClock()
    peer = PeerConnection(
        "active_ants",
        HOST,
        budget=local_budget(clock, requests_per_minute=6000),
        clock=clock,
        timeout_seconds=10,
        auth=password_login(HOST, "shop", "pass&word", clock=clock),
        headers={"Accept": "application/json"},
        transport=httpx.MockTransport(wire),
    )
    warehouse = ActiveAntsWarehouse(
        peer, rules=MappingRules(), paths=PathTable(paths), carrier_map=carrier_map
    )
    if knows_settings:
        warehouse.use_settings(
            json.loads((RECORDED / "settings.json").read_text())["body"]["result"]
        )
    return warehouse
