"""Joni's search, on Python's engine."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from local_cloud.athena.joni.ambiguity import is_ambiguous
from local_cloud.athena.joni.code_points import EVERY
from local_cloud.athena.joni.parser import NOT_NEWLINE, parse
from local_cloud.athena.joni.reader import refused
from local_cloud.athena.joni.rewriting import rewritten
from local_cloud.athena.joni.tree import (
    Anchor,
    BackReference,
    Chars,
    Choice,
    Group,
    Look,
    Node,
    Parsed,
    Repeat,
    Scope,
    Sequence,
    any_inside,
    is_nullable,
    parts_of,
)
from local_cloud.athena.joni.unicode_classes import check_text

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
    source = rewritten(root)
    try:
        made = re.compile(source, re.DOTALL)
        # If a `.*…` fails at one place, it fails at all that follow on the same line. Joni knows
        # that (AnchorType.ANYCHAR_STAR); Python would try them all.
        later = re.compile(f"(?<=\\n)(?:{source})", re.DOTALL) if _skims(root) else None
    except (re.error, OverflowError, RecursionError) as error:
        raise refused(f"this pattern ({error})") from error
    return Pattern(parsed, made, later, is_ambiguous(root), _loses_end(root))


def _skims(root: Node) -> bool:
    """Whether the pattern begins with a `.*`, with (?s) or without."""
    first = root
    while isinstance(first, (Group, Scope)) or (isinstance(first, Sequence) and first.parts):
        first = parts_of(first)[0]
    return (
        isinstance(first, Repeat)
        and (first.low, first.high) == (0, None)
        and first.body in (Chars(NOT_NEWLINE), Chars(EVERY))
        and not any_inside(root, BackReference)
    )


def _loses_end(root: Node) -> bool:
    """Whether Joni may miss an empty match behind a character of many bytes.

    Matcher.endBuf looks for a pattern of few bytes at most only near the end, and where that is
    in the middle of the last character, at no place at all.
    """
    return is_nullable(root) and 0 < _least_of_most_bytes(root) < 4 and _has_end(root)


def _has_end(node: Node) -> bool:
    if isinstance(node, Anchor):
        return node.kind in ("end", "end or newline")
    return any(map(_has_end, parts_of(node)))


def _least_of_most_bytes(node: Node) -> float:
    """What the longest match has at least, if each character had one byte."""
    if isinstance(node, Chars):
        return 1
    if isinstance(node, Choice):
        return max(map(_least_of_most_bytes, node.parts))
    if isinstance(node, (Look, Anchor)):
        return 0
    if isinstance(node, BackReference):
        return 1
    if isinstance(node, Repeat):
        inner = _least_of_most_bytes(node.body)
        high = float("inf") if node.high is None else node.high
        return inner * high if inner and high else 0
    return sum(map(_least_of_most_bytes, parts_of(node)))
