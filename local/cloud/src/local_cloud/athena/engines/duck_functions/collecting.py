"""Aggregates that collect: listagg, maps of keys and values, histograms."""

from typing import Any

from local_cloud.athena.engines.duck_sql.aggregating import AggregateText
from local_cloud.athena.engines.duck_sql.folding import Row, folded
from local_cloud.athena.engines.duck_sql.registry import aggregate
from local_cloud.athena.sql.failures import QueryError, invalid_argument
from local_cloud.athena.sql.values import compare

# PageBuilderStatus.DEFAULT_MAX_PAGE_SIZE_IN_BYTES
MAX_OUTPUT_BYTES = 1_048_576
MAX_FILLER_BYTES = 65_536


@aggregate("listagg(varchar,varchar,boolean,varchar,boolean)")
def _listagg(call: AggregateText) -> str:
    return folded(call, joined, "listagg")


def joined(rows: list[Row]) -> str | None:
    """Rows of (text, separator, whether too much is an error, filler, whether to count the rest).

    (AbstractListaggAggregationState)
    """
    if not rows:
        return None
    _, separator, fails, filler, counts = rows[0]
    if len(filler.encode()) > MAX_FILLER_BYTES:
        raise invalid_argument(f"Overflow filler length exceeds {MAX_FILLER_BYTES}")
    made: list[str] = []
    size, between = 0, len(separator.encode())
    for place, row in enumerate(rows):
        size += len(row[0].encode()) + (between if place else 0)
        if size > MAX_OUTPUT_BYTES:
            if fails:
                raise QueryError(
                    "EXCEEDED_FUNCTION_MEMORY_LIMIT",
                    "Concatenated string has the length in bytes larger than the maximum output "
                    f"length {MAX_OUTPUT_BYTES}",
                )
            rest = f"({len(rows) - place})" if counts else ""
            return str(separator).join([*made, filler + rest])
        made.append(row[0])
    return str(separator).join(made)


@aggregate("map_agg(k,v)")
def _map_agg(call: AggregateText) -> str:
    return folded(call, lambda rows: _first_of_each(rows, call), "map_agg")


@aggregate("map_union(map(k,v))")
def _map_union(call: AggregateText) -> str:
    def fold(rows: list[Row]) -> Any:
        if not rows:
            return None
        # Of empty maps only there is none (MapUnionAggregation).
        return _first_of_each([pair for (one,) in rows for pair in one], call) or None

    return folded(call, fold, "map_union")


def _first_of_each(pairs: list[Row], call: AggregateText) -> list[Row] | None:
    key = call.types.result.args[0]
    found: dict[Any, Row] = {}
    for pair in pairs:
        found.setdefault(compare.hashable(pair[0], key), pair)
    return list(found.values()) or None


@aggregate("multimap_agg(k,v)")
def _multimap_agg(call: AggregateText) -> str:
    key = call.types.arguments[0]

    def fold(rows: list[Row]) -> Any:
        found: dict[Any, tuple[Any, list[Any]]] = {}
        for k, v in rows:
            found.setdefault(compare.hashable(k, key), (k, []))[1].append(v)
        return list(found.values()) or None

    return folded(call, fold, "multimap_agg")


@aggregate("histogram(t)")
def _histogram(call: AggregateText) -> str:
    (of,) = call.types.arguments

    def fold(rows: list[Row]) -> Any:
        found: dict[Any, list[Any]] = {}
        for (one,) in rows:
            found.setdefault(compare.hashable(one, of), [one, 0])[1] += 1
        return [(one, count) for one, count in found.values()] or None

    return folded(call, fold, "histogram")
