"""What a SELECT consists of, in words: `correlation` decides by them."""

from collections.abc import Mapping

from local_cloud.athena.sql.analysis.scope import Scope
from local_cloud.athena.sql.ir import (
    Aggregate,
    ColumnRef,
    Expr,
    Special,
    Subquery,
    WindowFunction,
)
from local_cloud.athena.sql.properties import all_terms, columns_of
from trino_sql import tree


def shape_of(
    clauses: Mapping[str, object],
    tail: tree.Tail,
    from_: tree.Relation | None,
    parts: list[Expr],
) -> frozenset[str]:
    """`clauses` by their names, as far as they are there; `parts` are all that is computed."""
    aggregates = [one for one in parts if isinstance(one, Aggregate)]
    group, having = clauses["group"], clauses["having"]
    there = {
        **clauses,
        "from": from_,
        "join": from_ is not None and _joins(from_),
        "sets": isinstance(group, tree.GroupBy)
        and any(one.kind != "SIMPLE" for one in group.elements),
        "aggregate": group is None and (aggregates or having is not None),
        "filter": any(one.filter is not None for one in aggregates),
        "window": any(isinstance(one, WindowFunction) for one in parts),
        "subquery": any(isinstance(one, Subquery) for one in parts),
        "order": tail.order,
        "limit": tail.limit,
        "ties": isinstance(tail.limit, tree.FetchFirst) and tail.limit.with_ties,
        "offset": tail.offset,
    }
    return frozenset(name for name, present in there.items() if present)


def _joins(node: tree.Relation) -> bool:
    """Whether more than one row may meet what is on the right."""
    if isinstance(node, tree.Aliased):
        return _joins(node.relation)
    return isinstance(node, tree.Join) and not _is_one_row(node.left)


def _is_one_row(node: tree.Relation) -> bool:
    if isinstance(node, tree.Aliased):
        return _is_one_row(node.relation)
    if isinstance(node, tree.TableSubquery):
        return node.query.tail == tree.Tail() and _is_one_row(node.query.body)
    return isinstance(node, tree.Values) and len(node.rows) == 1


def unequal(where: Expr, scope: Scope | None) -> bool:
    """Whether a condition on columns from outside is another than `column = something of them`."""
    boundary = scope.nearest_boundary() if scope is not None else None
    if boundary is None:
        return False
    outer = frozenset(boundary.captured)
    return any(not _is_equality(one, outer) for one in all_terms(where))


def _is_equality(term: Expr, outer: frozenset[ColumnRef]) -> bool:
    if not columns_of(term) & outer or columns_of(term) <= outer:
        return True
    if not isinstance(term, Special) or term.form != "=":
        return False
    first, second = term.operands
    return any(
        isinstance(one, ColumnRef) and one not in outer and columns_of(other) <= outer
        for one, other in ((first, second), (second, first))
    )
