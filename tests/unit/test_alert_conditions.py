"""What people are told of, and when: conditions by their bounds, messages by what is known."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.alerts.conditions import CURES, Alert, Bounds, judge
from app.alerts.telling import (
    MAX_TRIES,
    QUIET,
    REMIND,
    Kind,
    Telling,
    after_failure,
    after_sending,
    owed,
)
from app.domain.deadlines import Deadline
from app.flow.forecast import Backlog
from app.store.webhook_watch import WebhookWatch
from tests.watched_moments import AT, ago, calm

ROOT = Path(__file__).resolve().parents[2]
BOUNDS = Bounds(oldest_seconds=7 * 86_400, backlog_orders=50)
LATE = Alert("orders-late", 2, "2 order(s) are late")
SECOND = timedelta(seconds=1)


def _worker(seconds: float) -> dict[str, Any]:
    return {"worker_id": "w", "beat_at": ago(seconds)}


def _risks(at_risk: int = 0, late: int = 0) -> dict[Deadline, int]:
    return {Deadline.AT_RISK: at_risk, Deadline.LATE: late}


CASES: dict[str, tuple[dict[str, Any], int | None, list[tuple[str, int]]]] = {
    "all is well": ({}, 60, []),
    "a person is needed": (
        {"attention": {"stock_short": 1, "post_box": 2}},
        None,
        [("needs-attention", 3)],
    ),
    "a wrong label": (
        {"attention": {"wrong_label_confirmed": 1}},
        None,
        [("needs-attention", 1), ("wrong-label", 1)],
    ),
    "a week old": ({"oldest_unfinished_at": ago(7 * 86_400)}, None, []),
    "older": ({"oldest_unfinished_at": ago(7 * 86_400 + 1)}, None, [("oldest-unfinished", 1)]),
    "at risk": ({"deadlines": _risks(at_risk=2)}, None, [("orders-at-risk", 2)]),
    "late": ({"deadlines": _risks(late=1)}, None, [("orders-late", 1)]),
    "away for ten minutes": ({"peers": {"ankorstore": {"away_since": ago(600)}}}, None, []),
    "away for longer": (
        {"peers": {"ankorstore": {"away_since": ago(601)}}},
        None,
        [("company-away/ankorstore", 1)],
    ),
    "silent for a minute": ({"workers": [_worker(1), _worker(60)]}, None, []),
    "silent for longer": ({"workers": [_worker(1), _worker(61)]}, None, [("worker-stale", 1)]),
    "silent since yesterday": ({"workers": [_worker(1), _worker(86_400)]}, None, []),
    "no subscription": (
        {"webhook": WebhookWatch(is_up=False, problem="it is gone")},
        None,
        [("webhook-subscription-lost", 2)],
    ),
    "one lost and made again": (
        {"webhook": WebhookWatch(is_up=True, lost_at=ago(3599))},
        None,
        [("webhook-subscription-lost", 1)],
    ),
    "one lost this morning": ({"webhook": WebhookWatch(is_up=True, lost_at=ago(3600))}, None, []),
    "one never looked at": ({"webhook": WebhookWatch()}, None, []),
    "a backlog that grew": ({"backlog": Backlog(56, None)}, 50, [("backlog-growing", 1)]),
    "one that stands": ({"backlog": Backlog(55, None)}, 50, []),
    "a small one": ({"backlog": Backlog(50, None)}, 1, []),
    "one of an unknown past": ({"backlog": Backlog(500, None)}, None, []),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_condition_holds_beyond_its_bound(
    case: tuple[dict[str, Any], int | None, list[tuple[str, int]]],
) -> None:
    """Each is told with how much of it there is, and nothing else is."""
    changes, earlier_backlog, expected = case

    alerts = judge(calm(**changes), BOUNDS, earlier_backlog)

    assert [(alert.name, alert.count) for alert in alerts] == expected


def test_every_condition_has_a_cure_a_section_and_a_rule() -> None:
    """What people are told leads where the rules for Prometheus lead."""
    page = (ROOT / "docs/alerts.md").read_text().lower()
    rules = yaml.safe_load((ROOT / "deploy/prometheus/antbridge.rules.yml").read_text())
    asked = {name for _, _, expected in CASES.values() for name, _ in expected}

    assert {name.partition("/")[0] for name in asked} == set(CURES)
    for name in CURES:
        assert f"### {name.replace('-', ' ')}\n" in page
        assert f"docs/alerts.md#{name}" in json.dumps(rules)


def _told(seconds_ago: float, count: int | None = 2) -> Telling:
    return Telling("orders-late", "webhook", told_at=ago(seconds_ago), told_count=count)


NEW = Telling("orders-late", "webhook")
HOUR, DAY = QUIET.total_seconds(), REMIND.total_seconds()
OWED: dict[str, tuple[Telling, Alert | None, Kind | None]] = {
    "it begins": (NEW, LATE, Kind.HOLDS),
    "it was never there": (NEW, None, None),
    "it was told": (_told(60), LATE, None),
    "it was told and there is less": (_told(HOUR, 3), LATE, None),
    "there is more, too soon": (_told(HOUR - 1, 1), LATE, None),
    "there is more": (_told(HOUR, 1), LATE, Kind.HOLDS),
    "it lasts": (_told(DAY - 1), LATE, None),
    "it lasts for a day": (_told(DAY), LATE, Kind.HOLDS),
    "it is over": (_told(60), None, Kind.OVER),
    "it was over": (_told(60, None), None, None),
    "it comes back too soon": (_told(HOUR - 1, None), LATE, None),
    "it comes back": (_told(HOUR, None), LATE, Kind.HOLDS),
}


@pytest.mark.parametrize("case", OWED.values(), ids=OWED)
def test_what_is_owed(case: tuple[Telling, Alert | None, Kind | None]) -> None:
    """One message when it begins, one when it is over, and one an hour at most in between."""
    known, alert, expected = case

    assert owed(known, alert, AT) is expected


def test_a_message_that_was_sent_is_owed_no_more() -> None:
    """Neither at once nor, once it is over, a second time."""
    told = after_sending(NEW, LATE, AT)
    assert owed(told, LATE, AT) is None
    over = after_sending(told, None, AT + SECOND)
    assert owed(over, None, AT + SECOND) is None
    assert over.told_at == AT


def test_tries_are_bounded() -> None:
    """After a failure it waits, longer each time up to a quarter of an hour, and then gives up."""
    known, now, pauses = NEW, AT, []
    while (again := after_failure(known, now)) is not None:
        assert again.next_try_at is not None
        assert owed(again, LATE, again.next_try_at - SECOND) is None
        assert owed(again, LATE, again.next_try_at) is Kind.HOLDS
        pauses.append((again.next_try_at - now).total_seconds())
        known, now = again, again.next_try_at

    assert pauses[:6] == [60, 120, 240, 480, 900, 900]
    assert len(pauses) == MAX_TRIES - 1
    assert after_sending(known, LATE, now).next_try_at is None
