"""Everything an order may wait for has a sentence and a next step; the code knows no other wait."""

import ast
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.domain.lifecycle import IGNORED_BEFORE_SWITCH, IGNORED_SHADOWED, Outcome, State
from app.domain.pauses import Pausable, Pause, tell_pause
from app.domain.reasons import REASONS
from app.domain.record import WarehouseOrderRecord
from app.domain.waits import NOBODY, WAITS, waiting_of
from app.errors import NotYet, PeerAway
from app.flow.case import Case, tell_story
from app.flow.story import tell_past, tell_present
from app.flow.wording import waits_for
from tests.fake_clock import START
from tests.unit.test_story import order

APP = Path(__file__).resolve().parents[2] / "app"
FILES = [path for path in APP.rglob("*.py") if path.name != "waits.py"]
SOON = START + timedelta(seconds=90)
OUTCOMES = (*Outcome, IGNORED_BEFORE_SWITCH, IGNORED_SHADOWED)
TABLE_MADE = {"tell_pause", "waits_for"}
"""Functions whose answers `waits_for` takes; each is told from below."""
LIVE = WarehouseOrderRecord(
    1, "AK1", "4711", None, START, START, None, (), {}, hold_release_at=SOON
)


def _literals(node: ast.expr, constants: dict[str, str]) -> Iterator[str]:
    """Return the texts an expression can be, or `?` where nobody can tell."""
    match node:
        case ast.Constant(value=None):
            return
        case ast.Constant(value=str(text)):
            yield text
        case ast.Name(id=name) if name in constants:
            yield constants[name]
        case ast.Attribute(attr="waits_for"):  # a move's own, told where the move is made
            return
        case ast.Call(func=ast.Name(id=name)) if name in TABLE_MADE:
            return
        case _:
            yield f"? {ast.unparse(node)}"


def _waits_in(tree: ast.AST, constants: dict[str, str]) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id == "Wait":
                yield from _literals(node.args[1], constants)
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value == "waits_for":
                    yield from _literals(value, constants)
        elif isinstance(node, ast.Assign):
            names = [one.slice for one in node.targets if isinstance(one, ast.Subscript)]
            for name in names:
                if isinstance(name, ast.Constant) and name.value in ("waits_for", "to_waits_for"):
                    yield from _literals(node.value, constants)


def _constants() -> dict[str, str]:
    found = {}
    for path in FILES:
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
                for target in node.targets:
                    if isinstance(target, ast.Name) and isinstance(node.value.value, str):
                        found[target.id] = node.value.value
    return found


SHOWS_ONLY = ("cli_ledger.py", "operations.py")
"""Files that show what an order waits for and decide nothing."""


def test_every_wait_in_the_code_is_in_the_table() -> None:
    """Nothing waits for something that `why` cannot explain, and the table has no dead row."""
    constants = _constants()
    found = {
        text
        for path in FILES
        if path.name not in SHOWS_ONLY
        for text in _waits_in(ast.parse(path.read_text()), constants)
    }

    assert found == WAITS


def assert_told(lines: list[str]) -> None:
    """Whole sentences, and at the end what a person does."""
    assert len(lines) >= 2
    for line in lines[:-1]:
        assert line.strip("- ")[0].isupper() or line.startswith("  - ")
    assert lines[-1].startswith((NOBODY, "What to do: ", "To have it handled"))
    assert "None" not in "\n".join(lines)


@pytest.mark.parametrize("state", State)
def test_every_state_is_told(state: State) -> None:
    """Waiting for anything there is, asking for any reason, closed with any outcome."""
    peers = [PeerAway(name, "x", retry_after_seconds=1) for name in ("ankorstore", "active_ants")]
    others = [waits_for(one) for one in (*peers, NotYet("active_ants", "x", retry_after_seconds=1))]
    base: dict[str, Any] = {
        "state": state,
        "outcome": Outcome.COMPLETED,
        "live": LIVE,
        "marketplace_reference": "R1",
    }
    for wait in (None, *sorted(WAITS), *others):
        lines = tell_present(order(next_attempt_at=SOON, waits_for=wait, **base), START)
        assert_told(lines)
        assert waiting_of(wait).sentence in lines
    for code, reason in REASONS.items():
        lines = tell_present(order(attention_reason=code, attention_since=START, **base), START)
        assert_told(lines)
        assert lines[-1] == f"What to do: {reason.cure}"
    for outcome in OUTCOMES:
        assert_told(tell_present(order(**{**base, "outcome": outcome}), START))


