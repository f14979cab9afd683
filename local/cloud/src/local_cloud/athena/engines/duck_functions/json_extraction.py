"""JSON parsed, taken apart and searched (JsonFunctions of trino-main 476)."""

from collections import deque
from typing import Any

from local_cloud.athena.engines.duck_sql.registry import Signature, python, sql
from local_cloud.athena.engines.duck_sql.text import Text
from local_cloud.athena.sql.failures import QueryError, invalid_argument, not_supported
from local_cloud.athena.sql.values import json_extraction, json_text
from local_cloud.athena.sql.values.json_tokens import (
    END_ARRAY,
    FALSE,
    FLOAT,
    INT,
    NULL,
    START_ARRAY,
    START_OBJECT,
    STRING,
    TRUE,
    JsonSyntaxError,
    JsonTokens,
)


def _of_both(name: str, *others: str) -> tuple[str, ...]:
    """The keys of a function that takes JSON as such and as text."""
    return tuple(f"{name}({','.join((kind, *others))})" for kind in ("json", "varchar(x)"))


@sql("json_format(json)")
def _format(value: str) -> str:
    return value


@sql("json_parse(varchar(x))")
def _parse(value: str, text: Text, types: Signature) -> str:
    udfs = text.udfs

    def parsed(given: str) -> str:
        made = _canonical(given)
        if udfs.casts_json_columns and (made is None or not json_text.is_kept(given)):
            raise not_supported("parsing JSON in a query inside and casting it outside")
        if made is None:
            raise invalid_argument(f"Cannot convert value to JSON: '{given}'")
        return made

    return text.python(parsed, (types.arguments[0],), types.result, value, key="json_parse")


def _canonical(given: str) -> str | None:
    try:
        return json_text.canonical(given)
    except ValueError:
        return None


@python(*_of_both("json_extract", "jsonpath"))
def _extract(text: str, path: str) -> str | None:
    return json_extraction.extracted(text, path, json_extraction.value)


@python(*_of_both("json_extract_scalar", "jsonpath"))
def _extract_scalar(text: str, path: str) -> str | None:
    return json_extraction.extracted(text, path, json_extraction.scalar)


@python(*_of_both("json_size", "jsonpath"))
def _size(text: str, path: str) -> int | None:
    return json_extraction.extracted(text, path, json_extraction.size)


@python(*_of_both("is_json_scalar"))
def _is_scalar(text: str) -> bool:
    tokens = JsonTokens(text)
    try:
        first = tokens.next()
        tokens.skip_children()
        if first is None or tokens.next() is not None:
            raise JsonSyntaxError("not one value")
    except JsonSyntaxError as error:
        raise invalid_argument(f"Invalid JSON value: {text[:10_000]}") from error
    return first not in (START_ARRAY, START_OBJECT)


@python(*_of_both("json_array_length"))
def _length(text: str) -> int | None:
    tokens = JsonTokens(text)
    try:
        return json_extraction.size(tokens) if tokens.next() == START_ARRAY else None
    except JsonSyntaxError:
        return None


# ---- json_array_contains ----------------------------------------------------------------------


def _contains(text: str, is_it: Any) -> bool | None:
    tokens = JsonTokens(text)
    try:
        if tokens.next() != START_ARRAY:
            return None
        while (kind := tokens.next()) != END_ARRAY:
            written = tokens.text
            tokens.skip_children()
            if is_it(kind, written):
                return True
        return False
    except JsonSyntaxError:
        return None


@python(*_of_both("json_array_contains", "boolean"))
def _contains_boolean(text: str, value: bool) -> bool | None:
    wanted = TRUE if value else FALSE
    return _contains(text, lambda kind, _: kind == wanted)


@python(*_of_both("json_array_contains", "bigint"))
def _contains_number(text: str, value: int) -> bool | None:
    return _contains(text, lambda kind, written: kind == INT and _long(written) == value)


def _long(written: str) -> int | None:
    # No long has more digits, and Python refuses to read thousands of them.
    return int(written) if len(written) <= 20 else None


@python(*_of_both("json_array_contains", "double"))
def _contains_double(text: str, value: float) -> bool | None:
    """Only numbers written with a point or an exponent are doubles."""
    if value - value != 0:
        return False
    return _contains(text, lambda kind, written: kind == FLOAT and float(written) == value)


@python("json_array_contains(json,varchar(x))", "json_array_contains(varchar(x),varchar(y))")
def _contains_text(text: str, value: str) -> bool | None:
    return _contains(text, lambda kind, written: kind == STRING and written == value)


# ---- json_array_get ---------------------------------------------------------------------------


@python(*_of_both("json_array_get", "bigint"))
def _get(text: str, index: int) -> str | None:
    """A string comes without its quotes, and so is no JSON."""
    if index == -(2**63):
        return None
    tokens = JsonTokens(text)
    try:
        return _element(tokens, index) if tokens.next() == START_ARRAY else None
    except JsonSyntaxError:
        return None


def _element(tokens: JsonTokens, index: int) -> str | None:
    last: deque[str | None] = deque(maxlen=max(0, min(-index, 2**31)))
    place = 0
    while tokens.next() != END_ARRAY:
        element = _shown(tokens)
        if place == index:
            return element
        last.append(element)
        place += 1
    if index >= 0 or place < -index:
        return None
    if last[0] is None:
        # utf8Slice of no string
        raise QueryError("GENERIC_INTERNAL_ERROR", "string is null")
    return last[0]


def _shown(tokens: JsonTokens) -> str | None:
    if tokens.kind in (START_ARRAY, START_OBJECT):
        made = json_text.structure(tokens, json_text.quoted_as_is, json_text.once)
        return json_text.java_utf8(made)
    if len(tokens.text) > 1000 and tokens.kind in (INT, FLOAT):
        raise not_supported("json_array_get of numbers with more than 1000 digits")
    return None if tokens.kind == NULL else json_text.java_utf8(tokens.text)
