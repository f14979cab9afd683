"""The guard passes over nothing: each class, each field and each node is judged, walked or refused."""

import ast
import inspect
import textwrap
import types
import typing
from collections.abc import Mapping
from dataclasses import fields, make_dataclass, replace
from typing import Any

import pytest

from query_api.core import allowed, guard
from query_api.core.allowed import NODES, REFUSED, judged
from query_api.core.growth import check_growth
from query_api.core.problems import RefusedSqlError
from query_api.core.value_growth import ValueGrowth
from tests.nothing_unread.forms import STATEMENTS
from tests.nothing_unread.nodes import Field, classes, fields_of, nodes, shown
from trino_sql import tree
from trino_sql.query_parser import parse_query

# Words and flags by which the guard decides: where.
DECIDED: Mapping[Field, Any] = {
    (tree.Identifier, "name"): guard._check_identifier,
    (tree.With, "recursive"): guard._check_with,
    (tree.GroupingElement, "kind"): guard._check_grouping,
    (tree.CurrentTime, "kind"): guard._check_clock,
    (tree.FetchFirst, "with_ties"): guard._check_fetch,
    (tree.IntegerLiteral, "value"): guard._cap,
    (tree.StringLiteral, "value"): ValueGrowth._literal,
    (tree.JsonPath, "text"): ValueGrowth._json_path,
}
# Words and flags of which each value may go on to Athena: it reads and returns rows of the
# same tables, and costs no more.
HARMLESS: Mapping[Field, str] = {
    (tree.Identifier, "quoted"): "a name that is letters, digits and underscores either way",
    (tree.Select, "distinct"): "fewer rows",
    (tree.SetOperation, "kind"): "UNION, INTERSECT, EXCEPT",
    (tree.SetOperation, "distinct"): "rows of both sides",
    (tree.Join, "kind"): "the sides are judged",
    (tree.Unnest, "with_ordinality"): "one more column",
    (tree.GroupBy, "distinct"): "fewer sets",
    (tree.SortItem, "descending"): "an order",
    (tree.SortItem, "nulls_first"): "an order",
    (tree.BooleanLiteral, "value"): "a value",
    (tree.DecimalLiteral, "text"): "a value",
    (tree.DoubleLiteral, "text"): "a value",
    (tree.TypedLiteral, "type"): "what a value is read as",
    (tree.TypedLiteral, "value"): "a value",
    (tree.IntervalLiteral, "value"): "a value",
    (tree.IntervalLiteral, "negative"): "a value",
    (tree.IntervalLiteral, "start"): "a value's unit",
    (tree.IntervalLiteral, "end"): "a value's unit",
    (tree.Logical, "operator"): "AND, OR",
    (tree.Comparison, "operator"): "comparisons",
    (tree.DistinctFrom, "negated"): "a condition",
    (tree.Between, "negated"): "a condition",
    (tree.IsNull, "negated"): "a condition",
    (tree.Like, "negated"): "a condition",
    (tree.InList, "negated"): "a condition",
    (tree.InSubquery, "negated"): "a condition",
    (tree.Arithmetic, "operator"): "arithmetic",
    (tree.Signed, "negative"): "arithmetic",
    (tree.Cast, "safe"): "null instead of an error",
    (tree.GenericType, "arguments"): "sizes, and types that are walked",
    (tree.DateTimeType, "kind"): "a type",
    (tree.DateTimeType, "precision"): "a type",
    (tree.DateTimeType, "with_time_zone"): "a type",
    (tree.Extract, "field"): "a part of a date",
    (tree.Trim, "side"): "which end",
    (tree.CurrentTime, "precision"): "digits of the clocks that are allowed",
    (tree.FunctionCall, "star"): "count(*)",
    (tree.FunctionCall, "distinct"): "of a function that is allowed",
    (tree.FunctionCall, "nulls"): "of a function that is allowed",
    (tree.Frame, "unit"): "rows of a window",
    (tree.FrameBound, "kind"): "rows of a window",
    (tree.BinaryLiteral, "value"): "a value",
    (tree.QuantifiedComparison, "operator"): "comparisons",
    (tree.QuantifiedComparison, "quantifier"): "ALL, ANY",
    (tree.IntervalType, "start"): "a type",
    (tree.IntervalType, "end"): "a type",
    (tree.ListAgg, "separator"): "a value, of which the size is counted",
    (tree.ListAgg, "distinct"): "fewer values",
    (tree.ListAgg, "overflow"): "an error or a shorter text",
    (tree.ListAgg, "filler"): "a value",
    (tree.ListAgg, "with_count"): "a number behind it",
    (tree.JsonInput, "format"): "what a value is read as",
    (tree.JsonExists, "on_error"): "a value or an error",
    (tree.JsonValue, "on_empty"): "a value or an error",
    (tree.JsonValue, "on_error"): "a value or an error",
    (tree.JsonQuery, "returning_format"): "what a value is written as",
    (tree.JsonQuery, "wrapper"): "brackets around a value",
    (tree.JsonQuery, "quotes"): "quotes around a value",
    (tree.JsonQuery, "on_empty"): "a value or an error",
    (tree.JsonQuery, "on_error"): "a value or an error",
    (tree.JsonObject, "null_on_null"): "whether nulls are members",
    (tree.JsonObject, "unique_keys"): "an error where a key is there twice",
    (tree.JsonObject, "returning_format"): "what a value is written as",
    (tree.JsonArray, "null_on_null"): "whether nulls are items",
    (tree.JsonArray, "returning_format"): "what a value is written as",
}


def _holds_words(kind: type[tree.Node], name: str) -> bool:
    """Whether a field may hold anything but nodes, by its declared type."""
    hint = typing.get_type_hints(kind, vars(tree))[name]
    return bool(_leaves(hint) & {str, int, bool, bytes})


