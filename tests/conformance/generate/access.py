"""Parts of nested values: a row's field by name or place, an array's element, a map's value."""

from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.types import Type
from tests.conformance.generate.draw import Draw
from tests.conformance.generate.kinds import fits
from tests.conformance.generate.literals import constant, exactly
from tests.conformance.generate.node import Node, operand, value
from tests.conformance.generate.scope import Scope
from tests.conformance.generate.values import expression, producer


@producer(4)
def field_(draw: Draw, scope: Scope, kind: Type, depth: int) -> Node | None:
    """`a.x` or `a[1]` of a column, or of a row made for it."""
    found = [
        (column, at)
        for column in scope.columns
        if column.type.name == "row"
        for at, one in enumerate(column.type.args)
        if fits(one, kind)
    ]
    if found and draw.maybe(0.7):
        column, at = draw.pick(found)
        return _field(draw, column.node(), at)
    if kind == t.UNKNOWN or kind.name == "function":
        return None
    names = (None, None) if draw.maybe(0.5) else ("x", "y")
    made = t.row((kind, t.INTEGER), names)
    return _field(draw, exactly(made, expression(draw, scope, made, depth - 1)), 0)


def _field(draw: Draw, row: Node, at: int) -> Node:
    assert row.type is not None
    name = row.type.fields[at]
    kind = row.type.args[at]
    if name is not None and draw.maybe(0.7):
        return value(kind, operand(row), f".{name}", uses=("a.x",), atom=True)
    return value(kind, operand(row), f"[{at + 1}]", uses=("row[1]",), atom=True)


@producer(3)
def element(draw: Draw, scope: Scope, kind: Type, depth: int) -> Node | None:
    """`a[1]` of an array's column, `m['a']` of a map's."""
    found = [
        one
        for one in scope.columns
        if one.type.name in ("array", "map") and fits(one.type.args[-1], kind)
    ]
    if not found:
        return None
    column = draw.pick(found)
    if column.type.name == "array":
        place = value(t.INTEGER, draw.pick(("1", "1", "2", "3")), atom=True)
        use = "$operator$subscript(array(e),bigint)"
    else:
        place = constant(draw, column.type.args[0], 0.02)
        use = "$operator$subscript(map(k,v),k)"
    # What stands in square brackets is no predicate (SqlBase.g4, primaryExpression).
    inside = operand(place)
    made = value(column.type.args[-1], column.name, "[", inside, "]", uses=(use,), atom=True)
    if draw.maybe(0.7):
        return value(column.type.args[-1], "try(", made, ")", uses=("TRY",), atom=True)
    return made


@producer(3)
def chain(draw: Draw, scope: Scope, kind: Type, depth: int) -> Node | None:
    """`a + b * c`: operators by their precedence, without brackets."""
    if kind.name not in ("integer", "bigint", "double", "real"):
        return None
    signs = draw.pick((("+", "*"), ("-", "+"), ("*", "-"), ("-", "*"), ("+", "%"), ("-", "/")))
    terms = [operand(exactly(kind, expression(draw, scope, kind, 0))) for _ in range(3)]
    return value(
        kind,
        terms[0],
        f" {signs[0]} ",
        terms[1],
        f" {signs[1]} ",
        terms[2],
        uses=tuple(_KEYS[sign].format(kind=kind.name) for sign in signs),
    )


_KEYS = {
    "+": "$operator$add({kind},{kind})",
    "-": "$operator$subtract({kind},{kind})",
    "*": "$operator$multiply({kind},{kind})",
    "/": "$operator$divide({kind},{kind})",
    "%": "$operator$modulus({kind},{kind})",
}
