"""Casts to JSON and from it (JsonUtil and JsonOperators of trino-main 476)."""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from local_cloud.athena.sql.failures import QueryError, not_supported
from local_cloud.athena.sql.types import INTEGERS, Type, family
from local_cloud.athena.sql.values import compare, json_text, numbers, texts
from local_cloud.athena.sql.values.calendar import joda_date_text
from local_cloud.athena.sql.values.json_tokens import (
    END_ARRAY,
    END_OBJECT,
    FLOAT,
    INT,
    NAME,
    NULL,
    START_ARRAY,
    START_OBJECT,
    STRING,
    TRUE,
    JsonTokens,
)

# ---- to JSON ----------------------------------------------------------------------------------


# What a name in an object can be made of and read as (JsonUtil.isValidJsonObjectKeyType).
_NAMES = ("boolean", *INTEGERS, "real", "double", "decimal", "varchar")


def writer(of: Type) -> Callable[[Any], str]:
    """CAST(… AS json) of one value. INVALID_CAST_ARGUMENT for maps that have no JSON."""
    _check_names(of, of, (*_NAMES, "unknown"))
    return lambda value: to_json(value, of)


def _check_names(part: Type, of: Type, names: tuple[str, ...]) -> None:
    if part.name == "map" and part.args[0].name not in names:
        raise QueryError("INVALID_CAST_ARGUMENT", f"Cannot cast between {of} and JSON")
    for one in part.args:
        _check_names(one, of, names)


def to_json(value: Any, of: Type) -> str:
    """CAST(value AS json): the JSON type's text."""
    if value is None:
        return "null"
    if of.name == "array":
        return f"[{','.join(to_json(one, of.args[0]) for one in value)}]"
    if of.name == "row":
        members = (
            f"{json_text.quoted(name or '')}:{to_json(one, kind)}"
            for name, one, kind in zip(of.fields, value, of.args, strict=True)
        )
        return f"{{{','.join(members)}}}"
    if of.name == "map":
        # Keys that are equal as text are one, with the last one's value (a TreeMap).
        pairs = {_key(key, of.args[0]): to_json(one, of.args[1]) for key, one in value}
        ordered = sorted(pairs.items(), key=lambda pair: json_text.utf16(pair[0]))
        return "{" + ",".join(f"{json_text.quoted(k)}:{v}" for k, v in ordered) + "}"
    return _scalar(value, of)


def _key(value: Any, of: Type) -> str:
    if of.name == "real":
        return numbers.java_float(value)
    if of.name == "double":
        return numbers.java_double(value)
    return texts.to_text(value, of)


def _scalar(value: Any, of: Type) -> str:
    if of.name == "json":
        return str(value)
    if of.name == "boolean":
        return "true" if value else "false"
    if of.name in ("double", "real"):
        if of.name == "real" and value == value and abs(value) != float("inf"):
            return numbers.java_float(value)
        return json_text.number(value)
    if of.name == "decimal":
        # BigDecimal.toString, which Decimal's str follows; Java has no negative zero.
        return str(value if value else abs(value))
    if of.name in INTEGERS:
        return texts.to_text(value, of)
    if of.name in ("varchar", "date", "timestamp"):
        text = joda_date_text(value) if of.name == "date" else texts.to_text(value, of)
        return json_text.quoted(text)
    raise not_supported(f"cast({of} as json)")


# ---- from JSON --------------------------------------------------------------------------------


class _MismatchError(Exception):
    """JSON that is no such value (JsonCastException)."""


def reader(to: Type) -> Callable[[str], Any]:
    """CAST(json AS to) of one text."""
    _check_names(to, to, _NAMES)
    _refuse_half_named(to)
    return lambda text: from_json(text, to)


def _refuse_half_named(to: Type) -> None:
    if to.name == "row" and to.fields[0] is not None and None in to.fields:
        # JsonUtil.getFieldNameToIndex fails on it.
        raise not_supported(f"cast(json as {to}): a row with and without names")
    for one in to.args:
        _refuse_half_named(one)


def from_json(text: str, to: Type) -> Any:
    """CAST(json AS to). Raises INVALID_CAST_ARGUMENT."""
    tokens = JsonTokens(text)
    failed = QueryError("INVALID_CAST_ARGUMENT", f"Cannot cast to {to}: {text[:100]}")
    try:
        if tokens.next() is None:
            if to.args:
                raise failed
            # JsonOperators looks at a token that is not there.
            raise QueryError("GENERIC_INTERNAL_ERROR", "there is no JSON in the text")
        found = _value(tokens, to)
        if tokens.next() is not None:
            raise failed
    except (_MismatchError, ValueError, InvalidOperation, OverflowError) as error:
        raise failed from error
    except QueryError as error:
        if error.name == "NUMERIC_VALUE_OUT_OF_RANGE":
            raise failed from error
        raise
    return found


