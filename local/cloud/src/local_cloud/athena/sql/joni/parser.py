"""Patterns in Joni's Java syntax (org.joni.Lexer and Parser with Syntax.Java)."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from local_cloud.athena.sql.failures import invalid_argument
from local_cloud.athena.sql.joni import unicode_classes as classes
from local_cloud.athena.sql.joni.brackets import BracketReader
from local_cloud.athena.sql.joni.code_points import EVERY, Ranges, complement, single
from local_cloud.athena.sql.joni.differences import NOT_NEWLINE
from local_cloud.athena.sql.joni.lookbehind import looking_behind
from local_cloud.athena.sql.joni.quantifiers import read_quantifier, repeated
from local_cloud.athena.sql.joni.reader import PatternReader, refused
from local_cloud.athena.sql.joni.tree import (
    EMPTY,
    Anchor,
    Atomic,
    BackReference,
    CapturingGroup,
    Chars,
    Choice,
    Look,
    Node,
    OptionScope,
    Parsed,
    Sequence,
)

# Deeper groups would exhaust Python's stack.
MAX_DEPTH = 50
MAX_GROUPS = 100


@dataclass(frozen=True, slots=True)
class Options:
    ignore_case: bool = False
    extended: bool = False
    dot_all: bool = False
    lines: bool = False


_OPTIONS = {"i": "ignore_case", "x": "extended", "s": "dot_all", "m": "lines"}
_ANCHORS = {"A": "start", "Z": "end or newline", "z": "end", "b": "word", "B": "no word"}
_GROUPS: tuple[tuple[str, Callable[[Node], Node]], ...] = (
    (":", lambda body: body),
    ("=", lambda body: Look(body, behind=False, negative=False)),
    ("!", lambda body: Look(body, behind=False, negative=True)),
    (">", Atomic),
    ("<=", lambda body: looking_behind(body, False)),
    ("<!", lambda body: looking_behind(body, True)),
)


def parse(pattern: str) -> Parsed:
    """Raises INVALID_FUNCTION_ARGUMENT where Joni fails, NOT_SUPPORTED where it may differ."""
    return _Parser(pattern).parsed()


class _Parser:
    def __init__(self, pattern: str) -> None:
        self._reader = PatternReader(pattern)
        self._needs: set[str] = set()
        self._brackets = BracketReader(self._reader, self._needs)
        self._names: dict[str, int] = {}
        self._groups = 0
        self._closed: set[int] = set()
        self._forward: set[int] = set()
        self._depth = 0

    def parsed(self) -> Parsed:
        root = self._choice(Options())
        if self._reader.left:
            raise invalid_argument("unmatched close parenthesis")
        if any(number > self._groups for number in self._forward):
            raise invalid_argument("invalid backref number/name")
        if self._forward:
            raise refused("references to groups that are not closed")
        return Parsed(root, self._groups, tuple(self._names.items()), frozenset(self._needs))

    # ---- structure ----------------------------------------------------------------------------

    def _choice(self, options: Options) -> Node:
        """Alternatives up to the end, or to a closing parenthesis that stays."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise refused("groups nested so deeply")
        branches = [self._branch(options)]
        while self._reader.accept("|"):
            branches.append(self._branch(options))
        self._depth -= 1
        return branches[0] if len(branches) == 1 else Choice(tuple(branches))

    def _branch(self, options: Options) -> Node:
        parts: list[Node] = []
        while not self._ends(options):
            *before, node = self._atoms(options)
            parts += before
            self._reader.skip(options.extended)
            while (quantifier := read_quantifier(self._reader)) is not None:
                node = repeated(node, quantifier)
                self._reader.skip(options.extended)
            parts.append(node)
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def _ends(self, options: Options) -> bool:
        self._reader.skip(options.extended)
        return not self._reader.left or self._reader.sees("|") or self._reader.sees(")")

    # ---- atoms --------------------------------------------------------------------------------

    def _atoms(self, options: Options) -> list[Node]:
        """One atom; or a quoted text, whose last character is the one that is repeated."""
        reader = self._reader
        if reader.accept("\\Q"):
            if reader.text.startswith("\0"):
                raise refused("\\Q behind a NUL at the start")
            text, _, rest = reader.text[reader.at :].partition("\\E")
            reader.at = len(reader.text) - len(rest)
            return [self._char(one, options) for one in text] or [EMPTY]
        if read_quantifier(reader) is not None:
            raise invalid_argument("target of repeat operator is not specified")
        return [self._atom(reader.take(), options)]

    def _atom(self, char: str, options: Options) -> Node:
        if char == "\\":
            return self._escape(options)
        if char == "(":
            return self._group(options)
        if char == "[":
            return self._bracket(options)
        if char == ".":
            return Chars(EVERY if options.dot_all else NOT_NEWLINE)
        if char == "^":
            return Anchor("line start" if options.lines else "start")
        if char == "$":
            return Anchor("line end" if options.lines else "end or newline")
        return self._char(char, options)

    def _char(self, char: str, options: Options) -> Chars:
        if not options.ignore_case:
            return Chars(single(char))
        codes = classes.same_letter(char)
        if len(codes) > 1:
            self._needs.add(classes.CASES)
        return Chars(codes)

    def _bracket(self, options: Options) -> Chars:
        codes, negated = self._brackets.read()
        if options.ignore_case:
            codes, depends = classes.in_all_cases(codes, negated)
            if depends:
                self._needs.add(classes.CASES)
        return Chars(complement(codes) if negated else codes)

    def _escape(self, options: Options) -> Node:
        reader = self._reader
        if not reader.left:
            raise invalid_argument("end pattern at escape")
        char = reader.take()
        if char in "123456789":
            return self._numbered(char, options)
        if char == "k" and (reader.sees("<") or reader.sees("'")):
            return self._named(options)
        if char == "G":
            raise refused("\\G")
        return self._meant(char) or self._char(self._escaped(char), options)

    def _meant(self, char: str) -> Node | None:
        """A class of characters or an anchor, if the letter means one."""
        if char.lower() in classes.SHORT:
            codes = classes.SHORT[char.lower()]
            return Chars(complement(codes) if char.isupper() else codes)
        if char in "pP":
            return Chars(self._property(char == "P"))
        if char not in _ANCHORS:
            return None
        if char in "bB":
            self._needs.add(classes.LETTERS)
        return Anchor(_ANCHORS[char])

    def _escaped(self, char: str) -> str:
        reader = self._reader
        if char in "xu":
            found = reader.hexadecimal() if char == "x" else reader.unicode()
            return found if found is not None else char
        return reader.octal(char) if char == "0" else reader.escaped(char)

    def _property(self, negated: bool) -> Ranges:
        reader = self._reader
        if reader.accept("{"):
            name = reader.property_name()
        elif reader.left:
            name = reader.take()
        else:
            raise invalid_argument("invalid character property name")
        codes, table = classes.property_codes(name)
        if table is not None:
            self._needs.add(table)
        return complement(codes) if negated else codes

    # ---- references ---------------------------------------------------------------------------

    def _numbered(self, first: str, options: Options) -> Node:
        """A reference, or beyond the groups so far an octal number (GNU's rule)."""
        reader = self._reader
        start = reader.at
        reader.at -= 1
        number = reader.number() or 0
        if number <= max(9, self._groups):
            return self._reference(number, options)
        reader.at = start
        return self._char(first if first in "89" else reader.octal(first), options)

    def _named(self, options: Options) -> Node:
        name = self._reader.name(">" if self._reader.take() == "<" else "'")
        if name not in self._names:
            raise invalid_argument(f"undefined name <{name}> reference")
        return self._reference(self._names[name], options)

    def _reference(self, number: int, options: Options) -> Node:
        if options.ignore_case:
            raise refused("references with (?i)")
        if number not in self._closed:
            self._forward.add(number)
        return BackReference(number)

    # ---- groups -------------------------------------------------------------------------------

    def _group(self, options: Options) -> Node:
        reader = self._reader
        if not reader.accept("?"):
            return self._captured(options)
        if not reader.left:
            raise invalid_argument("end pattern in group")
        for opening, made in _GROUPS:
            if reader.accept(opening):
                return made(self._inside(options))
        for opening, end in (("<", ">"), ("'", "'")):
            if reader.accept(opening):
                return self._captured(options, reader.name(end))
        return self._optioned(options)

    def _inside(self, options: Options) -> Node:
        found = self._choice(options)
        if not self._reader.accept(")"):
            raise invalid_argument("end pattern with unmatched parenthesis")
        return found

    def _captured(self, options: Options, name: str | None = None) -> Node:
        self._groups += 1
        number = self._groups
        if number > MAX_GROUPS:
            raise refused(f"more than {MAX_GROUPS} groups")
        if name is not None:
            if name in self._names:
                raise invalid_argument(f"multiplex defined name <{name}>")
            self._names[name] = number
        body = self._inside(options)
        self._closed.add(number)
        return CapturingGroup(number, body)

    def _optioned(self, options: Options) -> Node:
        """(?i:…), or (?i) for the rest of the group around it, alternatives included."""
        reader, on = self._reader, True
        if reader.sees(")"):
            raise invalid_argument("undefined group option")
        while reader.left:
            char = reader.take()
            if char == ":":
                return OptionScope(self._inside(options))
            if char == ")":
                return OptionScope(self._choice(options))
            if char == "-":
                on = False
            elif char in _OPTIONS:
                options = replace(options, **{_OPTIONS[char]: on})
            else:
                raise invalid_argument("undefined group option")
        raise invalid_argument("end pattern in group")
