"""Alerts and runbooks as they are written, and every expression: true to the metrics' code."""

import re
from collections.abc import Mapping

import pytest
import yaml  # type: ignore[import-untyped]
from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase

from coinlake.contracts.datasets import TABLES, TABULAR
from coinlake.contracts.missed_ticks import Cause
from coinlake_tools.auditor import AuditMetrics
from coinlake_tools.chain_audit import Kind
from etl_runner.metrics import EtlMetrics
from ingestor.core.validation import Reason
from ingestor.metrics import IngestorMetrics
from query_api.metrics import QueryApiMetrics
from s3_sink.core.partition_state import Phase
from s3_sink.metrics import SinkMetrics
from tests.unit.observability.promql import (
    COMPOSE,
    RUNBOOKS,
    SCRAPED,
    Expression,
    alerts,
    expressions,
    recorded,
    rule_tests,
)

NAMED = {
    "ingestor": "Ingestor",
    "s3-sink": "S3Sink",
    "etl-runner": "EtlRunner",
    "query-api": "QueryApi",
    "auditor": "Audit",
    "prometheus": "Prometheus",
}
# What Prometheus adds itself. Its own metrics are checked in a real scrape.
OURS = ("ingestor_", "s3_sink_", "etl_runner_", "query_api_", "audit_")
ADDED = {"job", "instance"}
ROUTES = {"/v1/.*"}
CLOSED: Mapping[str, set[str]] = {
    "feed": set(TABULAR),
    "cause": {str(cause) for cause in Cause},
    "reason": {str(reason) for reason in Reason},
    "state": {str(state.value) for state in Phase},
    "outcome": {"failed", "succeeded"},
    "topic": {feed.topic for feed in TABULAR.values()},
    "table": set(TABLES),
    "stage": {"kafka", "raw", "tables"},
    "job": {*SCRAPED, "prometheus"},
    "kind": {kind.value for kind in Kind},
    "alertstate": {"firing"},
}


def metrics() -> dict[str, set[str]]:
    """Every series name that the services' code can make, with its labels."""
    registry = CollectorRegistry()
    found: dict[str, set[str]] = {}
    for made in (
        IngestorMetrics(registry),
        SinkMetrics(registry),
        EtlMetrics(registry),
        QueryApiMetrics(registry),
        AuditMetrics(registry),
    ):
        for metric in vars(made).values():
            if isinstance(metric, MetricWrapperBase):
                found |= _series(metric)
    return found


def _series(metric: MetricWrapperBase) -> dict[str, set[str]]:
    labels = set(metric._labelnames)
    (family,) = list(metric.describe())
    if family.type == "histogram":
        return {
            f"{family.name}_bucket": labels | {"le"},
            f"{family.name}_sum": labels,
            f"{family.name}_count": labels,
        }
    return {family.name + ("_total" if family.type == "counter" else ""): labels}


METRICS = metrics()
RECORDED = recorded()
ALERTS = alerts()
EXPRESSIONS = expressions()
RUNBOOK_NAMES = sorted(file.stem for file in RUNBOOKS.glob("*.md"))


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_is_named_weighed_and_explained(name: str) -> None:
    alert = ALERTS[name]

    assert name.startswith(NAMED[alert["file"]])
    assert alert["labels"] == {
        "severity": alert["labels"]["severity"],
        "service": alert["file"],
    }
    assert alert["labels"]["severity"] in ("critical", "warning")
    assert alert["annotations"].keys() == {"summary", "runbook"}
    assert len(alert["annotations"]["summary"]) > 20


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_has_a_page_that_says_what_to_look_at_and_what_to_do(name: str) -> None:
    assert ALERTS[name]["annotations"]["runbook"] == f"docs/how-to/runbooks/{name}.md"

    head, look, do = re.split(r"^## .*$", (RUNBOOKS / f"{name}.md").read_text(), flags=re.M)

    titles = re.findall(r"^## (.*)$", (RUNBOOKS / f"{name}.md").read_text(), flags=re.M)
    assert titles == ["Look at", "Do"]
    assert head.splitlines()[0] == f"# {name}"
    assert len(head) > 80
    assert look.count("\n- ") >= 1
    assert do.count("\n- ") >= 1


def test_there_is_no_page_without_an_alert_and_the_list_is_whole() -> None:
    listed = re.findall(
        r"^\| \[(\w+)\]\(runbooks/\1\.md\) \| (\w+) \|", _watch_it(), flags=re.M
    )

    assert sorted(ALERTS) == RUNBOOK_NAMES
    assert listed == [(name, ALERTS[name]["labels"]["severity"]) for name in _in_order()]


