"""Conditions as plain data: what a statement says of columns, as far as it decides what is read.

A term is a tuple whose first item says what it is; as JSON it is a list, and reads back the same:

    ("value", x)            text, whole number, truth or null
    ("date", "2026-11-22")  a day
    ("now",)                the moment of the query, in UTC
    ("column", name)        a column of what the term is about: a name of a table, or a place in a row
    ("unknown",)            what nobody but the engine can tell
    ("and" | "or", t…), ("not", t), ("null", t), ("in", t, t…), ("row", t…)
    ("=" | "<>" | "<" | "<=" | ">" | ">=", t, t)
    ("cast", type, t), ("text", t…), ("shift", unit, t, t), ("format", t, t)

"text" joins texts, "shift" is `date_add(unit, n, moment)`, "format" is `date_format(moment, form)`.
"""

from collections.abc import Callable, Iterable
from typing import Any

from trino_sql import tree

Term = tuple[Any, ...]

UNKNOWN: Term = ("unknown",)
_COMPARED = frozenset({"=", "<>", "<", "<=", ">", ">="})
_CLOCKS = {"CURRENT_DATE": ("cast", "date", ("now",)), "CURRENT_TIMESTAMP": ("now",)}
Column = Callable[[tree.Expression], Term]
"""The term of a column's name: unknown where it is a column of something else."""


def term_of(node: tree.Node | None, column: Column) -> Term:
    """An expression of a statement as a term. `column` tells what a name means."""
    if isinstance(node, (tree.Identifier, tree.Dereference)):
        return column(node)
    rule = _RULES.get(type(node))
    return _unknown(node, column) if rule is None else rule(node, column)


def children(node: tree.Node) -> list[tree.Node]:
    """The nodes right below one, the last first."""
    pending, found = list(tree.parts(node).values()), list[tree.Node]()
    while pending:
        value = pending.pop()
        if isinstance(value, tree.Node):
            found.append(value)
        elif isinstance(value, tuple):
            pending += value
    return found


def conjuncts(term: Term) -> list[Term]:
    """The terms all of which must hold."""
    if term[0] == "and":
        return [one for part in term[1:] for one in conjuncts(part)]
    return [term]


def columns_of(term: Term) -> set[Any]:
    """The columns in a term."""
    if term[0] == "column":
        return {term[1]}
    return {name for one in term[1:] if isinstance(one, tuple) for name in columns_of(one)}


def renamed(term: Term, by: Callable[[Any], Term]) -> Term:
    """The term with another in the place of each column."""
    if term[0] == "column":
        return by(term[1])
    return tuple(renamed(one, by) if isinstance(one, tuple) else one for one in term)


def is_known(term: Term) -> bool:
    """Whether nothing in it is unknown."""
    if term[0] == "unknown":
        return False
    return all(is_known(one) for one in term[1:] if isinstance(one, tuple))


def said(items: Iterable[Any]) -> Term:
    """A term that came through JSON."""
    return tuple(said(one) if isinstance(one, list) else one for one in items)


# ---- the forms that decide something ----------------------------------------------------------


def _unknown(node: tree.Node | None, column: Column) -> Term:
    found: list[Term] = []
    pending = [] if node is None else [node]
    while pending:
        one = pending.pop()
        if isinstance(one, (tree.Identifier, tree.Dereference)):
            found.append(column(one))
        elif not isinstance(one, (tree.Query, tree.QualifiedName, tree.DataType)):
            pending += children(one)
    return ("unknown", *(one for one in found if one != UNKNOWN))


def _value(node: Any, _: Column) -> Term:
    return ("value", node.value)


def _null(_: Any, __: Column) -> Term:
    return ("value", None)


def _typed_literal(node: tree.TypedLiteral, _: Column) -> Term:
    kind = node.type.lower()
    if kind == "date":
        return ("cast", "date", ("value", node.value))
    return ("value", node.value) if kind == "varchar" else UNKNOWN


def _logical(node: tree.Logical, column: Column) -> Term:
    return (node.operator.lower(), *(term_of(one, column) for one in node.terms))


def _not(node: tree.Not, column: Column) -> Term:
    return ("not", term_of(node.value, column))


def _negated(term: Term, negated: bool) -> Term:
    return ("not", term) if negated else term


def _comparison(node: tree.Comparison, column: Column) -> Term:
    operator = "<>" if node.operator == "!=" else node.operator
    if operator not in _COMPARED:
        return _unknown(node, column)
    return (operator, term_of(node.left, column), term_of(node.right, column))


def _between(node: tree.Between, column: Column) -> Term:
    value = term_of(node.value, column)
    lower, upper = term_of(node.lower, column), term_of(node.upper, column)
    return _negated(("and", (">=", value, lower), ("<=", value, upper)), node.negated)


def _in_list(node: tree.InList, column: Column) -> Term:
    items = (term_of(one, column) for one in node.items)
    return _negated(("in", term_of(node.value, column), *items), node.negated)


def _is_null(node: tree.IsNull, column: Column) -> Term:
    return _negated(("null", term_of(node.value, column)), node.negated)


def _row(node: tree.Row, column: Column) -> Term:
    return ("row", *(term_of(one, column) for one in node.items))


def _cast(node: tree.Cast, column: Column) -> Term:
    kind = node.type
    if isinstance(kind, tree.GenericType) and not node.safe:
        name = kind.name.name.lower()
        if name in ("varchar", "date", "integer", "int", "bigint") and not kind.arguments:
            return ("cast", name, term_of(node.value, column))
    return _unknown(node, column)


def _clock(node: tree.CurrentTime, _: Column) -> Term:
    return _CLOCKS.get(node.kind.upper(), UNKNOWN)


def _arithmetic(node: tree.Arithmetic, column: Column) -> Term:
    interval = node.right
    if node.operator not in "+-" or not isinstance(interval, tree.IntervalLiteral):
        return _unknown(node, column)
    if interval.end is not None or not interval.value.strip().isdigit():
        return _unknown(node, column)
    backwards = (node.operator == "-") != interval.negative
    count = int(interval.value) * (-1 if backwards else 1)
    unit = interval.start.lower()
    return ("shift", unit, ("value", count), term_of(node.left, column))


def _signed(node: tree.Signed, column: Column) -> Term:
    inner = term_of(node.value, column)
    if inner[0] != "value" or not isinstance(inner[1], int):
        return _unknown(node, column)
    return ("value", -inner[1] if node.negative else inner[1])


def _call(node: tree.FunctionCall, column: Column) -> Term:
    name, arguments = node.name.text, [term_of(one, column) for one in node.arguments]
    if name == "concat":
        return ("text", *arguments)
    if name == "now" and not arguments:
        return ("now",)
    if name == "date_add" and len(arguments) == 3 and arguments[0][0] == "value":
        return ("shift", *(arguments[0][1:]), *arguments[1:])
    if name == "date_format" and len(arguments) == 2:
        return ("format", *arguments)
    return _unknown(node, column)


_RULES: dict[type[Any], Callable[[Any, Column], Term]] = {
    tree.StringLiteral: _value,
    tree.IntegerLiteral: _value,
    tree.BooleanLiteral: _value,
    tree.Null: _null,
    tree.TypedLiteral: _typed_literal,
    tree.Logical: _logical,
    tree.Not: _not,
    tree.Comparison: _comparison,
    tree.Between: _between,
    tree.InList: _in_list,
    tree.IsNull: _is_null,
    tree.Row: _row,
    tree.Cast: _cast,
    tree.CurrentTime: _clock,
    tree.Arithmetic: _arithmetic,
    tree.Signed: _signed,
    tree.FunctionCall: _call,
}
