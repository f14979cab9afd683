"""What a board's pictures are drawn from: series as Grafana's own data source would give them."""

from typing import Any

from tests.labs import npm
from tests.labs.boards import series
from tests.unit.observability.promql import COMPOSE, ROOT, dashboards

BOARD = {
    "panels": [
        {"id": 1, "type": "row", "title": "Health"},
        {
            "id": 2,
            "type": "stat",
            "targets": [{"expr": "up", "legendFormat": "{{job}}", "instant": True}],
        },
        {
            "id": 3,
            "type": "timeseries",
            "targets": [
                {
                    "expr": "rate(x[$__rate_interval])",
                    "legendFormat": "__auto",
                    "instant": False,
                }
            ],
        },
    ]
}


def test_each_panel_has_its_series_with_names_gaps_and_what_is_no_number() -> None:
    asked: list[tuple[str, dict[str, str]]] = []

    def ask(path: str, **parameters: str) -> Any:
        asked.append((path, parameters))
        if path == "query":
            return {"result": [{"metric": {"job": "ingestor"}, "value": [100, "1"]}]}
        values = [[10, "1.5"], [11, "NaN"], [14, "+Inf"], [15, "2"]]
        return {
            "result": [
                {"metric": {"a": "b", "c": "d"}, "values": values},
                {"metric": {}, "values": []},
            ]
        }

    found = series.board_series(ask, BOARD, 0.0, 240.0)

    assert (found["from"], found["to"]) == (0, 240_000)
    assert found["series"]["2"] == [{"name": "ingestor", "times": [100_000], "values": [1.0]}]
    assert found["series"]["3"] == [
        {
            "name": "b, d",
            "times": [10_000, 11_000, 12_000, 14_000, 15_000],
            "values": [1.5, "NaN", None, "NaN", 2.0],
        },
        {"name": "Value", "times": [], "values": []},
    ]
    assert [path for path, _ in asked] == ["query", "query_range"]
    assert asked[1][1]["query"] == "rate(x[60s])"
    assert float(asked[1][1]["step"]) == 1


def test_pictures_are_of_the_grafana_that_the_boards_are_judged_by() -> None:
    drawn = ROOT / "tests/labs/boards/package.json"
    judged = ROOT / "tests/integration/observability/grafana/package.json"
    pinned = npm.version(judged, "@grafana/data")

    assert npm.version(drawn, "@grafana/ui") == npm.version(drawn, "@grafana/data") == pinned
    assert f"grafana/grafana:{pinned}" in (COMPOSE / "compose.yaml").read_text()


def test_the_first_screen_of_the_overview_answers_what_an_operator_asks() -> None:
    board = dashboards()["coinlake-overview.json"]
    rows = [one for one in board["panels"] if one["type"] == "row"]
    # 1080 pixels, of which Grafana takes about 120 for itself; a row of its grid has 38.
    screen = (1080 - 120) // 38

    asked = [one["title"].split("?")[0] for one in rows if one["gridPos"]["y"] + 5 <= screen]

    assert asked[:4] == [
        "Is it well",
        "Is it complete",
        "How far behind is it",
        "What does it cost",
    ]
