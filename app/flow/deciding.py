"""
From what the review found to its verdict: the policy's word, or a person's.

Pure but for the warehouse's form, which is asked whether the rest of an order can be sent
(docs/rules/review.md, docs/policy.md).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction

from app.domain.order import MarketplaceOrder
from app.domain.partial import Kept, has_goods, keep_what_suffices, value_share
from app.domain.policy import (
    ANSWERED_BY_PEOPLE,
    ASKED_TO_CANCEL,
    CURED_BY_CUTTING,
    Action,
    Policy,
    Rejection,
    strictest,
)
from app.domain.record import Decision, waived_of
from app.errors import Finding, Unmappable
from app.flow.verdict import Kind, Ruling, Verdict
from app.ports import PreparedOrder, SkuFacts

BY_PERSON, BY_POLICY, BY_DEFAULT = "a person", "the policy", "the default"


@dataclass(frozen=True, slots=True)
class Found:
    """All that was read for a verdict. `prepared` is None where the order cannot be expressed."""

    seen: MarketplaceOrder
    findings: tuple[Finding, ...]
    prepared: PreparedOrder | None
    needed: Mapping[str, int]
    facts: Mapping[str, SkuFacts]
    prepare: Callable[[MarketplaceOrder], PreparedOrder]
    """Puts a part of the order into the warehouse's form, or raises `Unmappable`."""
    is_accepted: bool


def decide(
    found: Found,
    policy: Policy,
    decision: Decision | None,
    since: Mapping[tuple[str, str], datetime],
    now: datetime,
) -> Verdict:
    """Return the verdict on *found*; *since* tells since when a reason is there, by its field."""
    rulings = [
        _rule(
            finding, policy, decision, since.get((finding.reason, finding.field), now), now, found
        )
        for finding in found.findings
    ]
    rulings.sort(key=lambda ruling: ruling.action is not Action.HOLD)
    action = strictest(ruling.action for ruling in rulings)
    if action in (None, Action.ACCEPT):
        if found.prepared is None:  # no rule lets what cannot be expressed through
            return _hold(rulings, policy, found.is_accepted, "the order cannot be expressed")
        return Verdict(Kind.GO, tuple(rulings), found.prepared)
    if action is Action.PARTIAL:
        return _cut(found, rulings, policy, decision)
    if action is Action.REJECT:
        return Verdict(Kind.REJECT, tuple(rulings), rejection=_rejection(rulings, policy))
    return _hold(rulings, policy, found.is_accepted)


def _rule(
    finding: Finding,
    policy: Policy,
    decision: Decision | None,
    since: datetime,
    now: datetime,
    found: Found,
) -> Ruling:
    """Return what is done about one finding: a person's word goes before the policy's."""
    rule = policy.rule_of(finding.reason)
    action = rule.action_at(now, since)
    by = BY_POLICY if finding.reason in policy.rules else BY_DEFAULT
    if decision is not None and action is not Action.ACCEPT:
        action, by = _decided(finding, decision, found), BY_PERSON
    if found.is_accepted and action in (Action.PARTIAL, Action.REJECT):
        action = Action.HOLD  # both are impossible once the order is accepted
    return Ruling(finding, action, by, since)


def _decided(finding: Finding, decision: Decision, found: Found) -> Action:
    """Return what a person's decision says of a finding; what they did not see asks them again."""
    is_as_seen = _is_as_seen(finding, decision, found.needed)
    if finding.reason in decision.waives and is_as_seen:
        return Action.ACCEPT
    is_cut = decision.is_partial and finding.reason in CURED_BY_CUTTING
    if is_cut and is_as_seen and not _is_less_than_seen(finding, decision, found.facts):
        return Action.PARTIAL
    return Action.HOLD


def _is_less_than_seen(finding: Finding, decision: Decision, facts: Mapping[str, SkuFacts]) -> bool:
    """Tell whether less could be sent of a SKU than when the person decided to send a part."""
    sku = finding.field.removeprefix("SKU ")
    shown, fact = decision.pieces.get(sku), facts.get(sku)
    if shown is None or fact is None or fact.stock_pieces is None:
        return False
    return fact.stock_pieces < shown


