"""Character classes in brackets (Joni's Parser.parseCharClass and CClassNode)."""

from dataclasses import dataclass, field
from typing import Literal

from local_cloud.athena.sql.failures import invalid_argument
from local_cloud.athena.sql.joni import unicode_classes as classes
from local_cloud.athena.sql.joni.code_points import (
    NONE,
    Ranges,
    complement,
    intersection,
    of_codes,
    union,
)
from local_cloud.athena.sql.joni.reader import PatternReader, refused

START, VALUE, RANGE, COMPLETE = "start", "value", "range", "complete"


@dataclass(frozen=True, slots=True)
class BracketToken:
    """`char` is what stands there; `codes` the class it means, if it means one."""

    kind: Literal["char", "class", "range", "and", "open", "close", "posix"]
    char: str
    codes: Ranges = NONE


@dataclass(slots=True)
class Bracket:
    """One class while it is read: what it holds, and the value that may begin a range."""

    codes: Ranges = NONE
    state: str = START
    # The last value: Joni keeps it even where a class followed, and begins a range with it.
    value: int = 0
    is_char: bool = False
    before: list[Ranges] = field(default_factory=list)

    def add(self, codes: Ranges) -> None:
        self.codes = union(self.codes, codes)

    def flush(self) -> None:
        """CCState's VALUE that turns out to be no range's beginning."""
        if self.state == VALUE and self.is_char:
            self.add(of_codes([self.value]))

    def add_char(self, char: str) -> None:
        """CClassNode.nextStateValue"""
        code = ord(char)
        if self.state == RANGE:
            if self.value > code:
                raise invalid_argument("empty range in char class")
            self.add(((self.value, code),))
            self.state = COMPLETE
        else:
            self.flush()
            self.state = VALUE
        self.value, self.is_char = code, True

    def add_class(self, codes: Ranges) -> None:
        """CClassNode.nextStateClass"""
        if self.state == RANGE:
            raise invalid_argument("char-class value at end of range")
        self.flush()
        self.add(codes)
        self.state, self.is_char = VALUE, False

    def intersect(self) -> None:
        """&&: what was read so far is one side of it."""
        self.flush()
        if self.state == VALUE:
            self.value = 0
        self.before.append(self.codes)
        self.codes, self.state = NONE, START

    def whole(self) -> Ranges:
        self.flush()
        found = self.codes
        for one in self.before:
            found = intersection(one, found)
        return found


class BracketReader:
    """Reads the classes of one pattern; `needs` collects the tables of Unicode they use."""

    def __init__(self, reader: PatternReader, needs: set[str]) -> None:
        self._reader, self._needs = reader, needs

    def read(self) -> tuple[Ranges, bool]:
        """(the class behind its opening bracket, whether it is negated)."""
        negated = self._reader.accept("^")
        token = self._token()
        if token.kind == "close":
            if not self._closes_later():
                raise invalid_argument("empty char-class")
            token = BracketToken("char", "]")
        bracket = Bracket()
        while token.kind != "close":
            token = self._next(bracket, token)
        return bracket.whole(), negated

    def _next(self, bracket: Bracket, token: BracketToken) -> BracketToken:
        """Take one token in; the one behind it."""
        if token.kind == "range":
            return self._dash(bracket)
        if token.kind == "char":
            bracket.add_char(token.char)
        elif token.kind in ("class", "posix"):
            bracket.add_class(token.codes)
        elif token.kind == "and":
            bracket.intersect()
        else:
            bracket.add(self._nested(bracket.state))
        return self._token()

    def _nested(self, state: str) -> Ranges:
        if state == RANGE:
            raise refused("a range to a nested class")
        codes, negated = self.read()
        if not negated:
            return codes
        found = complement(codes)
        if self._needs and not intersection(found, complement(classes.ASCII)):
            # Joni may take nothing for everything there (CodeRangeBuffer.notCodeRangeBuff).
            raise refused("a nested class of no character beyond ASCII")
        return found

    def _dash(self, bracket: Bracket) -> BracketToken:
        following = self._token()
        if bracket.state in (START, RANGE) or following.kind in ("close", "and"):
            bracket.add_char("-")
        elif bracket.state == VALUE:
            bracket.state = RANGE
        elif following.kind == "char" and following.char.isascii():
            # Behind a range Joni takes not the dash, but what follows it, as a character.
            bracket.add_char(following.char)
        else:
            raise refused("a dash between a range and a class")
        return following

    # ---- tokens -------------------------------------------------------------------------------

    def _token(self) -> BracketToken:
        """Lexer.fetchTokenInCC"""
        reader = self._reader
        if not reader.left:
            raise invalid_argument("premature end of char-class")
        char = reader.take()
        if char == "]":
            return BracketToken("close", char)
        if char == "-":
            return BracketToken("range", char)
        if char == "\\":
            return self._escape()
        if char == "[":
            return self._open()
        if char == "&" and reader.accept("&"):
            return BracketToken("and", char)
        return BracketToken("char", char)

    def _escape(self) -> BracketToken:
        reader = self._reader
        if not reader.left:
            raise invalid_argument("end pattern at escape")
        char = reader.take()
        if char.lower() in classes.SHORT:
            codes = classes.SHORT[char.lower()]
            return BracketToken("class", char, complement(codes) if char.isupper() else codes)
        if char in "pP" and reader.accept("{"):
            codes = self._property(reader.property_name())
            return BracketToken("class", char, complement(codes) if char == "P" else codes)
        if char in "xu":
            found = reader.hexadecimal() if char == "x" else reader.unicode()
            return BracketToken("char", found if found is not None else char)
        if char in "01234567":
            return BracketToken("char", reader.octal(char))
        return BracketToken("char", reader.escaped(char))

    def _property(self, name: str) -> Ranges:
        codes, table = classes.property_codes(name)
        if table is not None:
            self._needs.add(table)
        return codes

    def _open(self) -> BracketToken:
        """A nested class or a POSIX bracket (Parser.parsePosixBracket)."""
        reader = self._reader
        if not reader.sees(":") or not self._posix_ends():
            return BracketToken("open", "[")
        reader.take()
        negated = reader.accept("^")
        for name in classes.BRACKETS:
            if reader.accept(f"{name}:]"):
                codes = self._property(name)
                return BracketToken("posix", "[", complement(codes) if negated else codes)
        raise refused("such a POSIX bracket")

    def _posix_ends(self) -> bool:
        """Whether `:]` comes before a bracket that closes (Lexer.strExistCheckWithEsc)."""
        text, at = self._reader.text, self._reader.at + 1
        while at < len(text):
            if text.startswith(":]", at):
                return True
            if text[at] == "]":
                return False
            at += 2 if text[at] == "\\" else 1
        return False

    def _closes_later(self) -> bool:
        """Whether the first `]` is one of the class (Parser.codeExistCheck)."""
        text, at = self._reader.text, self._reader.at
        while at < len(text):
            if text[at] == "]":
                return True
            at += 2 if text[at] == "\\" else 1
        return False
