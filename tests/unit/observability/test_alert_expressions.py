"""Every expression of rules, alerts and boards: true to the metrics' code."""

import re
from collections.abc import Iterable, Mapping

import pytest

from coinlake.contracts.datasets import TABULAR
from coinlake.contracts.missed_ticks import Cause
from coinlake.contracts.quality import RULES
from coinlake.contracts.topics import TOPICS
from coinlake_tools.chain_audit import Kind
from ingestor.core.validation import RejectReason
from s3_sink.core.partition_state import Phase
from tests.unit.observability.promql import (
    SCRAPED,
    WATCHED,
    Expression,
)
from tests.unit.observability.series import EXPRESSIONS, METRICS, OURS, RECORDED

ADDED = {"job", "instance"}

ROUTES = {"/v1/.*"}

CLOSED: Mapping[str, set[str]] = {
    "feed": set(TABULAR),
    "cause": {str(cause) for cause in Cause},
    "reason": {str(reason) for reason in RejectReason},
    "state": {str(state.value) for state in Phase},
    "outcome": {"failed", "succeeded"},
    "topic": set(TOPICS),
    "table": {table for dataset in TABULAR.values() for table in dataset.published},
    "stage": {"kafka", "raw", "tables"},
    "job": {*SCRAPED, *WATCHED, "prometheus"},
    "mountpoint": {"/", "/run", "/var/lib/coinlake"},
    "mode": {"idle", "iowait", "steal", "system", "user"},
    "certificate": {"kafka", "kafka-ca", "proxy"},
    "container": {*SCRAPED, "alertmanager", "tools"},
    "request": {"Fetch", "Produce"},
    "direction": {"In", "Out"},
    # An open set: every error of Kafka's protocol.
    "error": {"NONE"},
    "kind": {kind.value for kind in Kind},
    "rule": {rule.name for rule in RULES},
    "hard": {"true", "false"},
    "alertstate": {"firing"},
    "severity": {"critical", "warning", "info", "none"},
}


def test_expressions_name_only_metrics_that_the_code_has() -> None:
    assert [one.where for one in EXPRESSIONS if unknown_metrics(one)] == []
    assert [one.where for one in EXPRESSIONS if not one.selectors] == [
        "stages: coinlake:month_left_ratio"
    ]


def test_expressions_group_and_select_by_labels_that_exist() -> None:
    assert [
        (one.where, unknown_labels(one)) for one in EXPRESSIONS if unknown_labels(one)
    ] == []


def test_values_of_labels_come_from_closed_sets() -> None:
    assert [
        (one.where, unknown_values(one)) for one in EXPRESSIONS if unknown_values(one)
    ] == []


@pytest.mark.parametrize(
    ("text", "find", "found"),
    [
        ("rate(ingestor_answer_total[5m])", "metrics", ["ingestor_answer_total"]),
        ("coinlake:stage_seconds > 1", "metrics", ["coinlake:stage_seconds"]),
        ("s3_sink_object_bytes", "metrics", ["s3_sink_object_bytes"]),
        ("sum by (topic) (ingestor_answers_total)", "labels", ["topic"]),
        ('etl_runner_runs_total{feed="assets"}', "labels", ["feed"]),
        ('s3_sink_partitions{state="halted"}', "values", ["halted"]),
        ('ingestor_missed_ticks_total{cause=~"down|lazy"}', "values", ["down|lazy"]),
        ('coinlake:stage_timestamp_seconds{stage="curated"}', "values", ["curated"]),
    ],
)
def test_what_does_not_exist_is_found(text: str, find: str, found: list[str]) -> None:
    finders = {"metrics": unknown_metrics, "labels": unknown_labels, "values": unknown_values}

    assert finders[find](Expression("here", text)) == found


def unknown_metrics(expression: Expression) -> list[str]:
    return [
        selector.metric
        for selector in expression.selectors
        if selector.metric.startswith((*OURS, "coinlake:"))
        and selector.metric not in METRICS
        and selector.metric not in RECORDED
    ]


def unknown_labels(expression: Expression) -> list[str]:
    has = {label for selector in expression.selectors for label in labels_of(selector.metric)}
    selected = [
        label
        for selector in expression.selectors
        for label, _, _ in selector.matchers
        if label not in labels_of(selector.metric)
    ]
    return sorted({*(expression.grouped_by - has - expression.made), *selected})


def unknown_values(expression: Expression) -> list[str]:
    return [
        value
        for selector in expression.selectors
        for label, operator, value in selector.matchers
        if not values_are_known(label, operator, value)
    ]


def labels_of(metric: str) -> set[str]:
    """The labels of a series, also of what rules record."""
    if metric in METRICS:
        return METRICS[metric] | ADDED
    if metric in RECORDED:
        made = {label for rule in RECORDED[metric] for label in rule.get("labels", {})}
        grouped = [Expression("", rule["expr"]) for rule in RECORDED[metric]]
        below = {label for one in grouped for label in one.grouped_by}
        # What is computed from a recorded series alone has that one's labels.
        below |= {
            label
            for one in grouped
            for selector in one.selectors
            if selector.metric in RECORDED
            for label in labels_of(selector.metric)
        }
        return made | below
    return ADDED | {"rule_group", "alertname", "alertstate", "service", "severity"}


def values_are_known(label: str, operator: str, value: str) -> bool:
    if label in ("route", "status"):
        return value in (*ROUTES, "5..", "5..|429", "499")
    known = CLOSED[label]
    if operator in ("=", "!="):
        return value in known
    # A pattern has to mean a part of the closed set, and nothing of it may mean nothing.
    pattern = value.replace("\\\\", "\\")
    group = re.search(r"\((.*)\)", pattern)
    parts = pattern.split("|")
    if group is not None:
        around = pattern[: group.start()], pattern[group.end() :]
        parts = [part.join(around) for part in group[1].split("|")]
    return all(any(re.fullmatch(part, item) for item in known) for part in parts)


@pytest.mark.parametrize(
    ("label", "of_feeds"),
    [
        ("topic", {dataset.topic for dataset in TABULAR.values()}),
        ("table", {dataset.tables[0] for dataset in TABULAR.values()}),
    ],
)
def test_rules_over_feeds_know_every_feed(label: str, of_feeds: set[str]) -> None:
    """As Prometheus matches: the whole value, by each of a selector's matchers."""
    everything = {"topic": set(TOPICS), "table": CLOSED["table"]}[label]
    chosen = [
        {one for one in everything if _is_matched(one, label, selector.matchers)}
        for expression in EXPRESSIONS
        for selector in expression.selectors
        if any(name == label and "~" in operator for name, operator, _ in selector.matchers)
    ]

    assert chosen
    assert all(one == of_feeds for one in chosen)


def _is_matched(value: str, label: str, matchers: Iterable[tuple[str, str, str]]) -> bool:
    return all(
        (re.fullmatch(pattern.replace("\\\\", "\\"), value) is not None) == (operator == "=~")
        for name, operator, pattern in matchers
        if name == label
    )
