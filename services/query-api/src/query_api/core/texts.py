"""Athena's texts of values: the names of their types, and years as RFC 3339 writes them."""

from typing import Any, TypeAlias

import pyarrow.compute as pc

Column: TypeAlias = Any
"""A column of texts: an Arrow array, whole or in chunks (pyarrow carries no types)."""

_WHOLE_YEARS = r"^\d{4}-"


def kind_of(type_name: str) -> str:
    """Athena's name of a type without its parameters, in small letters."""
    head, _, rest = type_name.partition("(")
    # "timestamp(3) with time zone" has them in the middle.
    return (head.strip() + rest.partition(")")[2]).strip().lower()


def padded_years(plain: Column) -> Column:
    """Dates and times whose years have four digits at least, as ISO 8601 writes them.

    A sign before the year stays: years before 0 and beyond 9999 have one.
    """
    if pc.all(pc.match_substring_regex(plain, _WHOLE_YEARS)).as_py() is not False:
        return plain
    for width, zeros in ((3, "0"), (2, "00"), (1, "000")):
        plain = pc.replace_substring_regex(plain, rf"^([-+]?)(\d{{{width}}}-)", rf"\1{zeros}\2")
    return plain
