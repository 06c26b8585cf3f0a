"""The documentation says what the code says."""

import re
from pathlib import Path

import pytest

from app.domain.reasons import REASONS, Reason

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("reason", REASONS.values(), ids=lambda reason: reason.code)
def test_every_reason_is_documented_in_its_own_words(reason: Reason) -> None:
    """The page of reasons holds each code with its sentence and its cure."""
    rows = (ROOT / "docs" / "reasons.md").read_text().splitlines()

    mark = " *(task)*" if reason.is_task else ""
    assert f"| `{reason.code}`{mark} | {reason.sentence} | {reason.cure} |" in rows


def test_page_of_reasons_has_no_reason_too_many() -> None:
    """A reason that no longer exists is not documented either."""
    text = (ROOT / "docs" / "reasons.md").read_text()

    assert set(re.findall(r"^\| `(\w+)`", text, re.MULTILINE)) == set(REASONS)


@pytest.mark.parametrize("code", REASONS)
def test_what_happens_to_an_order_is_told_for_every_reason(code: str) -> None:
    """Whoever reads why an order waits finds in one table how it goes on and ends."""
    rows = (ROOT / "docs" / "orders.md").read_text().splitlines()

    assert any(f"`{code}`" in row for row in rows if row.startswith("|"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    """Every relative link names a file or folder that exists."""
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_pages_named_in_docstrings_exist() -> None:
    """A docstring that names a page of the rules names one that is there."""
    for source in (ROOT / "app").rglob("*.py"):
        for page in re.findall(r"docs/[\w./-]+?\.md", source.read_text()):
            assert (ROOT / page).exists(), f"{source.name} names {page}"
