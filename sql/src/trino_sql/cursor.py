"""A place in a list of tokens, and what a parser asks of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from trino_sql import lexer
from trino_sql.failures import SqlError, syntax_error, too_deep
from trino_sql.lexer import Token, place, tokens
from trino_sql.tree import Identifier, QualifiedName

Parsed = TypeVar("Parsed")

# trino-grammar 476, SqlBaseParser: the words that `nonReserved` leaves out (SKIP is a token of
# its own there).
RESERVED = frozenset(
    [
        "ALTER",
        "AND",
        "AS",
        "AUTO",
        "BETWEEN",
        "BY",
        "CASE",
        "CAST",
        "CONSTRAINT",
        "CREATE",
        "CROSS",
        "CUBE",
        "CURRENT_CATALOG",
        "CURRENT_DATE",
        "CURRENT_PATH",
        "CURRENT_ROLE",
        "CURRENT_SCHEMA",
        "CURRENT_TIME",
        "CURRENT_TIMESTAMP",
        "CURRENT_USER",
        "DEALLOCATE",
        "DELETE",
        "DESCRIBE",
        "DISTINCT",
        "DROP",
        "ELSE",
        "END",
        "ESCAPE",
        "EXCEPT",
        "EXISTS",
        "EXTRACT",
        "FALSE",
        "FOR",
        "FROM",
        "FULL",
        "GROUP",
        "GROUPING",
        "HAVING",
        "IN",
        "INNER",
        "INSERT",
        "INTERSECT",
        "INTO",
        "IS",
        "JOIN",
        "JSON_ARRAY",
        "JSON_EXISTS",
        "JSON_OBJECT",
        "JSON_QUERY",
        "JSON_TABLE",
        "JSON_VALUE",
        "LEFT",
        "LIKE",
        "LISTAGG",
        "LOCALTIME",
        "LOCALTIMESTAMP",
        "NATURAL",
        "NORMALIZE",
        "NOT",
        "NULL",
        "ON",
        "OR",
        "ORDER",
        "OUTER",
        "PREPARE",
        "RECURSIVE",
        "RIGHT",
        "ROLLUP",
        "SELECT",
        "SKIP",
        "TABLE",
        "THEN",
        "TRIM",
        "TRUE",
        "UESCAPE",
        "UNION",
        "UNNEST",
        "USING",
        "VALUES",
        "WHEN",
        "WHERE",
        "WITH",
    ]
)
# U&'…' UESCAPE: a sign of ASCII, but none of these (AstBuilder.isValidUnicodeEscape).
_NO_ESCAPE = "+'\"0123456789abcdefABCDEF"
# Deeper nestings end the interpreter's stack before they mean anything.
MAX_DEPTH = 200


@dataclass(frozen=True, slots=True)
class _Known:
    """What a rule found at a place, or how it failed, and where it ended."""

    found: Any
    index: int
    parameters: int


def _nesting(read: list[Token]) -> int:
    """How deep brackets stand in brackets."""
    depth = deepest = 0
    for token in read:
        if token.text in ("(", "["):
            depth += 1
            deepest = max(deepest, depth)
        elif token.text in (")", "]"):
            depth -= 1
    return deepest


class Cursor:
    """Reads tokens from left to right; `attempt` goes back where a reading fails."""

    def __init__(self, sql: str) -> None:
        self.sql = sql
        self.tokens = tokens(sql)
        if _nesting(self.tokens) > MAX_DEPTH:
            raise too_deep()
        self.index = 0
        self.depth = 0
        self.parameters = 0
        self._known: dict[tuple[str, int], _Known] = {}

    @property
    def token(self) -> Token:
        return self.tokens[self.index]

    def ahead(self, count: int = 1) -> Token:
        return self.tokens[min(self.index + count, len(self.tokens) - 1)]

    def take(self) -> Token:
        token = self.tokens[self.index]
        if token.kind != lexer.END:
            self.index += 1
        return token

    def sees(self, *words: str) -> bool:
        """Whether the next tokens are these words and symbols."""
        return all(self.ahead(i).word == word for i, word in enumerate(words))

    def sees_any(self, *words: str) -> bool:
        return self.token.word in words

    def accept(self, *words: str) -> bool:
        """Read these words if they come next, all of them."""
        if not self.sees(*words):
            return False
        self.index += len(words)
        return True

    def expect(self, *words: str) -> None:
        for word in words:
            if not self.accept(word):
                raise self.mismatch(word)

    def one_of(self, *words: str) -> str:
        """Read one of these words; its upper case."""
        word = self.token.word
        if word not in words:
            raise self.mismatch(*words)
        self.take()
        return word

    def mismatch(self, *expected: str) -> SqlError:
        wanted = f". Expecting: {', '.join(repr(one) for one in expected)}" if expected else ""
        return self.error(f"mismatched input '{self.token.text}'{wanted}")

    def error(self, message: str, at: int | None = None) -> SqlError:
        where = self.token.at if at is None else at
        return syntax_error(f"{place(self.sql, where)}: {message}")

    def attempt(self, read: Callable[[], Parsed]) -> Parsed | None:
        """What `read` reads, or None with the cursor where it was."""
        index, parameters, depth = self.index, self.parameters, self.depth
        try:
            return read()
        except SqlError as error:
            if error.name != "SYNTAX_ERROR":
                raise
            self.index, self.parameters, self.depth = index, parameters, depth
            return None

    def remembered(self, rule: str, read: Callable[[], Parsed]) -> Parsed:
        """What `read` reads here. An `attempt` that failed does not make it read again: without
        this, each level of a nesting could double the work of the one inside."""
        key = (rule, self.index)
        known = self._known.get(key)
        if known is None:
            try:
                known = _Known(read(), self.index, self.parameters)
            except SqlError as error:
                known = _Known(error, self.index, self.parameters)
            self._known[key] = known
        self.index, self.parameters = known.index, known.parameters
        if isinstance(known.found, SqlError):
            raise known.found
        found: Parsed = known.found
        return found

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise too_deep()

    # ---- names ------------------------------------------------------------------------------

    def is_identifier(self, token: Token) -> bool:
        if token.kind == lexer.WORD:
            return token.word not in RESERVED
        return token.kind == lexer.QUOTED

    def identifier(self) -> Identifier:
        token = self.token
        if token.kind == lexer.BACKQUOTED:
            raise self.error(
                "backquoted identifiers are not supported; use double quotes to quote identifiers"
            )
        if token.kind == lexer.DIGIT_WORD:
            raise self.error(
                "identifiers must not start with a digit; "
                "surround the identifier with double quotes"
            )
        if not self.is_identifier(token):
            raise self.mismatch("<identifier>")
        self.take()
        if token.kind == lexer.WORD:
            return Identifier(token.text, at=token.at)
        name = lexer.unquoted(token)
        if not name:
            raise self.error("Zero-length delimited identifier not allowed", token.at)
        return Identifier(name, True, at=token.at)

    def qualified_name(self) -> QualifiedName:
        at = self.token.at
        parts = [self.identifier()]
        while self.sees(".") and self.may_be_name(self.ahead()):
            self.take()
            parts.append(self.identifier())
        return QualifiedName(tuple(parts), at=at)

    def may_be_name(self, token: Token) -> bool:
        """An identifier, or what `identifier` refuses with a reason of its own."""
        return self.is_identifier(token) or token.kind in (lexer.BACKQUOTED, lexer.DIGIT_WORD)

    def identifiers(self) -> tuple[Identifier, ...]:
        """`(a, b)`"""
        self.expect("(")
        found = [self.identifier()]
        while self.accept(","):
            found.append(self.identifier())
        self.expect(")")
        return tuple(found)

    # ---- strings and numbers ----------------------------------------------------------------

    def is_string(self, token: Token) -> bool:
        return token.kind in (lexer.STRING, lexer.UNICODE_STRING, lexer.DOLLAR_STRING)

    def string(self) -> str:
        token = self.token
        if not self.is_string(token):
            raise self.mismatch("<string>")
        self.take()
        if token.kind != lexer.UNICODE_STRING:
            return lexer.string_value(token)
        escape = "\\"
        if self.accept("UESCAPE"):
            escape = self.string()
            if len(escape) != 1 or not "!" <= escape <= "~" or escape in _NO_ESCAPE:
                raise self.error("Invalid Unicode escape character", token.at)
        return lexer.unicode_value(self.sql, token, escape)

    def integer(self) -> int:
        token = self.token
        if token.kind != lexer.INTEGER:
            raise self.mismatch("<integer>")
        self.take()
        return lexer.integer_value(token.text, place(self.sql, token.at))

    def listed(self, read: Callable[[], Parsed]) -> tuple[Parsed, ...]:
        """One or more, with commas between."""
        found = [read()]
        while self.accept(","):
            found.append(read())
        return tuple(found)
