"""approx_most_frequent and numeric_histogram."""

from itertools import pairwise
from typing import Any

from local_cloud.athena.engines.duck_sql.aggregating import AggregateText
from local_cloud.athena.engines.duck_sql.folding import Row, folded
from local_cloud.athena.engines.duck_sql.registry import aggregate
from local_cloud.athena.sql.failures import QueryError, invalid_argument, not_supported
from local_cloud.athena.sql.values import numbers
from local_cloud.athena.sql.values.frequent import StreamSummary
from local_cloud.athena.sql.values.numeric_histogram import NumericHistogram


def _buckets(rows: list[Row], what: str) -> int:
    found: int = rows[0][0]
    if found < 2:
        raise invalid_argument(f"{what} bucket count must be greater than one")
    if found >= 2**31:
        raise QueryError("GENERIC_INTERNAL_ERROR", "integer overflow")
    return found


@aggregate(
    "approx_most_frequent(bigint,bigint,bigint)", "approx_most_frequent(bigint,varchar,bigint)"
)
def _most_frequent(call: AggregateText) -> str:
    split = call.split

    def fold(rows: list[Row]) -> list[tuple[Any, int]] | None:
        if not rows:
            return None
        wanted, capacity = _buckets(rows, "approx_most_frequent"), rows[0][2]
        if not 0 < capacity < 2**31:
            raise not_supported(f"approx_most_frequent with a capacity of {capacity}")
        summary = StreamSummary(capacity)
        for _, value, _ in rows:
            summary.add(value)
        if split:
            kept, summary = summary.top(wanted), StreamSummary(capacity)
            for value, count in kept:
                summary.add(value, count)
        return summary.top(wanted)

    return folded(call, fold, ("approx_most_frequent", split))


def _numeric_histogram(call: AggregateText) -> str:
    if call.windowed:
        # Trino merges its buckets whenever it shows them: once for each row of a growing frame.
        raise not_supported("numeric_histogram as a window function")
    single = call.types.result.args[0].name == "real"

    def fold(rows: list[Row]) -> list[tuple[float, float]] | None:
        if not rows:
            return None
        made = NumericHistogram(_buckets(rows, "numeric_histogram"))
        for _, value, *weight in rows:
            made.add(value, weight[0] if weight else 1.0)
        found = made.compact()
        if single:
            found = [(numbers.single(value), numbers.single(weight)) for value, weight in found]
        if any(a == b for (a, _), (b, _) in pairwise(found)):
            raise not_supported("numeric_histogram of numbers so close to each other")
        # Java's map knows one NaN, and keeps the last.
        ordered = [one for one in found if one[0] == one[0]]
        return ordered + [one for one in found if one[0] != one[0]][-1:]

    return folded(call, fold, "numeric_histogram")


for _kind in ("double", "real"):
    aggregate(f"numeric_histogram(bigint,{_kind})")(_numeric_histogram)
    aggregate(f"numeric_histogram(bigint,{_kind},double)")(_numeric_histogram)
