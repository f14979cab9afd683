"""What of the locks and of `pyproject.toml` a row's result depends on.

A package that comes in is read by code that imports it, and that code has changed with it. One
that has another version than before, or is gone, may have been read by anything.
"""

import re
import subprocess
import tomllib
from pathlib import Path

_PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)", re.MULTILINE)
_LOCKS = "requirements"


def pins_hold(root: Path, commit: str) -> bool:
    """Whether what was pinned at that commit still is, and pytest is set up as it was."""
    before = {name: _at(root, commit, name) for name in _names(root, commit)}
    return all(
        _is_kept(text, _here(root, name))
        for name, text in before.items()
        if name.endswith(".txt")
    ) and _pytest(_at(root, commit, "pyproject.toml")) == _pytest(_here(root, "pyproject.toml"))


def _is_kept(before: str, now: str) -> bool:
    return set(_PIN.findall(before)) <= set(_PIN.findall(now))


def _pytest(text: str) -> object:
    return tomllib.loads(text).get("tool", {}).get("pytest")


def _names(root: Path, commit: str) -> list[str]:
    return _git(root, "ls-tree", "-r", "--name-only", commit, "--", _LOCKS).splitlines()


def _at(root: Path, commit: str, name: str) -> str:
    return _git(root, "show", f"{commit}:{name}") if _git(root, "ls-tree", commit, name) else ""


def _here(root: Path, name: str) -> str:
    path = root / name
    return path.read_text() if path.is_file() else ""


def _git(root: Path, *words: str) -> str:
    return subprocess.check_output(["git", *words], cwd=root, text=True)