def _is_as_seen(finding: Finding, decision: Decision, needed: Mapping[str, int]) -> bool:
    is_mere_question = finding.reason in ANSWERED_BY_PEOPLE - {ASKED_TO_CANCEL}
    if decision.waived is None or is_mere_question:
        return True
    seen_now = waived_of(finding.reason, finding.field, finding.detail, needed)
    return seen_now in decision.waived


def _hold(
    rulings: Sequence[Ruling], policy: Policy, is_accepted: bool, remark: str = ""
) -> Verdict:
    """Hold, until the last of the rules that hold ends by itself; without end if one does not."""
    ends = [
        _end_of(ruling, policy, is_accepted) for ruling in rulings if ruling.action is Action.HOLD
    ]
    known = [end for end in ends if end is not None]
    until = max(known) if known and len(known) == len(ends) else None
    return Verdict(Kind.HOLD, tuple(rulings), hold_until_at=until, remark=remark)


def _end_of(ruling: Ruling, policy: Policy, is_accepted: bool) -> datetime | None:
    rule = policy.rule_of(ruling.finding.reason)
    if ruling.by == BY_PERSON or (is_accepted and rule.then is not Action.ACCEPT):
        return None
    return rule.ends_at(ruling.since)


def _rejection(rulings: Sequence[Ruling], policy: Policy) -> Rejection:
    """Return how the first rule that rejects wants it done."""
    rules = (policy.rule_of(one.finding.reason) for one in rulings if one.action is Action.REJECT)
    rejection = next(rules).rejection
    assert rejection is not None, "a policy that rejects says how"
    return rejection


def _cut(
    found: Found,
    rulings: list[Ruling],
    policy: Policy,
    decision: Decision | None,
) -> Verdict:
    """Return the partial verdict, or a hold where too little would be left."""
    held = [
        replace(ruling, action=Action.HOLD) if ruling.action is Action.PARTIAL else ruling
        for ruling in rulings
    ]
    held.sort(key=lambda ruling: ruling.action is not Action.HOLD)
    cut = {ruling.finding.reason for ruling in rulings if ruling.action is Action.PARTIAL}
    kept, prepared = _keep(found, cut)
    if kept is None or prepared is None:
        return Verdict(Kind.HOLD, tuple(held), remark="nothing would be left of the order")
    share = value_share(found.seen.lines, kept.lines, found.seen.amount_minor)
    wanted = (
        0 if decision is not None else max(policy.rule_of(one).minimum_value_share for one in cut)
    )
    if wanted and (share is None or share < Fraction(wanted)):
        told = "an unknown share" if share is None else f"{float(share):.0%}"
        remark = f"{told} of its value would be left, {float(wanted):.0%} are wanted"
        return Verdict(Kind.HOLD, tuple(held), remark=remark)
    return Verdict(
        Kind.PARTIAL,
        tuple(rulings),
        prepared,
        pack_quantities=kept.pack_quantities,
        unit_quantities={
            line.line_id: line.unit_quantity for line in kept.lines if has_goods(line)
        },
        value_share=None if share is None else round(float(share), 4),
    )


def _keep(found: Found, cut: set[str]) -> tuple[Kept | None, PreparedOrder | None]:
    """Return what is left once the findings *cut* are cured, as it will be sent."""
    seen = found.seen
    left_out = {one.line_id for one in found.findings if one.reason in cut and one.line_id}
    rest = tuple(line for line in seen.lines if line.line_id not in left_out)
    try:
        mapped = found.prepare(replace(seen, lines=rest))
        pieces = {sku: _pieces(found.facts[sku], cut) for sku in mapped.needed()}
        kept = keep_what_suffices(seen.lines, mapped.lines, pieces, left_out)
        if not any(has_goods(line) for line in kept.lines) or not kept.pack_quantities:
            return None, None
        return kept, found.prepare(replace(seen, lines=kept.lines))
    except Unmappable:
        return None, None


def _pieces(fact: SkuFacts, cut: set[str]) -> int | None:
    """Return how many pieces of a SKU there are to share out; None where that is no question."""
    if not fact.is_known:
        return 0
    if fact.stock_pieces is None or "stock_short" not in cut:
        return None
    return max(0, fact.stock_pieces)
