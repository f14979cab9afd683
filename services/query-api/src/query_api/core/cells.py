"""Athena's text cells as the texts of JSON and CSV, a column at a time.

All of it is Arrow's kernels, which run without Python's lock: a million cells keep nobody else's
request waiting.
"""

from collections.abc import Callable, Sequence

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from query_api.core.texts import Column, holds, kind_of, padded_years

Json = str | int | float | bool | None
_INTEGERS = frozenset({"tinyint", "smallint", "integer", "int", "bigint"})
# Their texts have digits and the signs of times alone.
_DIGITS = frozenset({"decimal", "date", "timestamp"})
_FLOATS = frozenset({"double", "float", "real"})
# What JSON writes with a backslash (RFC 8259, 7); U+007F and above need none.
_ESCAPED = r'["\\\x00-\x1f]'
_LARGE = pa.large_string()


def json_rows(
    cells: pa.Table,
    types: Sequence[str],
    names: Sequence[str] | None,
    *,
    before: str = "",
    after: str = "",
) -> Column:
    """A JSON text for each row, an object where there are `names`, otherwise an array.

    `before` and `after` are put around each.
    """
    columns = [
        json_column(column, kind) for column, kind in zip(cells.columns, types, strict=True)
    ]
    if names is None:
        opening, closing = "[", "]"
    else:
        opening, closing = "{", "}"
        keys = [orjson.dumps(name).decode() + ":" for name in names]
        columns = [
            pc.binary_join_element_wise(_text(key), column, _text(""))
            for key, column in zip(keys, columns, strict=True)
        ]
    start, end = _text(before + opening), _text(closing + after)
    if not columns:
        return pa.chunked_array([], _LARGE)
    joined = pc.binary_join_element_wise(*columns, _text(","))
    return pc.binary_join_element_wise(start, joined, end, _text(""))


def json_column(column: Column, kind: str) -> Column:
    """A JSON text for each cell of a column of Athena's type `kind`; null is `null`."""
    known = kind_of(kind)
    plain = column.cast(_LARGE)
    if known in _INTEGERS:
        made = plain
    elif known in _FLOATS:
        # JSON has no NaN and no infinities; the text says which it was. The rest is Java's shortest
        # text, which is a JSON number.
        number = pc.match_substring_regex(plain, r"^[-0-9]")
        finite = pc.and_(number, pc.invert(pc.match_substring(plain, "Inf")))
        made = pc.if_else(finite, plain, _quoted(plain))
    elif known == "boolean":
        made = pc.utf8_lower(plain)
    elif known in _DIGITS:
        made = _quoted(shown_column(column, kind))
    else:
        made = _quoted(_escaped(shown_column(column, kind)))
    return pc.fill_null(made, _text("null"))


def csv_rows(cells: pa.Table, types: Sequence[str], *, after: str = "") -> Column:
    """A line of CSV for each row, and `after`: null is nothing, an empty text is `""`."""
    columns = [
        csv_column(column, kind) for column, kind in zip(cells.columns, types, strict=True)
    ]
    if not columns:
        return pa.chunked_array([], _LARGE)
    joined = pc.binary_join_element_wise(*columns, _text(","))
    return pc.binary_join_element_wise(joined, _text(after), _text(""))


def csv_column(column: Column, kind: str) -> Column:
    """A field of CSV for each cell (RFC 4180, 2): numbers and booleans bare, the rest in quotes."""
    shown = shown_column(column, kind)
    if kind_of(kind) not in _INTEGERS | _FLOATS | {"boolean", "decimal"}:
        doubled = pc.replace_substring(shown, '"', '""') if holds(shown, '"') else shown
        shown = _quoted(doubled)
    return pc.fill_null(shown, _text(""))


def shown_column(column: Column, kind: str) -> Column:
    """The text that a client reads for each cell, in every format that is text; null stays."""
    known = kind_of(kind)
    make = _SHOWN.get(known)
    plain = column.cast(_LARGE)
    return plain if make is None else make(plain)


def _timestamp(plain: Column) -> Column:
    """RFC 3339 in UTC: the lake's times have no zone and mean UTC."""
    timed = pc.greater(pc.binary_length(plain), len("+10000-01-01"))
    if pc.all(timed).as_py() is False:
        midnight = pc.binary_join_element_wise(plain, _text(" 00:00:00.000"), _text(""))
        plain = pc.if_else(timed, plain, midnight)
    dated = pc.replace_substring(padded_years(plain), " ", "T", max_replacements=1)
    return pc.binary_join_element_wise(dated, _text("Z"), _text(""))


def _zoned(plain: Column) -> Column:
    # Another zone keeps Athena's text: a wrong Z would be another moment.
    in_utc = pc.ends_with(plain, " UTC")
    body = pc.replace_substring_regex(plain, r" UTC$", "")
    return pc.if_else(in_utc, _timestamp(body), padded_years(plain))


def _lower(plain: Column) -> Column:
    return pc.utf8_lower(plain)


_SHOWN: dict[str, Callable[[Column], Column]] = {
    "timestamp": _timestamp,
    "timestamp with time zone": _zoned,
    "date": padded_years,
    "boolean": _lower,
}


def _quoted(plain: Column) -> Column:
    return pc.binary_join_element_wise(_text('"'), plain, _text('"'), _text(""))


def _escaped(plain: Column) -> Column:
    """JSON's escapes, for the columns that need any: most have none, and are looked at once."""
    if not holds(plain, _ESCAPED):
        return plain
    escaped = pc.replace_substring(plain, "\\", "\\\\")
    escaped = pc.replace_substring(escaped, '"', '\\"')
    for code in range(0x20):
        sign = chr(code)
        if holds(escaped, rf"\x{code:02x}"):
            written = orjson.dumps(sign)[1:-1].decode()
            escaped = pc.replace_substring(escaped, sign, written)
    return escaped


def _text(value: str) -> pa.Scalar:
    return pa.scalar(value, _LARGE)
