"""
What a policy's tables say, as rules; and everything in them that cannot be (docs/policy.md).

Each problem names the key and what may stand there; on which line it stands is the file's business.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from app.domain.policy import (
    MAX_REJECT_REASON_CHARACTERS,
    OTHER,
    REJECT_TYPES,
    Action,
    Policy,
    Rejection,
    Rule,
    allowed_actions,
)
from app.domain.reasons import REASONS

KEYS = ("action", "hold_hours", "then", "minimum_value_share", "reject_type", "reject_reason")


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """A key that cannot be what it is, and the sentence that says so."""

    path: tuple[str, ...]
    text: str


class PolicyReader:
    """Turns what the parser read into rules, and notes what cannot be."""

    def __init__(self, problems: list[Problem]) -> None:
        self._problems = problems

    def read(self, content: Mapping[str, Any]) -> Policy:
        """Return the policy of a file's *content*, as far as it can be one."""
        for key in content:
            if key != "reason":
                self._note((key,), "unknown key", "reason")
        tables = content.get("reason", {})
        if not isinstance(tables, dict):
            self._note(("reason",), "must be tables", "[reason.stock_short] and the like")
            return Policy()
        rules = {}
        for code, table in tables.items():
            path = ("reason", code)
            if code not in REASONS:
                self._note(path, "no such reason", ", ".join(sorted(REASONS)))
            elif not isinstance(table, dict):
                self._note(path, "must be a table", f"[reason.{code}]")
            else:
                rules[code] = self._read_rule(path, table)
        return Policy(rules)

    def _read_rule(self, path: tuple[str, ...], table: Mapping[str, Any]) -> Rule:
        for key in table:
            if key not in KEYS:
                self._note((*path, key), "unknown key", ", ".join(KEYS))
        allowed = allowed_actions(path[1])
        if "action" not in table:
            self._note(path, "action is missing", ", ".join(allowed))
        action = self._read_action(path, "action", table, allowed) or Action.HOLD
        then = self._read_action(path, "then", table, allowed[1:])
        hold_hours = self._read_hold(path, table, action, allowed[1:])
        done = [table.get("action"), table.get("then")]  # also one that is refused
        share = self._read_share(path, table, is_wanted=Action.PARTIAL in done)
        rejection = self._read_rejection(path, table, is_wanted=Action.REJECT in done)
        return Rule(action, hold_hours, then, share, rejection)

    def _read_action(
        self,
        path: tuple[str, ...],
        key: str,
        table: Mapping[str, Any],
        allowed: tuple[Action, ...],
    ) -> Action | None:
        value = table.get(key)
        if value is None:
            return None
        if value in allowed:
            return Action(value)
        words = (
            f"{value!r} is not possible for this reason"
            if value in list(Action)
            else (f"{value!r} is no action")
        )
        self._note((*path, key), words, ", ".join(allowed) or "nothing: it only holds")
        return None

    def _read_hold(
        self,
        path: tuple[str, ...],
        table: Mapping[str, Any],
        action: Action,
        afterwards: tuple[Action, ...],
    ) -> Decimal | None:
        hours = table.get("hold_hours")
        if hours is None:
            if "then" in table:
                self._note(
                    (*path, "then"),
                    "says what follows a hold; hold_hours is missing",
                    "hold_hours, a number above 0, beside it",
                )
            return None
        if action is not Action.HOLD:
            self._note((*path, "hold_hours"), 'is for action = "hold" only', "no hold_hours here")
        elif "then" not in table:
            self._note(
                (*path, "hold_hours"),
                "a hold that ends needs then",
                f"then = {' or '.join(afterwards)}" if afterwards else "no hold_hours here",
            )
        if not _is_number(hours) or not 0 < hours <= 8760:
            where = (*path, "hold_hours")
            self._note(where, f"{_shown(hours)} is no time", "a number above 0, at most 8760")
            return None
        return Decimal(hours)

    def _read_share(
        self, path: tuple[str, ...], table: Mapping[str, Any], *, is_wanted: bool
    ) -> Decimal:
        share = table.get("minimum_value_share")
        if share is None:
            return Decimal(0)
        where = (*path, "minimum_value_share")
        if not is_wanted:
            self._note(where, "is for partial only", "no minimum_value_share here")
        if not _is_number(share) or not 0 <= share <= 1:
            self._note(where, f"{_shown(share)} is no share", "a number from 0 to 1")
            return Decimal(0)
        return Decimal(share)

    def _read_rejection(
        self, path: tuple[str, ...], table: Mapping[str, Any], *, is_wanted: bool
    ) -> Rejection | None:
        for key in ("reject_type", "reject_reason"):
            if key in table and not is_wanted:
                self._note((*path, key), "is for reject only", f"no {key} here")
        reject_type, reason = table.get("reject_type"), table.get("reject_reason")
        if not is_wanted:
            return None
        if reject_type is None:
            self._note(path, "reject_type is missing", ", ".join(REJECT_TYPES))
        elif reject_type not in REJECT_TYPES:
            where = (*path, "reject_type")
            self._note(where, f"{reject_type!r} is no type", ", ".join(REJECT_TYPES))
        is_text = (
            isinstance(reason, str) and 1 <= len(reason.strip()) <= MAX_REJECT_REASON_CHARACTERS
        )
        if reason is None and reject_type == OTHER:
            self._note(path, "reject_reason is missing: OTHER needs one", _REASON_TEXT)
        elif reason is not None and not is_text:
            self._note((*path, "reject_reason"), "cannot be that text", _REASON_TEXT)
        return Rejection(str(reject_type), str(reason).strip() if is_text else None)

    def _note(self, path: tuple[str, ...], problem: str, allowed: str) -> None:
        self._problems.append(Problem(path, f"{'.'.join(path)}: {problem}; allowed: {allowed}"))


_REASON_TEXT = f"a text of 1 to {MAX_REJECT_REASON_CHARACTERS} characters"


def _shown(value: object) -> str:
    return str(value) if isinstance(value, Decimal) else repr(value)


def _is_number(value: object) -> bool:
    if isinstance(value, Decimal):
        return value.is_finite()
    return isinstance(value, int) and not isinstance(value, bool)
