"""The table of reasons for attention: complete, used, and written for a person."""

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import typer

from app.cli import cli
from app.domain.reasons import REASONS, Reason, reason_of
from app.domain.tasks import Answer, answers_to

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


def commands_in(reason: Reason) -> list[str]:
    return re.findall(r"`antbridge ([^`]+)`", reason.cure)


def answers_named_by(reason: Reason) -> list[str]:
    return [answer for answer in Answer if re.search(rf"\b{answer}\b", reason.cure)]


def parse(words: list[str]) -> None:
    """Read a command line as the command line does, and run nothing."""
    command = typer.main.get_command(cli)
    while isinstance(command, click.Group):
        command = command.commands[words.pop(0)]
    command.make_context("antbridge", words)


@pytest.mark.parametrize(
    "reason", [one for one in REASONS.values() if commands_in(one)], ids=lambda reason: reason.code
)
def test_what_a_reason_says_to_type_is_understood(reason: Reason) -> None:
    """A command of a cure works as it is written, its capitals filled in."""
    answers = answers_named_by(reason)
    for line in commands_in(reason):
        for answer in answers if "ANSWER" in line else ("",):
            filled = {"ANSWER": answer, "OUTCOME": "completed", "N": "1"}
            parse([filled.get(word, word) for word in shlex.split(line)])


@pytest.mark.parametrize("reason", REASONS.values(), ids=lambda reason: reason.code)
def test_a_reason_names_answers_that_are_possible(reason: Reason) -> None:
    """An answer that a cure names can be recorded; one is named where any can be."""
    named = answers_named_by(reason)

    assert set(named) <= set(answers_to(reason.code))
    assert bool(named) == bool(answers_to(reason.code))


def test_a_reason_of_a_newer_version_still_reads() -> None:
    """A code this version does not know is shown as itself and is no task."""
    reason = reason_of("brand_new")

    assert (reason.code, reason.is_task) == ("brand_new", False)
    assert "brand_new" in reason.sentence
