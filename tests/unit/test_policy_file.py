"""A policy file: what it may say, and errors that name line, key and what may stand there."""

import re
from decimal import Decimal
from pathlib import Path

import pytest

from app.domain.policy import (
    CURED_BY_CUTTING,
    DEFAULT_RULES,
    LEAVES_ORDER_WHOLE,
    OF_THE_ORDER,
    ONLY_HOLDS,
    REJECT_TYPES,
    WAIVABLE,
    Action,
    Policy,
    Rejection,
    Rule,
    allowed_actions,
    strictest,
)
from app.domain.policy_words import explain_policy, explain_rule
from app.domain.reasons import REASONS
from app.policy_file import PolicyError, load_policy, parse_policy
from app.policy_reader import KEYS
from app.simulator.ankorstore.transitions import REASON_TYPES

ROOT = Path(__file__).resolve().parents[2]
GOOD = """
# what there is
[reason.stock_short]
action = "hold"
hold_hours = 1.5
then = "partial"
minimum_value_share = 0.5

[reason]
sku_archived = { action = "reject", reject_type = "OTHER", reject_reason = '''
Two
lines''' }
phone_missing.action = "hold"
"""


def problems_of(text: str) -> list[str]:
    with pytest.raises(PolicyError) as caught:
        parse_policy(text, "p.toml")
    return caught.value.problems


def rule_text(reason: str, action: str) -> str:
    extra = 'reject_type = "PRODUCT_OUT_OF_STOCK"' if action == "reject" else ""
    return f'[reason.{reason}]\naction = "{action}"\n{extra}\n'


def then_text(reason: str, then: str) -> str:
    extra = 'reject_type = "PRODUCT_OUT_OF_STOCK"' if then == "reject" else ""
    return f'[reason.{reason}]\naction = "hold"\nhold_hours = 2\nthen = "{then}"\n{extra}\n'


def test_a_good_file_is_read() -> None:
    """However the tables are written, each reason gets its rule."""
    rules = parse_policy(GOOD, "p.toml").rules

    assert rules == {
        "stock_short": Rule(
            Action.HOLD, Decimal("1.5"), Action.PARTIAL, minimum_value_share=Decimal("0.5")
        ),
        "sku_archived": Rule(Action.REJECT, rejection=Rejection("OTHER", "Two\nlines")),
        "phone_missing": Rule(Action.HOLD),
    }


def test_no_file_means_the_defaults() -> None:
    """Everything holds, except a missing phone number."""
    policy = load_policy(None)

    assert policy == Policy() == load_policy("")
    asked = {code for code in REASONS if policy.rule_of(code).action is not Action.HOLD}
    assert asked == set(DEFAULT_RULES) == {"phone_missing"}
    assert policy.rule_of("phone_missing").action is Action.ACCEPT


EXPECTED = {
    (code, action): (
        action == "hold"
        or (action == "accept" and code in LEAVES_ORDER_WHOLE)
        or (action == "partial" and code in CURED_BY_CUTTING)
        or (action == "reject" and code in OF_THE_ORDER)
    )
    for code in REASONS
    for action in Action
}


@pytest.mark.parametrize(("reason", "action"), EXPECTED)
def test_pairings(reason: str, action: Action) -> None:
    """Each reason with each action, now and after a hold: allowed, or refused with what is."""
    if EXPECTED[reason, action]:
        assert parse_policy(rule_text(reason, action), "p").rules[reason].action is action
    else:
        (problem,) = problems_of(rule_text(reason, action))
        assert problem.startswith(f"p.toml, line 2: reason.{reason}.action: '{action}'")
        assert problem.endswith(f"allowed: {', '.join(allowed_actions(reason))}")
    if EXPECTED[reason, action] and action is not Action.HOLD:
        assert parse_policy(then_text(reason, action), "p").rules[reason].then is action
    else:
        problems = problems_of(then_text(reason, action))
        assert any(f"line 4: reason.{reason}.then: '{action}'" in one for one in problems)


