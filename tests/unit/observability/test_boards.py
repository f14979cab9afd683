"""Dashboards as they are written: made by the code, with units and words, and well laid out."""

import re
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from deploy.compose.grafana import boards
from deploy.compose.grafana.panels import of_each, of_each_feed
from tests.unit.observability.promql import COMPOSE, dashboards, panels

PANELS = list(panels())
# What grows while nothing happens. The rest of what is in seconds are durations of what has happened.
AGE = re.compile(
    r"\btime\(\)|timestamp_seconds|_(?:oldest_\w+|silent|lag|behind|off|overdue|age)_seconds|age_ratio"
)
_MADE_UP = re.compile(r"\bor\s+(?:on\s*\(\)\s*)?vector\(\s*[0-9.+-]+\s*\)")


def test_dashboards_are_those_that_the_code_makes() -> None:
    folder = COMPOSE / "grafana/dashboards"

    on_disk = {file.name: file.read_text() for file in folder.iterdir()}

    again = "run .venv/bin/python -m deploy.compose.grafana.boards"
    assert on_disk == boards.files(), again


def test_addresses_of_dashboards_never_change() -> None:
    assert {board["uid"] for board in dashboards().values()} == {
        "coinlake-overview",
        "coinlake-ingestor",
        "coinlake-s3-sink",
        "coinlake-etl-runner",
        "coinlake-query-api",
        "coinlake-host",
    }


@pytest.mark.parametrize(("name", "panel"), PANELS)
def test_a_panel_has_title_unit_words_and_no_fixed_data_source(
    name: str, panel: dict[str, Any]
) -> None:
    chosen = {"type": "prometheus", "uid": "${datasource}"}

    assert panel["title"]
    assert len(panel["description"]) > 10
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert panel["targets"]
    assert [target["datasource"] for target in panel["targets"]] == [chosen] * len(
        panel["targets"]
    )
    assert panel["datasource"] == chosen


@pytest.mark.parametrize("name", dashboards())
def test_panels_have_numbers_of_their_own_and_do_not_overlap(name: str) -> None:
    board = dashboards()[name]
    placed = [panel["gridPos"] for panel in board["panels"]]
    cells = [
        (x, y)
        for at in placed
        for x in range(at["x"], at["x"] + at["w"])
        for y in range(at["y"], at["y"] + at["h"])
    ]

    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])


def exprs(panel: dict[str, Any]) -> list[str]:
    return [target["expr"] for target in panel["targets"]]


def has_limits(panel: dict[str, Any]) -> bool:
    """Limits of its own, drawn where it is a graph, or a series for each limit."""
    defaults = panel["fieldConfig"]["defaults"]
    steps = defaults["thresholds"]["steps"]
    is_drawn = panel["type"] != "timeseries" or (
        defaults["custom"]["thresholdsStyle"]["mode"] != "off"
    )
    dashed = {
        override["matcher"]["options"]
        for override in panel["fieldConfig"]["overrides"]
        if any(one["id"] == "custom.lineStyle" for one in override["properties"])
    }
    limits = [t for t in panel["targets"] if t["legendFormat"].endswith("limit")]
    return (len(steps) > 1 and is_drawn) or (bool(limits) and dashed == {"/limit$/"})


