"""max, min, max_by and min_by, also of the n largest and smallest (MaxAggregationFunction …).

NaN is the smallest number for max and the largest for min, so that it never wins against one
(COMPARISON_UNORDERED_FIRST and _LAST).
"""

from typing import Any

from local_cloud.athena.engines.duck_sql import comparing, ordering
from local_cloud.athena.engines.duck_sql.aggregating import AggregateText
from local_cloud.athena.engines.duck_sql.folding import Row, folded
from local_cloud.athena.engines.duck_sql.registry import aggregate
from local_cloud.athena.engines.duck_sql.representation import cast
from local_cloud.athena.engines.duck_sql.sealing import opened, sealed
from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.failures import invalid_argument
from local_cloud.athena.sql.types import Type
from local_cloud.athena.sql.values import compare
from local_cloud.athena.sql.values.top_heap import TopHeap

MAX_ENTRIES = 10_000
# Types whose values differ in size (Type.isFlatVariableWidth).
_SIZED = (
    *("varchar", "char", "varbinary", "json", "array", "map"),
    *("hyperloglog", "p4hyperloglog", "setdigest", "qdigest", "tdigest"),
)


def _nan(name: str) -> int:
    return -1 if name == "max" else 1


def _extreme(call: AggregateText, name: str) -> str:
    of, value = call.types.arguments[0], call.arguments[0]
    if of.name in ("double", "real"):
        found = f"{name}({value}){call.kept(f'NOT isnan({value})').suffix}"
        return f"coalesce({found}, {name}({value}){call.suffix})"
    if comparing.is_plain(of):
        return f"{name}({value}){call.suffix}"
    key = ordering.sort_value(call.text, value, of, _nan(name))
    chosen = f"arg_{name}({sealed(call.text, value, of)}, {key}){call.suffix}"
    return opened(call.text, chosen, of)


@aggregate("max(t)")
def _max(call: AggregateText) -> str:
    return _extreme(call, "max")


@aggregate("min(t)")
def _min(call: AggregateText) -> str:
    return _extreme(call, "min")


def _by(call: AggregateText, name: str) -> str:
    value, key = call.arguments
    kind, of = call.types.arguments
    floating = kind.name in ("double", "real")
    if t.holds(kind, "double", "real") and not floating:
        return _by_in_python(call, name, of)
    made = ordering.sort_value(call.text, key, of, _nan(name))
    if of.name in ("double", "real") and name == "max":
        pair = f"struct_pack(a := NOT isnan({key}), b := {made})"
        made = call.projected(f"CASE WHEN {key} IS NOT NULL THEN {pair} END")
    if floating:
        # As bits: DuckDB would give a -0.0 back as 0.0.
        return cast(f"arg_{name}_null(CAST({value} AS BIT), {made}){call.suffix}", kind)
    return f"arg_{name}_null({value}, {made}){call.suffix}"


def _by_in_python(call: AggregateText, name: str, of: Type) -> str:
    """Of nested values with floating point inside."""
    sign, nan = (1, -1) if name == "max" else (-1, 1)

    def fold(rows: list[Row]) -> Any:
        best: Row | None = None
        for row in rows:
            if best is None or sign * compare.ordering(row[1], best[1], of, nan) > 0:
                best = row
        return None if best is None else best[0]

    return folded(call, fold, (f"{name}_by",))


@aggregate("max_by(v,k)")
def _max_by(call: AggregateText) -> str:
    return _by(call, "max")


@aggregate("min_by(v,k)")
def _min_by(call: AggregateText) -> str:
    return _by(call, "min")


# ---- the n of them ----------------------------------------------------------------------------


def _top(call: AggregateText, name: str) -> str:
    """Rows of (value, [key,] n): the n of the first row is everyone's."""
    by = name.endswith("_by")
    of: Type = call.types.arguments[1 if by else 0]
    sign, nan = (-1, -1) if name.startswith("max") else (1, 1)
    split, nullable = call.split, not (by and _is_sized_row(call.types.arguments[0]))

    def order(a: Any, b: Any) -> int:
        return sign * compare.ordering(a, b, of, nan)

    def fold(rows: list[Row]) -> list[Any] | None:
        if not rows:
            return None
        count = _checked(rows[0][-1], name)
        heap = TopHeap(count, order, nullable)
        heap.add_all((row[-2], row[0]) for row in rows)
        if split:
            first, heap = heap, TopHeap(count, order, nullable)
            heap.add_all(first.entries)
        return [value for _, value in heap.in_order()]

    return folded(call, fold, (name, split))


def _is_sized_row(of: Type) -> bool:
    """Whether it is a row with something inside that differs in size (RowType)."""
    return of.name == "row" and t.holds(of, *_SIZED)


def _checked(count: int, name: str) -> int:
    if not 0 < count <= MAX_ENTRIES:
        raise invalid_argument(
            f"last argument of {name} must be positive and at most {MAX_ENTRIES}; found {count}"
        )
    return count


for _name in ("max", "min"):
    aggregate(f"{_name}(e,bigint)")(lambda call, name=_name: _top(call, name))
    aggregate(f"{_name}_by(v,k,bigint)")(lambda call, name=f"{_name}_by": _top(call, name))
