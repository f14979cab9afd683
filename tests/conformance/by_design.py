"""The short list of differences that the local Athena means (`by_design.toml`)."""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.conformance.canonical import Answer

FILE = Path(__file__).with_name("by_design.toml")


@dataclass(frozen=True, slots=True)
class Difference:
    """One of them: of types (and fractions of seconds), of errors, or of certain texts."""

    name: str
    source: str
    types: tuple[str, str] | None = None
    fraction: int | None = None
    errors: tuple[str, str] | None = None
    texts: frozenset[str] = frozenset()

    def covers_error(self, theirs: str, ours: str | None) -> bool:
        """Whether Trino's error may have our name."""
        return self.errors == (theirs, ours)

    def types_of(self, theirs: tuple[str, ...]) -> tuple[str, ...]:
        """Trino's types as we mean to give them."""
        if self.types is None:
            return theirs
        pattern, ours = self.types
        return tuple(re.sub(rf"\b(?:{pattern})(?! with)", ours, kind) for kind in theirs)

    def applied(self, theirs: Answer) -> Answer:
        """Trino's answer as we mean to give it."""
        kinds = self.types_of(theirs.types)
        if self.fraction is None:
            return Answer(kinds, theirs.rows)
        changed = [old != new for old, new in zip(theirs.types, kinds, strict=True)]
        rows = tuple(
            [
                _at(value, self.fraction) if change else value
                for value, change in zip(row, changed, strict=True)
            ]
            for row in theirs.rows
        )
        return Answer(kinds, rows)


def listed(file: Path = FILE) -> tuple[Difference, ...]:
    """The file's differences, in its order."""
    return tuple(_read(one) for one in tomllib.loads(file.read_text()).get("difference", ()))


def all_applied(differences: Iterable[Difference], theirs: Answer) -> Answer:
    """Trino's answer with every difference of types and fractions in it."""
    for one in differences:
        theirs = one.applied(theirs)
    return theirs


def _read(raw: dict[str, Any]) -> Difference:
    types, errors = raw.get("types"), raw.get("errors")
    return Difference(
        raw["name"],
        raw["source"],
        (types["theirs"], types["ours"]) if types else None,
        raw.get("fraction"),
        (errors["theirs"], errors["ours"]) if errors else None,
        frozenset(raw.get("texts", ())),
    )


_SECONDS = re.compile(r"(:\d\d)(?:\.(\d+))?(?=$|[ +-])")


def _at(value: Any, digits: int) -> Any:
    """The text of a moment with this many digits of its second; nested ones too."""
    if isinstance(value, str):
        return _SECONDS.sub(
            lambda found: f"{found[1]}.{(found[2] or '')[:digits].ljust(digits, '0')}", value, 1
        )
    if isinstance(value, list):
        return [_at(one, digits) for one in value]
    if isinstance(value, dict):
        return {key: _at(one, digits) for key, one in value.items()}
    return value