@pytest.mark.parametrize("text", sorted(WAITS))
def test_a_wait_speaks_in_sentences(text: str) -> None:
    """A sentence says more than the wait's own words, and ends as one."""
    waiting = waiting_of(text)

    assert waiting.sentence[0].isupper()
    assert waiting.sentence.endswith(".")
    assert waiting.step.endswith(".")


@pytest.mark.parametrize("what", Pausable)
def test_a_pause_is_told_with_who_why_and_what_ends_it(what: Pausable) -> None:
    """An order that says so, or that no claim takes because of it, names the pause."""
    pause = Pause(what, START, "ina", "stock-taking")
    waiting = order(state=State.RECEIVED, next_attempt_at=SOON, waits_for=tell_pause(pause))

    lines = tell_present(waiting, START, pauses={what: pause})

    assert_told(lines)
    assert any("by ina (stock-taking)" in line for line in lines)
    assert lines[-1].endswith(f"antbridge resume {what}")


@pytest.mark.parametrize(
    ("state", "what", "is_held"),
    [
        (State.RECEIVED, Pausable.ACCEPTING, True),
        (State.RECEIVED, Pausable.PLACING, False),
        (State.ACCEPTED, Pausable.PLACING, True),
        (State.ACCEPTED, Pausable.ACTIVE_ANTS, True),
        (State.PLACED, Pausable.TRACKING, False),
        (State.PLACED, Pausable.EVERYTHING, True),
        (State.SHIPPED, Pausable.ANKORSTORE, True),
    ],
)
def test_an_order_that_is_due_under_a_pause(state: State, what: Pausable, is_held: bool) -> None:
    """It is told at once, also before the order itself says so; what goes on is not blamed."""
    pauses = {what: Pause(what, START, "ina", "why")}
    due = order(state=state, next_attempt_at=START)

    told = "\n".join(tell_present(due, START, pauses=pauses))
    later = "\n".join(tell_present(order(state=state, next_attempt_at=SOON), START, pauses=pauses))

    assert ("is paused since" in told) is is_held
    assert "is paused since" not in later


def test_the_past_is_one_story() -> None:
    """Events and steps stand in the order they happened, with call, answer and next time."""
    at = [START + timedelta(seconds=number) for number in range(4)]
    events = [
        {"event_type": "order.brand_created", "received_at": at[0], "processed_at": at[2]},
        {"event_type": "order.updated", "received_at": at[3], "processed_at": None},
    ]
    step: dict[str, Any] = {
        "happened_at": at[1],
        "step": "place order",
        "attempt_number": 2,
        "message": "Active Ants could not be asked",
        "detail": "busy",
        "outcome": "failed",
        "peer": "active_ants",
        "call": "create order",
        "status": 503,
        "next_attempt_at": START + timedelta(minutes=5),
    }

    assert tell_past(order(found_by="webhook"), events, [step]) == [
        "2026-03-02 09:00:00  Ankorstore told: order.brand_created (heeded at 09:00:02)",
        "2026-03-02 09:00:01  place order, try 2: Active Ants could not be asked — "
        '"busy" (failed, to be tried again; create order at Active Ants, HTTP 503; '
        "next at 2026-03-02 09:05 UTC)",
        "2026-03-02 09:00:03  Ankorstore told: order.updated (not looked at yet)",
    ]


def test_a_story_names_a_company_that_is_away() -> None:
    """Since when it is away stands in the story, and that nobody here need act."""
    waiting = order(
        state=State.RECEIVED,
        found_by="reconcile",
        created_at=START,
        marketplace_order_id="one",
        next_attempt_at=START,
        waits_for="Ankorstore to answer again",
    )
    case = Case(waiting, START, away={"ankorstore": START - timedelta(hours=2)})

    story = tell_story(case, at_risk_seconds=0, country_code="NL")

    assert story.past == ("2026-03-02 09:00:00  found in Ankorstore's list; no webhook told of it",)
    assert "Ankorstore is away since 2026-03-02 07:00 UTC." in story.present
    assert story.present[-1].startswith(NOBODY)