def test_the_table_of_pairings_in_words() -> None:
    """The sets are those of the documented table, so that a slip in one of them shows."""
    assert {"stock_short", "ship_by_unreachable", "phone_missing", "totals_mismatch"} == set(
        LEAVES_ORDER_WHOLE
    )
    assert allowed_actions("pack_mode_unconfirmed") == (Action.HOLD,)
    assert allowed_actions("sku_unknown") == (Action.HOLD, Action.PARTIAL, Action.REJECT)
    assert allowed_actions("post_box") == (Action.HOLD, Action.REJECT)
    assert not OF_THE_ORDER & ONLY_HOLDS
    assert set(REASONS) >= OF_THE_ORDER | ONLY_HOLDS | WAIVABLE
    assert set(REJECT_TYPES) == REASON_TYPES["rejectType"]
    page = (ROOT / "docs" / "policy.md").read_text()
    for code in OF_THE_ORDER | (ONLY_HOLDS - {"before_switch", "held_by_operator"}):
        if not code.startswith("acceptance_"):
            assert f"`{code}`" in page, code
    for reject_type in REJECT_TYPES:
        assert f"`{reject_type}`" in page


def test_pack_mode_unconfirmed_with_accept_is_refused_first_of_all() -> None:
    """It is told before what stands above it."""
    text = '[reason.nonsense]\n\n[reason.pack_mode_unconfirmed]\naction = "accept"\n'

    first, second = problems_of(text)

    assert first.startswith("p.toml, line 4: reason.pack_mode_unconfirmed.action: 'accept'")
    assert second.startswith("p.toml, line 1: reason.nonsense: no such reason")


