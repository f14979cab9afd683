"""The JSON forms as DuckDB's SQL: each is one Python function of its operands."""

from collections.abc import Callable
from typing import Any

from local_cloud.athena import types as t
from local_cloud.athena.analysis.type_names import can_cast
from local_cloud.athena.duck_sql.text import Text, can_fail, form
from local_cloud.athena.functions.json_path_operators import PathOperators
from local_cloud.athena.ir import Special
from local_cloud.athena.values import json_constructors, json_functions
from local_cloud.athena.values.json_functions import PathCall

_OPERATORS = PathOperators()


def _called(text: Text, expr: Special, compute: Callable[[tuple[Any, ...]], Any]) -> str:
    """The form of all its operands' values; bytes become text where the form's type is text."""

    def function(*values: Any) -> Any:
        made = compute(values)
        return made.decode() if isinstance(made, bytes) and expr.type == t.VARCHAR else made

    kinds = tuple(one.type for one in expr.operands)
    key = (expr.form, expr.detail, expr.type)
    made = text.each(expr.operands)
    if not made:
        # DuckDB's functions of Python's take at least one argument.
        made, kinds = ["0"], (t.UNKNOWN,)
        return text.python(
            lambda _: function(), kinds, expr.type, *made, key=key, nullable=True
        )
    return text.python(function, kinds, expr.type, *made, key=key, nullable=True)


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
        if values[0] is None:
            return None
        return json_functions.exists(call, values, _OPERATORS)

    made = _called(text, expr, compute)
    return _unless_null(text, expr, call.path, call.on_error == "ERROR", made)


@form("json_value", fails=True)
def _value(text: Text, expr: Special) -> str:
    call = expr.detail

    def compute(values: tuple[Any, ...]) -> Any:
        *inputs, on_empty, on_error = values
        if inputs[0] is None:
            return None
        return json_functions.value(call, inputs, (on_empty, on_error), _OPERATORS, can_cast)

    made = _called(text, expr, compute)
    return _unless_null(text, expr, call.path, call.on_error.kind == "ERROR", made)


@form("json_query", fails=True)
def _query(text: Text, expr: Special) -> str:
    call = expr.detail

    def compute(values: tuple[Any, ...]) -> bytes | None:
        if values[0] is None:
            return None
        return json_functions.query(call, values, _OPERATORS)

    made = _called(text, expr, compute)
    return _unless_null(text, expr, call.path, call.on_error.kind == "ERROR", made)


@form("json_object", fails=True)
def _object(text: Text, expr: Special) -> str:
    call = expr.detail
    return _called(text, expr, lambda values: json_constructors.object_of(call, values))


@form("json_array", fails=True)
def _array(text: Text, expr: Special) -> str:
    call = expr.detail
    return _called(text, expr, lambda values: json_constructors.array(call, values))
