"""UNNEST: the elements of arrays and maps as rows (StatementAnalyzer.visitUnnest)."""

from collections.abc import Callable, Sequence, Set

from local_cloud.athena.engines.duck_sql import filtering
from local_cloud.athena.engines.duck_sql.failing import can_fail
from local_cloud.athena.engines.duck_sql.from_clause import JOINED, RELATIONS
from local_cloud.athena.engines.duck_sql.relation import (
    Planner,
    Push,
    Relation,
    selected,
    single_row,
)
from local_cloud.athena.engines.duck_sql.scalars import refuse_aggregates
from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.analysis.expressions import analysed
from local_cloud.athena.sql.analysis.scope import RelationField, Scope, clause
from local_cloud.athena.sql.ir import ColumnRef, Expr
from local_cloud.athena.sql.properties import columns_of, is_plain
from local_cloud.athena.sql.types import Type
from trino_sql import tree


@RELATIONS.rule(tree.Unnest)
def _unnest(
    planner: Planner,
    scope: Scope | None,
    at: int,
    *,
    expressions: tuple[tree.Expression, ...],
    with_ordinality: bool,
) -> Relation:
    node = tree.Unnest(expressions, with_ordinality, at=at)
    return unnested(planner, single_row(), scope, node)


def unnested(
    planner: Planner,
    left: Relation,
    outer: Scope | None,
    node: tree.Unnest,
    *,
    keep: bool = False,
) -> Relation:
    """Each row of `left` with the elements of its arrays; with `keep` also where there are none."""
    values = _values(planner, Scope(left.fields, outer), outer, node)
    lists = [planner.context.names.fresh("l") for _ in values]
    index = planner.context.names.fresh("i")
    kept = [(one.column.name, one.column.name) for one in left.fields]
    opened = [(planner.text.of(v), name) for v, name in zip(values, lists, strict=True)]
    numbers = _numbers([one.type for one in values], lists, keep)
    fields, columns = [], list(kept)
    for value, name in zip(values, lists, strict=True):
        for label, sql, kind in _elements(value.type, name, index):
            column = planner.column(kind)
            columns.append((sql, column.name))
            fields.append(RelationField(label, column))
    if node.with_ordinality:
        column = planner.column(t.BIGINT)
        columns.append((index, column.name))
        fields.append(RelationField(None, column))

    def again(sql: str) -> str:
        inner = selected([*kept, *opened], sql)
        return selected(columns, f"SELECT *, unnest({numbers}) AS {index} FROM ({inner})")

    push = _push(planner, left, again)
    return Relation(again(left.sql), (*left.fields, *fields), left.scans, JOINED, push=push)


def _push(planner: Planner, left: Relation, again: Callable[[str], str]) -> Push:
    """Conditions on the rows whose elements these are, also of those that have none."""
    mine = frozenset(one.column for one in left.fields)

    def push(terms: Sequence[Expr], used: Set[ColumnRef]) -> tuple[str, list[Expr]] | None:
        down = [one for one in terms if columns_of(one) <= mine and is_plain(one)]
        down = filtering.equalities_first(down)
        sql = filtering.pushed(planner, left, down, used)
        if sql is None:
            if not any(map(can_fail, down)):
                return None
            sql = filtering.filtered(planner, left, down)
        return again(sql), [one for one in terms if one not in down]

    return push


def _values(
    planner: Planner, scope: Scope, outer: Scope | None, node: tree.Unnest
) -> list[Expr]:
    """The arrays and maps."""
    values = []
    for one in node.expressions:
        refuse_aggregates(planner.context, one, "UNNEST")
        with clause(outer, "unnest"):
            value = analysed(planner.context, scope, one)
        if value.type.name not in ("array", "map"):
            raise planner.context.error(
                "INVALID_FUNCTION_ARGUMENT", f"Cannot unnest type: {value.type}", node.at
            )
        values.append(value)
    return values


def _numbers(kinds: list[Type], lists: list[str], keep: bool) -> str:
    """SQL of the numbers of a row's elements, from 1 to the length of the longest list."""
    counts = [
        f"coalesce({'len' if kind.name == 'array' else 'cardinality'}({name}), 0)"
        for kind, name in zip(kinds, lists, strict=True)
    ]
    most = f"greatest({', '.join(counts)})" if len(counts) > 1 else counts[0]
    numbers = f"range(1, CAST({most} AS BIGINT) + 1)"
    if keep:
        return f"CASE WHEN {most} = 0 THEN [NULL]::BIGINT[] ELSE {numbers} END"
    return numbers


def _elements(of: Type, name: str, index: str) -> list[tuple[str | None, str, Type]]:
    """(name, SQL, type) of each column that one array or map gives."""
    if of.name == "map":
        return [
            (None, f"list_extract(map_keys({name}), {index})", of.args[0]),
            (None, f"list_extract(map_values({name}), {index})", of.args[1]),
        ]
    element = f"list_extract({name}, {index})"
    (kind,) = of.args
    if kind.name != "row":
        return [(None, element, kind)]
    return [
        (label, f"struct_extract({element}, 'f{i}')", inner)
        for i, (label, inner) in enumerate(zip(kind.fields, kind.args, strict=True))
    ]
