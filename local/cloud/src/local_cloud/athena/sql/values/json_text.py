"""JSON as Trino holds it: text that Jackson wrote, by the rules of one of its writers."""

import math
import re
from collections.abc import Callable, Iterable
from decimal import Decimal

from local_cloud.athena.sql.failures import not_supported
from local_cloud.athena.sql.values.json_tokens import (
    END_ARRAY,
    END_OBJECT,
    FLOAT,
    INT,
    NULL,
    START_ARRAY,
    START_OBJECT,
    STRING,
    JsonSyntaxError,
    JsonTokens,
)
from local_cloud.athena.sql.values.numbers import java_double

# Far below what Jackson's recursion and Python's can bear.
MAX_DEPTH = 200
Members = list[tuple[str, str]]
Quote = Callable[[str], str]

_ESCAPES = {
    '"': '\\"',
    "\\": "\\\\",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\b": "\\b",
    "\f": "\\f",
}
_ESCAPED = re.compile(r'["\\\x00-\x1f]')
_ESCAPED_OR_WIDE = re.compile('["\\\\\x00-\x1f\ud800-\udfff\U00010000-\U0010ffff]')


def _escape(found: re.Match[str]) -> str:
    char = found[0]
    if char in _ESCAPES:
        return _ESCAPES[char]
    units = char.encode("utf-16-be", "surrogatepass")
    halves = (units[at : at + 2].hex().upper() for at in range(0, len(units), 2))
    return "".join(f"\\u{half}" for half in halves)


def quoted(text: str) -> str:
    """A string as UTF8JsonGenerator writes it: characters of two halves as two escapes."""
    return f'"{_ESCAPED_OR_WIDE.sub(_escape, text)}"'


def quoted_as_is(text: str) -> str:
    """A string as WriterBasedJsonGenerator writes it."""
    return f'"{_ESCAPED.sub(_escape, text)}"'


def java_utf8(text: str) -> str:
    """What is left of a Java string in UTF-8: half a character is a question mark."""
    return text.encode("utf-8", "replace").decode()


def number(value: float) -> str:
    """A double as Jackson writes it; what is no JSON number is a string."""
    text = java_double(value)
    return text if math.isfinite(value) else f'"{text}"'


def utf16(text: str) -> bytes:
    """A key for Java's order of strings, which is by UTF-16 units."""
    return text.encode("utf-16-be", "surrogatepass")


def in_order(members: Members) -> Iterable[tuple[str, str]]:
    """Of equal names the last stands; sorted (ORDER_MAP_ENTRIES_BY_KEYS)."""
    return sorted(dict(members).items(), key=lambda pair: utf16(pair[0]))


def once(members: Members) -> Iterable[tuple[str, str]]:
    """Of equal names the last stands, in the place of the first (ObjectNode)."""
    return dict(members).items()


def as_read(members: Members) -> Iterable[tuple[str, str]]:
    return members


def structure(
    tokens: JsonTokens, quote: Quote, arranged: Callable[[Members], Iterable[tuple[str, str]]]
) -> str:
    """The value that starts at the current token, written anew; its end is the token then."""
    if tokens.depth > MAX_DEPTH:
        raise not_supported(f"JSON nested deeper than {MAX_DEPTH} levels")
    if tokens.kind == START_OBJECT:
        members: Members = []
        while tokens.next() != END_OBJECT:
            name = tokens.text
            tokens.next()
            members.append((name, structure(tokens, quote, arranged)))
        return "{" + ",".join(f"{quote(k)}:{v}" for k, v in arranged(members)) + "}"
    if tokens.kind == START_ARRAY:
        items = []
        while tokens.next() != END_ARRAY:
            items.append(structure(tokens, quote, arranged))
        return f"[{','.join(items)}]"
    return _scalar(tokens, quote)


def _scalar(tokens: JsonTokens, quote: Quote) -> str:
    if tokens.kind == STRING:
        return quote(tokens.text)
    if tokens.kind == FLOAT:
        return number(float(tokens.text))
    if tokens.kind == INT:
        return "0" if tokens.text == "-0" else tokens.text
    return tokens.kind or NULL


def canonical(text: str) -> str:
    """The text of a JSON value in Trino's JSON type (json_parse). ValueError for no JSON."""
    tokens = JsonTokens(text)
    if tokens.next() is None:
        raise JsonSyntaxError("no value")
    made = structure(tokens, quoted, in_order)
    if tokens.next() is not None:
        raise JsonSyntaxError("more than one JSON value")
    return made


def is_kept(text: str) -> bool:
    """Whether JSON means the same in its canonical form: in names' order, in digits, in signs."""
    tokens = JsonTokens(text)
    while tokens.next() is not None:
        if tokens.kind == INT and tokens.text == "-0":
            return False
        if tokens.kind == FLOAT and Decimal(tokens.text) != Decimal(repr(float(tokens.text))):
            return False
    again = JsonTokens(text)
    again.next()
    return structure(again, quoted, as_read) == canonical(text)
