"""Whether a company is there: when it is left alone, when it is looked for, what is logged."""

import pytest
from structlog.testing import capture_logs

from app.circuit import FAILURES_TO_OPEN, Circuit
from app.errors import PeerAway
from tests.fake_clock import FakeClock


def opened(clock: FakeClock) -> Circuit:
    """Return a circuit that has just opened."""
    circuit = Circuit("peer", clock)
    for _ in range(FAILURES_TO_OPEN):
        circuit.admit("read")
        circuit.note_failure("read: HTTP 500", was_probe=False)
    return circuit


def fail_probe(circuit: Circuit) -> None:
    """Let a probe out that fails."""
    assert circuit.admit("read")
    circuit.note_failure("read: HTTP 500", was_probe=True)
    circuit.end_probe()


def test_a_few_failures_in_a_row_open_it() -> None:
    """One success in between, and the count starts anew."""
    circuit = Circuit("peer", FakeClock())
    for _ in range(FAILURES_TO_OPEN - 1):
        circuit.note_failure("read", was_probe=False)
    circuit.note_success()
    for _ in range(FAILURES_TO_OPEN - 1):
        circuit.note_failure("read", was_probe=False)
    assert not circuit.is_away

    circuit.note_failure("read", was_probe=False)
    assert circuit.is_away


def test_while_open_only_one_probe_is_out() -> None:
    """No call passes before the pause is over, then one, and no other until that one ended."""
    clock = FakeClock()
    circuit = opened(clock)
    with pytest.raises(PeerAway) as refused:
        circuit.admit("read")
    assert refused.value.retry_after_seconds == 5
    assert not circuit.wants_probe()

    clock.advance(5)
    assert circuit.wants_probe()
    with pytest.raises(PeerAway):
        circuit.admit("create", may_probe=False)
    assert circuit.admit("read") is True
    assert not circuit.wants_probe()
    with pytest.raises(PeerAway):
        circuit.admit("read")

    circuit.end_probe()  # cut off: it told nothing
    assert circuit.admit("read") is True


def test_pauses_grow_to_a_few_minutes() -> None:
    """5, 10, 20 … and never more than three minutes."""
    clock = FakeClock()
    circuit = opened(clock)
    pauses = []
    for _ in range(8):
        started = clock.monotonic()
        while not circuit.wants_probe():
            clock.advance(1)
        pauses.append(clock.monotonic() - started)
        fail_probe(circuit)
    assert pauses == [5, 10, 20, 40, 80, 160, 180, 180]


def test_one_line_when_it_goes_and_one_when_it_returns() -> None:
    """However many calls and probes fail in between."""
    clock = FakeClock()
    with capture_logs() as lines:
        circuit = opened(clock)
        circuit.note_failure("late", was_probe=False)
        for _ in range(3):
            clock.advance(200)
            fail_probe(circuit)
        clock.advance(200)
        assert circuit.admit("read")
        circuit.note_success()
        circuit.note_success()
        circuit.end_probe()
    assert lines == [
        {
            "event": "peer.went_away",
            "log_level": "warning",
            "peer": "peer",
            "last_error": "read: HTTP 500",
        },
        {"event": "peer.returned", "log_level": "info", "peer": "peer", "away_seconds": 800},
    ]
    assert circuit.admit("read") is False
    assert circuit.away_since is None
