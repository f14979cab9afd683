"""Clauses in which nothing but plain expressions may stand."""

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from local_cloud.athena.sql.analysis.context import AnalysisContext
from local_cloud.athena.sql.signatures.declared import AGGREGATE, WINDOW, catalogue
from trino_sql import tree


def refuse_aggregates(context: AnalysisContext, node: tree.Expression, what: str) -> None:
    """No aggregate, window or grouping operation (verifyNoAggregateWindowOrGroupingFunctions).

    Decided from names alone, before types are looked at; queries inside are on their own.
    """
    if any(_is_no_scalar(one) for one in _nodes(node)):
        raise context.error(
            "EXPRESSION_NOT_SCALAR",
            f"{what} cannot contain aggregations, window functions or grouping operations",
            node.at,
        )


def has_window(node: tree.Expression) -> bool:
    """Whether a window function is called, by its name or with OVER; not in queries inside."""
    return any(
        isinstance(one, tree.FunctionCall)
        and (one.window is not None or _kinds(one) == {WINDOW})
        for one in _nodes(node)
    )


def _is_no_scalar(node: tree.Node) -> bool:
    if isinstance(node, (tree.Grouping, tree.ListAgg)):
        return True
    return isinstance(node, tree.FunctionCall) and (
        node.window is not None or bool(_kinds(node) & {AGGREGATE, WINDOW})
    )


def _kinds(call: tree.FunctionCall) -> set[str]:
    return {one.kind for one in catalogue().get(call.name.text, ())}


def _nodes(value: Any) -> Iterator[tree.Node]:
    """The node and all nodes below it but those of queries."""
    if isinstance(value, tuple):
        for one in value:
            yield from _nodes(one)
    elif isinstance(value, tree.Node) and not isinstance(value, tree.Query):
        yield value
        for one in fields(value):
            yield from _nodes(getattr(value, one.name))
