"""What Grafana would show of a panel: its own library, in one node process for all questions."""

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.labs import npm

HERE = Path(__file__).resolve().parent / "grafana"
_NAME = "@grafana/data"
THEMES = ("dark", "light")
COLORS = ("green", "orange", "red", "blue", "purple")
_SHADES = ("", "super-light-", "light-", "semi-dark-", "dark-")

Value = float | str | None
"""A number, "NaN" or null."""


@dataclass(frozen=True, slots=True)
class Question:
    """A panel's JSON with the series that its queries returned."""

    panel: dict[str, Any]
    frames: tuple[tuple[Value, ...], ...]
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shown:
    """One value as it is drawn."""

    text: str
    color: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Theme:
    """One theme's answers, in the order of the questions."""

    panels: tuple[tuple[Shown, ...], ...]
    hues: dict[str, str]
    background: str

    def hue(self, color: str) -> str:
        """Which of COLORS a colour is a shade of; "" where of none."""
        return self.hues.get(color.lower(), "")


def version() -> str:
    """The version of Grafana's library."""
    return npm.version(HERE / "package.json", _NAME)


def ask(questions: Sequence[Question]) -> dict[str, Theme]:
    """Each theme's answers."""
    names = [f"{shade}{color}" for color in COLORS for shade in _SHADES]
    asked = {
        "colors": names,
        "panels": [
            {"panel": one.panel, "frames": one.frames, "names": one.names} for one in questions
        ],
    }
    # 140 MB.
    library = npm.installed(HERE / "package.json", _NAME)
    done = subprocess.run(
        ["node", str(HERE / "display.cjs")],
        input=json.dumps(asked),
        env={**os.environ, "NODE_PATH": str(library / "node_modules")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return {mode: _theme(answer) for mode, answer in json.loads(done.stdout).items()}


def _theme(answer: dict[str, Any]) -> Theme:
    panels = tuple(
        tuple(Shown(one["text"], one["color"], one.get("title") or "") for one in drawn)
        for drawn in answer["panels"]
    )
    hues = {
        value.lower(): next(color for color in COLORS if name.endswith(color))
        for name, value in answer["named"].items()
    }
    return Theme(panels, hues, answer["background"])
