"""Alerts and runbooks as they are written, each seen ringing in a scenario."""

import re

import pytest
import yaml  # type: ignore[import-untyped]

from tests.unit.observability.promql import (
    COMPOSE,
    RUNBOOKS,
    SCRAPED,
    WATCHED,
    Expression,
    rule_tests,
)
from tests.unit.observability.series import ALERTS, METRICS, RECORDED

NAMED = {
    "ingestor": "Ingestor",
    "s3-sink": "S3Sink",
    "etl-runner": "EtlRunner",
    "query-api": "QueryApi",
    "auditor": "Audit",
    "host": "Host",
    "broker": "Broker",
    "prometheus": "Prometheus",
    "objectives": "Objective",
}

RUNBOOK_NAMES = sorted(file.stem for file in RUNBOOKS.glob("*.md"))


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_is_named_weighed_and_explained(name: str) -> None:
    alert = ALERTS[name]

    assert name.startswith(NAMED[alert["file"]])
    assert alert["labels"] == {
        "severity": alert["labels"]["severity"],
        "service": alert["file"],
    }
    assert alert["labels"]["severity"] in ("critical", "warning", "info")
    assert alert["annotations"].keys() == {"summary", "runbook_url"}
    assert len(alert["annotations"]["summary"]) > 20


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_has_a_page_that_says_what_to_look_at_and_what_to_do(name: str) -> None:
    assert ALERTS[name]["annotations"]["runbook_url"] == (
        "{{ $externalLabels.runbooks }}/" + f"{name}.md"
    )

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
        r"`((?:ingestor|s3_sink|etl_runner|query_api|audit|node|kafka|coinlake)_[a-z_]+)`",
        _page(name),
    )

    known = {series.removesuffix("_bucket") for series in METRICS}
    assert [metric for metric in named if metric not in known] == []


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


@pytest.mark.parametrize("service", [*SCRAPED, *WATCHED])
def test_there_is_a_scenario_in_which_all_series_of_a_service_vanish(service: str) -> None:
    own = {"auditor": "audit_", "host": "node_", "broker": "kafka_"}.get(
        service, service.replace("-", "_") + "_"
    )
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
        for service in (*SCRAPED, *WATCHED, "prometheus", "objectives")
        for name, alert in ALERTS.items()
        if alert["file"] == service
    ]
