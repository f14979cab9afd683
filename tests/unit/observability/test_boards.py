"""Dashboards as they are written: made by the code, with units and words, and well laid out."""

from typing import Any

import pytest

from deploy.compose.grafana import boards
from tests.unit.observability.promql import COMPOSE, dashboards, panels


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


@pytest.mark.parametrize(("name", "panel"), list(panels()))
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
