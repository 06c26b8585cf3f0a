"""
How an exchange ends without an answer.

Raised inside a company; the in-process transport turns them into the httpx errors a real
network would cause, the ASGI app into a dropped connection.
"""

from app.simulator.faults import Surface


class AnswerLost(Exception):
    """The caller never sees the answer."""

    def __init__(self, surface: Surface) -> None:
        super().__init__(f"answer lost ({surface})")
        self.surface = surface


class ConnectionRefused(Exception):
    """The caller could not connect; the company has seen nothing."""
