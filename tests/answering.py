"""A peer that answers what it is told to, and the recorded answers it can be told."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from app.outbound import PeerConnection
from app.pacing import local_budget
from tests.fake_clock import FakeClock

RECORDED = Path(__file__).parent / "recorded"


def load_recorded(name: str) -> Any:
    """Return the recorded document *name*, such as `ankorstore/order`."""
    return json.loads((RECORDED / f"{name}.json").read_text())


class AnsweringPeer:
    """Gives the answers queued in `answers`, in turn, and keeps every request."""

    def __init__(self, base_url: str = "https://peer.example") -> None:
        self.clock = FakeClock()
        self.answers: list[httpx.Response | Exception] = []
        self.requests: list[httpx.Request] = []
        self.connection = PeerConnection(
            "peer",
            base_url,
            budget=local_budget(self.clock, requests_per_minute=600),
            clock=self.clock,
            timeout_seconds=10,
            transport=httpx.MockTransport(self._answer),
        )

    def will_answer(
        self, document: Any = None, *, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        """Queue an answer: a document, or a body as bytes."""
        content = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.answers.append(httpx.Response(status, content=content, headers=headers))

    def will_fail(self, error: Exception) -> None:
        """Queue a call that gets no answer."""
        self.answers.append(error)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def calls(self) -> list[str]:
        """Every request as `METHOD url`, decoded for reading."""
        return [f"{each.method} {httpx.URL(each.url)}" for each in self.requests]

    def sent(self, index: int = -1) -> Any:
        """Return the decoded body of a request."""
        return json.loads(self.requests[index].content)
