"""UNION, INTERSECT and EXCEPT: two queries as one."""

from collections.abc import Sequence
from dataclasses import replace

from local_cloud.athena.engines.duck_sql import ordering, pushing
from local_cloud.athena.engines.duck_sql.from_clause import RELATIONS, related
from local_cloud.athena.engines.duck_sql.relation import (
    Planner,
    Relation,
    Scan,
    retyped,
    selected,
    union_types,
)
from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.analysis.expressions import coerced
from local_cloud.athena.sql.analysis.scope import RelationField, Scope
from local_cloud.athena.sql.failures import not_supported
from local_cloud.athena.sql.ir import ColumnRef
from local_cloud.athena.sql.types import Type
from trino_sql import tree


def _check_comparable(planner: Planner, kinds: Sequence[Type], what: str, at: int) -> None:
    for one in kinds:
        if not t.is_comparable(one):
            raise planner.context.mismatch(
                f"Type {one} is not comparable and therefore cannot be used in {what}", at
            )
        if not ordering.groups_as_is(one):
            raise not_supported(f"{what} of rows with {one}")


@RELATIONS.rule(tree.SetOperation)
def _set_operation(
    planner: Planner,
    scope: Scope | None,
    at: int,
    *,
    kind: str,
    distinct: bool,
    left: tree.Relation,
    right: tree.Relation,
) -> Relation:
    sides = [related(planner, scope, left), related(planner, scope, right)]
    if len(sides[0].fields) != len(sides[1].fields):
        raise planner.context.mismatch(
            f"{kind} query has different number of fields: "
            f"{len(sides[0].fields)}, {len(sides[1].fields)}",
            at,
        )
    kinds = union_types(planner.context, sides, kind, at)
    if kind != "UNION" or distinct:
        _check_comparable(planner, kinds, kind, at)
    if kind != "UNION" and any("emptied" in side.shape for side in sides):
        # Trino sees too late that there are none: the other side is computed, and may fail.
        raise not_supported(f"{kind} of a query with a query inside that WHERE leaves no rows")
    if kind != "UNION" and not distinct and any(one.args for one in kinds):
        # Trino sorts the rows to count them, and fails on a null inside of one.
        raise not_supported(f"{kind} ALL of rows with arrays or rows")
    first, second = (retyped(planner, side, kinds, coerced) for side in sides)
    word = kind if distinct else f"{kind} ALL"
    fields, columns = [], []
    # Columns that are one in both queries are one (PushProjectionThroughUnion).
    names, firsts = planner.context.names, dict[tuple[ColumnRef, ColumnRef], ColumnRef]()
    for field, other in zip(first.fields, second.fields, strict=True):
        column = planner.column(field.type)
        both = (names.first(field.column), names.first(other.column))
        names.is_first(column, firsts.setdefault(both, column))
        columns.append(f"{field.column.name} AS {column.name}")
        fields.append(RelationField(field.name, column))

    def again(texts: list[str]) -> str:
        both = f" {word} ".join(f"(SELECT * FROM ({one}))" for one in texts)
        return f"SELECT {', '.join(columns)} FROM ({both})"

    made = zip(sides, (first, second), strict=True)
    parts = [_side(planner, side, typed, fields) for side, typed in made]
    push = pushing.into_sides(planner, parts, again, distinct or kind != "UNION")
    shape = frozenset(("set",))
    inner = _inner_scans((first, second), fields) if kind == "UNION" else ()
    sql = again([first.sql, second.sql])
    return Relation(sql, tuple(fields), shape=shape, inner=inner, push=push)


def _inner_scans(
    sides: Sequence[Relation], fields: Sequence[RelationField]
) -> tuple[Scan, ...]:
    """The scans of both sides by the columns of the whole: a WHERE around it narrows each of them."""
    found = []
    for side in sides:
        pairs = zip(side.fields, fields, strict=True)
        names = {one.column.name: own.column.name for one, own in pairs}
        for scan in (*side.scans, *side.inner):
            keys = tuple((names[column], key) for column, key in scan.keys if column in names)
            if keys:
                found.append(Scan(scan.relation, keys))
    return tuple(found)


def _side(
    planner: Planner, before: Relation, side: Relation, fields: Sequence[RelationField]
) -> pushing.UnionSide:
    """One side of a set operation, before and after its columns got the types of both."""
    names = {one.column: own.column for one, own in zip(fields, side.fields, strict=True)}
    if side is before:
        return pushing.UnionSide(side, names)
    values = {
        new.column: coerced(old.column, new.type)
        for old, new in zip(before.fields, side.fields, strict=True)
    }

    def again(sql: str) -> str:
        return selected([(planner.text.of(of), one.name) for one, of in values.items()], sql)

    push = pushing.Computing(before, None, values, again).push(planner)
    return pushing.UnionSide(replace(side, push=push), names)
