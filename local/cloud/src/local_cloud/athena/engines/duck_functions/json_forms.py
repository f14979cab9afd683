"""The JSON forms as DuckDB's SQL: each is one Python function of its operands."""

from collections.abc import Callable
from typing import Any

from local_cloud.athena.engines.duck_functions.json_path_operators import PathOperators
from local_cloud.athena.engines.duck_sql.failing import can_fail
from local_cloud.athena.engines.duck_sql.text import Text, form
from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.analysis.type_names import can_cast
from local_cloud.athena.sql.failures import QueryError, not_supported
from local_cloud.athena.sql.ir import ColumnRef, Expr, Special, Subquery, walk
from local_cloud.athena.sql.values import json_constructors, json_functions
from local_cloud.athena.sql.values.json_functions import PathCall

_OPERATORS = PathOperators()


Compute = Callable[[tuple[Any, ...]], Any]


def _called(text: Text, expr: Special, compute: Compute) -> str:
    """The form of all its operands' values; bytes become text where the form's type is text."""

    def function(*values: Any) -> Any:
        made = compute(values)
        return made.decode() if isinstance(made, bytes) and expr.type == t.VARCHAR else made

    kinds = tuple(one.type for one in expr.operands)
    key = (expr.form, expr.detail, expr.type)
    made = text.each(expr.operands)
    if not made:
        # DuckDB's functions of Python's take at least one argument.
        return text.python(
            lambda _: function(), (t.UNKNOWN,), expr.type, "0", key=key, nullable=True
        )
    return text.python(function, kinds, expr.type, *made, key=key, nullable=True)


def _varies(expr: Expr) -> bool:
    return any(isinstance(one, (ColumnRef, Subquery)) for one in walk(expr))


def _found(text: Text, expr: Special, call: PathCall, fails: bool, compute: Compute) -> str:
    """A form that searches its first operand. `fails` is whether it has ERROR ON ERROR."""
    source, *others = expr.operands
    constant, others_vary = not _varies(source), any(map(_varies, others))

    def careful(values: tuple[Any, ...]) -> Any:
        if values[0] is None:
            return None
        if not constant or not json_functions.is_fragile(values[0], call.inputs[0]):
            return compute(values)
        # A constant that is read when the query is planned may reach Trino's workers as text.
        if others_vary:
            raise not_supported(
                "this constant JSON: numbers too large, half characters or empty"
            )
        try:
            return compute(values)
        except QueryError as error:
            raise not_supported(f"this constant JSON, which fails with {error.name}") from error

    made = _called(text, expr, careful)
    return _unless_null(text, expr, call, fails, made)


def _unless_null(text: Text, expr: Special, call: PathCall, fails: bool, made: str) -> str:
    """Null where the input is; then nothing else is evaluated, and in front of it the input is.

    `fails` says that an input which is no JSON is an error, whatever the other operands are.
    """
    source, *others = expr.operands
    if not any(can_fail(one) for one in others):
        return made
    first = text.of(source)
    if not fails:
        return f"(CASE WHEN {first} IS NOT NULL THEN {made} END)"

    def is_json(value: Any) -> bool:
        json_functions.as_json(value, call.inputs[0])
        return True

    tested = text.python(
        is_json, (source.type,), t.BOOLEAN, first, key=("is_json", call.inputs[0])
    )
    return f"(CASE WHEN {tested} THEN {made} END)"


@form("json_exists", fails=True)
def _exists(text: Text, expr: Special) -> str:
    call = expr.detail

    def compute(values: tuple[Any, ...]) -> bool | None:
        return json_functions.exists(call, values, _OPERATORS)

    return _found(text, expr, call.path, call.on_error == "ERROR", compute)


@form("json_value", fails=True)
def _value(text: Text, expr: Special) -> str:
    call = expr.detail

    def compute(values: tuple[Any, ...]) -> Any:
        *inputs, on_empty, on_error = values
        return json_functions.value(call, inputs, (on_empty, on_error), _OPERATORS, can_cast)

    return _found(text, expr, call.path, call.on_error.kind == "ERROR", compute)


@form("json_query", fails=True)
def _query(text: Text, expr: Special) -> str:
    call = expr.detail

    def compute(values: tuple[Any, ...]) -> bytes | None:
        return json_functions.query(call, values, _OPERATORS)

    return _found(text, expr, call.path, call.on_error.kind == "ERROR", compute)


@form("json_object", fails=True)
def _object(text: Text, expr: Special) -> str:
    call = expr.detail
    return _called(text, expr, lambda values: json_constructors.object_of(call, values))


@form("json_array", fails=True)
def _array(text: Text, expr: Special) -> str:
    call = expr.detail
    return _called(text, expr, lambda values: json_constructors.array(call, values))
