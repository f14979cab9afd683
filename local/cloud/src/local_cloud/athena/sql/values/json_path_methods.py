"""A JSON path's arithmetic and methods (PathEvaluationVisitor of trino-main 476)."""

from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.failures import QueryError
from local_cloud.athena.sql.values import json_path_numbers as arithmetic
from local_cloud.athena.sql.values import json_path_tree as tree
from local_cloud.athena.sql.values.json_evaluation import (
    Evaluation,
    PathError,
    Place,
    as_number,
    checked,
    evaluates,
    unwrapped,
    wrong_kind,
)
from local_cloud.athena.sql.values.json_items import Item, TypedValue, kind_of, text
from local_cloud.athena.sql.values.json_nodes import MISSING


@evaluates(tree.Arithmetic)
def _arithmetic(run: Evaluation, path: tree.Arithmetic, at: Place) -> list[Item]:
    sides = [run.of(path.left, at), run.of(path.right, at)]
    if run.lax:
        sides = [unwrapped(one) for one in sides]
    if any(len(one) != 1 for one in sides):
        raise PathError("arithmetic binary expression requires singleton operands")
    left, right = (one if isinstance(one, TypedValue) else as_number(one) for (one,) in sides)
    found = run.operators.arithmetic(path.operator, left.type, right.type)
    if found is None:
        raise PathError(f"invalid operand types to {path.operator} operator")
    compute, kind = found
    return [TypedValue(kind, checked(compute, left.value, right.value))]


@evaluates(tree.Signed)
def _signed(run: Evaluation, path: tree.Signed, at: Place) -> list[Item]:
    numbers = [as_number(one) for one in run.unwrapped(path.base, at)]
    return [checked(arithmetic.negative, one) for one in numbers] if path.negative else numbers


# ---- methods --------------------------------------------------------------------------------


@evaluates(tree.Method)
def _method(run: Evaluation, path: tree.Method, at: Place) -> list[Item]:
    if path.name in ("size", "type"):
        items = run.of(path.base, at)
        if path.name == "size":
            return [_size(run, one) for one in items]
        return [named for one in items for named in _type(one)]
    items = run.unwrapped(path.base, at)
    if path.name == "keyvalue":
        return [pair for one in items for pair in _key_values(run, one)]
    if path.name == "double":
        return [checked(arithmetic.double, _double_source(one)) for one in items]
    compute = _NUMERIC[path.name]
    return [checked(compute, as_number(one)) for one in items]


_NUMERIC = {
    "abs": arithmetic.absolute,
    "ceiling": arithmetic.ceiling,
    "floor": arithmetic.floor,
}


def _double_source(item: Item) -> TypedValue:
    if isinstance(item, TypedValue):
        if item.type.name not in (*arithmetic.IS_NUMBER, "varchar", "char"):
            raise wrong_kind("NUMBER or TEXT", item)
        return item
    return text(item) or as_number(item)


def _size(run: Evaluation, item: Item) -> Item:
    if isinstance(item, list):
        return TypedValue(t.INTEGER, len(item))
    if not run.lax:
        raise wrong_kind("ARRAY", item)
    return TypedValue(t.INTEGER, 1)


_TIMES = {
    "date": "date",
    "time": "time without time zone",
    "time with time zone": "time with time zone",
    "timestamp": "timestamp without time zone",
    "timestamp with time zone": "timestamp with time zone",
}
_KINDS = {
    **dict.fromkeys(arithmetic.IS_NUMBER, "number"),
    **dict.fromkeys(("varchar", "char"), "string"),
    "boolean": "boolean",
    **_TIMES,
}
TYPE_METHOD_RESULT = t.varchar(27)


def _type(item: Item) -> list[Item]:
    """The kind's name; an interval, which arithmetic may give, has none and is left out."""
    if item is MISSING:
        raise QueryError("GENERIC_INTERNAL_ERROR", "unexpected Json node type: MISSING")
    name = kind_of(item).lower()
    if isinstance(item, TypedValue):
        name = _KINDS.get(item.type.name, "")
    return [TypedValue(TYPE_METHOD_RESULT, name)] if name else []


def _key_values(run: Evaluation, item: Item) -> list[Item]:
    if not isinstance(item, dict):
        raise wrong_kind("OBJECT", item)
    found = run.objects
    run.objects += 1
    return [{"name": key, "value": value, "id": found} for key, value in item.items()]
