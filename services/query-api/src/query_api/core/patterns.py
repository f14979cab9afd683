"""Regular expressions that cannot take exponential time, whatever text they are asked of.

Trino's default library backtracks (Joni; Trino's documentation, "Regular expression functions
properties"), and a pattern is work that no limit on scanned bytes ends. What backtracks without
bound are repetitions inside of a repetition, alternatives that begin alike inside of one, and
references back; a few repetitions side by side cost a power of the text's length, so that their
number is bounded. This refuses more than it must: better a clear word than a slow query.
"""

import re
from dataclasses import dataclass, field

MAX_LENGTH = 500
# Each takes the work to a higher power of the text's length; each `?` doubles it at most.
MAX_UNBOUNDED = 4
MAX_OPTIONAL = 8
_MAX_REPEATS = 1000
# `(?i)`: case, lines and dots.
_SWITCHES = re.compile(r"\?[ims]+\)")


@dataclass(slots=True)
class _Group:
    """What a group holds so far, down to its inner groups."""

    varies: bool = False
    unbounded: bool = False
    # The first characters of its alternatives; None where one is not a plain character.
    firsts: list[str | None] = field(default_factory=lambda: [""])


class _Reader:
    """Reads a pattern once, from left to right."""

    def __init__(self, pattern: str) -> None:
        self._text = pattern
        self._at = 0
        self._open = [_Group()]
        self._unbounded = self._optional = 0
        # The group that was closed last, where a quantifier may follow it.
        self._closed: _Group | None = None

    def harm(self) -> str | None:
        while self._at < len(self._text):
            char = self._text[self._at]
            found = self._step(char)
            if found is not None:
                return found
        if self._unbounded > MAX_UNBOUNDED:
            return f"at most {MAX_UNBOUNDED} repetitions without an end"
        if self._optional > MAX_OPTIONAL:
            return f"at most {MAX_OPTIONAL} optional parts"
        return None

    def _step(self, char: str) -> str | None:
        if char in "*+?{":
            return self._quantifier(char)
        self._closed = None
        if char == "\\":
            return self._escape()
        self._at += 1
        if char == "[":
            self._atom(None)
            return self._brackets()
        if char == "(":
            return self._group()
        if char == ")":
            self._close()
        elif char == "|":
            self._open[-1].firsts.append("")
        else:
            self._atom(char if char not in ".^$" else None)
        return None

    def _atom(self, char: str | None) -> None:
        if self._open[-1].firsts[-1] == "":
            self._open[-1].firsts[-1] = char

    def _escape(self) -> str | None:
        following = self._text[self._at + 1 : self._at + 2]
        if following.isdigit() or following in ("k", "g"):
            return "references back"
        if following == "Q":
            return r"\Q"
        self._atom(None)
        self._at += 2
        return None

    def _brackets(self) -> str | None:
        """A class of characters, up to its closing bracket; classes inside of it are refused."""
        end = self._at + (self._text[self._at : self._at + 1] == "^")
        # A bracket that closes at once is a character of the class.
        end += self._text[end : end + 1] == "]"
        while end < len(self._text) and self._text[end] != "]":
            if self._text[end] == "[" and self._text[end : end + 2] != "[:":
                return "classes of characters in one another"
            if self._text[end : end + 2] == "[:":
                end = max(end, self._text.find(":]", end) + 1)
            end += 2 if self._text[end] == "\\" else 1
        self._at = end + 1
        return None

    def _group(self) -> str | None:
        if switches := _SWITCHES.match(self._text, self._at):
            self._at = switches.end()
            return None
        if self._text[self._at : self._at + 1] == "?":
            kind = self._text[self._at : self._at + 2]
            named = kind == "?<" and self._text[self._at + 2 : self._at + 3] not in ("=", "!")
            if kind != "?:" and not named:
                return "looking around and switches inside of a pattern"
            self._at = self._text.find(">", self._at) + 1 if named else self._at + 2
            if not self._at:
                return "a group without an end"
        self._atom(None)
        self._open.append(_Group())
        return None

    def _close(self) -> None:
        if len(self._open) > 1:
            inner = self._open.pop()
            if not _begin_apart(inner.firsts):
                # Each may have to be tried behind each choice that was made before.
                self._optional += len(inner.firsts) - 1
                self._open[-1].varies = True
            self._open[-1].varies |= inner.varies
            self._open[-1].unbounded |= inner.unbounded
            self._closed = inner

    def _quantifier(self, char: str) -> str | None:
        body, self._closed = self._closed, None
        counts = self._counts() if char == "{" else {"*": (0, None), "+": (1, None)}.get(char)
        least, most = counts if counts is not None else (0, 1)
        self._at += 1 if char != "{" else 0
        if self._text[self._at : self._at + 1] in ("?", "+"):
            self._at += 1
        if self._text[self._at : self._at + 1] in ("*", "+", "?", "{"):
            return "repetitions of a repetition"
        return self._repeated(body, least, most)

    def _counts(self) -> tuple[int, int | None]:
        """`{n}`, `{n,}`, `{n,m}`; anything else is read as having no end."""
        end = self._text.find("}", self._at)
        inside = self._text[self._at + 1 : end] if end >= 0 else ""
        self._at = end + 1 if end >= 0 else len(self._text)
        low, comma, high = inside.partition(",")
        if not low.isascii() or not low.isdigit():
            return 0, None
        if not comma:
            return int(low), int(low)
        return int(low), int(high) if high.isascii() and high.isdigit() else None

    def _repeated(self, body: _Group | None, least: int, most: int | None) -> str | None:
        if (most is not None and most > _MAX_REPEATS) or least > _MAX_REPEATS:
            return f"at most {_MAX_REPEATS} repetitions"
        # Counted repetitions of counted ones would multiply what the pattern is compiled to.
        self._open[-1].varies |= least != most or least > 1
        self._open[-1].unbounded |= most is None
        self._unbounded += most is None or most - least > 1
        self._optional += most is not None and most - least == 1
        repeats = most is None or most > 1
        if body is None or not repeats:
            return None
        if body.varies or body.unbounded:
            return "repetitions inside of a repetition"
        return (
            None if _begin_apart(body.firsts) else "alternatives that may begin alike, repeated"
        )


def _begin_apart(firsts: list[str | None]) -> bool:
    """Whether the next character alone tells which alternative it is."""
    if len(firsts) == 1:
        return True
    # Without regard to case, which `(?i)` takes away.
    plain = {first.lower() for first in firsts if first}
    return len(plain) == len(firsts)


def harm_of(pattern: str) -> str | None:
    """What makes the pattern one that is not allowed; None where it is harmless."""
    if len(pattern) > MAX_LENGTH:
        return f"patterns of more than {MAX_LENGTH} characters"
    return _Reader(pattern).harm()
