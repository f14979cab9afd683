"""What of the locks and of `pyproject.toml` a row's result depends on.

A package that comes in is read by code that imports it, and that code has changed with it. One
that has another version than before, or is gone, may have been read by anything.
"""

import re
import subprocess
import tomllib
from functools import cache
from pathlib import Path

_PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)", re.MULTILINE)
_LOCKS, _PROJECT = "requirements", "pyproject.toml"


def pins_hold(root: Path, commit: str) -> bool:
    """Whether what was pinned at that commit still is, and pytest is set up as it was."""
    before, project = _pinned(root, commit)
    return all(
        pins <= frozenset(_PIN.findall(_here(root, name))) for name, pins in before.items()
    ) and project == _pytest(_here(root, _PROJECT))


@cache
def _pinned(root: Path, commit: str) -> tuple[dict[str, frozenset[tuple[str, str]]], object]:
    """The pins of each lock of a commit, and its settings of pytest: many rows ask for the same one."""
    listed = _git(root, "ls-tree", "-r", "--name-only", commit, "--", _LOCKS, _PROJECT).split()
    pins = {
        name: frozenset(_PIN.findall(_at(root, commit, name)))
        for name in listed
        if name.endswith(".txt")
    }
    return pins, _pytest(_at(root, commit, _PROJECT) if _PROJECT in listed else "")


def _pytest(text: str) -> object:
    return tomllib.loads(text).get("tool", {}).get("pytest")


def _at(root: Path, commit: str, name: str) -> str:
    return _git(root, "show", f"{commit}:{name}")


def _here(root: Path, name: str) -> str:
    path = root / name
    return path.read_text() if path.is_file() else ""


def _git(root: Path, *words: str) -> str:
    return subprocess.check_output(["git", *words], cwd=root, text=True)
