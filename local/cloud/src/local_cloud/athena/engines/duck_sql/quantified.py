"""A value against the rows of a query: IN, ALL, ANY (TransformQuantifiedComparison… of Trino)."""

from collections.abc import Sequence
from dataclasses import replace

from local_cloud.athena.engines.duck_sql import nested_keys
from local_cloud.athena.engines.duck_sql.comparing import (
    compared,
    is_plain,
    key,
    refuse_extreme,
    whole,
)
from local_cloud.athena.engines.duck_sql.representation import cast
from local_cloud.athena.engines.duck_sql.text import Text
from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.failures import not_supported
from local_cloud.athena.sql.ir import Cast, Expr, Special, Subquery
from local_cloud.athena.sql.properties import columns_of, terms_of
from local_cloud.athena.sql.types import Type

# Which end of the query's values decides: (for ALL, for ANY).
_ENDS = {"<": ("lo", "hi"), "<=": ("lo", "hi"), ">": ("hi", "lo"), ">=": ("hi", "lo")}


def as_filter(where: Expr, of_tables: bool = True) -> Expr:
    """A condition that rows are kept by: each IN in it that must hold becomes a join by `=`.

    `of_tables`: of the rows of tables, about whose values nothing is known.
    """
    terms = terms_of(where)
    made = tuple(_as_join(one, terms, of_tables) for one in terms)
    return made[0] if len(made) == 1 else Special(where.type, "and", made)


def _as_join(term: Expr, terms: Sequence[Expr], of_tables: bool) -> Expr:
    if isinstance(term, Special) and term.form == "and":
        return as_filter(term, of_tables)
    if isinstance(term, Special) and term.form == "in_subquery":
        common = term.detail
    elif isinstance(term, Special) and term.form in ("any", "some") and term.detail[0] == "=":
        common = term.detail[1]
    else:
        return term
    value, inner = term.operands
    assert isinstance(inner, Subquery)
    if inner.fails:
        # As the other side of the equality it is asked of all rows of this one, perhaps.
        raise not_supported("IN over a query of a constant that fails")
    if of_tables and len(common.args) == 1:
        nested_keys.refuse_nested(common.args[0])
    used = columns_of(value)
    others = (columns_of(one) for one in terms if one is not term)
    known = not of_tables or not used or any(used & one for one in others)
    if known and inner.open is not None:
        # What is known of the value is asked of the query's rows beside its WHERE
        # (EqualityInference).
        inner = replace(inner, sql=inner.open)
    return Special(term.type, "in_by_equality", (value, inner), common)


def in_subquery(text: Text, expr: Special) -> str:
    """`value IN (query)`.

    A set of values is made of the query, in which NaN is found and null inside of a row too;
    where Trino joins instead they are equal to nothing.
    """
    value, inner = expr.operands
    assert isinstance(inner, Subquery)
    kinds: tuple[Type, ...] = expr.detail.args
    by_equality = expr.form == "in_by_equality" or bool(inner.outer)
    if len(kinds) > 1 or kinds[0].args:
        joins = expr.form == "in_by_equality" and not inner.outer
        return _among_rows(text, value, inner, expr.detail, by_equality, joins)
    kind = kinds[0]
    if by_equality:
        refuse_extreme(text, _single(value), kind)
    left = key(cast(text.of(_single(value)), kind), kind)
    right = key(cast(inner.names[0], kind), kind)
    where = ""
    if by_equality and kind.name in ("double", "real"):
        where = f" WHERE {right} IS NULL OR NOT isnan({right})"
    return f"({left} IN (SELECT {right} FROM ({inner.sql}){where}))"


def _single(value: Expr) -> Expr:
    """The one field of a row."""
    inner = value.value if isinstance(value, Cast) else value
    if isinstance(inner, Special) and inner.form == "row":
        return inner.operands[0]
    return Special(value.type.args[0], "field", (value,), 0)


