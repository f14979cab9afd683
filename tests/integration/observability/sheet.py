"""A page with every number of every board as it looks when all is well, in an outage and without data.

Grafana's image is not everywhere; its library is, and this is what people would look at.
"""

import math
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from tests.integration.observability.contrast import text_on
from tests.integration.observability.display import THEMES, Question, Shown, Value, ask
from tests.unit.observability.promql import ROOT

FOLDER = ROOT / ".local" / "boards"
STATES = ("fine", "outage", "no data")
_STYLE = """
body { font-family: Inter, Helvetica, Arial, sans-serif; margin: 0; }
section { padding: 8px 16px 24px; }
.dark { background: #111217; color: #ccccdc; } .light { background: #f4f5f5; color: #24292e; }
.row { display: grid; grid-template-columns: repeat(24, 1fr); gap: 6px; margin-bottom: 6px; }
.panel { border: 1px solid #88888855; border-radius: 2px; overflow: hidden; }
.panel h4 { font-size: 14px; font-weight: 500; margin: 4px 8px; white-space: nowrap;
  overflow: hidden; text-overflow: ellipsis; }
.tile { height: 72px; display: flex; flex-direction: column; align-items: center; justify-content: center; }
.tile b { font-size: 26px; font-weight: 500; } .tile small { font-size: 13px; }
h2 { margin: 12px 0 4px; } h3 { font-size: 14px; margin: 12px 0 4px; }
"""


def write(boards: Mapping[str, dict[str, Any]]) -> Path:
    """Write the page of these boards."""
    placed = [
        (board["title"], row, panel)
        for board in boards.values()
        for row, panel in _numbers(board)
    ]
    asked = [
        Question(panel, *_series(panel, state)) for _, _, panel in placed for state in STATES
    ]
    themes = ask(asked)
    parts = [f"<!doctype html><meta charset=utf-8><title>Boards</title><style>{_STYLE}</style>"]
    for mode in THEMES:
        shown = themes[mode].panels
        for index, state in enumerate(STATES):
            parts.append(f'<section class="{mode}"><h2>{state}, {mode}</h2>')
            parts += _section(
                placed, [shown[i * len(STATES) + index] for i in range(len(placed))]
            )
            parts.append("</section>")
    FOLDER.mkdir(parents=True, exist_ok=True)
    file = FOLDER / "index.html"
    file.write_text("\n".join(parts))
    return file


def _section(
    placed: list[tuple[str, str, dict[str, Any]]], shown: list[tuple[Shown, ...]]
) -> list[str]:
    parts: list[str] = []
    last = ("", "")
    for (board, row, panel), drawn in zip(placed, shown, strict=True):
        if (board, row) != last:
            parts.append("</div>" if last[0] else "")
            if board != last[0]:
                parts.append(f"<h2>{escape(board)}</h2>")
            parts.append(f'<h3>{escape(row)}</h3><div class="row">')
            last = (board, row)
        width = panel["gridPos"]["w"]
        tiles = "".join(_tile(one) for one in drawn[:1])
        parts.append(
            f'<div class="panel" style="grid-column: span {width}">'
            f"<h4>{escape(panel['title'])}</h4>{tiles}</div>"
        )
    return [*parts, "</div>"]


def _tile(shown: Shown) -> str:
    style = f"background: {shown.color}; color: {text_on(shown.color)}"
    title = f"<small>{escape(shown.title)}</small>" if shown.title not in ("", "Value") else ""
    return f'<div class="tile" style="{style}"><b>{escape(shown.text)}</b>{title}</div>'


def _numbers(board: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    found, row = [], ""
    for panel in board["panels"]:
        if panel["type"] == "row":
            row = panel["title"]
        elif panel["type"] in ("stat", "gauge", "bargauge"):
            found.append((row, panel))
    return found


def _series(
    panel: dict[str, Any], state: str
) -> tuple[tuple[tuple[Value, ...], ...], tuple[str, ...]]:
    if state == "no data":
        return (), ()
    defaults = panel["fieldConfig"]["defaults"]
    fine, bad = _examples(defaults["unit"], defaults["thresholds"]["steps"])
    legend = panel["targets"][0]["legendFormat"]
    name = "assets" if "feed" in legend else legend.strip("{}")
    return ((fine if state == "fine" else bad,),), ("" if legend == "__auto" else name,)


def _examples(unit: str, steps: list[dict[str, Any]]) -> tuple[float, float]:
    """A value that is well inside its limits, and one that is well beyond them."""
    limits = [step["value"] for step in steps[1:]]
    is_whole = unit in ("short", "bool_yes_no")
    if not limits:
        value = {"percentunit": 0.6, "bytes": 12e9}.get(unit, 12.0)
        return value, value
    if "green" in steps[0]["color"]:
        return 0.0 if is_whole else limits[0] * 0.4, math.ceil(
            limits[-1]
        ) if is_whole else limits[-1] * 1.3
    if is_whole:
        return limits[-1] + 1, limits[0] - 1
    span = 3600 if unit == "s" else 0.6
    return limits[-1] + span, limits[0] - span / 2
