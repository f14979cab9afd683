"""Text to tokens, as Trino's lexer cuts it (trino-grammar 476, SqlBaseLexer)."""

import re
from dataclasses import dataclass

from trino_sql.failures import syntax_error

# Kinds of tokens.
WORD, QUOTED, BACKQUOTED, DIGIT_WORD = "word", "quoted", "backquoted", "digit_word"
STRING, UNICODE_STRING, DOLLAR_STRING, BINARY = "string", "unicode", "dollar", "binary"
INTEGER, DECIMAL, DOUBLE = "integer", "decimal", "double"
SYMBOL, END, UNRECOGNIZED = "symbol", "end", "unrecognized"

_DIGITS = r"[0-9](?:_?[0-9])*"
# One expression whose alternatives stand so that the first match is ANTLR's: the longest, and
# of equally long ones the rule that SqlBaseLexer names first.
_NO_MORE = r"(?![A-Za-z0-9_])"
_TOKEN = re.compile(
    "|".join(
        f"(?P<{kind}>{form})"
        for kind, form in (
            (UNICODE_STRING, r"[uU]&'(?:[^']|'')*'"),
            (BINARY, r"[xX]'[^']*'"),
            (WORD, r"[A-Za-z_][A-Za-z0-9_]*"),
            (STRING, r"'(?:[^']|'')*'"),
            (QUOTED, r'"(?:[^"]|"")*"'),
            (
                DOUBLE,
                r"(?:[0-9]+\.[0-9]*|\.[0-9]+)[eE][+-]?[0-9]+"
                rf"|[0-9]+[eE](?:[+-][0-9]+|[0-9]+{_NO_MORE})",
            ),
            (DECIMAL, rf"{_DIGITS}\.(?:{_DIGITS})?|\.{_DIGITS}"),
            (
                INTEGER,
                r"(?:0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+"
                rf"|{_DIGITS}){_NO_MORE}",
            ),
            (DIGIT_WORD, r"[0-9][A-Za-z0-9_]+"),
            (DOLLAR_STRING, r"\$\$.*?\$\$"),
            (BACKQUOTED, r"`(?:[^`]|``)*`"),
            (SYMBOL, r"<>|!=|<=|>=|\|\||=>|->|\{-|-\}|[=<>+\-*/%?;.()\[\],:|^${}]"),
            (UNRECOGNIZED, r"."),
        )
    ),
    re.DOTALL,
)
_SKIPPED = re.compile(r"(?:[ \r\n\t]+|--[^\r\n]*\r?\n?|/\*.*?\*/)+", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Token:
    """One token: its kind, its text as written, and where it starts in the statement."""

    kind: str
    text: str
    at: int

    @property
    def word(self) -> str:
        """An unquoted word in upper case, or a symbol; what the grammar compares with."""
        return self.text.upper() if self.kind == WORD else self.text


def tokens(sql: str) -> list[Token]:
    """All tokens of `sql`, an END token behind them. Comments and white space are skipped."""
    found: list[Token] = []
    at = 0
    while True:
        if skipped := _SKIPPED.match(sql, at):
            at = skipped.end()
        if at >= len(sql):
            found.append(Token(END, "<EOF>", len(sql)))
            return found
        match = _TOKEN.match(sql, at)
        # The last alternative matches any character.
        assert match is not None
        assert match.lastgroup is not None
        found.append(Token(match.lastgroup, match[0], at))
        at = match.end()


def place(sql: str, at: int) -> str:
    """`line 1:8` of an offset, as Trino's messages begin."""
    before = sql[:at]
    return f"line {before.count(chr(10)) + 1}:{at - before.rfind(chr(10))}"


def unquoted(token: Token) -> str:
    """The name inside of a quoted identifier."""
    return token.text[1:-1].replace('""', '"')


def string_value(token: Token) -> str:
    """The characters of a string token without an escape clause."""
    if token.kind == DOLLAR_STRING:
        return token.text[2:-2]
    return token.text[1:-1].replace("''", "'")


_ESCAPES = re.compile(r"\\\\|\\\+([0-9a-fA-F]{6})|\\([0-9a-fA-F]{4})|\\")


def unicode_value(sql: str, token: Token, escape: str = "\\") -> str:
    """U&'…': code points behind the escape character (AstBuilder.decodeUnicodeLiteral)."""
    body = token.text[3:-1].replace("''", "'")
    form = (
        _ESCAPES
        if escape == "\\"
        else re.compile(_ESCAPES.pattern.replace("\\\\", re.escape(escape)))
    )

    def decoded(match: re.Match[str]) -> str:
        digits = match[1] or match[2]
        if digits:
            point = int(digits, 16)
            if point > 0x10FFFF or 0xD800 <= point <= 0xDFFF:
                raise syntax_error(
                    f"{place(sql, token.at)}: Invalid escaped character: {digits}"
                )
            return chr(point)
        if match[0] == escape * 2:
            return escape
        raise syntax_error(f"{place(sql, token.at)}: Incomplete escape sequence")

    return form.sub(decoded, body)


def binary_value(sql: str, token: Token) -> bytes:
    """The bytes of X'…'; white space between the digits is allowed (BinaryLiteral)."""
    digits = re.sub(r"[ \r\n\t]", "", token.text[2:-1])
    if not re.fullmatch(r"[0-9a-fA-F]*", digits):
        raise syntax_error(
            f"{place(sql, token.at)}: Binary literal can only contain hexadecimal digits"
        )
    if len(digits) % 2:
        raise syntax_error(
            f"{place(sql, token.at)}: Binary literal must contain an even number of digits"
        )
    return bytes.fromhex(digits)


_MAX_BIGINT = 2**63 - 1


def integer_value(text: str, at: str) -> int:
    """An integer token's number, its sign included; Trino's longs only."""
    plain = text.replace("_", "").replace(" ", "")
    sign = -1 if plain.startswith("-") else 1
    plain = plain.removeprefix("-").lower()
    base = {"0x": 16, "0o": 8, "0b": 2}.get(plain[:2], 10)
    number = sign * int(plain[2:] if base != 10 else plain, base)
    if not -_MAX_BIGINT - 1 <= number <= _MAX_BIGINT:
        raise syntax_error(f"{at}: Invalid numeric literal: {text}")
    return number