def _value(tokens: JsonTokens, to: Type) -> Any:
    if to.name == "json":
        made = json_text.structure(tokens, json_text.quoted_as_is, json_text.once)
        return json_text.java_utf8(made)
    if tokens.kind == NULL:
        return None
    if to.name in ("array", "map", "row"):
        return _CONTAINERS[to.name](tokens, to)
    if tokens.kind in (START_ARRAY, END_ARRAY, START_OBJECT, END_OBJECT, None):
        raise _MismatchError("a container where a scalar is wanted")
    return _SCALARS[family(to)](tokens.kind, tokens.text, to)


def _array(tokens: JsonTokens, to: Type) -> list[Any]:
    if tokens.kind != START_ARRAY:
        raise _MismatchError("not an array")
    found = []
    while tokens.next() != END_ARRAY:
        found.append(_value(tokens, to.args[0]))
    return found


def _map(tokens: JsonTokens, to: Type) -> list[tuple[Any, Any]]:
    if tokens.kind != START_OBJECT:
        raise _MismatchError("not an object")
    found, known = [], set()
    while tokens.next() != END_OBJECT:
        key = _value(tokens, to.args[0])
        tokens.next()
        found.append((key, _value(tokens, to.args[1])))
        known.add(compare.hashable(key, to.args[0]))
    if len(known) != len(found):
        raise _MismatchError("duplicate keys")
    return found


def _row(tokens: JsonTokens, to: Type) -> tuple[Any, ...]:
    if tokens.kind == START_ARRAY:
        values = []
        for kind in to.args:
            tokens.next()
            values.append(_value(tokens, kind))
        if tokens.next() != END_ARRAY:
            raise _MismatchError("an array longer than the row")
        return tuple(values)
    if tokens.kind != START_OBJECT or to.fields[0] is None:
        raise _MismatchError("not a row")
    # Of fields with one name the last is written.
    places = {name: place for place, name in enumerate(to.fields)}
    found: dict[int, Any] = {}
    while tokens.next() != END_OBJECT:
        place = places.get(_lower(tokens.text))
        tokens.next()
        if place is None:
            tokens.skip_children()
        elif place in found:
            raise _MismatchError("duplicate field")
        else:
            found[place] = _value(tokens, to.args[place])
    return tuple(found.get(place) for place in range(len(to.args)))


def _lower(name: str) -> str:
    return name.lower()


_CONTAINERS: dict[str, Callable[[JsonTokens, Type], Any]] = {
    "array": _array,
    "map": _map,
    "row": _row,
}


def _text(kind: str, written: str, to: Type) -> str:
    text = (
        numbers.double_text(float(written)) if kind == FLOAT else json_text.java_utf8(written)
    )
    if to.precision is not None and len(text) > to.precision:
        # Trino makes a value too long for its type, and fails where that is looked at.
        raise not_supported(f"cast(json as {to}) of a longer text")
    return text


def _integer(kind: str, written: str, to: Type) -> int:
    if kind in (STRING, NAME):
        found: int = texts.from_text(json_text.java_utf8(written), to)
        return found
    if kind == FLOAT:
        return numbers.in_range(numbers.round_double(float(written)), to.name)
    if kind == INT:
        return numbers.in_range(_long(written), to.name)
    return int(kind == TRUE)


def _long(written: str) -> int:
    # Python refuses to read thousands of digits.
    return int(written) if len(written) < 100 else 2**64


def _floating(kind: str, written: str, to: Type) -> float:
    if kind in (STRING, NAME):
        found: float = texts.from_text(json_text.java_utf8(written), to)
        return found
    if kind not in (INT, FLOAT):
        return float(kind == TRUE)
    return numbers.single(float(written)) if to.name == "real" else float(written)


def _decimal(kind: str, written: str, to: Type) -> Decimal:
    if kind in (STRING, NAME):
        exact = texts.java_decimal(written)
    elif kind in (INT, FLOAT):
        exact = Decimal(written)
    else:
        exact = Decimal(kind == TRUE)
    found = numbers.fitted(exact, to.precision or 0, to.scale)
    if found is None:
        raise _MismatchError("too many digits")
    return found


def _boolean(kind: str, written: str, to: Type) -> bool:
    if kind in (STRING, NAME):
        found: bool = texts.from_text(json_text.java_utf8(written), to)
        return found
    if kind == FLOAT:
        return float(written) != 0
    if kind == INT:
        return numbers.in_range(_long(written), "bigint") != 0
    return kind == TRUE


_SCALARS: dict[str, Callable[[str, str, Type], Any]] = {
    "varchar": _text,
    "integer": _integer,
    "double": _floating,
    "real": _floating,
    "decimal": _decimal,
    "boolean": _boolean,
}
