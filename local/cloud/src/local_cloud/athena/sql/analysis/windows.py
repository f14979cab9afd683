"""OVER: named windows resolved, frames checked (ExpressionAnalyzer.analyzeWindow)."""

from collections.abc import Sequence

from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.analysis.context import AnalysisContext
from local_cloud.athena.sql.analysis.expressions import analysed
from local_cloud.athena.sql.analysis.operators import called_operator
from local_cloud.athena.sql.analysis.scope import Scope
from local_cloud.athena.sql.failures import QueryError, not_supported
from local_cloud.athena.sql.ir import (
    Cast,
    Constant,
    Expr,
    Frame,
    FrameEnd,
    Over,
    SortKey,
    WindowFunction,
    walk,
)
from local_cloud.athena.sql.properties import is_constant
from trino_sql import tree

_DATED = (
    "date",
    *t.TIMED,
    "interval day to second",
    "interval year to month",
)


def window_name(name: tree.Identifier) -> str:
    """Names of windows are canonical: unquoted ones in upper case (canonicalizationAwareKey)."""
    return name.name if name.quoted else name.name.upper()


def over(
    context: AnalysisContext,
    scope: Scope,
    node: tree.WindowReference | tree.WindowSpecification,
) -> Over:
    """The window that OVER means; what it takes from a named one was analysed where that is."""
    if isinstance(node, tree.WindowReference):
        return _named(context, scope, node.name)
    named = _extended(context, scope, node)
    partition = tuple(analysed(context, scope, one) for one in node.partition)
    for value, one in zip(partition, node.partition, strict=True):
        _no_window(context, value, one.at)
        if not t.is_comparable(value.type):
            raise context.mismatch(
                f"{value.type} is not comparable, and therefore cannot be used in window "
                "function PARTITION BY",
                one.at,
            )
    order = sort_keys(context, scope, node.order, "window function ORDER BY")
    for key, item in zip(order, node.order, strict=True):
        _no_window(context, key.value, item.at)
    if named is not None:
        partition, order = named.partition, order or named.order
    frame = _frame(context, scope, node.frame, order) if node.frame else None
    return Over(partition, order, frame)


def _extended(
    context: AnalysisContext, scope: Scope, node: tree.WindowSpecification
) -> Over | None:
    """The named window that this one adds to (resolveWindowSpecification)."""
    if node.existing is None:
        return None
    named = _named(context, scope, node.existing)
    if node.partition:
        raise context.error(
            "INVALID_PARTITION_BY",
            "WINDOW specification with named WINDOW reference cannot specify PARTITION BY",
            node.partition[0].at,
        )
    if node.order and named.order:
        raise context.error(
            "INVALID_ORDER_BY",
            "Cannot specify ORDER BY if referenced named WINDOW specifies ORDER BY",
            node.order[0].at,
        )
    if named.frame is not None:
        raise context.error(
            "INVALID_WINDOW_REFERENCE",
            "Cannot reference named WINDOW containing frame specification",
            node.existing.at,
        )
    return named


def sort_keys(
    context: AnalysisContext, scope: Scope, items: Sequence[tree.SortItem], what: str
) -> tuple[SortKey, ...]:
    """Keys of an ORDER BY inside of a call; nulls come last unless it says otherwise."""
    made = []
    for item in items:
        value = analysed(context, scope, item.key)
        if not t.is_orderable(value.type):
            raise context.mismatch(
                f"{value.type} is not orderable, and therefore cannot be used in {what}",
                item.at,
            )
        made.append(SortKey(value, item.descending, bool(item.nulls_first)))
    return tuple(made)


def _no_window(context: AnalysisContext, value: Expr, at: int) -> None:
    if any(isinstance(one, WindowFunction) for one in walk(value)):
        raise context.error(
            "NESTED_WINDOW",
            "Cannot nest window functions or row pattern measures inside window specification",
            at,
        )


def _named(context: AnalysisContext, scope: Scope, name: tree.Identifier) -> Over:
    found = scope.windows.get(window_name(name))
    if found is None:
        raise context.error(
            "INVALID_WINDOW_REFERENCE", f"Cannot resolve WINDOW name {name.name}", name.at
        )
    return found


# ---- frames ---------------------------------------------------------------------------------

_WRONG = {
    ("CURRENT ROW", "PRECEDING"),
    ("FOLLOWING", "PRECEDING"),
    ("FOLLOWING", "CURRENT ROW"),
}