def _among_rows(
    text: Text, value: Expr, inner: Subquery, of: Type, by_equality: bool, joins: bool
) -> str:
    """IN by comparing with each row: null only for a null itself, not for one inside."""
    if len(of.args) == 1:
        kind = of.args[0]
        left, right = cast(text.of(_single(value)), kind), cast(inner.names[0], kind)
        if joins and kind.args and t.is_orderable(kind):
            left, right = whole(text, left, kind), whole(text, right, kind)
    else:
        kind = of
        packed = ", ".join(f"f{i} := {name}" for i, name in enumerate(inner.names))
        left, right = cast(text.of(value), of), cast(f"struct_pack({packed})", of)
    if by_equality:
        test = compared(text, "=", left, right, kind, _any_two(kind))
    else:
        test = f"(NOT {compared(text, 'distinct', left, right, kind, _any_two(kind))})"
    # bool_or passes over nulls; over no rows it is null.
    return (
        f"(SELECT CASE WHEN count(*) = 0 THEN FALSE WHEN {left} IS NULL THEN NULL "
        "WHEN bool_or(q) THEN TRUE WHEN count(r) < count(*) THEN NULL ELSE FALSE END "
        f"FROM (SELECT {test} AS q, {right} AS r FROM ({inner.sql})))"
    )


def _any_two(kind: Type) -> tuple[Expr, Expr]:
    """Operands of which nothing is known."""
    one = Special(kind, "", ())
    return one, one


def quantified(text: Text, expr: Special) -> str:
    """`value operator ALL (query)` or ANY, decided by the least and the greatest value."""
    value, inner = expr.operands
    assert isinstance(inner, Subquery)
    operator, common = expr.detail
    if (operator, expr.form) in (("=", "any"), ("<>", "all")):
        found = in_subquery(text, Special(t.BOOLEAN, "in_subquery", (value, inner), common))
        return found if operator == "=" else f"(NOT {found})"
    kinds: tuple[Type, ...] = common.args
    if len(kinds) != 1 or not (is_plain(kinds[0]) or kinds[0].name in ("double", "real")):
        raise not_supported(f"{operator} {expr.form.upper()} (…) over {common}")
    left = cast(text.of(_single(value)), kinds[0])
    # `x <> ANY` is `NOT x = ALL`.
    some = expr.form == "any" and operator != "<>"
    made = _by_ends(text, left, inner, kinds[0], "=" if operator == "<>" else operator, some)
    return f"(NOT {made})" if operator == "<>" else made


def _by_ends(
    text: Text, left: str, inner: Subquery, kind: Type, operator: str, some: bool
) -> str:
    column = cast(inner.names[0], kind)
    high = f"max({column})"
    if kind.name in ("double", "real"):
        # NaN is the greatest only where there is nothing else (COMPARISON_UNORDERED_FIRST).
        high = f"coalesce(max({column}) FILTER (WHERE NOT isnan({column})), {high})"
    ends = {
        "lo": f"min({column})",
        "hi": high,
        "rows": "count(*)",
        "nulls": f"(count({column}) < count(*))",
    }
    if inner.outer:
        listed = ", ".join(f"{sql} AS {name}" for name, sql in ends.items())
        decided = _decided(text, left, {name: name for name in ends}, kind, operator, some)
        return f"(SELECT {decided} FROM (SELECT {listed} FROM ({inner.sql})))"
    # Of a query that depends on nothing around it each is computed once, not for each row.
    asked = {name: f"(SELECT {sql} FROM ({inner.sql}))" for name, sql in ends.items()}
    return _decided(text, left, asked, kind, operator, some)


def _decided(
    text: Text, left: str, ends: dict[str, str], kind: Type, operator: str, some: bool
) -> str:
    def holds(one: str, other: str, sign: str) -> str:
        return compared(text, sign, one, other, kind, _any_two(kind))

    if operator == "=":
        low, high = ends["lo"], ends["hi"]
        test = f"({holds(low, high, '=')} AND {holds(left, high, '=')})"
    else:
        test = holds(left, ends[_ENDS[operator][some]], operator)
    nothing, decides, decided = (
        ("FALSE", test, "TRUE") if some else ("TRUE", f"NOT {test}", "FALSE")
    )
    return (
        f"(CASE WHEN {ends['rows']} = 0 THEN {nothing} WHEN {decides} THEN {decided} "
        f"WHEN {ends['nulls']} THEN NULL ELSE {test} END)"
    )
