"""The table of reasons for attention: complete, used, and written for a person."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.domain.reasons import REASONS, Reason, reason_of

APP = Path(__file__).resolve().parents[2] / "app"
FILES = [path for path in APP.rglob("*.py") if path.name != "reasons.py"]
CALLS = {"ask_person": 0, "Finding": 0, "reason_of": 0}
"""Who takes a reason's code, and as which argument."""


def texts_in(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def codes_given(path: Path) -> Iterator[str]:
    """Return the codes that *path* hands over as literals."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else ""
            given = node.args[:1] if name in CALLS else []
            given += [word.value for word in node.keywords if word.arg == "reason"]
            for argument in given:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    yield argument.value


def test_every_reason_is_used() -> None:
    """Every reason of the table is asked for somewhere."""
    texts = {text for path in FILES for text in texts_in(ast.parse(path.read_text()))}

    assert set(REASONS) <= texts


def test_every_code_in_use_has_a_reason() -> None:
    """A code that the service gives as a reason has its sentence and its cure."""
    given = {(code, path.name) for path in FILES for code in codes_given(path)}

    assert given
    assert {(code, name) for code, name in given if code and code not in REASONS} == set()


@pytest.mark.parametrize("reason", REASONS.values(), ids=lambda reason: reason.code)
def test_a_reason_speaks_in_sentences(reason: Reason) -> None:
    """Sentence and cure start with a capital, end with a period, and fit a screen line or two."""
    for text in (reason.sentence, reason.cure):
        assert text[0].isupper() or text[0].isdigit()
        assert text.endswith(".")
        assert text == " ".join(text.split())
        assert len(text) <= 200
    assert reason.sentence != reason.cure


def test_a_reason_of_a_newer_version_still_reads() -> None:
    """A code this version does not know is shown as itself and is no task."""
    reason = reason_of("brand_new")

    assert (reason.code, reason.is_task) == ("brand_new", False)
    assert "brand_new" in reason.sentence