def test_the_list_of_alerts_says_what_each_alert_says() -> None:
    written = dict(
        re.findall(
            r"^\| \[(\w+)\]\(runbooks/\w+\.md\) \| \w+ \| (.+) \|$", _watch_it(), flags=re.M
        )
    )
    summaries = {
        name: re.sub(
            r"\{\{ \$value[^}]*\}\}",
            "*n*",
            re.sub(r"\{\{ \$labels\.(\w+) \}\}", r"*\1*", alert["annotations"]["summary"]),
        )
        for name, alert in ALERTS.items()
    }

    assert written == summaries


def test_links_of_the_pages_lead_somewhere() -> None:
    pages = [*RUNBOOKS.glob("*.md"), RUNBOOKS.parent / "watch-it.md"]
    links = [
        (page.name, link)
        for page in pages
        for link in re.findall(r"\]\(([^)#]+)", page.read_text())
        if not (page.parent / link).exists()
    ]

    assert links == []


@pytest.mark.parametrize("name", RUNBOOK_NAMES)
def test_a_page_names_only_metrics_that_exist(name: str) -> None:
    named = re.findall(
        r"`((?:ingestor|s3_sink|etl_runner|query_api|audit)_[a-z_]+)`", _page(name)
    )

    known = {series.removesuffix("_bucket") for series in METRICS}
    assert [metric for metric in named if metric not in known] == []


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
        return value in (*ROUTES, "5..")
    known = CLOSED[label]
    if operator in ("=", "!="):
        return value in known
    # A pattern has to mean a part of the closed set, and nothing of it may mean nothing.
    pattern = value.replace("\\\\", "\\")
    parts = re.sub(r"^(.*)\((.*)\)(.*)$", r"\2", pattern).split("|")
    found = {item for item in known if re.fullmatch(pattern, item)}
    return len(found) == len(parts)


def test_rules_over_feeds_know_every_feed() -> None:
    patterns = {
        value
        for expression in EXPRESSIONS
        for selector in expression.selectors
        for label, operator, value in selector.matchers
        if label == "topic" and operator == "=~"
    }
    topics = {feed.topic for feed in TABULAR.values()}

    assert len(patterns) == 1
    (pattern,) = (pattern.replace("\\\\", "\\") for pattern in patterns)
    assert {topic for topic in topics if re.fullmatch(pattern, topic)} == topics


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_is_seen_ringing_and_is_looked_at_on_a_calm_day(name: str) -> None:
    ringing = [
        sample["labels"]
        for scenarios in rule_tests().values()
        for scenario in scenarios
        for check in scenario["promql_expr_test"]
        for sample in check["exp_samples"]
        if f'alertname="{name}"' in sample["labels"]
    ]
    calm = {
        series["series"].split("{")[0] for series in rule_tests()["calm"][0]["input_series"]
    }

    assert ringing
    # Its metrics are there on the calm day, or that it is silent would say nothing.
    assert sources(ALERTS[name]["expr"]) <= calm


@pytest.mark.parametrize("service", SCRAPED)
def test_there_is_a_scenario_in_which_all_series_of_a_service_vanish(service: str) -> None:
    own = "audit_" if service == "auditor" else service.replace("-", "_") + "_"
    gone = [
        scenario["name"]
        for scenario in rule_tests()[service]
        for lines in [
            [s for s in scenario["input_series"] if _is_of(s["series"], own, service)]
        ]
        if lines and all(line["values"].endswith(("stale", "0x100")) for line in lines)
    ]

    assert gone


def sources(expr: str) -> set[str]:
    """The scraped metrics behind an expression, through the recording rules."""
    found: set[str] = set()
    for selector in Expression("", expr).selectors:
        rules = RECORDED.get(selector.metric)
        if rules is None:
            found.add(selector.metric)
            continue
        stages = [value for label, _, value in selector.matchers if label == "stage"]
        for rule in rules:
            if not stages or rule["labels"]["stage"] in stages:
                found |= sources(rule["expr"])
    return found


def test_every_service_is_scraped_under_the_name_that_the_rules_use() -> None:
    config = yaml.safe_load((COMPOSE / "prometheus/prometheus.yml").read_text())
    services = yaml.safe_load((COMPOSE / "compose.yaml").read_text())["services"]

    jobs = {
        job["job_name"]: job["static_configs"][0]["targets"] for job in config["scrape_configs"]
    }

    assert {name: jobs[name] for name in SCRAPED} == {
        name: [f"{name}:8080"] for name in SCRAPED
    }
    assert services.keys() >= set(SCRAPED)


def _is_of(series: str, own: str, service: str) -> bool:
    return series.startswith(own) or f'job="{service}"' in series


def _page(name: str) -> str:
    return (RUNBOOKS / f"{name}.md").read_text()


def _watch_it() -> str:
    return (RUNBOOKS.parent / "watch-it.md").read_text()


def _in_order() -> list[str]:
    return [
        name
        for service in (*SCRAPED, "prometheus")
        for name, alert in ALERTS.items()
        if alert["file"] == service
    ]