def mistakes(panel: dict[str, Any]) -> list[str]:
    """What would make an outage look fine; for every kind of panel."""
    defaults = panel["fieldConfig"]["defaults"]
    found = []
    if any(AGE.search(expr) for expr in exprs(panel)) and not has_limits(panel):
        found.append("an age without limits")
    if defaults["unit"].startswith(("dateTime", "time:")):
        found.append("a date, which has no limits")
    if any(_MADE_UP.search(expr) for expr in exprs(panel)):
        found.append("what is absent becomes a number")
    if "NotNull" in str(panel["options"]):
        found.append("a series that has ended looks alive")
    if defaults["noValue"] != "no data" or not any(
        mapping["type"] == "special" and mapping["options"]["match"] == "null+nan"
        for mapping in defaults["mappings"]
    ):
        found.append("null and NaN have no colour")
    if panel["type"] == "timeseries":
        if defaults["custom"]["spanNulls"] is not False:
            found.append("a line over a gap")
        found += ["a rate over a fixed time" for e in exprs(panel) if _fixed_rate(e)]
    else:
        found += ["an old sample" for t in panel["targets"] if not t["instant"]]
        found += [
            f"a {label} that is gone is not missed"
            for target in panel["targets"]
            for label in ("feed", "job")
            if f"{{{{{label}}}}}" in target["legendFormat"]
            and f" or on ({label}) " not in target["expr"]
        ]
    return found


def _fixed_rate(expr: str) -> bool:
    """A drawn rate skips what lies between two points if its range is shorter than their distance."""
    return re.search(r"\bi?rate\([^[]*\[(?!\$__rate_interval\])", expr) is not None


@pytest.mark.parametrize(("name", "panel"), PANELS)
def test_an_outage_does_not_look_fine(name: str, panel: dict[str, Any]) -> None:
    assert mistakes(panel) == [], f"{name}: {panel['title']}"


def changed(title: str, **defaults: Any) -> dict[str, Any]:
    (panel,) = [one for _, one in PANELS if one["title"] == title]
    config = panel["fieldConfig"]
    return {**panel, "fieldConfig": {**config, "defaults": {**config["defaults"], **defaults}}}


@pytest.mark.parametrize(
    ("panel", "found"),
    [
        (
            changed("Oldest dirty hour", unit="dateTimeAsIso"),
            ["a date, which has no limits"],
        ),
        (
            changed(
                "Oldest dirty hour", thresholds={"steps": [{"color": "green", "value": None}]}
            ),
            ["an age without limits"],
        ),
        (changed("Alarms", mappings=[]), ["null and NaN have no colour"]),
        (
            {**changed("Alarms"), "options": {"calcs": ["lastNotNull"]}},
            ["a series that has ended looks alive"],
        ),
        (
            {
                **changed("Alarms"),
                "targets": [
                    {"expr": "sum(x) or vector(0)", "legendFormat": "", "instant": True}
                ],
            },
            ["what is absent becomes a number"],
        ),
        (
            {
                **changed("Services up"),
                "targets": [
                    {"expr": "sum by (job) (up)", "legendFormat": "{{job}}", "instant": False}
                ],
            },
            ["an old sample", "a job that is gone is not missed"],
        ),
        (
            {
                **changed("Query time"),
                "targets": [{"expr": "rate(x{a='b'}[5m])", "legendFormat": ""}],
            },
            ["a rate over a fixed time"],
        ),
    ],
)
def test_what_would_make_an_outage_look_fine_is_found(
    panel: dict[str, Any], found: list[str]
) -> None:
    assert mistakes(panel) == found


def test_what_is_expected_stays_on_its_panel() -> None:
    assert of_each("job", ["a", "b-c"], "sum by (job) (up)") == (
        'sum by (job) (up) or on (job) (label_replace(vector(NaN), "job", "a", "", "")'
        ' or label_replace(vector(NaN), "job", "b-c", "", ""))'
    )
    assert of_each_feed("x").endswith("or on (feed) NaN * coinlake:feed_interval_seconds")


def test_a_rate_interval_is_four_scrapes_at_least() -> None:
    """Grafana takes four times the data source's `timeInterval` (docs, $__rate_interval)."""
    file = COMPOSE / "grafana/provisioning/datasources/prometheus.yaml"
    (source,) = yaml.safe_load(file.read_text())["datasources"]
    scraped = yaml.safe_load((COMPOSE / "prometheus/prometheus.yml").read_text())["global"]

    assert source["jsonData"]["timeInterval"] == scraped["scrape_interval"]
