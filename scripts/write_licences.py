"""
The page of licences, docs/licences.md: what every package that the lock files name is under.

What a package says of itself counts; `GIVEN` speaks for those that are not installed everywhere or
say it in words only. A licence outside `ALLOWED` fails a test.
"""

import re
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PARTS = {
    # lock file: what its packages are for; the first that names a package counts
    "requirements.lock": "the service",
    "requirements-dev.lock": "tests and checks",
    "requirements-browser.lock": "tests of the console in a browser",
}
ALLOWED = frozenset(
    {
        "Apache-2.0",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "ISC",
        "MIT",
        "MIT-0",
        "PSF-2.0",
        # Used unchanged, as packages of their own that anybody can exchange.
        "LGPL-2.1-or-later",
        "LGPL-3.0-only",
        "MPL-2.0",
    }
)
GIVEN = {
    "colorama": "BSD-3-Clause",
    "jinja2": "BSD-3-Clause",
    "playwright": "Apache-2.0",
    "python-dateutil": "Apache-2.0 OR BSD-3-Clause",
    "python-stdnum": "LGPL-2.1-or-later",
}
_WORDS = {
    "MIT License": "MIT",
    "MIT license": "MIT",
    "MIT Licence": "MIT",
    "Apache 2.0": "Apache-2.0",
    "3-Clause BSD License": "BSD-3-Clause",
    "BSD 3-Clause License": "BSD-3-Clause",
    "BSD 2-Clause License": "BSD-2-Clause",
    "ISC License": "ISC",
}
_CLASSIFIERS = {
    "MIT License": "MIT",
    "Apache Software License": "Apache-2.0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}
_LOCKED = re.compile(r"^(?P<name>[a-z0-9][a-z0-9._-]*)==", re.MULTILINE)
_INTRODUCTION = """# Licences

The licence of every package that a lock file names, as the package itself tells it. `make docs`
writes this page; a test fails where it is not true any more, or where a licence is not among those
allowed (`scripts/write_licences.py`). The image holds the packages of the service only, and a list
of them with their versions ([container](container.md)).
"""


def locked_packages() -> dict[str, str]:
    """Return every package of the lock files, with what it is for."""
    packages: dict[str, str] = {}
    for lock, part in PARTS.items():
        for match in _LOCKED.finditer((ROOT / lock).read_text("utf-8")):
            packages.setdefault(match["name"], part)
    return packages


def licence_of(package: str) -> str | None:
    """Return the SPDX expression of an installed package's licence, None where it tells none."""
    if package in GIVEN:
        return GIVEN[package]
    try:
        told = metadata(package)
    except PackageNotFoundError:
        return None
    if expression := told.get("License-Expression"):
        return str(expression)
    first_line = str(told.get("License") or "").strip().partition("\n")[0].partition("  ")[0]
    for text in (first_line, _WORDS.get(first_line, "")):
        if text and is_allowed(text):
            return text
    classified = [
        _CLASSIFIERS[name]
        for line in told.get_all("Classifier") or ()
        if (name := line.rpartition(" :: ")[2]) in _CLASSIFIERS
    ]
    return " OR ".join(sorted(classified)) or None


def is_allowed(expression: str) -> bool:
    """Tell whether an SPDX expression lets the package be used: of OR one part, of AND all."""
    bare = expression.replace("(", "").replace(")", "")
    return any(
        all(part.strip() in ALLOWED for part in choice.split(" AND "))
        for choice in bare.split(" OR ")
    )


def find_problems() -> Iterator[str]:
    """Name every package whose licence is not known, or not allowed."""
    for package in locked_packages():
        licence = licence_of(package)
        if licence is None:
            yield f"{package}: no licence is told; look it up and add it to GIVEN"
        elif not is_allowed(licence):
            yield f"{package}: {licence} is not allowed; do without it, or add it to ALLOWED"


def write_licences() -> str:
    """Return the page."""
    packages = locked_packages()
    lines = [_INTRODUCTION, "| package | licence | part of |", "|---|---|---|"]
    for package, part in sorted(packages.items()):
        lines.append(f"| {package} | {licence_of(package)} | {part} |")
    return "\n".join(lines) + "\n"
