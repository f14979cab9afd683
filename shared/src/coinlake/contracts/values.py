"""JSON without losing a digit, and the exact value of a field or None where there is none.

Numbers keep their source text: float64 never touches an amount. A value that the column's type
cannot hold *exactly* does not fit; nothing is rounded in silence, which is why these rules are
here and not casts of Spark, which round (Spark 3.5, Decimal.toPrecision: ROUND_HALF_UP).
"""

import json
import re
from collections import Counter
from decimal import Context, Decimal, Inexact, InvalidOperation
from typing import Any

from coinlake.contracts.elements import Kind

# 38 digits in all, as decimal(38,s) has; a digit that would be lost raises.
_EXACT = Context(prec=38, traps=[Inexact, InvalidOperation])
_UNITS = {scale: Decimal(1).scaleb(-scale) for scale in (0, 18, 28)}
# Exponents of more than four digits are no amounts, and would make Decimal work for nothing.
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
_INT, _BIGINT = 2**31, 2**63
END_MS = 253_402_300_800_000  # the year 10000: no timestamp type goes further
_MAX_DIGITS = 200


class Number(str):
    """The source text of a JSON number."""

    __slots__ = ()


class Repeating(dict[str, Any]):
    """A JSON object with a key that is there more than once: the last value counts.

    `pairs` has all of them, as they were written.
    """

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.pairs = pairs


def replaced(value: dict[str, Any]) -> list[tuple[str, int, Any]]:
    """The pairs of an object that do not count, as their key comes again: key, how many of the same
    key are before it, value."""
    if not isinstance(value, Repeating):
        return []
    last = {key: at for at, (key, _) in enumerate(value.pairs)}
    before: Counter[str] = Counter()
    found = []
    for at, (key, one) in enumerate(value.pairs):
        if at != last[key]:
            found.append((key, before[key], one))
        before[key] += 1
    return found


def parse_json(value: bytes) -> Any:
    """Parse a body; numbers come back as Number. Raises ValueError with the reason, RecursionError."""
    try:
        # Some servers put a byte order mark before UTF-8.
        text = value.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8 at byte {error.start}") from error
    try:
        return json.loads(
            text,
            parse_float=Number,
            parse_int=Number,
            parse_constant=Number,
            object_pairs_hook=_object,
        )
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error.msg} at character {error.pos}") from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    return made if len(made) == len(pairs) else Repeating(pairs)


def json_text(value: Any) -> str:
    """JSON text of a parsed value, numbers as they were written, safe for UTF-8 storage."""
    if isinstance(value, dict):
        pairs = value.pairs if isinstance(value, Repeating) else value.items()
        inner = ",".join(f"{json_text(str(k))}:{json_text(v)}" for k, v in pairs)
        return f"{{{inner}}}"
    if isinstance(value, list):
        return f"[{','.join(json_text(item) for item in value)}]"
    if isinstance(value, Number):
        return str(value)
    return json.dumps(value, ensure_ascii=not storable(value))


def storable(value: Any) -> bool:
    """Whether a text can be stored as UTF-8: JSON may hold lone surrogates, Parquet may not."""
    if not isinstance(value, str) or value.isascii():
        return True
    return not any("\ud800" <= character <= "\udfff" for character in value)


def plain_text(value: Any) -> str:
    """A value as `extra` keeps it: strings and numbers as they are, the rest as JSON text."""
    return str(value) if isinstance(value, str) and storable(value) else json_text(value)


def typed(value: Any, kind: Kind) -> Any:
    """The value in the column's type (ms for `millis`), or None where it does not fit exactly."""
    if kind == "text":
        return str(value) if isinstance(value, str) and storable(value) else None
    if kind == "boolean":
        return _boolean(value)
    if kind == "amount":
        return _decimal(value, 18)
    if kind == "ratio":
        return _decimal(value, 28)
    return _integer(value, kind)


def _boolean(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value) if isinstance(value, str) else None


def _decimal(value: Any, scale: int) -> Decimal | None:
    if not isinstance(value, str) or len(value) > _MAX_DIGITS or not _NUMBER.fullmatch(value):
        return None
    try:
        return Decimal(value).quantize(_UNITS[scale], context=_EXACT)
    except (Inexact, InvalidOperation):
        return None


def _integer(value: Any, kind: Kind) -> int | None:
    exact = _decimal(value, 0)
    if exact is None:
        return None
    low, end = {
        "int": (-_INT, _INT),
        "bigint": (-_BIGINT, _BIGINT),
        "millis": (0, END_MS),
    }[kind]
    return int(exact) if low <= exact < end else None


def kind_of(value: Any) -> str:
    """What a parsed value is, as a sentence says it."""
    if value is None:
        return "null"
    kinds = {dict: "an object", list: "an array", bool: "a boolean", str: "a string"}
    return kinds.get(type(value), "an object" if isinstance(value, dict) else "a number")
