"""Athena's texts of values: the names of their types, and years as RFC 3339 writes them."""

from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

Column: TypeAlias = Any
"""A column of texts: an Arrow array, whole or in chunks (pyarrow carries no types)."""

# Of 2026-11-22 and of 2026-11-22 10:07:00.000.
_USUAL_LENGTHS = frozenset({10, 23})


def kind_of(type_name: str) -> str:
    """Athena's name of a type without its parameters, in small letters."""
    head, _, rest = type_name.partition("(")
    # "timestamp(3) with time zone" has them in the middle.
    return (head.strip() + rest.partition(")")[2]).strip().lower()


def one_text(column: Column) -> Column:
    """All texts of a column of `large_string` as one: what none of them has is told by one look."""
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if len(whole) == 0:
        return pa.array([""], pa.large_string())
    _, offsets, data = whole.buffers()
    ends = memoryview(offsets).cast("q")
    first, last = ends[whole.offset], ends[whole.offset + len(whole)]
    around = pa.array([first, last], pa.int64()).buffers()[1]
    return pa.LargeStringArray.from_buffers(1, around, data)


def holds(column: Column, pattern: str) -> bool:
    """Whether any text of a column of `large_string` has a part that matches."""
    found: bool = pc.match_substring_regex(one_text(column), pattern)[0].as_py()
    return found


def padded_years(plain: Column) -> Column:
    """Dates and times whose years have four digits at least, as ISO 8601 writes them.

    A sign before the year stays: years before 0 and beyond 9999 have one.
    """
    if _are_usual(plain):
        return plain
    for width, zeros in ((3, "0"), (2, "00"), (1, "000")):
        plain = pc.replace_substring_regex(plain, rf"^([-+]?)(\d{{{width}}}-)", rf"\1{zeros}\2")
    return plain


def _are_usual(plain: Column) -> bool:
    """Whether all are as long as a date or time of four digits, and none has a sign."""
    found = pc.min_max(pc.binary_length(plain))
    is_one_length = found["min"].as_py() == found["max"].as_py()
    usual = found["min"].as_py() in _USUAL_LENGTHS
    return is_one_length and usual and not pc.any(pc.starts_with(plain, "-")).as_py()
