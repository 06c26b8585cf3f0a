"""Alert rules and dashboard ask for nothing but what the service exports, and lead to the docs."""

import json
import re
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.parser import text_string_to_metric_families

from app import metrics
from app.web.metrics_page import render_page
from tests.watched_moments import moment

ROOT = Path(__file__).resolve().parents[2]
RULES = yaml.safe_load((ROOT / "deploy/prometheus/antbridge.rules.yml").read_text())
ALL_RULES = [rule for group in RULES["groups"] for rule in group["rules"]]
ALERTS = [rule for rule in ALL_RULES if "alert" in rule]
RECORDED = {rule["record"] for rule in ALL_RULES if "record" in rule}
DASHBOARD = json.loads((ROOT / "deploy/grafana/antbridge.json").read_text())
DRAWN = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
PLACED_BY_PROMETHEUS = {"job", "instance", "le"}


def exported() -> dict[str, set[str]]:
    """Return every name the service exports, with the labels it has."""
    labels = {}
    for family in text_string_to_metric_families(render_page(moment()).decode()):
        labels |= {sample.name: set(sample.labels) for sample in family.samples}
    for counted in vars(metrics).values():
        if isinstance(counted, MetricWrapperBase):
            registry = CollectorRegistry()
            registry.register(counted)
            (family,) = registry.collect()
            suffixes = ["_total"] if family.type == "counter" else ["_bucket", "_sum", "_count"]
            for suffix in suffixes:
                labels[family.name + suffix] = set(counted._labelnames)
    return labels


EXPORTED = exported()


def asked_for(expression: str) -> list[tuple[str, set[str]]]:
    """Return the metrics an expression asks for, each with the labels it selects by."""
    found = re.findall(r"\b((?:antbridge|process)[_:][\w:]+)(?:\{([^}]*)\})?", expression)
    return [(name, set(re.findall(r"(\w+)\s*(?:=~|!=|!~|=)", chosen))) for name, chosen in found]


def expressions() -> list[Any]:
    """Return every expression with a name for it."""
    rules = [(rule.get("alert") or rule["record"], rule["expr"]) for rule in ALL_RULES]
    drawn = [
        (f"{panel['title']} {target['refId']}", target["expr"])
        for panel in DRAWN
        for target in panel["targets"]
    ]
    asked = [("choices of the dashboard", DASHBOARD["templating"]["list"][1]["definition"])]
    return [pytest.param(text, id=name) for name, text in rules + drawn + asked]


@pytest.mark.parametrize("expression", expressions())
def test_every_metric_asked_for_is_exported(expression: str) -> None:
    """By its very name, with the labels it is chosen by."""
    asked = asked_for(expression)

    assert asked
    for name, labels in asked:
        if name not in RECORDED:
            assert name in EXPORTED, name
            assert labels <= EXPORTED[name] | PLACED_BY_PROMETHEUS, name


def test_a_bound_of_a_histogram_that_is_asked_for_exists() -> None:
    """`le` picks one of the buckets; any other bound would silently give nothing."""
    text = json.dumps([RULES, DASHBOARD]).replace('\\"', '"').replace('\\"', '"')
    bounds = {"webhook_acknowledgement": {"1.0"}, "event_to_placed": {"900.0"}}
    for name, counted in (
        ("webhook_acknowledgement", metrics.DELIVERIES),
        ("event_to_placed", metrics.EVENT_TO_PLACED),
    ):
        asked = set(re.findall(rf'antbridge_{name}_seconds_bucket\{{[^}}]*le="([\d.]+)"', text))
        assert asked == bounds[name]
        assert asked <= {str(float(bound)) for bound in counted._upper_bounds}


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_every_alert_says_what_it_means_and_the_cure(alert: dict[str, Any]) -> None:
    """In its own words, with the section of the page that tells more."""
    assert set(alert["annotations"]) == {"summary", "description", "cure", "runbook_url"}
    assert alert["labels"]["severity"] in ("warning", "critical")
    page, _, anchor = alert["annotations"]["runbook_url"].partition("#")
    headings = re.findall(r"^### (.+)$", (ROOT / page).read_text(), re.MULTILINE)
    assert anchor in {heading.lower().replace(" ", "-") for heading in headings}
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", alert["alert"].removeprefix("Antbridge"))
    assert anchor == words.lower().replace("slow-burn", "burn")


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_every_alert_is_played_by_promtool(alert: dict[str, Any]) -> None:
    """Firing in one case, and silent in another."""
    tests = [
        test
        for path in (ROOT / "deploy/prometheus/tests").glob("*.yml")
        for case in yaml.safe_load(path.read_text())["tests"]
        for test in case["promql_expr_test"]
        if re.search(r'alertname=~?"([^"]+)"', test["expr"])
    ]

    def names(test: dict[str, Any]) -> bool:
        chosen = re.search(r'alertname=~?"([^"]+)"', test["expr"])
        return chosen is not None and re.fullmatch(chosen[1], alert["alert"]) is not None

    firing = f'alertname="{alert["alert"]}"'
    assert any(names(t) and firing in str(t.get("exp_samples")) for t in tests)
    assert any(names(t) and "exp_samples" not in t for t in tests)


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_how_long_every_alert_holds_back_is_played_by_promtool(alert: dict[str, Any]) -> None:
    """Where all breaks at two hours, it is the news of the minute that its `for:` leads to."""
    (played,) = yaml.safe_load((ROOT / "deploy/prometheus/tests/holding.yml").read_text())["tests"]
    name = f'{{alertname="{alert["alert"]}"}}'
    news_at = [
        test["eval_time"]
        for test in played["promql_expr_test"]
        if name in [sample["labels"] for sample in test.get("exp_samples", [])]
    ]

    assert news_at == ["2h" + alert.get("for", "")]


def test_the_panels_are_told_apart_and_do_not_overlap() -> None:
    """Ids and letters of queries are unique; each panel has its own place of 24 columns."""
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids)
    for panel in DRAWN:
        letters = [target["refId"] for target in panel["targets"]]
        assert panel["title"]
        assert len(set(letters)) == len(letters) > 0

    def cells(panel: dict[str, Any]) -> set[tuple[int, int]]:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24
        columns, rows = range(at["x"], at["x"] + at["w"]), range(at["y"], at["y"] + at["h"])
        return {(x, y) for x in columns for y in rows}

    for one, other in combinations(DASHBOARD["panels"], 2):
        assert not cells(one) & cells(other), (one["title"], other["title"])


def test_the_dashboard_shows_what_is_watched() -> None:
    """State, attention, calls, latencies, backlog, budgets and objectives each have a place."""
    shown = {name for panel in DRAWN for t in panel["targets"] for name, _ in asked_for(t["expr"])}
    assert shown >= {
        "antbridge_orders",
        "antbridge_orders_needing_attention",
        "antbridge_peer_calls_total",
        "antbridge_peer_call_seconds_bucket",
        "antbridge_webhook_acknowledgement_seconds_bucket",
        "antbridge_event_to_placed_seconds_bucket",
        "antbridge_backlog_orders",
        "antbridge_peer_budget_left",
    }
