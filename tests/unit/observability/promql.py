"""Reads rules, dashboards and expressions, as far as tests need to know what they name."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

ROOT = Path(__file__).resolve().parents[3]
COMPOSE = ROOT / "deploy/compose"
RULES = COMPOSE / "prometheus/rules"
RULE_TESTS = COMPOSE / "prometheus/tests"
DASHBOARDS = COMPOSE / "grafana/dashboards"
RUNBOOKS = ROOT / "docs/how-to/runbooks"
SERVICES = ("ingestor", "s3-sink", "etl-runner", "query-api")
SCRAPED = (*SERVICES, "auditor")
"""All of ours that Prometheus asks, by the names of its jobs."""
WATCHED = ("host", "broker")
"""What it asks on EC2 beside them: node_exporter, and the agent in the broker's JVM."""

_METRIC = re.compile(
    r"(?<![\w:\"])((?:ingestor|s3_sink|etl_runner|query_api|audit|prometheus|node|kafka|coinlake)_\w+"
    r"|coinlake:[a-z0-9_:]+|up|ALERTS)(?![\w:(\"])(\{[^}]*\})?"
)
_MATCHER = re.compile(r"([a-z_]+)\s*(=~|!~|!=|=)\s*\"([^\"]*)\"")
_GROUPING = re.compile(r"\b(?:by|on)\s*\(([^)]*)\)")
_REPLACED = re.compile(
    r"\"([a-z_]+)\", \"\$1\", \"([a-z_]+)\"|\"([a-z_]+)\", \"\w+\", \"([a-z_]+)\""
)


@dataclass(frozen=True, slots=True)
class Selector:
    """A metric as an expression names it, with its matchers (label, operator, value)."""

    metric: str
    matchers: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression and where it is written."""

    where: str
    text: str

    @property
    def selectors(self) -> tuple[Selector, ...]:
        return tuple(
            Selector(name, tuple(_MATCHER.findall(matchers or "")))
            for name, matchers in _METRIC.findall(self.text)
        )

    @property
    def grouped_by(self) -> set[str]:
        """Labels of `by (…)` and `on (…)`."""
        names = (
            name.strip() for found in _GROUPING.findall(self.text) for name in found.split(",")
        )
        return {name for name in names if name}

    @property
    def made(self) -> set[str]:
        """Labels that label_replace makes."""
        return {found[0] or found[2] for found in _REPLACED.findall(self.text)}


@cache
def rule_groups() -> dict[str, list[dict[str, Any]]]:
    """The rules of each file."""
    return {
        file.stem: [rule for group in _yaml(file)["groups"] for rule in group["rules"]]
        for file in sorted(RULES.glob("*.yaml"))
    }


@cache
def alerts() -> dict[str, dict[str, Any]]:
    """Every alert by its name, with the file that it stands in."""
    return {
        rule["alert"]: {**rule, "file": name}
        for name, rules in rule_groups().items()
        for rule in rules
        if "alert" in rule
    }


@cache
def recorded() -> dict[str, list[dict[str, Any]]]:
    """Every recording rule by the name of what it records."""
    found: dict[str, list[dict[str, Any]]] = {}
    for rules in rule_groups().values():
        for rule in rules:
            if "record" in rule:
                found.setdefault(rule["record"], []).append(rule)
    return found


@cache
def rule_tests() -> dict[str, list[dict[str, Any]]]:
    """The scenarios of each file of promtool's tests."""
    return {file.stem: _yaml(file)["tests"] for file in sorted(RULE_TESTS.glob("*.yaml"))}


@cache
def dashboards() -> dict[str, dict[str, Any]]:
    """Every dashboard by the name of its file."""
    return {
        file.name: json.loads(file.read_text()) for file in sorted(DASHBOARDS.glob("*.json"))
    }


def panels() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every panel that shows something, with the name of its file."""
    for name, board in dashboards().items():
        for panel in board["panels"]:
            if panel["type"] != "row":
                yield name, panel


def expressions() -> list[Expression]:
    """Every expression of rules and dashboards."""
    found = [
        Expression(f"{name}: {rule.get('alert') or rule.get('record')}", rule["expr"])
        for name, rules in rule_groups().items()
        for rule in rules
    ]
    for name, panel in panels():
        found += [
            Expression(f"{name}: {panel['title']}", target["expr"])
            for target in panel["targets"]
        ]
    return found


def _yaml(file: Path) -> Any:
    return yaml.load(file.read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
