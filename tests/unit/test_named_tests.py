"""The pages that name a test for each of their claims name tests that exist and are collected."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("SECURITY.md", "docs/rules/traps.md")
NAMED = re.compile(r"`(tests/[\w/]+/test_\w+\.py)::((?:Test\w+::)?test_\w+)`")

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@cache
def collected(path: str) -> frozenset[str]:
    """Return the tests of a file by the names pytest gives them."""
    file = ROOT / path
    return (
        frozenset(_tests_of(ast.parse(file.read_text("utf-8")))) if file.is_file() else frozenset()
    )


def _tests_of(node: ast.Module | ast.ClassDef, prefix: str = "") -> Iterator[str]:
    for child in node.body:
        if isinstance(child, ast.ClassDef) and child.name.startswith("Test"):
            yield from _tests_of(child, f"{child.name}::")
        elif isinstance(child, _FUNCTIONS) and child.name.startswith("test_"):
            yield prefix + child.name


@pytest.mark.parametrize("page", PAGES)
def test_every_test_that_is_named_exists(page: str) -> None:
    """A test that was renamed or deleted leaves no claim without proof."""
    named = NAMED.findall((ROOT / page).read_text("utf-8"))
    assert len(named) > 10
    assert [f"{path}::{test}" for path, test in named if test not in collected(path)] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_claim_names_a_test(page: str) -> None:
    """Each row of a table of claims names at least one test, in full."""
    text = (ROOT / page).read_text("utf-8")
    tables = [part for part in text.split("\n\n") if part.startswith("|") and "| test |" in part]
    assert tables
    for table in tables:
        for line in table.splitlines()[2:]:
            assert NAMED.search(line), line
            assert line.count("tests/") == len(NAMED.findall(line)), line