def _frame(
    context: AnalysisContext, scope: Scope, node: tree.Frame, order: tuple[SortKey, ...]
) -> Frame:
    end = node.end or tree.FrameBound("CURRENT ROW")
    kinds = (node.start.kind, end.kind)
    if (
        kinds[0] == "UNBOUNDED FOLLOWING"
        or kinds[1] == "UNBOUNDED PRECEDING"
        or kinds in _WRONG
    ):
        raise context.error(
            "INVALID_WINDOW_FRAME",
            f"Window frame starting from {kinds[0]} cannot end with {kinds[1]}",
            node.at,
        )
    bounds = [_bound(context, scope, node, one, order) for one in (node.start, end)]
    if node.unit != "RANGE" and (kinds[0] == "FOLLOWING" or kinds[1] == "PRECEDING"):
        _refuse_changing(bounds)
    if node.unit != "RANGE":
        bounds = [
            _reachable(one, outward)
            for one, outward in zip(bounds, ("PRECEDING", "FOLLOWING"), strict=True)
        ]
    return Frame(node.unit, *bounds)


def _refuse_changing(bounds: list[FrameEnd]) -> None:
    """Behind an empty frame, Trino's next ones are not those that their offsets say."""
    if any(one.value is not None and not is_constant(one.value) for one in bounds):
        raise not_supported(
            "window frames that may lie beside their row, with offsets that change"
        )


def _reachable(bound: FrameEnd, outward: str) -> FrameEnd:
    """A number of rows or groups that fits bigint; one beyond it reaches past all there are."""
    value = bound.value
    while isinstance(value, Cast) and value.value.type.name in (*t.INTEGERS, "decimal"):
        value = value.value
    if value is None or value.type.name in t.INTEGERS or (value.type.precision or 0) <= 18:
        return bound
    if not isinstance(value, Constant):
        raise not_supported(f"window frames with offsets of type {value.type}")
    if value.value is None or value.value < 2**63:
        return bound
    if bound.kind != outward:
        raise not_supported(f"window frames from or to {value.value} {bound.kind}")
    return FrameEnd(f"UNBOUNDED {outward}")


def _bound(
    context: AnalysisContext,
    scope: Scope,
    frame: tree.Frame,
    node: tree.FrameBound,
    order: tuple[SortKey, ...],
) -> FrameEnd:
    if node.value is None:
        return FrameEnd(node.kind)
    if frame.unit == "RANGE":
        return _range_bound(context, scope, frame, node, order)
    if frame.unit == "GROUPS" and not order:
        raise context.error(
            "MISSING_ORDER_BY",
            "Window frame of type GROUPS PRECEDING or FOLLOWING requires ORDER BY",
            frame.at,
        )
    value = analysed(context, scope, node.value)
    _no_window(context, value, node.value.at)
    exact = value.type.name in t.INTEGERS or (
        value.type.name == "decimal" and value.type.scale == 0
    )
    if not exact:
        raise context.mismatch(
            f"Window frame {frame.unit} value type must be exact numeric type with scale 0 "
            f"(actual {value.type})",
            node.value.at,
        )
    return FrameEnd(node.kind, value)


def _range_bound(
    context: AnalysisContext,
    scope: Scope,
    frame: tree.Frame,
    node: tree.FrameBound,
    order: tuple[SortKey, ...],
) -> FrameEnd:
    assert node.value is not None
    what = "Window frame of type RANGE PRECEDING or FOLLOWING requires"
    if not order:
        raise context.error("MISSING_ORDER_BY", f"{what} ORDER BY", frame.at)
    if len(order) != 1:
        raise context.error(
            "INVALID_ORDER_BY", f"{what} single sort item in ORDER BY", frame.at
        )
    key = order[0].value
    if not t.is_numeric(key.type) and key.type.name not in _DATED:
        raise context.mismatch(
            f"{what} that sort item type be numeric, datetime or interval (actual: {key.type})",
            frame.at,
        )
    value = analysed(context, scope, node.value)
    _no_window(context, value, node.value.at)
    refused = context.mismatch(
        f"Window frame RANGE value type ({value.type}) not compatible with sort item type "
        f"({key.type})",
        node.value.at,
    )
    if t.is_numeric(key.type) != t.is_numeric(value.type):
        raise refused
    if not t.is_numeric(key.type) and not value.type.name.startswith("interval"):
        raise refused
    try:
        called_operator(context, "add", (key, value), node.at, "+")
    except QueryError as error:
        if error.name == "TYPE_MISMATCH":
            raise refused from error
        raise
    return FrameEnd(node.kind, value)
