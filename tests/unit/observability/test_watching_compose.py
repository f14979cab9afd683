"""Prometheus, Alertmanager and Grafana as compose starts them: each finds what it is given."""

import re
from pathlib import PurePosixPath
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from tests.unit.observability.promql import COMPOSE, alerts

FILE: dict[str, Any] = yaml.safe_load((COMPOSE / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = FILE["services"]
WATCHERS = ("prometheus", "alertmanager", "grafana")


def mounts(service: str) -> dict[str, str]:
    """What of the clone is mounted, by where it is seen inside."""
    pairs = (volume.split(":") for volume in SERVICES[service]["volumes"])
    return {inside: outside for outside, inside, *_ in pairs if outside.startswith("./")}


def read(path: str) -> Any:
    return yaml.safe_load((COMPOSE / path).read_text())


@pytest.mark.parametrize("name", WATCHERS)
def test_a_watcher_comes_with_its_profile_and_waits_for_nobody(name: str) -> None:
    assert SERVICES[name]["profiles"] == ["observability"]
    assert "depends_on" not in SERVICES[name]


@pytest.mark.parametrize("name", WATCHERS)
def test_what_is_mounted_exists(name: str) -> None:
    assert [
        outside for outside in mounts(name).values() if not (COMPOSE / outside).exists()
    ] == []


def test_prometheus_finds_its_rules_and_keeps_what_the_objective_looks_back_on() -> None:
    inside = mounts("prometheus")
    (pattern,) = read("prometheus/prometheus.yml")["rule_files"]
    command = SERVICES["prometheus"]["command"]

    assert f"--config.file={_at(inside, './prometheus/prometheus.yml')}" in command
    assert PurePosixPath("/etc/prometheus", pattern).parent == PurePosixPath(
        _at(inside, "./prometheus/rules")
    )
    assert "--storage.tsdb.retention.time=35d" in command


def test_addresses_in_the_configuration_are_services_and_their_ports() -> None:
    config = read("prometheus/prometheus.yml")
    (told,) = config["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"]
    (source,) = read("grafana/provisioning/datasources/prometheus.yaml")["datasources"]

    assert told == "alertmanager:9093"
    assert source["url"] == "http://prometheus:9090"
    for address in (told, source["url"].removeprefix("http://")):
        name, port = address.split(":")
        assert SERVICES[name]["ports"][0].endswith(f":{port}")


def test_grafana_finds_its_dashboards_and_lets_nobody_in() -> None:
    (provider,) = read("grafana/provisioning/dashboards/coinlake.yaml")["providers"]
    inside = mounts("grafana")
    environment = SERVICES["grafana"]["environment"]
    home = PurePosixPath(environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])

    assert provider["options"]["path"] == _at(inside, "./grafana/dashboards")
    assert str(home.parent) == provider["options"]["path"]
    assert (COMPOSE / "grafana/dashboards" / home.name).is_file()
    assert environment["GF_AUTH_ANONYMOUS_ORG_ROLE"] == "Viewer"
    assert environment["GF_AUTH_BASIC_ENABLED"] == "false"
    assert environment["GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION"] == "true"


def test_alerts_that_hold_back_others_exist() -> None:
    rules = read("alertmanager/alertmanager.yml")["inhibit_rules"]
    texts = [text for rule in rules for side in rule.values() for text in side if "=" in text]
    named = {name for text in texts for name in _names(text)}

    assert named
    assert named <= alerts().keys()


def _names(matcher: str) -> set[str]:
    """The alerts of `alertname=~"A|B"` or `alertname=~"(A|B)Down"`."""
    _, value = re.split(r"!~|=~|=", matcher, maxsplit=1)
    pattern = value.strip('"')
    found = re.fullmatch(r"\((.*)\)(\w+)", pattern)
    if found:
        return {first + found[2] for first in found[1].split("|")}
    return set(pattern.split("|"))


def _at(inside: dict[str, str], outside: str) -> str:
    (path,) = [seen for seen, given in inside.items() if given == outside]
    return path
