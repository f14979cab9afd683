"""How large the value of a function may be, by what it is given."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from query_api.core.problems import RefusedSqlError


class Size(NamedTuple):
    """A value's characters or elements at most, and those of the largest element in it."""

    total: int
    each: int


ONE = Size(1, 1)


def most_of(sizes: Sequence[Size]) -> Size:
    """The larger of each; a value made of nothing is one."""
    return Size(max([1, *(one.total for one in sizes)]), max([1, *(one.each for one in sizes)]))


def sum_of(sizes: Sequence[Size]) -> Size:
    """All together."""
    return Size(max(1, sum(one.total for one in sizes)), most_of(sizes).each)


def at_most(count: int, most: int, what: str) -> None:
    """RefusedSqlError (`sql_too_complex`) beyond a bound."""
    if count > most:
        raise RefusedSqlError("too_complex", f"at most {most} {what}")


# As large as all that they are given together.
SUMMED = frozenset(
    [
        "array_join",
        "array_union",
        "concat",
        "concat_ws",
        "date_format",
        "flatten",
        "format_datetime",
        "map",
        "map_concat",
        "multimap_from_entries",
        "translate",
        "url_extract_parameter",
        "zip",
    ]
)
# Codes that take up to three characters for one, and those that compose characters anew.
TRIPLED = frozenset(
    [
        "color",
        "json_format",
        "json_parse",
        "normalize",
        "render",
        "split_to_map",
        "split_to_multimap",
        "to_base32",
        "to_base64",
        "to_base64url",
        "to_hex",
        "to_utf8",
        "url_encode",
    ]
)
# They hold what was in all rows of a group.
AGGREGATED = frozenset(
    [
        "approx_most_frequent",
        "approx_percentile",
        "array_agg",
        "histogram",
        "map_agg",
        "map_union",
        "merge",
        "merge_set_digest",
        "multimap_agg",
        "numeric_histogram",
        "qdigest_agg",
        "tdigest_agg",
    ]
)
# A number, a moment or a truth value, whatever they are given.
SCALARS = frozenset(
    [
        "all_match",
        "any_match",
        "approx_distinct",
        "array_position",
        "arrays_overlap",
        "avg",
        "bit_count",
        "bool_and",
        "bool_or",
        "cardinality",
        "codepoint",
        "contains",
        "contains_sequence",
        "corr",
        "cosine_distance",
        "cosine_similarity",
        "count",
        "count_if",
        "crc32",
        "date",
        "date_diff",
        "dot_product",
        "euclidean_distance",
        "every",
        "from_base",
        "from_iso8601_date",
        "from_iso8601_timestamp",
        "geometric_mean",
        "hamming_distance",
        "intersection_cardinality",
        "is_json_scalar",
        "jaccard_index",
        "json_array_contains",
        "json_array_length",
        "json_size",
        "length",
        "levenshtein_distance",
        "luhn_check",
        "none_match",
        "regexp_count",
        "regexp_like",
        "regexp_position",
        "starts_with",
        "strpos",
        "sum",
        "width_bucket",
    ]
)
# Their work and what they give grow with a number that they are given: at these places.
BOUNDED_ARGUMENTS = {
    "repeat": (1,),
    "lpad": (1,),
    "rpad": (1,),
    "ngrams": (1,),
    "bar": (1,),
    "numeric_histogram": (0,),
    "approx_most_frequent": (0, 2),
}
LAMBDAS = frozenset(
    [
        "all_match",
        "any_match",
        "array_sort",
        "filter",
        "map_filter",
        "map_zip_with",
        "none_match",
        "transform",
        "transform_keys",
        "transform_values",
        "zip_with",
    ]
)
_WIDTH = re.compile(r"[0-9]{4,}")


def plain_format(pattern: str) -> bool:
    """Whether no width, precision or index of a format string makes a long text of little."""
    return _WIDTH.search(pattern) is None


# What multiplies the items that a path gives, or asks about all of them for each of them.
_MULTIPLIED = {
    "subscripts in lists": (",", 8),
    "steps down (..)": ("..", 1),
    "filters": ("?", 2),
}


def harm_of_path(text: str) -> str | None:
    """What makes an SQL/JSON path one that is not allowed; None where it is harmless.

    `$[0, 0]` gives an item twice, also of a value that is no array (lax mode), so that a path of a
    few kilobytes of them would give more items than there are atoms.
    """
    if "like_regex" in text.lower():
        return "like_regex"
    for what, (sign, most) in _MULTIPLIED.items():
        if text.count(sign) > most:
            return f"more than {most} {what}"
    return None