def _leaves(hint: Any) -> set[Any]:
    inner = typing.get_args(hint)
    if not inner or isinstance(hint, types.EllipsisType):
        return {hint}
    return {leaf for one in inner for leaf in _leaves(one)}


def unjudged(kinds: frozenset[type[tree.Node]]) -> list[str]:
    """Fields of words and flags of which nobody has said what they may hold."""
    words = {(kind, name) for kind, name in fields_of(kinds) if _holds_words(kind, name)}
    return shown(words - set(DECIDED) - set(HARMLESS))


def test_each_word_and_flag_is_decided_by_or_harmless() -> None:
    assert unjudged(NODES) == []
    assert not set(DECIDED) & set(HARMLESS)
    assert {kind for kind, _ in (*DECIDED, *HARMLESS)} <= NODES


@pytest.mark.parametrize(
    ("field", "rule"),
    DECIDED.items(),
    ids=[f"{kind.__name__}.{name}" for kind, name in DECIDED],
)
def test_what_is_decided_by_is_read_where_it_is_decided(field: Field, rule: Any) -> None:
    source = ast.parse(textwrap.dedent(inspect.getsource(rule)))

    read = {one.attr for one in ast.walk(source) if isinstance(one, ast.Attribute)}
    assert field[1] in read


def test_a_flag_that_the_parser_learns_is_reported() -> None:
    more = make_dataclass(
        "Between", [("symmetric", bool)], bases=(tree.Between,), frozen=True, kw_only=True
    )

    assert unjudged(frozenset({more})) == ["Between.negated", "Between.symmetric"]
    with pytest.raises(TypeError, match="judge it anew"):
        judged({more: "value lower upper negated"})


# ---- each class -----------------------------------------------------------------------------


@pytest.mark.parametrize("sql", STATEMENTS)
def test_the_walk_comes_to_every_node(sql: str) -> None:
    query = parse_query(sql)

    assert sorted(map(id, guard._walk(query))) == sorted(map(id, nodes(query)))


def test_the_statements_hold_each_form_of_the_grammar() -> None:
    there = {type(node) for sql in STATEMENTS for node in nodes(parse_query(sql))}

    assert classes() == there


def test_a_form_that_is_not_allowed_is_refused_wherever_it_stands() -> None:
    for sql in STATEMENTS:
        forms = {type(node) for node in nodes(parse_query(sql))}
        named = _as_a_statement_of_the_lake(sql)
        if forms & set(REFUSED):
            with pytest.raises(RefusedSqlError):
                guard.check(named, "coinlake", 10)


def _as_a_statement_of_the_lake(sql: str) -> str:
    return sql.replace(" t", " quotes").replace(" u", " rates")


def test_a_form_that_is_allowed_no_more_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    sql = "SELECT 1 FROM quotes WHERE name NOT LIKE 'a%'"
    assert guard.check(sql, "coinlake", 10).tables == ("quotes",)

    monkeypatch.setattr(guard, "NODES", allowed.NODES - {tree.Like})

    with pytest.raises(RefusedSqlError, match="Like is not allowed"):
        guard.check(sql, "coinlake", 10)


def test_tables_are_found_wherever_one_may_stand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "TABLE_NAMES", {"t", "u", "v"})

    # Each relation, in turn, is a foreign table.
    found = 0
    for sql in STATEMENTS:
        for made in _with_table(parse_query(sql), tree.Table(_name("nowhere", "quotes"))):
            found += 1
            with pytest.raises(RefusedSqlError, match="only tables of the database"):
                list(guard._tables(made, frozenset(), "default"))
    assert found > 100


def test_what_grows_is_found_wherever_an_expression_may_stand() -> None:
    endless = tree.FunctionCall(
        _name("sequence"), (tree.IntegerLiteral(1), tree.IntegerLiteral(10**9))
    )

    found = 0
    for sql in STATEMENTS:
        query = parse_query(sql)
        if {type(node) for node in nodes(query)} & set(REFUSED):
            continue
        for made in _with_expression(query, endless):
            found += 1
            with pytest.raises(RefusedSqlError, match=r"values of a sequence|needs a literal"):
                check_growth(made)
    assert found > 200


def _with_expression(value: Any, put: tree.Expression) -> Any:
    """`value` with one of the expressions in it replaced, each in turn, but for names and row counts."""
    if isinstance(value, tuple):
        for index, one in enumerate(value):
            for made in _with_expression(one, put):
                yield (*value[:index], made, *value[index + 1 :])
        return
    if isinstance(value, tree.Expression) and not isinstance(value, tree.Identifier):
        yield put
    for name in _walked(value):
        for made in _with_expression(getattr(value, name), put):
            yield replace(value, **{name: made})


def _walked(value: Any) -> list[str]:
    """The fields of a node that expressions may stand in."""
    if not isinstance(value, tree.Node):
        return []
    return [name for name in tree.parts(value) if name not in ("limit", "offset")]


def _name(*parts: str) -> tree.QualifiedName:
    return tree.QualifiedName(tuple(map(tree.Identifier, parts)))


def _with_table(value: Any, table: tree.Table) -> Any:
    """`value` with one of the relations in it replaced by a table, each in turn."""
    if isinstance(value, tuple):
        for index, one in enumerate(value):
            for made in _with_table(one, table):
                yield (*value[:index], made, *value[index + 1 :])
    elif isinstance(value, tree.Node):
        if isinstance(value, tree.Relation):
            yield table
        for one in fields(value):
            for made in _with_table(getattr(value, one.name), table):
                yield replace(value, **{one.name: made})
