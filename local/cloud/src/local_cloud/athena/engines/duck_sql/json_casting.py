"""cast(json_parse(…) as …) to an array, map or row, of which Trino makes one step.

`SpecializeCastWithJsonParse` (io.trino.sql.ir.optimizer.rule) casts the text as it was written:
with its names in their order and twice, its numbers with all of their digits, and with another
error where it is no JSON. A text that is constant is parsed before.
"""

from typing import Any

from local_cloud.athena.engines.duck_sql.expression_writer import ExpressionWriter
from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.ir import BoundCall, Cast, ColumnRef, Expr
from local_cloud.athena.sql.properties import is_constant
from local_cloud.athena.sql.types import Type
from local_cloud.athena.sql.values import json_casts, json_text

PARSE = "json_parse(varchar(x))"


def parsed(expr: Expr) -> Expr | None:
    """The text, if `expr` is json_parse of one."""
    if isinstance(expr, BoundCall) and expr.bound.declared.key == PARSE:
        return expr.arguments[0]
    return None


def casted_at_once(text: ExpressionWriter, expr: Cast, to: Type) -> str | None:
    """SQL of the cast, or None where it is none of parsed JSON to a container."""
    if expr.value.type != t.JSON or not to.args or expr.safe:
        return None
    if isinstance(expr.value, ColumnRef):
        # If a query inside made it by json_parse, Trino may yet make one step of both.
        text.udfs.casts_json_columns = True
    given = parsed(expr.value)
    if given is None:
        return None
    cast = json_casts.reader(to)

    def of_constant(value: str) -> Any:
        try:
            value = json_text.canonical(value)
        except ValueError:
            return cast(value)
        return cast(value)

    constant = is_constant(given)
    function = of_constant if constant else cast
    key = ("parsed and cast", to, constant)
    return text.python(function, (t.VARCHAR,), to, text.of(given), key=key)
