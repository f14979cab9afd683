"""Survivors that somebody looked at: why each is no loss to anyone (`judged.toml`)."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

from tests.mutants.changes import Change
from tests.mutants.services import ROOT

FILE = Path(__file__).with_name("judged.toml")
Key = tuple[str, str, str, str]


def judgements(file: Path = FILE) -> Mapping[Key, str]:
    """The reason by file, source line, what was there and what became of it."""
    entries = tomllib.loads(file.read_text()).get("survivor", [])
    return {(e["file"], e["line"], e["was"], e["becomes"]): e["why"] for e in entries}


def key_of(change: Change) -> Key:
    """Lines move; so a survivor is known by its line's text."""
    return change.file, line_of(change), change.was, change.becomes


def line_of(change: Change) -> str:
    return (ROOT / change.file).read_text().splitlines()[change.line - 1].strip()
