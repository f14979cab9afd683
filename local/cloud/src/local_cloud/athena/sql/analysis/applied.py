"""Functions on their arguments: what may stand beside them, and aggregates and windows of them."""

from dataclasses import dataclass

from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.analysis.context import AnalysisContext
from local_cloud.athena.sql.failures import QueryError, not_supported
from local_cloud.athena.sql.ir import Aggregate, Expr, Over, SortKey, WindowFunction, walk
from local_cloud.athena.sql.signatures.binding import Bound
from local_cloud.athena.sql.signatures.declared import AGGREGATE, WINDOW
from trino_sql import tree

# What may have no frame.
_RANKING = (
    "lag",
    "lead",
    "row_number",
    "rank",
    "dense_rank",
    "percent_rank",
    "cume_dist",
    "ntile",
)


@dataclass(frozen=True, slots=True)
class Applied:
    """A function on its arguments, with what else stands between the call's brackets."""

    bound: Bound
    arguments: tuple[Expr, ...]
    distinct: bool
    order: tuple[SortKey, ...]
    filter: Expr | None

    @property
    def name(self) -> str:
        return self.bound.declared.name

    @property
    def kind(self) -> str:
        return self.bound.declared.kind


def check_modifiers(
    context: AnalysisContext, applied: Applied, opened: Over | None, at: int
) -> None:
    """DISTINCT, ORDER BY and FILTER: which functions may have them, and of what types."""
    if applied.distinct and not all(t.is_comparable(one) for one in applied.bound.arguments):
        raise context.mismatch("DISTINCT can only be applied to comparable types", at)
    if applied.kind == AGGREGATE:
        return
    if applied.kind == WINDOW and opened is not None and (applied.distinct or applied.order):
        raise not_supported(f"DISTINCT or ORDER BY in {applied.name}(…) OVER")
    for present, what in ((applied.order, "ORDER BY"), (applied.filter is not None, "FILTER")):
        if present:
            raise context.error(
                "FUNCTION_NOT_AGGREGATE",
                f"{what} is only valid for aggregation functions",
                at,
            )


def windowed(
    context: AnalysisContext, applied: Applied, opened: Over, nulls: str | None, at: int
) -> WindowFunction:
    if applied.kind not in (AGGREGATE, WINDOW):
        raise context.error("FUNCTION_NOT_WINDOW", f"Not a window function: {applied.name}", at)
    try:
        _check_window(context, applied, opened, at)
    except QueryError as error:
        context.late.append(error)
    for one in applied.order:
        if any(isinstance(part, WindowFunction) for part in walk(one.value)):
            raise context.error("NESTED_WINDOW", "Cannot nest window functions", at)
    return WindowFunction(
        applied.bound.result,
        applied.bound,
        applied.arguments,
        applied.distinct,
        applied.order,
        applied.filter,
        opened.partition,
        opened.order,
        opened.frame,
        nulls == "IGNORE",
    )


def _check_window(context: AnalysisContext, applied: Applied, opened: Over, at: int) -> None:
    """What a window function may not have (StatementAnalyzer.analyzeWindowFunctions)."""
    if applied.filter is not None:
        raise context.error(
            "NOT_SUPPORTED", "FILTER is not yet supported for window functions", at
        )
    name = applied.name
    if applied.kind == AGGREGATE:
        return
    if name in ("lag", "lead") and not opened.order:
        raise context.error(
            "MISSING_ORDER_BY", f"{name} function requires an ORDER BY window clause", at
        )
    if name in _RANKING and opened.frame is not None:
        raise context.error(
            "INVALID_WINDOW_FRAME", f"Cannot specify window frame for {name} function", at
        )


def check_distinct_order(
    context: AnalysisContext,
    applied: Applied,
    arguments: tuple[tree.Expression, ...],
    order: tuple[tree.SortItem, ...],
    at: int,
) -> None:
    """With DISTINCT, keys of ORDER BY are arguments: as they are written, or as they are meant."""
    in_arguments = all(
        one.key in arguments or key.value in applied.arguments
        for one, key in zip(order, applied.order, strict=True)
    )
    if applied.distinct and not in_arguments:
        raise context.error(
            "EXPRESSION_NOT_IN_DISTINCT",
            "For aggregate function with DISTINCT, ORDER BY expressions must appear in arguments",
            at,
        )


def aggregate(context: AnalysisContext, applied: Applied, at: int) -> Aggregate:
    inside = [*applied.arguments, *(one.value for one in applied.order)]
    if applied.filter is not None:
        inside.append(applied.filter)
    for part in (part for one in inside for part in walk(one)):
        if isinstance(part, Aggregate):
            raise context.error(
                "NESTED_AGGREGATION",
                f"Cannot nest aggregations inside aggregation '{applied.name}'",
                at,
            )
        if isinstance(part, WindowFunction):
            raise context.error(
                "NESTED_WINDOW",
                "Cannot nest window functions or row pattern measures inside aggregation "
                f"'{applied.name}'",
                at,
            )
    return Aggregate(
        applied.bound.result,
        applied.bound,
        applied.arguments,
        applied.distinct,
        applied.order,
        applied.filter,
    )
