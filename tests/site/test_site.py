"""The documentation as a site: made from the code, without a broken link, at home on one host."""

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts.write_docs import PAGES

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
FETCHED = re.compile(
    r"<(?:script|img|iframe|source|link)\b[^>]*?\b(?:src|href)=[\"']?((?:https?:)?//[^\"'\s>]+)"
)


def _pages_named(entries: Any) -> Iterator[str]:
    for entry in entries:
        if isinstance(entry, str):
            yield entry
            continue
        for value in entry.values():
            yield from _pages_named([value] if isinstance(value, str) else value)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site, strictly, somewhere else."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copy(ROOT / "zensical.toml", folder)
    shutil.copytree(DOCS, folder / "docs")
    command = [str(Path(sys.executable).with_name("zensical")), "build", "--strict"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "site"


@pytest.mark.parametrize("name", PAGES)
def test_generated_pages_are_what_the_code_says(name: str) -> None:
    """`make docs` writes them anew."""
    assert (DOCS / name).read_text("utf-8") == PAGES[name]()


def test_every_page_of_the_menu_exists() -> None:
    """The builder overlooks an entry that names none."""
    menu = tomllib.loads((ROOT / "zensical.toml").read_text("utf-8"))["project"]["nav"]
    named = list(_pages_named(menu))
    assert len(named) > 10
    assert [name for name in named if not (DOCS / name).exists()] == []


def test_every_page_can_be_reached() -> None:
    """From the menu or by links of pages that can."""
    menu = tomllib.loads((ROOT / "zensical.toml").read_text("utf-8"))["project"]["nav"]
    found: set[Path] = set()
    waiting = [(DOCS / name).resolve() for name in _pages_named(menu)]
    while waiting:
        page = waiting.pop()
        if page in found:
            continue
        found.add(page)
        links = re.findall(r"\]\(([^)#\s]+\.md)", page.read_text("utf-8"))
        waiting += [(page.parent / link).resolve() for link in links if "://" not in link]
    assert {page.resolve() for page in DOCS.rglob("*.md")} - found == set()


def test_the_site_asks_no_other_host(site: Path) -> None:
    """Fonts, scripts and pictures come from the site itself."""
    pages = list(site.rglob("*.html"))
    assert len(pages) > 40
    fetched = {address for page in pages for address in FETCHED.findall(page.read_text("utf-8"))}
    assert fetched == set()
    styles = [text for sheet in site.rglob("*.css") if (text := sheet.read_text("utf-8"))]
    assert styles
    assert not any(re.search(r"(?:url\(|@import)\s*[\"']?(?:https?:)?//", text) for text in styles)
