"""
What the brand wants done about each finding of the review: accept, cut, hold or reject.

Pure; docs/policy.md tells the table. Reading the file is `app/policy_file.py`, saying a policy in
sentences `policy_words.py`. Without a file every finding holds the order for a person, except a
missing phone number, which was never more than a warning.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum


class Action(StrEnum):
    """What is done about a finding."""

    ACCEPT = "accept"
    PARTIAL = "partial"
    HOLD = "hold"
    REJECT = "reject"


ASKED_TO_CANCEL = "retailer_asked_to_cancel"
REJECTED_TOO_LATE = "rejected_too_late"

LEAVES_ORDER_WHOLE = frozenset(
    {"stock_short", "ship_by_unreachable", "phone_missing", "totals_mismatch"}
)
"""In spite of these the order is complete and can be sent: they may be accepted."""

CURED_BY_CUTTING = frozenset(
    {
        "stock_short",
        "sku_unknown",
        "sku_archived",
        "sku_missing",
        "preorder_line",
        "pack_mode_mismatch",
        "amount_missing",
    }
)
"""What goes away when the line is left out, or made smaller."""

ONLY_HOLDS = frozenset(
    {
        "acceptance_manual",
        "acceptance_reverted",
        "acceptance_unclear",
        "before_switch",
        "held_by_operator",
        "lines_missing",
        "order_number_too_short",
        "order_unreadable",
        "pack_mode_unconfirmed",
        REJECTED_TOO_LATE,
        "reference_missing",
        "stock_unknown",
    }
)
"""Of the service's own set-up, or unreadable: neither is the retailer's order to blame."""

OF_THE_ORDER = frozenset(
    {
        *LEAVES_ORDER_WHOLE,
        *CURED_BY_CUTTING,
        "address_unsure",
        "city_missing",
        "country_missing",
        "country_not_served",
        "currency_unsupported",
        "email_missing",
        "house_number_missing",
        "own_carrier_not_possible",
        "post_box",
        "postal_code_invalid",
        "postal_code_missing",
        "recipient_missing",
        "retailer_asked_to_cancel",
        "special_territory",
        "street_missing",
    }
)
"""What the order itself brings along: such an order may be rejected."""

REJECT_TYPES = (
    "BRAND_ALREADY_HAS_CUSTOMER_IN_THE_AREA",
    "BRAND_CANNOT_DELIVER_TO_THE_AREA",
    "BRAND_HAS_EXCLUSIVE_DISTRIBUTOR_IN_THE_REGION",
    "BUYER_NOT_A_RETAILER",
    "ORDER_ITEMS_PRICES_INCORRECT",
    "PAYMENT_ISSUES_WITH_RETAILER",
    "PREPARATION_TIME_TOO_HIGH",
    "PRODUCT_OUT_OF_STOCK",
    "PURCHASE_NOT_FOR_RESALE",
    "RETAILER_AGREED_TO_DO_CHANGES_TO_ORDER",
    "RETAILER_NOT_GOOD_FIT_FOR_BRAND",
    "RETAILER_VAT_NUMBER_MISSING",
    "OTHER",
)
"""Why the marketplace lets a brand reject an order."""
OTHER = "OTHER"
MAX_REJECT_REASON_CHARACTERS = 1000


def allowed_actions(reason: str) -> tuple[Action, ...]:
    """Return what may be done about a finding of this *reason*, holding first."""
    actions = [Action.HOLD]
    if reason in LEAVES_ORDER_WHOLE:
        actions.append(Action.ACCEPT)
    if reason in CURED_BY_CUTTING:
        actions.append(Action.PARTIAL)
    if reason in OF_THE_ORDER:
        actions.append(Action.REJECT)
    return tuple(actions)


@dataclass(frozen=True, slots=True)
class Rejection:
    """How an order is rejected at the marketplace."""

    reject_type: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """
    What is done about one reason.

    A hold with *hold_hours* ends by itself: then `then` is done. *minimum_value_share* is the
    smallest share of the order's value, 0 to 1, that is worth sending.
    """

    action: Action = Action.HOLD
    hold_hours: Decimal | None = None
    then: Action | None = None
    minimum_value_share: Decimal = Decimal(0)
    rejection: Rejection | None = None

    def ends_at(self, since: datetime) -> datetime | None:
        """Return when a hold that began at *since* ends by itself, None where it does not."""
        if self.action is not Action.HOLD or self.hold_hours is None:
            return None
        return since + timedelta(seconds=float(self.hold_hours) * 3600)

    def action_at(self, now: datetime, since: datetime) -> Action:
        """Return what is to be done at *now* about a finding there since *since*."""
        ends_at = self.ends_at(since)
        if ends_at is None or now < ends_at or self.then is None:
            return self.action
        return self.then


HOLD = Rule()
DEFAULT_RULES: Mapping[str, Rule] = {"phone_missing": Rule(Action.ACCEPT)}


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules of a brand, by reason; what is not named holds for a person."""

    rules: Mapping[str, Rule] = field(default_factory=dict)

    def rule_of(self, reason: str) -> Rule:
        """Return the rule for *reason*."""
        return self.rules.get(reason) or DEFAULT_RULES.get(reason, HOLD)


ANSWERED_BY_PEOPLE = frozenset(
    {
        "acceptance_manual",
        "acceptance_reverted",
        "acceptance_unclear",
        "held_by_operator",
        ASKED_TO_CANCEL,
        REJECTED_TOO_LATE,
    }
)
"""Findings that are nothing but a question to a person: accepting the order answers it."""

WAIVABLE = LEAVES_ORDER_WHOLE | ANSWERED_BY_PEOPLE
"""What a person may accept an order in spite of."""


def strictest(actions: Iterable[Action]) -> Action | None:
    """Return the most cautious of *actions*; None of none."""
    found = set(actions)
    order = (Action.HOLD, Action.REJECT, Action.PARTIAL, Action.ACCEPT)
    return next((action for action in order if action in found), None)
