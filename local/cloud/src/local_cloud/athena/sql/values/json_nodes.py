"""JSON trees as Jackson's ObjectMapper reads and writes them (JsonInput- and JsonOutputFunctions).

A node is None, a bool, an int (IntNode, LongNode, BigIntegerNode), a float (DoubleNode), a
`Single` (FloatNode), a Decimal (DecimalNode), a str, a list, a dict, or `MISSING`. Unlike
`json_text`, what follows the first value is not read, and of equal keys the last value stands.
"""

import json
import math
import re
from typing import Any

from local_cloud.athena.sql.failures import not_supported
from local_cloud.athena.sql.values import java_text, json_text, numbers

Node = Any
# StreamReadConstraints and StreamWriteConstraints of jackson-core 2.19.
MAX_DEPTH, MAX_NUMBER, MAX_KEY, MAX_TEXT = 1000, 1000, 50_000, 20_000_000


class MissingNode:
    """MissingNode: what there is to read in an empty text."""


MISSING = MissingNode()


class Single(float):
    """A 32-bit number."""


_SPACE = " \t\r\n"
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)


def _whole(text: str) -> int:
    if len(text) - text.startswith("-") > MAX_NUMBER:
        raise ValueError("a number too long")
    return int(text)


def _fraction(text: str) -> float:
    digits = sum(one.isdigit() for one in text)
    if digits == MAX_NUMBER + 1:
        # At the end of the text Jackson counts one digit less, but not always.
        raise not_supported(f"JSON numbers of {digits} digits")
    if digits > MAX_NUMBER:
        raise ValueError("a number too long")
    return float(text)


def _no_constant(text: str) -> Any:
    raise ValueError(f"not JSON: {text}")


def _short_keys(members: list[tuple[str, Node]]) -> dict[str, Node]:
    for key, _ in members:
        if len(key.encode("utf-16-le", "surrogatepass")) // 2 > MAX_KEY:
            raise ValueError("a key too long")
    return dict(members)


_DECODER = json.JSONDecoder(
    parse_int=_whole, parse_float=_fraction, parse_constant=_no_constant
)
_LONG_DECODER = json.JSONDecoder(
    object_pairs_hook=_short_keys,
    parse_int=_whole,
    parse_float=_fraction,
    parse_constant=_no_constant,
)


def read(text: str) -> Node:
    """The first JSON value of the text. ValueError where it does not begin with one."""
    start = len(text) - len(text.lstrip(_SPACE))
    if start == len(text):
        return MISSING
    if len(text) > MAX_TEXT:
        raise not_supported(f"JSON of more than {MAX_TEXT} characters")
    if _too_deep(text):
        raise ValueError("nested too deeply")
    decoder = _DECODER if len(text) <= MAX_KEY else _LONG_DECODER
    try:
        value, end = decoder.raw_decode(text, start)
    except RecursionError as error:
        raise too_deep() from error
    if end < len(text) and not _may_follow(text[start], text[end]):
        raise ValueError(f"{text[end]!r} behind the value")
    return value


def too_deep() -> Exception:
    """For what Jackson still reads and Python's stack does not."""
    return not_supported("JSON nested that deeply")


def _too_deep(text: str) -> bool:
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return False
    depth = 0
    for char in _STRING.sub("", text):
        depth += (char in "[{") - (char in "]}")
        if depth > MAX_DEPTH:
            return True
        if depth == 0 and char in "]}":
            return False
    return False


def _may_follow(first: str, char: str) -> bool:
    """Whether a value that begins with `first` may be followed by `char` (ReaderBasedJsonParser)."""
    if first in "-0123456789":
        return char in _SPACE
    if first in "tfn":
        return char < "0" or char in "]}" or not java_text.is_identifier_part(char)
    return True


# ---- passing on -----------------------------------------------------------------------------


def stored(node: Node) -> Node:
    """The node after a way through a row, where Trino keeps its text (Json2016Type)."""
    try:
        return _stored(node)
    except RecursionError as error:
        raise too_deep() from error


def _stored(node: Node) -> Node:
    if isinstance(node, list):
        return [_stored(one) for one in node]
    if isinstance(node, dict):
        return {java_text.whole(key): _stored(value) for key, value in node.items()}
    if isinstance(node, str):
        return java_text.whole(node)
    if node is MISSING:
        return None
    if isinstance(node, float) and not math.isfinite(node):
        # Of what is no number in JSON, the name is written as a string.
        return numbers.java_double(node)
    return node


# ---- writing --------------------------------------------------------------------------------


def output(node: Node, encoding: str) -> bytes:
    """The node's text in an encoding. ValueError where it is nested too deeply."""
    try:
        if encoding == java_text.UTF8:
            return _text(node, json_text.quoted, 0).encode()
        return java_text.encoded(_text(node, json_text.quoted_as_is, 0), encoding)
    except RecursionError as error:
        raise too_deep() from error


def _text(node: Node, quote: json_text.Quote, depth: int) -> str:
    if isinstance(node, (list, dict)):
        if depth >= MAX_DEPTH:
            raise ValueError("nested too deeply")
        return _container(node, quote, depth + 1)
    if isinstance(node, str):
        return quote(node)
    if node is None or node is MISSING:
        return "null"
    if isinstance(node, bool):
        return "true" if node else "false"
    if isinstance(node, float):
        java = numbers.java_float if isinstance(node, Single) else numbers.java_double
        text = java(node)
        return text if math.isfinite(node) else f'"{text}"'
    # Of a Decimal, BigDecimal.toString: with an exponent where it is very small.
    return str(node)


def _container(node: list[Node] | dict[str, Node], quote: json_text.Quote, depth: int) -> str:
    if isinstance(node, dict):
        inner = ",".join(f"{quote(k)}:{_text(v, quote, depth)}" for k, v in node.items())
        return f"{{{inner}}}"
    return f"[{','.join(_text(one, quote, depth) for one in node)}]"
