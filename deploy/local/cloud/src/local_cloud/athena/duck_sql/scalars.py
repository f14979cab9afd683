"""Clauses in which nothing but plain expressions may stand."""

from dataclasses import fields
from typing import Any

from local_cloud.athena.analysis.context import Context
from local_cloud.athena.functions.declared import AGGREGATE, WINDOW, catalogue
from local_cloud.athena.sql import tree


def refuse_aggregates(context: Context, node: tree.Expression, what: str) -> None:
    """No aggregate, window or grouping operation (verifyNoAggregateWindowOrGroupingFunctions).

    Decided from names alone, before types are looked at; queries inside are on their own.
    """
    if _has_some(node):
        raise context.error(
            "EXPRESSION_NOT_SCALAR",
            f"{what} cannot contain aggregations, window functions or grouping operations",
            node.at,
        )


def _has_some(value: Any) -> bool:
    if isinstance(value, tuple):
        return any(_has_some(one) for one in value)
    if not isinstance(value, tree.Node) or isinstance(value, tree.Query):
        return False
    if isinstance(value, (tree.Grouping, tree.ListAgg)):
        return True
    if isinstance(value, tree.FunctionCall):
        kinds = {one.kind for one in catalogue().get(value.name.text, ())}
        if value.window is not None or kinds & {AGGREGATE, WINDOW}:
            return True
    return any(_has_some(getattr(value, one.name)) for one in fields(value))
