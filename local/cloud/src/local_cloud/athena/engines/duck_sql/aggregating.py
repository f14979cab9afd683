"""Aggregates and windows as DuckDB's SQL."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from local_cloud.athena.engines.duck_sql import ordering
from local_cloud.athena.engines.duck_sql.registry import (
    IMPLEMENTATIONS,
    AggregateFunction,
    Signature,
)
from local_cloud.athena.engines.duck_sql.representation import cast
from local_cloud.athena.engines.duck_sql.text import Text
from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.analysis.expressions import coerced
from local_cloud.athena.sql.coercion import common_super_type
from local_cloud.athena.sql.failures import QueryError, not_supported
from local_cloud.athena.sql.ir import (
    Aggregate,
    Cast,
    ColumnRef,
    Constant,
    Expr,
    Frame,
    FrameEnd,
    Lambda,
    SortKey,
    WindowFunction,
)
from local_cloud.athena.sql.properties import sees_nulls
from local_cloud.athena.sql.types import Type


@dataclass(frozen=True, slots=True)
class AggregateText:
    """One aggregate or window call, for the function that writes it.

    `arguments` are SQL, `suffix` is what follows the closing bracket: FILTER and OVER.
    `distinct` is "DISTINCT " or nothing, `order` " ORDER BY …" or nothing. `nullable` tells for
    each argument whether the function sees rows in which it is null. `split` tells that Trino
    aggregates in two steps: where it reads the rows, and what comes out of that. `projected` gives
    the name of a column of the rows that has the value of this SQL.
    """

    text: Text
    arguments: tuple[str, ...]
    types: Signature
    distinct: str
    order: str
    suffix: str
    windowed: bool
    ignore_nulls: bool
    exprs: tuple[Expr, ...]
    nullable: tuple[bool, ...]
    split: bool
    projected: Callable[[str], str]

    def call(self, name: str, *arguments: str) -> str:
        """`name(DISTINCT arguments ORDER BY …) FILTER … OVER …`"""
        if self.distinct:
            _refuse_odd_distinct(self.exprs)
        listed = ", ".join(arguments)
        return f"{name}({self.distinct}{listed}{self.order}){self.suffix}"

    def gathered(self, argument: str) -> str:
        """A list of all of a group's values, repeated ones too; null where there are none."""
        return f"list({argument}{self.order}){self.suffix}"

    def kept(self, condition: str) -> "AggregateText":
        """The same over those rows only for which `condition` holds."""
        if " FILTER (WHERE " in self.suffix:
            before, after = self.suffix.split(" FILTER (WHERE ", 1)
            suffix = f"{before} FILTER (WHERE ({condition}) AND {after}"
        else:
            suffix = f" FILTER (WHERE {condition}){self.suffix}"
        return replace(self, suffix=suffix)


_SCAN = re.compile(r"\blake\d")


def in_two_steps(sql: str, aggregates: Iterable[Aggregate]) -> bool:
    """Whether Trino aggregates the rows of `sql` where it reads them, and then once more.

    It does so for tables, unless an order of rows has to be kept (AggregationNode.isDecomposable).
    """
    return _SCAN.search(sql) is not None and not any(one.order for one in aggregates)


def _as_it_is(sql: str) -> str:
    return sql


def written(
    text: Text,
    expr: Aggregate | WindowFunction,
    split: bool = False,
    projected: Callable[[str], str] = _as_it_is,
) -> str:
    """SQL of an aggregate (to stand in a grouped SELECT) or of a window's function."""
    found = IMPLEMENTATIONS.get(expr.bound.declared.key)
    if not isinstance(found, AggregateFunction):
        kinds = ", ".join(str(one) for one in expr.bound.arguments)
        raise not_supported(f"{expr.bound.declared.name}({kinds})")
    suffix = f" FILTER (WHERE {text.of(expr.filter)})" if expr.filter is not None else ""
    windowed = isinstance(expr, WindowFunction)
    inner = expr.inner_order if isinstance(expr, WindowFunction) else expr.order
    order = f" ORDER BY {ordering.sort_text(text, _in_arguments(expr, inner))}" if inner else ""
    if isinstance(expr, WindowFunction):
        suffix += f" OVER ({_window(text, expr)})"
    made = AggregateText(
        text,
        tuple(_arguments(text, expr, projected)),
        Signature(expr.bound.arguments, expr.bound.result),
        "DISTINCT " if expr.distinct else "",
        order,
        suffix,
        windowed,
        isinstance(expr, WindowFunction) and expr.ignore_nulls,
        expr.arguments,
        sees_nulls(expr),
        split and not windowed,
        projected,
    )
    return found.write(made)


