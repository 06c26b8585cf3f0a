"""Finished log lines: all of one turn of the event loop go out together, and none stays behind."""

import asyncio
import io
from collections.abc import Iterator

import pytest
import structlog

from app.logs import configure_logs


class Output(io.StringIO):
    """Counts how often it is flushed, and what stood in it then."""

    def __init__(self) -> None:
        super().__init__()
        self.flushed: list[int] = []

    def flush(self) -> None:
        """Note how many lines go out now."""
        self.flushed.append(self.getvalue().count("\n"))


@pytest.fixture(autouse=True)
def _configured() -> Iterator[None]:
    configure_logs("json")
    yield
    structlog.reset_defaults()


def _listen(monkeypatch: pytest.MonkeyPatch) -> Output:
    """Take the process's lines, from within a test: its capture is in place by then."""
    output = Output()
    monkeypatch.setattr("sys.stdout", output)
    return output


async def _say(*events: str) -> None:
    for event in events:
        structlog.get_logger().info(event)


def test_lines_of_one_turn_go_out_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two lines cost one write to the outside, made before the loop waits for anything."""
    output = _listen(monkeypatch)

    async def turn() -> None:
        await _say("event.stored", "event.stored")
        assert output.flushed == []
        await asyncio.sleep(0)
        assert output.flushed == [2]

    asyncio.run(turn())


def test_loop_that_ends_early_keeps_no_later_line_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a loop that was closed still had to send goes out with the next line of another."""
    output = _listen(monkeypatch)
    loop = asyncio.new_event_loop()
    loop.call_soon(lambda: (loop.stop(), structlog.get_logger().info("event.stored")))
    loop.run_forever()
    loop.close()
    assert output.flushed == []

    async def turn() -> None:
        await _say("event.stored")
        await asyncio.sleep(0)

    asyncio.run(turn())
    assert output.flushed == [2]


@pytest.mark.parametrize("level", ["warning", "error", "critical"])
def test_trouble_goes_out_at_once(monkeypatch: pytest.MonkeyPatch, level: str) -> None:
    """Whatever may be the last line of a process is not kept for a moment."""
    output = _listen(monkeypatch)

    async def turn() -> None:
        getattr(structlog.get_logger(), level)("worker.died")
        assert output.flushed == [1]

    asyncio.run(turn())


def test_line_outside_of_any_loop_goes_out_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands log without a loop."""
    output = _listen(monkeypatch)
    structlog.get_logger().info("schema.upgraded")
    assert output.flushed == [1]
