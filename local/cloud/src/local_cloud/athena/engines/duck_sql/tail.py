"""OFFSET, LIMIT and FETCH FIRST."""

from collections.abc import Sequence
from dataclasses import dataclass

from local_cloud.athena.engines.duck_sql.relation import Planner
from local_cloud.athena.sql.analysis.expressions import analysed
from local_cloud.athena.sql.analysis.scope import Scope
from local_cloud.athena.sql.failures import not_supported
from local_cloud.athena.sql.ir import Constant
from trino_sql import tree


@dataclass(frozen=True, slots=True)
class RowLimits:
    """How many rows are passed over, and how many come then (None: all)."""

    offset: int = 0
    count: int | None = None
    with_ties: bool = False


def keeps_order(planner: Planner, tail: tree.Tail) -> bool:
    """Whether ORDER BY is more than a wish, which it is not in a query inside of another.

    (StatementAnalyzer.analyze of OrderBy: REDUNDANT_ORDER_BY.)
    """
    outermost = planner.level == 1 and not planner.depth
    return outermost or tail.limit is not None or tail.offset is not None


def tail_limits(planner: Planner, tail: tree.Tail, ordered: bool) -> RowLimits | None:
    """The limits of a query, or None where it has none."""
    if tail.offset is None and tail.limit is None:
        return None
    offset = _count(planner, tail.offset, "OFFSET") if tail.offset is not None else 0
    count: int | None = None
    with_ties = False
    if isinstance(tail.limit, tree.Limit) and tail.limit.count is not None:
        count = _count(planner, tail.limit.count, "LIMIT")
    if isinstance(tail.limit, tree.FetchFirst):
        count = 1
        if tail.limit.count is not None:
            count = _count(planner, tail.limit.count, "FETCH FIRST")
        if count <= 0:
            raise planner.context.error(
                "NUMERIC_VALUE_OUT_OF_RANGE",
                f"FETCH FIRST row count must be positive (actual value: {count})",
                tail.limit.at,
            )
        with_ties = tail.limit.with_ties
        if with_ties and not ordered:
            raise planner.context.error(
                "MISSING_ORDER_BY",
                "FETCH FIRST WITH TIES clause requires ORDER BY",
                tail.limit.at,
            )
    if ordered and count is not None and count >= 2**31:
        # TopN counts with 31 bits.
        raise planner.context.error(
            "NOT_SUPPORTED", "ORDER BY LIMIT > 2147483647 is not supported", tail.at
        )
    return RowLimits(offset, count, with_ties)


def _count(planner: Planner, node: tree.Expression, what: str) -> int:
    value = analysed(planner.context, Scope(), node)
    if not isinstance(value, Constant) or not isinstance(value.value, int):
        raise planner.context.error(
            "INVALID_PARAMETER_USAGE", f"Non constant parameter value for {what}", node.at
        )
    if value.value < 0:
        raise planner.context.error(
            "NUMERIC_VALUE_OUT_OF_RANGE", f"{what} row count must not be negative", node.at
        )
    return value.value


def limited(
    planner: Planner,
    sql: str,
    names: Sequence[str],
    ordered: str,
    keys: Sequence[str],
    limits: RowLimits | None,
) -> str:
    """`sql` in order and cut, with the columns `names`."""
    listed = ", ".join(names) or "1"
    if limits is not None and limits.with_ties:
        rank = planner.context.names.fresh("r")
        if limits.offset:
            raise not_supported("OFFSET with WITH TIES")
        ranked = f"SELECT *, rank() OVER (ORDER BY {', '.join(keys)}) AS {rank} FROM ({sql})"
        return f"SELECT {listed} FROM ({ranked}) WHERE {rank} <= {limits.count}{ordered}"
    text = f"SELECT {listed} FROM ({sql}){ordered}"
    if limits is not None and limits.count is not None:
        text += f" LIMIT {limits.count}"
    if limits is not None and limits.offset:
        text += f" OFFSET {limits.offset}"
    return text