def _arguments(
    text: Text, expr: Aggregate | WindowFunction, projected: Callable[[str], str]
) -> Iterator[str]:
    for one, sql in zip(expr.arguments, text.each(expr.arguments), strict=True):
        made = bool(one.type.args) and not isinstance(one, (ColumnRef, Constant, Lambda))
        yield projected(sql) if made else sql


def _in_arguments(
    expr: Aggregate | WindowFunction, keys: tuple[SortKey, ...]
) -> tuple[SortKey, ...]:
    """With DISTINCT the keys are arguments, which may have been coerced."""
    if not expr.distinct:
        return keys
    coerced_from = {one.value: one for one in expr.arguments if isinstance(one, Cast)}
    return tuple(replace(one, value=coerced_from.get(one.value, one.value)) for one in keys)


def _refuse_odd_distinct(arguments: tuple[Expr, ...]) -> None:
    if len(arguments) > 1:
        raise not_supported("DISTINCT over several columns in an aggregate")
    for one in arguments:
        if not ordering.groups_as_is(one.type):
            raise not_supported(f"DISTINCT over {one.type} in an aggregate")


def _window(text: Text, expr: WindowFunction) -> str:
    parts = []
    if expr.partition:
        keys = ", ".join(
            ordering.partition_value(text, text.of(one), one.type) for one in expr.partition
        )
        parts.append(f"PARTITION BY {keys}")
    if expr.order:
        parts.append(f"ORDER BY {ordering.sort_text(text, _ranged(expr))}")
    if expr.frame is not None:
        parts.append(_frame(text, expr.frame, expr.order))
    return " ".join(parts)


def _ranged(expr: WindowFunction) -> tuple[SortKey, ...]:
    """The sort keys; that of a RANGE frame with offsets in the type that its ends have."""
    frame = expr.frame
    if frame is None or frame.unit != "RANGE":
        return expr.order
    kinds = [one.value.type for one in (frame.start, frame.end) if one.value is not None]
    if not kinds or not t.is_numeric(kinds[0]):
        return expr.order
    (key,) = expr.order
    kind = key.value.type
    for one in kinds:
        kind = range_type(kind, one)
    if key.nulls_first and kind.name in ("double", "real"):
        raise not_supported("window frames of type RANGE over numbers where NaN is first")
    return (SortKey(coerced(key.value, kind), key.descending, key.nulls_first),)


def _frame(text: Text, frame: Frame, order: tuple[SortKey, ...]) -> str:
    start, end = (_frame_end(text, one, frame.unit, order) for one in (frame.start, frame.end))
    return f"{frame.unit} BETWEEN {start} AND {end}"


def _frame_end(text: Text, end: FrameEnd, unit: str, order: tuple[SortKey, ...]) -> str:
    if end.value is None:
        return end.kind
    if unit != "RANGE":
        whole = _offset(text, cast(text.of(end.value), t.BIGINT), t.BIGINT)
        return f"{whole} {end.kind}"
    (key,) = order
    kind = range_type(key.value.type, end.value.type)
    value = text.of(coerced(end.value, kind)) if t.is_numeric(kind) else text.of(end.value)
    value = _offset(text, value, kind if t.is_numeric(kind) else end.value.type)
    if end.value.type == t.DAY_INTERVAL:
        value = f"to_milliseconds({value})"
    elif end.value.type == t.MONTH_INTERVAL:
        value = f"to_months({value})"
    return f"{value} {end.kind}"


def _offset(text: Text, sql: str, of: Type) -> str:
    def checked(value: Any) -> Any:
        if value is None or value < 0:
            raise QueryError(
                "INVALID_WINDOW_FRAME", "Window frame offset value must not be negative or null"
            )
        return value

    return text.python(checked, (of,), of, sql, key=("frame offset", of), nullable=True)


def range_type(key: Type, offset: Type) -> Type:
    """The type in which a RANGE frame's ends are computed and compared."""
    if t.is_numeric(key):
        found = common_super_type(key, offset)
        assert found is not None
        return found
    if key.name not in ("date", "timestamp"):
        raise not_supported(f"window frames of type RANGE over {key}")
    return key
