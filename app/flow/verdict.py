"""The verdict of the review as a value, and in the form it is stored and shown in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from app.domain.policy import Action, Rejection
from app.errors import Finding
from app.ports import PreparedOrder, SkuFacts


class Kind(StrEnum):
    """What the review says of an order."""

    GO = "go"
    PARTIAL = "partial"
    HOLD = "hold"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class Ruling:
    """One finding, what is done about it and by whose word, and since when it is there."""

    finding: Finding
    action: Action
    by: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Verdict:
    """Go or partial, with the order as it will be sent; or hold or reject, with every reason."""

    kind: Kind
    rulings: tuple[Ruling, ...] = ()
    """What holds the order comes first."""
    prepared: PreparedOrder | None = None
    pack_quantities: Mapping[str, int] = field(default_factory=dict)
    """For a partial acceptance: the packs to keep per line that changes."""
    unit_quantities: Mapping[str, int] = field(default_factory=dict)
    """For a partial acceptance: the units each line that stays must show afterwards."""
    value_share: float | None = None
    hold_until_at: datetime | None = None
    rejection: Rejection | None = None
    remark: str = ""
    """Why it is not what the rules ask for, in a sentence without personal data."""

    @property
    def is_go(self) -> bool:
        """Whether the whole order may go on."""
        return self.kind is Kind.GO

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was found and not waived, what holds the order first."""
        return tuple(one.finding for one in self.rulings if one.action is not Action.ACCEPT)

    def may_be_short(self) -> bool:
        """Tell whether the order goes on although pieces are missing, by policy or by a person."""
        return any(
            one.finding.reason == "stock_short" and one.action is Action.ACCEPT
            for one in self.rulings
        )


_TOLD = frozenset(
    {
        "amount_missing",
        "country_not_served",
        "currency_unsupported",
        "own_carrier_not_possible",
        "pack_mode_mismatch",
        "pack_mode_unconfirmed",
        "preorder_line",
        "ship_by_unreachable",
        "sku_archived",
        "sku_unknown",
        "stock_short",
        "stock_unknown",
        "totals_mismatch",
    }
)
"""Findings whose detail is about goods, never about people: the verdict outlives the hold."""


def verdict_json(
    verdict: Verdict,
    *,
    needed: Mapping[str, int],
    facts: Mapping[str, SkuFacts],
    updated_at: datetime | None,
    address_mark: str,
    read_at: datetime | None,
    earlier: Mapping[str, Any] | None,
    is_accepted: bool,
) -> dict[str, Any]:
    """
    Return the verdict with what it was made from, without anything personal.

    One on an order that is accepted keeps beside it what was said when it was answered, which
    stood in the *earlier* one.
    """
    answered = None
    if is_accepted and earlier:
        answered = earlier.get("answered") if earlier.get("is_accepted") else _short_form(earlier)
    return {
        "is_accepted": is_accepted,
        "answered": answered,
        "kind": str(verdict.kind),
        "remark": verdict.remark,
        "findings": [_ruling_json(ruling) for ruling in verdict.rulings],
        "pack_quantities": dict(verdict.pack_quantities),
        "value_share": verdict.value_share,
        "hold_until_at": _text(verdict.hold_until_at),
        "reject_type": verdict.rejection.reject_type if verdict.rejection else None,
        "needed": dict(needed),
        "facts": {
            sku: {"is_known": one.is_known, "stock_pieces": one.stock_pieces}
            for sku, one in facts.items()
        },
        "marketplace_updated_at": _text(updated_at),
        "address_mark": address_mark,
        "read_at": _text(read_at),
    }


def _short_form(stored: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: stored.get(name) for name in ("kind", "findings", "pack_quantities", "value_share")
    }


def since_of(stored: Mapping[str, Any] | None) -> dict[tuple[str, str], datetime]:
    """Return since when each reason of a stored verdict is there, by the field it is about."""
    since: dict[tuple[str, str], datetime] = {}
    for entry in (stored or {}).get("findings", ()):
        at = datetime.fromisoformat(entry["since"])
        finding = (entry["reason"], entry["field"])
        since[finding] = min(at, since.get(finding, at))
    return since


def _ruling_json(ruling: Ruling) -> dict[str, Any]:
    finding = ruling.finding
    return {
        "reason": finding.reason,
        "field": finding.field,
        "detail": finding.detail if finding.reason in _TOLD else "",
        "line_id": finding.line_id,
        "action": str(ruling.action),
        "by": ruling.by,
        "since": ruling.since.isoformat(),
    }


def _text(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None
