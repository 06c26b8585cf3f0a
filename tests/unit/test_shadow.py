"""What would have been done against what happened: each aspect, and the order as a whole."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.domain.shadow import (
    Answer,
    Report,
    Result,
    ShadowRecord,
    Told,
    compare_order,
    join_results,
    would_ask,
)
from tests.fake_clock import START

PARCEL = {"number": "3232009", "link": "https://track.example/3232009"}
SEEN: dict[str, Any] = {
    "status": "shipped",
    "answer": "accepted",
    "packs": {"l1": 2},
    "is_shipped": True,
    "shipping_method": "custom",
    "number": "100",
    "pieces": {"TOTE": 2},
    "parcels": [PARCEL],
    "would_tell": {"link": PARCEL["link"]},
    "shown": {"number": None, "link": PARCEL["link"]},
}
RECORD = ShadowRecord(
    1,
    START,
    judged_at=START,
    decision=Answer.ACCEPTED,
    verdict={"findings": []},
    ordered={"l1": 2},
    would_send={"number": "100", "pieces": {"TOTE": 2}, "packs": {}},
    observed=SEEN,
)
HELD = {"findings": [{"reason": "stock_short", "action": "hold"}]}


def compared(record: ShadowRecord = RECORD, **seen: Any) -> dict[str, tuple[Result, str]]:
    changed = replace(record, observed={**(record.observed or {}), **seen})
    return {aspect.name: (aspect.result, aspect.told) for aspect in compare_order(changed)}


def test_what_agrees() -> None:
    """The same answer, pieces and tracking; of the address nobody tells, and that is said."""
    found = compared()

    assert {name: result for name, (result, _) in found.items()} == {
        "decision": Result.AGREE,
        "lines": Result.AGREE,
        "address": Result.NOT_COMPARED,
        "tracking": Result.AGREE,
    }
    assert found["address"][1] == "the warehouse's API tells no address"
    assert join_results(compare_order(RECORD)) is Result.AGREE


@pytest.mark.parametrize(
    ("aspect", "seen", "words"),
    [
        ("decision", {"answer": "rejected"}, "would have been accepted; it was rejected"),
        ("decision", {"answer": "accepted in part"}, "it was accepted in part"),
        ("lines", {"pieces": {"TOTE": 3}}, "TOTE: 2 would have been, 3 were"),
        ("lines", {"pieces": {"TOTE": 2, "MUG": 1}}, "MUG: 0 would have been, 1 were"),
        ("lines", {"pieces": {}}, "TOTE: 2 would have been, 0 were"),
        ("address", {"address_changed": True}, "changed at Ankorstore"),
        ("tracking", {"shipping_method": "ankorstore"}, "shippingMethod ankorstore"),
        ("tracking", {"shown": None}, "Ankorstore shows no tracking"),
        ("tracking", {"shown": {"number": "9", "link": None}}, "of no parcel"),
        ("tracking", {"shown": {"number": "9", "link": PARCEL["link"]}}, "of no parcel"),
        ("tracking", {"would_tell": None}, "Ankorstore shows one"),
    ],
)
def test_each_difference_is_named(aspect: str, seen: dict[str, Any], words: str) -> None:
    """The aspect that differs says what would have been and what was."""
    result, told = compared(**seen)[aspect]

    assert result is Result.DIFFER
    assert words in told


@pytest.mark.parametrize(
    "shown",
    [
        {"number": "3232009", "link": None},
        {"number": "3232009", "link": "https://other.example/"},
        {"number": None, "link": "https://carrier.example/?id=3232009"},
    ],
)
def test_tracking_of_a_parcel_in_any_form(shown: dict[str, Any]) -> None:
    """A number, or any link that holds it, tells of the parcel."""
    assert compared(shown=shown)["tracking"][0] is Result.AGREE


def test_a_partial_accept_is_compared_line_by_line() -> None:
    """Both in part is the same answer only with the same packs."""
    record = replace(
        RECORD,
        decision=Answer.PARTIAL,
        ordered={"l1": 2, "l2": 4},
        would_send={"number": "100", "pieces": {"TOTE": 2}, "packs": {"l2": 1}},
    )
    same = compared(record, answer="accepted in part", packs={"l1": 2, "l2": 1})
    other = compared(record, answer="accepted in part", packs={"l1": 2, "l2": 3})

    assert same["decision"][0] is Result.AGREE
    assert other["decision"] == (
        Result.DIFFER,
        "accepted in part by both, but line l2: 1 would have been, 3 were",
    )


def test_what_would_have_been_held_differs_with_its_reasons() -> None:
    """Whatever became of it: a person would have been asked."""
    record = replace(RECORD, decision=Answer.HELD, verdict=HELD)

    assert compared(record)["decision"][0] is Result.DIFFER
    assert "stock_short" in compared(record)["decision"][1]
    assert would_ask(record) == ["stock_short"]
    assert would_ask(replace(record, decision=Answer.ACCEPTED)) == []


def test_what_is_not_known_yet_may_still_become_known_or_not() -> None:
    """Open while the order is followed; not compared once it is not, never agreement."""
    still_open: dict[str, Any] = {"answer": None, "is_shipped": False, "pieces": None}
    names = ("decision", "lines", "tracking")

    assert {compared(**still_open)[name][0] for name in names} == {Result.UNKNOWN}
    ended = replace(RECORD, ended_at=START)
    assert {compared(ended, **still_open)[name][0] for name in names} == {Result.NOT_COMPARED}
    unjudged = ShadowRecord(1, START)
    assert join_results(compare_order(unjudged)) is Result.UNKNOWN


@pytest.mark.parametrize("answer", ["rejected", "cancelled"])
def test_goods_are_not_compared_where_none_were_sent(answer: str) -> None:
    """An order that was rejected or cancelled has neither lines nor tracking to compare."""
    found = compared(answer=answer)

    assert {found[name][0] for name in ("lines", "address", "tracking")} == {Result.NOT_COMPARED}


def test_a_cancelled_order_tells_no_decision() -> None:
    """Cancelled may be an approved reject, the retailer's or Ankorstore's own word."""
    assert compared(answer="cancelled")["decision"][0] is Result.NOT_COMPARED
    assert compared(replace(RECORD, was_answered=True))["decision"][0] is Result.NOT_COMPARED


def told(number: int, result: Result) -> Told:
    return Told(str(number), str(number), result, (), (), None)


@pytest.mark.parametrize(
    ("agree", "differ", "percent"),
    [(0, 0, None), (3, 0, 100.0), (0, 2, 0.0), (1, 2, 33.3), (2999, 1, 99.9)],
)
def test_parity_counts_what_could_be_compared(
    agree: int, differ: int, percent: float | None
) -> None:
    """It is rounded down: one difference among thousands is no full agreement."""
    results = [Result.AGREE] * agree + [Result.DIFFER] * differ + [Result.UNKNOWN] * 5
    orders = tuple(told(number, result) for number, result in enumerate(results))

    assert Report(START, START + timedelta(days=1), orders).parity_percent == percent
