"""
Reading the brand's policy: the TOML file of POLICY_FILE (docs/policy.md).

Every error names the line, the key and what may stand there. The parser tells no lines of what it
has read, so a key's line is found by parsing ever longer beginnings of the file: where the key
first shows, there it stands, however it is written.
"""

import re
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

from app.domain.policy import Policy
from app.policy_reader import PolicyReader, Problem
from app.settings import SettingsError

_UNREADABLE = (
    "a value is too large or nested too deep; allowed: the keys and values of docs/policy.md"
)
_AT_LINE = re.compile(r"at line (\d+)")
_BARE_TEXT = re.compile(r"([\w-]+)\s*=\s*([A-Za-z][\w-]*)\s*(?:#.*)?")


class PolicyError(SettingsError):
    """The policy cannot be used; `problems` are all that is wrong with it, a line each."""

    def __init__(self, problems: list[str]) -> None:
        """Say the first problem, and how many more there are."""
        self.problems = problems
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        super().__init__(
            f"POLICY_FILE: {problems[0]}{more}; `antbridge policy check` tells all there is"
        )


def load_policy(path: str | None) -> Policy:
    """
    Return the policy of the file at *path*; the defaults where there is none.

    Raises:
        PolicyError: The file cannot be read, or says what cannot be.
    """
    text = read_policy_text(path)
    return Policy() if text is None else parse_policy(text, path or "")


def read_policy_text(path: str | None) -> str | None:
    """
    Return what the file at *path* says; None where there is none.

    Raises:
        PolicyError: The file cannot be read.
    """
    if not path:
        return None
    try:
        return Path(path).read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no UTF-8 text"
        raise PolicyError([f"{path} cannot be read: {why}"]) from None


def parse_policy(text: str, name: str) -> Policy:
    """
    Return the policy that *text* says; *name* is what errors call the file.

    Raises:
        PolicyError: With every problem, in the order of the file.
    """
    try:
        content = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError([_explain_syntax(text, name, str(error))]) from None
    except (ValueError, ArithmeticError, RecursionError):  # figures or nesting beyond all measure
        line = _line_of_unreadable(text)
        raise PolicyError([f"{name}, line {line}: {_UNREADABLE}"]) from None
    problems: list[Problem] = []
    policy = PolicyReader(problems).read(content)
    if problems:
        found = sorted((not _is_worst(one), _line_of(text, one.path), one) for one in problems)
        raise PolicyError([f"{name}, line {line}: {one.text}" for _, line, one in found])
    return policy


def _explain_syntax(text: str, name: str, problem: str) -> str:
    """Return what the parser says, with the line it stumbled over and the usual cure."""
    found = _AT_LINE.search(problem)
    lines = text.splitlines()
    number = int(found[1]) if found else len(lines)
    line = lines[number - 1].strip() if 0 < number <= len(lines) else ""
    if (bare := _BARE_TEXT.fullmatch(line)) is not None:
        return f'{name}, line {number}: {line}: texts need quotes: {bare[1]} = "{bare[2]}"'
    return f"{name}, line {number}: {line}: this is no TOML: {problem}"


def _line_of_unreadable(text: str) -> int:
    """Return the line at which the parser gives up on what is TOML all the same."""
    lines = text.splitlines(keepends=True)
    for count in range(1, len(lines) + 1):
        try:
            tomllib.loads("".join(lines[:count]), parse_float=Decimal)
        except tomllib.TOMLDecodeError:
            continue
        except (ValueError, ArithmeticError, RecursionError):
            return count
    return len(lines)


def _is_worst(problem: Problem) -> bool:
    """Tell whether it wants packs sent on a guess: the dearest mistake of all is told first."""
    return problem.path[:2] == ("reason", "pack_mode_unconfirmed") and "'accept'" in problem.text


def _line_of(text: str, path: tuple[str, ...]) -> int:
    """Return the line on which the key *path* begins to be said, counted from 1."""
    lines = text.splitlines(keepends=True)
    without = 0
    for count in range(1, len(lines) + 1):
        try:
            content: Any = tomllib.loads("".join(lines[:count]))
        except tomllib.TOMLDecodeError:
            continue  # in the middle of a value of several lines
        for key in path:
            content = content.get(key) if isinstance(content, dict) else None
        if content is not None:
            return without + 1
        without = count
    return 1
