"""A JSON path's text to tokens (trino-grammar 476, JsonPathLexer)."""

import re
from dataclasses import dataclass

WORD, VARIABLE, STRING, SYMBOL, END = "word", "variable", "string", "symbol", "end"
INTEGER, DECIMAL, DOUBLE, UNRECOGNIZED = "integer", "decimal", "double", "unrecognized"
_NAME = "[A-Za-z_][A-Za-z0-9_]*"
# The first match is the longest one.
_TOKEN = re.compile(
    "|".join(
        f"(?P<{kind}>{form})"
        for kind, form in (
            (WORD, _NAME),
            (VARIABLE, rf"\${_NAME}"),
            (STRING, '"(?:[^"]|"")*"'),
            (DOUBLE, r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)[Ee][+-]?[0-9]+"),
            (DECIMAL, r"[0-9]+\.[0-9]*|\.[0-9]+"),
            (INTEGER, "[0-9]+"),
            (SYMBOL, r"\.\.|&&|\|\||==|<>|!=|<=|>=|[-+*/%.\[\],?()$@!<>]"),
            (UNRECOGNIZED, "."),
        )
    ),
    re.DOTALL,
)
_SPACE = re.compile("[ \r\n\t]*")


@dataclass(frozen=True, slots=True)
class PathToken:
    kind: str
    text: str
    at: int


def tokens(path: str) -> list[PathToken]:
    """All tokens, an END token behind them."""
    found: list[PathToken] = []
    at = 0
    while True:
        space = _SPACE.match(path, at)
        assert space is not None
        at = space.end()
        match = _TOKEN.match(path, at)
        if match is None:
            return [*found, PathToken(END, "<EOF>", at)]
        assert match.lastgroup is not None
        found.append(PathToken(match.lastgroup, match[0], at))
        at = match.end()
