"""All boards through Grafana's own library: what is shown, in which colour, of good, bad and no data."""

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from tests.integration.observability import sheet
from tests.integration.observability.contrast import contrast, text_on
from tests.integration.observability.display import (
    THEMES,
    Question,
    Shown,
    Theme,
    Value,
    ask,
    version,
)
from tests.unit.observability.promql import COMPOSE, panels

pytestmark = pytest.mark.needs("npm")

REDUCED = ("stat", "gauge", "bargauge")
PANELS = [(f"{board}: {panel['title']}", panel) for board, panel in panels()]
JUDGED = [(name, panel) for name, panel in PANELS if panel["type"] in REDUCED]
NUMBER = 12.0
NO_DATA: dict[str, tuple[tuple[Value, ...], ...]] = {
    "no frame": (),
    "an empty frame": ((),),
    "null": ((None,),),
    "NaN": (("NaN",),),
    "a series that ended": ((NUMBER, NUMBER, None),),
    "a series that became NaN": ((NUMBER, NUMBER, "NaN"),),
}
_SEVERITY = {"green": 0, "orange": 1, "red": 2}


def steps(panel: dict[str, Any]) -> list[tuple[float, str]]:
    """(a value in the step, its colour), from the lowest step."""
    made = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
    values = [step["value"] for step in made[1:]]
    lowest = values[0] - 1 if values else NUMBER
    return list(zip([lowest, *values], [step["color"] for step in made], strict=True))


def questions(panel: dict[str, Any]) -> dict[str, Question]:
    """Everything that is asked of one panel, by what it is."""
    asked = {state: Question(panel, frames) for state, frames in NO_DATA.items()}
    asked |= {f"step {i}": Question(panel, ((v,),)) for i, (v, _) in enumerate(steps(panel))}
    both = Question(panel, ((NUMBER,), ("NaN",)), ("here", "gone"))
    return asked | {"one of two is gone": both}


@dataclass(frozen=True, slots=True)
class Answers:
    """One theme, and what it shows of each question about each panel of PANELS."""

    theme: Theme
    shown: list[dict[str, tuple[Shown, ...]]]

    def hue(self, color: str) -> str:
        # The orange that can be read is no shade of Grafana's.
        return self.theme.hue(color) or {"#c2560c": "orange"}.get(color.lower(), color)


@cache
def answers() -> dict[str, Answers]:
    """By theme: all is asked at once, since a process takes a second to start."""
    asked = [questions(panel) for _, panel in PANELS]
    found = {}
    for mode, theme in ask([one for each in asked for one in each.values()]).items():
        drawn = iter(theme.panels)
        found[mode] = Answers(theme, [{state: next(drawn) for state in each} for each in asked])
    return found


def all_shown(mode: str) -> Iterator[tuple[str, dict[str, Any], dict[str, tuple[Shown, ...]]]]:
    for (name, panel), shown in zip(PANELS, answers()[mode].shown, strict=True):
        yield name, panel, shown


def faults(
    panel: dict[str, Any], shown: dict[str, tuple[Shown, ...]], hue: Callable[[str], str]
) -> list[str]:
    """What a panel shows that would mislead."""
    found = []
    for state in NO_DATA:
        drawn = shown[state]
        is_empty = state in ("no frame", "an empty frame")
        if panel["type"] not in REDUCED and is_empty:
            # Nothing is drawn; Grafana writes this text over the empty panel.
            if panel["fieldConfig"]["defaults"].get("noValue") != "no data":
                found.append(f"{state}: another text")
            continue
        found += [
            f"{state}: {one.text} in {hue(one.color) or one.color}"
            for one in drawn
            if one.text != "no data" or hue(one.color) != "purple"
        ]
        if not drawn:
            found.append(f"{state}: nothing is drawn")
    return found


def test_the_library_is_that_of_the_grafana_that_is_pinned() -> None:
    services = yaml.safe_load((COMPOSE / "compose.yaml").read_text())["services"]

    assert f":{version()}" in services["grafana"]["image"]


@pytest.mark.parametrize("mode", THEMES)
def test_no_data_is_shown_as_such_and_in_a_colour_of_its_own(mode: str) -> None:
    wrong = {
        name: found
        for name, panel, shown in all_shown(mode)
        if (found := faults(panel, shown, answers()[mode].hue))
    }

    assert len(JUDGED) > 40
    assert wrong == {}


def test_as_the_boards_were_no_data_was_green() -> None:
    (old,) = [copy.deepcopy(panel) for name, panel in PANELS if name.endswith(": Alarms")]
    del old["fieldConfig"]["defaults"]["mappings"]
    old["fieldConfig"]["defaults"]["thresholds"]["steps"][0]["color"] = "green"
    old["options"]["reduceOptions"]["calcs"] = ["lastNotNull"]
    asked = questions(old)
    theme = ask(list(asked.values()))["dark"]

    found = faults(old, dict(zip(asked, theme.panels, strict=True)), theme.hue)

    assert found == [
        "no frame: no data in green",
        "an empty frame: no data in green",
        "null: no data in green",
        "NaN: no data in green",
        "a series that ended: 12 in red",
        "a series that became NaN: 12 in red",
    ]


@pytest.mark.parametrize("mode", THEMES)
def test_a_series_that_is_gone_does_not_leave_the_others_in_green_alone(mode: str) -> None:
    hue = answers()[mode].hue
    for name, panel, shown in all_shown(mode):
        here, gone = shown["one of two is gone"]

        assert here.text != "no data", name
        assert (gone.text, hue(gone.color)) == ("no data", "purple"), name
        if panel["type"] in REDUCED:
            assert (here.title, gone.title) == ("here", "gone"), name


@pytest.mark.parametrize("mode", THEMES)
def test_a_number_has_the_colour_of_its_step_and_worse_is_never_greener(mode: str) -> None:
    hue = answers()[mode].hue
    for name, panel, shown in all_shown(mode):
        if panel["type"] not in REDUCED:
            continue
        hues = [hue(shown[f"step {index}"][0].color) for index in range(len(steps(panel)))]
        if len(hues) == 1:
            # Without limits nothing is judged.
            assert hues == ["blue"], name
            continue
        severities = [_SEVERITY[one] for one in hues]
        rising = all(low <= high for low, high in pairwise(severities))
        falling = all(low >= high for low, high in pairwise(severities))
        assert rising or falling, (name, hues)
        assert "green" in hues, (name, hues)
        assert {"orange", "red"} & set(hues), (name, hues)


@pytest.mark.parametrize("mode", THEMES)
def test_what_is_written_on_a_colour_can_be_read(mode: str) -> None:
    colors = {
        shown.color
        for _, panel, states in all_shown(mode)
        if panel["type"] in REDUCED
        for drawn in states.values()
        for shown in drawn
    }

    # WCAG 2.2, 1.4.3: 3 for large text, and numbers are large.
    assert {c: contrast(c, text_on(c)) for c in colors if contrast(c, text_on(c)) < 4} == {}
    # 1.4.11: and the tile itself beside the page.
    background = answers()[mode].theme.background
    assert {c: contrast(c, background) for c in colors if contrast(c, background) < 3} == {}


def test_a_sheet_of_all_numbers_is_left_to_be_looked_at() -> None:
    boards = {
        name: json.loads(text)
        for name, text in sorted(
            (file.name, file.read_text()) for file in (COMPOSE / "grafana/dashboards").iterdir()
        )
    }

    file = sheet.write(boards)

    assert file.read_text().count('class="tile') == 6 * len(JUDGED)
