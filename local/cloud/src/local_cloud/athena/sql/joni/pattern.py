"""Joni's search, on Python's engine."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from local_cloud.athena.sql.joni.ambiguity import is_ambiguous
from local_cloud.athena.sql.joni.differences import check_pattern, is_any, loses_end
from local_cloud.athena.sql.joni.parser import parse
from local_cloud.athena.sql.joni.reader import refused
from local_cloud.athena.sql.joni.rewriting import rewritten
from local_cloud.athena.sql.joni.tree import (
    BackReference,
    CapturingGroup,
    Node,
    OptionScope,
    Parsed,
    Repeat,
    Sequence,
    any_inside,
    parts_of,
)
from local_cloud.athena.sql.joni.unicode_classes import check_text

# As far as patterns go that may double their time with each character.
MAX_AMBIGUOUS = 16


@dataclass(frozen=True, slots=True)
class Pattern:
    """`later` finds what begins behind the start of a search, if `anywhere` would not do."""

    parsed: Parsed
    anywhere: re.Pattern[str]
    later: re.Pattern[str] | None
    ambiguous: bool
    loses_end: bool

    def check(self, text: str) -> None:
        """NOT_SUPPORTED for a text on which Joni may find something else, or never end."""
        check_text(text, self.parsed.needs)
        if self.loses_end and text and text[-1] > "\x7f":
            raise refused("an end after a character that is not ASCII, for such a pattern,")
        if self.ambiguous and len(text) > MAX_AMBIGUOUS:
            raise refused("loops that read the same text in many ways, for so long a text,")

    def search(self, text: str, start: int) -> re.Match[str] | None:
        """The first match from `start` on."""
        if self.later is None:
            return self.anywhere.search(text, start)
        return self.anywhere.match(text, start) or self.later.search(text, start)

    def first(self, text: str) -> re.Match[str] | None:
        self.check(text)
        return self.search(text, 0)

    def matches(self, text: str, start: int = 0) -> Iterator[re.Match[str]]:
        """All matches as Trino asks for them (JoniRegexpFunctions.getNextStart)."""
        self.check(text)
        while start <= len(text):
            found = self.search(text, start)
            if found is None:
                return
            yield found
            # Behind an empty match one character is passed over.
            start = found.end() + (found.end() == found.start())


@lru_cache(maxsize=256)
def compiled(pattern: str) -> Pattern:
    parsed = parse(pattern)
    root = parsed.root
    check_pattern(root)
    source = rewritten(root)
    try:
        made = re.compile(source, re.DOTALL)
        # If a `.*…` fails at one place, it fails at all that follow on the same line. Joni knows
        # that (AnchorType.ANYCHAR_STAR); Python would try them all.
        later = re.compile(f"(?<=\\n)(?:{source})", re.DOTALL) if _skims(root) else None
    except (re.error, OverflowError, RecursionError) as error:
        raise refused(f"this pattern ({error})") from error
    return Pattern(parsed, made, later, is_ambiguous(root), loses_end(root))


def _skims(root: Node) -> bool:
    """Whether the pattern begins with a `.*`, with (?s) or without."""
    first = root
    while isinstance(first, (CapturingGroup, OptionScope)) or (
        isinstance(first, Sequence) and first.parts
    ):
        first = parts_of(first)[0]
    return (
        isinstance(first, Repeat)
        and (first.low, first.high) == (0, None)
        and is_any(first.body)
        and not any_inside(root, BackReference)
    )