TYPES = ", ".join(REJECT_TYPES)
BAD: dict[str, tuple[str, str]] = {
    "unknown top key": (
        'reasons = 1\n[reason.stock_short]\naction = "hold"',
        "line 1: reasons: unknown key; allowed: reason",
    ),
    "no tables": ("reason = 3", "line 1: reason: must be tables; allowed: [reason.stock_short]"),
    "no table": (
        "[reason]\n\nstock_short = 'hold'",
        "line 3: reason.stock_short: must be a table; allowed: [reason.stock_short]",
    ),
    "unknown reason": (
        '\n\n[reason.stock]\naction = "hold"',
        "line 3: reason.stock: no such reason; allowed: acceptance_manual, ",
    ),
    "unknown key": (
        '[reason.stock_short]\naction = "hold"\nhours = 3',
        f"line 3: reason.stock_short.hours: unknown key; allowed: {', '.join(KEYS)}",
    ),
    "no action": (
        "[reason.stock_short]\n# nothing",
        "line 1: reason.stock_short: action is missing; allowed: hold, accept, partial, reject",
    ),
    "odd action": (
        '[reason.stock_short]\naction = "ship"',
        "line 2: reason.stock_short.action: 'ship' is no action; allowed: hold, accept, partial",
    ),
    "action of another kind": (
        "[reason.stock_short]\naction = ['hold']",
        "line 2: reason.stock_short.action: ['hold'] is no action; allowed: hold",
    ),
    "then alone": (
        '[reason.stock_short]\naction = "hold"\nthen = "accept"',
        "line 3: reason.stock_short.then: says what follows a hold; hold_hours is missing; "
        "allowed: hold_hours, a number above 0, beside it",
    ),
    "hours alone": (
        '[reason.stock_short]\nhold_hours = 4\naction = "hold"',
        "line 2: reason.stock_short.hold_hours: a hold that ends needs then; "
        "allowed: then = accept or partial or reject",
    ),
    "hours where nothing can follow": (
        '[reason.stock_unknown]\naction = "hold"\nhold_hours = 4',
        "line 3: reason.stock_unknown.hold_hours: a hold that ends needs then; "
        "allowed: no hold_hours here",
    ),
    "hours of no hold": (
        '[reason.stock_short]\naction = "accept"\nhold_hours = 4',
        'line 3: reason.stock_short.hold_hours: is for action = "hold" only; '
        "allowed: no hold_hours here",
    ),
    "no hours at all": (
        '[reason.stock_short]\naction = "hold"\nhold_hours = 0\nthen = "accept"',
        "line 3: reason.stock_short.hold_hours: 0 is no time; allowed: a number above 0",
    ),
    "hours as text": (
        '[reason.stock_short]\naction = "hold"\nhold_hours = "2"\nthen = "accept"',
        "line 3: reason.stock_short.hold_hours: '2' is no time; allowed: a number above 0",
    ),
    "true hours": (
        '[reason.stock_short]\naction = "hold"\nhold_hours = true\nthen = "accept"',
        "line 3: reason.stock_short.hold_hours: True is no time; allowed: a number above 0",
    ),
    "endless hours": (
        '[reason.stock_short]\naction = "hold"\nhold_hours = inf\nthen = "accept"',
        "line 3: reason.stock_short.hold_hours: Infinity is no time; allowed:",
    ),
    "share above one": (
        '[reason.stock_short]\naction = "partial"\nminimum_value_share = 1.01',
        "line 3: reason.stock_short.minimum_value_share: 1.01 is no share; "
        "allowed: a number from 0 to 1",
    ),
    "share that is no number": (
        '[reason.stock_short]\naction = "partial"\nminimum_value_share = nan',
        "line 3: reason.stock_short.minimum_value_share: NaN is no share; allowed:",
    ),
    "share of no part": (
        '[reason.stock_short]\naction = "accept"\nminimum_value_share = 0.5',
        "line 3: reason.stock_short.minimum_value_share: is for partial only; "
        "allowed: no minimum_value_share here",
    ),
    "reject without a type": (
        '[reason.post_box]\naction = "reject"',
        f"line 1: reason.post_box: reject_type is missing; allowed: {TYPES}",
    ),
    "odd type": (
        '[reason.post_box]\naction = "reject"\nreject_type = "TOO_FAR"',
        f"line 3: reason.post_box.reject_type: 'TOO_FAR' is no type; allowed: {TYPES}",
    ),
    "OTHER without a reason": (
        '[reason.post_box]\naction = "reject"\nreject_type = "OTHER"',
        "line 1: reason.post_box: reject_reason is missing: OTHER needs one; "
        "allowed: a text of 1 to 1000 characters",
    ),
    "empty reason": (
        '[reason.post_box]\naction = "reject"\nreject_type = "OTHER"\nreject_reason = ""',
        "line 4: reason.post_box.reject_reason: cannot be that text; allowed: a text of 1 to 1000",
    ),
    "reason too long": (
        "[reason.post_box]\naction = 'reject'\nreject_type = 'OTHER'\n"
        f"reject_reason = '{'x' * 1001}'",
        "line 4: reason.post_box.reject_reason: cannot be that text; allowed: a text of 1 to 1000",
    ),
    "type without a reject": (
        '[reason.post_box]\naction = "hold"\nreject_type = "OTHER"',
        "line 3: reason.post_box.reject_type: is for reject only; allowed: no reject_type here",
    ),
    "reason without a reject": (
        '[reason.post_box]\naction = "hold"\nreject_reason = "x"',
        "line 3: reason.post_box.reject_reason: is for reject only; allowed: no reject_reason",
    ),
    "after a value of several lines": (
        "[reason.post_box]\naction = 'reject'\nreject_type = 'OTHER'\nreject_reason = '''\n"
        "action = 1\nhours = 2\n'''\n\nhours = 2",
        "line 9: reason.post_box.hours: unknown key; allowed: action",
    ),
    "dotted": (
        'reason.stock_short.action = "hold"\nreason.stock_short.hours = 1',
        "line 2: reason.stock_short.hours: unknown key",
    ),
    "inline": (
        '# one\nreason = { post_box = { action = "accept" } }',
        "line 2: reason.post_box.action: 'accept' is not possible for this reason; "
        "allowed: hold, reject",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_errors_name_line_key_and_allowed_values(case: str) -> None:
    text, expected = BAD[case]

    (problem,) = problems_of(text)

    assert problem.startswith(f"p.toml, {expected}"), problem


def test_no_toml_names_the_place() -> None:
    (bare,) = problems_of("[reason.stock_short]\naction = hold  # for a person\n")
    (twice,) = problems_of('[reason.a]\naction = "hold"\n[reason.a]\n')

    assert bare == (
        'p.toml, line 2: action = hold  # for a person: texts need quotes: action = "hold"'
    )
    assert re.match(r"p\.toml, line 3: \[reason\.a\]: this is no TOML: ", twice)


@pytest.mark.parametrize(
    "value",
    ["9" * 5000, "1e99999999999999999999", "[" * 3000 + "]" * 3000],
    ids=lambda text: text[:3],
)
def test_values_no_parser_takes_are_told_with_their_line(value: str) -> None:
    """A figure or a nesting beyond all measure is an error like any other, not a crash."""
    text = f'[reason.stock_short]\naction = "hold"\nhold_hours = {value}\nthen = "accept"\n'
    (problem,) = problems_of(text)
    assert problem.startswith("p.toml, line 3: a value is too large or nested too deep; allowed:")


def test_a_mark_of_the_byte_order_does_no_harm(tmp_path: Path) -> None:
    """Editors on Windows put one in front."""
    path = tmp_path / "policy.toml"
    path.write_bytes('\ufeff[reason.stock_short]\naction = "accept"\n'.encode())
    assert load_policy(str(path)).rule_of("stock_short").action is Action.ACCEPT


def test_all_problems_are_told_and_the_first_is_the_line() -> None:
    """The one line that stops a start says how many more there are."""
    text = '[reason.a]\n[reason.b]\n[reason.stock_short]\naction = "x"\n'
    with pytest.raises(PolicyError) as caught:
        parse_policy(text, "p.toml")

    assert len(caught.value.problems) == 3
    line = str(caught.value)
    assert line.startswith("POLICY_FILE: p.toml, line 1: reason.a: no such reason")
    assert line.endswith("(and 2 more); `antbridge policy check` tells all there is")
    assert "\n" not in line


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_file_that_cannot_be_read(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "p.toml"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(PolicyError, match=r"POLICY_FILE: .*p\.toml cannot be read"):
        load_policy(str(path))


def test_the_example_is_all_comments_and_right_when_used() -> None:
    """As it is it changes nothing; with every rule switched on it is a policy without an error."""
    text = (ROOT / "policy.example.toml").read_text()
    assert parse_policy(text, "example") == Policy()

    used = parse_policy(re.sub(r"(?m)^#(?=[\[a-z])", "", text), "example")

    assert len(used.rules) == text.count("#[reason.") == 5
    assert {rule.then or rule.action for rule in used.rules.values()} == {
        Action.PARTIAL,
        Action.REJECT,
        Action.ACCEPT,
    }


def test_a_policy_is_told_in_sentences() -> None:
    """Every reason is named, rules of its own first, and what they do."""
    policy = parse_policy(GOOD, "p.toml")
    lines = explain_policy(policy, tuple(sorted(OF_THE_ORDER | ONLY_HOLDS)))

    assert lines[0] == (
        "stock_short: the order is held for a person for 1.5 hours; if nobody decides, the lines "
        "concerned are left out or made smaller and the rest is accepted, if at least 50% of its "
        "value is left, and held for a person otherwise."
    )
    assert lines[1].startswith("sku_archived: the order is rejected (Ankorstore is told OTHER: Two")
    assert lines[2] == "phone_missing: the order is held for a person."
    told = {line.strip().partition(":")[0] for line in lines}
    assert told >= OF_THE_ORDER | ONLY_HOLDS
    assert explain_rule(Rule(Action.ACCEPT)) == "the order is accepted all the same"


def test_the_most_cautious_action_counts() -> None:
    hold, reject, cut, accept = Action.HOLD, Action.REJECT, Action.PARTIAL, Action.ACCEPT

    assert strictest([accept, cut, reject, hold]) is hold
    assert strictest([accept, cut, reject]) is reject
    assert strictest([accept, cut]) is cut
    assert strictest([accept]) is accept
    assert strictest([]) is None
