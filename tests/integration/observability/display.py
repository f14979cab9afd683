"""What Grafana would show of a panel: its own library, in one node process for all questions."""

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.unit.observability.promql import ROOT

HERE = Path(__file__).resolve().parent / "grafana"
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
    dependencies = json.loads((HERE / "package.json").read_text())["dependencies"]
    return str(dependencies["@grafana/data"])


def ask(questions: Sequence[Question]) -> dict[str, Theme]:
    """Each theme's answers."""
    names = [f"{shade}{color}" for color in COLORS for shade in _SHADES]
    asked = {
        "colors": names,
        "panels": [
            {"panel": one.panel, "frames": one.frames, "names": one.names} for one in questions
        ],
    }
    done = subprocess.run(
        ["node", str(HERE / "display.cjs")],
        input=json.dumps(asked),
        env={**os.environ, "NODE_PATH": str(_library() / "node_modules")},
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


def _library() -> Path:
    """The library's folder: installed once per clone and version (140 MB)."""
    folder = ROOT / ".local" / f"grafana-data-{version()}"
    if not folder.is_dir():
        part = folder.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        shutil.copy(HERE / "package.json", part)
        options = ("--no-package-lock", "--ignore-scripts", "--legacy-peer-deps", "--no-audit")
        done = subprocess.run(
            ["npm", "install", "--no-fund", *options], cwd=part, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        part.rename(folder)
    return folder
