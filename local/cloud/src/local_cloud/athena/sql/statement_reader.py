"""A statement read token by token: names, texts, properties, columns."""

import re
from dataclasses import dataclass

from local_cloud.athena.sql.failures import QueryError, syntax_error
from local_cloud.athena.sql.hive_types import hive_type
from local_cloud.athena.sql.names import CATALOG, folded

_TOKEN = re.compile(
    r"""\s+|--[^\n]*|/\*.*?\*/|(?P<text>'(?:[^']|'')*'|"(?:[^"]|"")*")|(?P<name>`(?:[^`]|``)*`)"""
    r"""|(?P<word>[A-Za-z0-9_$]+)|(?P<mark>[^\s])""",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class StatementToken:
    kind: str
    text: str
    at: int

    @property
    def word(self) -> str:
        return self.text.upper() if self.kind == "word" else ""


def tokens(sql: str) -> list[StatementToken]:
    matches = _TOKEN.finditer(sql)
    return [
        StatementToken(m.lastgroup, m[0], m.start()) for m in matches if m.lastgroup is not None
    ]


@dataclass(frozen=True, slots=True)
class ColumnText:
    name: str
    type: str
    comment: str = ""


class StatementReader:
    """Reads a token list from left to right."""

    def __init__(self, sql: str) -> None:
        self.sql = sql
        self._tokens = tokens(sql.strip().rstrip(";"))
        self._next = 0

    def peek(self, ahead: int = 0) -> StatementToken | None:
        index = self._next + ahead
        return self._tokens[index] if index < len(self._tokens) else None

    def take(self) -> StatementToken:
        token = self.peek()
        if token is None:
            raise syntax_error("unexpected end of statement")
        self._next += 1
        return token

    def accept(self, *words: str) -> bool:
        """Take these words if they come next, all of them."""
        for ahead, word in enumerate(words):
            token = self.peek(ahead)
            if token is None or (token.word != word and token.text != word):
                return False
        self._next += len(words)
        return True

    def expect(self, *words: str) -> None:
        if not self.accept(*words):
            token = self.peek()
            near = token.text if token else "<EOF>"
            raise syntax_error(f"mismatched input '{near}'. Expecting: '{' '.join(words)}'")

    def end(self) -> None:
        token = self.peek()
        if token is not None:
            raise syntax_error(f"mismatched input '{token.text}'. Expecting: <EOF>")

    def name(self) -> str:
        token = self.take()
        if token.kind == "mark" or token.text.startswith("'"):
            raise syntax_error(f"mismatched input '{token.text}'. Expecting: identifier")
        found = folded(token.text)
        if not found:
            raise syntax_error("Zero-length delimited identifier not allowed")
        return found

    def _parts(self) -> list[str]:
        """The names of a dotted path. One pair of backticks may hold all of them."""
        whole = self.peek()
        parts = [self.name()]
        while self.accept("."):
            parts.append(self.name())
        if len(parts) == 1 and whole is not None and whole.kind == "name":
            parts = parts[0].split(".")
        if not all(parts):
            raise syntax_error("mismatched input '.'. Expecting: identifier")
        return parts

    def qualified(self) -> tuple[str | None, str]:
        """(database or None, name)."""
        parts = self._parts()
        if len(parts) > 3:
            raise syntax_error(f"Too many dots in table name: {'.'.join(parts)}")
        _check_catalog(parts[:-2])
        return (parts[-2] if len(parts) > 1 else None), parts[-1]

    def database(self) -> str:
        """A database, perhaps behind its catalog."""
        parts = self._parts()
        if len(parts) > 2:
            raise syntax_error(f"Too many dots in schema name: {'.'.join(parts)}")
        _check_catalog(parts[:-1])
        return parts[-1]

    def string(self) -> str:
        token = self.take()
        if token.kind != "text":
            raise syntax_error(f"mismatched input '{token.text}'. Expecting: string")
        quote = token.text[0]
        return token.text[1:-1].replace(quote * 2, quote)

    def accept_last(self, *words: str) -> bool:
        """Take these words away from the end, if they stand there."""
        last = self._tokens[self._next :][-len(words) :]
        if [one.word for one in last] != list(words):
            return False
        self.sql = self.sql.strip()[: last[0].at]
        del self._tokens[-len(words) :]
        return True

    def rest(self) -> str:
        """The text from the next token to the end."""
        token = self.peek()
        return self.sql.strip().rstrip(";")[token.at :] if token else ""

    def properties(self) -> dict[str, str]:
        """('key'='value', …)"""
        found = {}
        self.expect("(")
        while True:
            key = self.string()
            self.expect("=")
            found[key] = self.string()
            if not self.accept(","):
                break
        self.expect(")")
        return found

    def columns(self) -> list[ColumnText]:
        """(name type [COMMENT 'text'], …)"""
        found = []
        self.expect("(")
        while True:
            name, kind = self.name(), self._type()
            comment = self.string() if self.accept("COMMENT") else ""
            hive_type(kind)
            found.append(ColumnText(name, kind, comment))
            if not self.accept(","):
                break
        self.expect(")")
        return found

    def _type(self) -> str:
        text, depth = "", 0
        while (token := self.peek()) is not None:
            if depth == 0 and text and (token.text in (",", ")") or token.word == "COMMENT"):
                break
            depth += {"<": 1, "(": 1, ">": -1, ")": -1}.get(token.text, 0)
            text += self.take().text.strip("`")
        return text.lower()

    def partition(self) -> dict[str, str]:
        """PARTITION (key = 'value', …)"""
        self.expect("PARTITION", "(")
        found = {}
        while True:
            key = self.name()
            self.expect("=")
            token = self.peek()
            found[key] = self.string() if token and token.kind == "text" else self.take().text
            if not self.accept(","):
                break
        self.expect(")")
        return found


def _check_catalog(given: list[str]) -> None:
    """Refuse every catalog but the one that is here."""
    if given and given[0] != CATALOG:
        raise QueryError(
            "CATALOG_NOT_FOUND", f"line 1:1: Catalog '{given[0]}' not found", error_type=1006
        )
