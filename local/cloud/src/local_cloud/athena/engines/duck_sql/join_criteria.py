"""What rows of two sides are joined by: ON and USING (StatementAnalyzer.visitJoin)."""

from local_cloud.athena.engines.duck_sql import nested_keys
from local_cloud.athena.engines.duck_sql.failing import is_order_of_nested
from local_cloud.athena.engines.duck_sql.from_clause import JOINED
from local_cloud.athena.engines.duck_sql.join_pushing import Joining
from local_cloud.athena.engines.duck_sql.pushing import Computing
from local_cloud.athena.engines.duck_sql.quantified import as_filter
from local_cloud.athena.engines.duck_sql.relation import Planner, Relation, selected
from local_cloud.athena.engines.duck_sql.scalars import refuse_aggregates
from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.analysis.context import AnalysisContext
from local_cloud.athena.sql.analysis.expressions import analysed, coerced
from local_cloud.athena.sql.analysis.scope import RelationField, Scope, clause
from local_cloud.athena.sql.coercion import common_super_type
from local_cloud.athena.sql.failures import not_supported
from local_cloud.athena.sql.ir import ColumnRef, Expr, Lambda, Special, Subquery, walk
from local_cloud.athena.sql.properties import terms_of
from trino_sql import tree


def on(
    planner: Planner,
    scope: Scope | None,
    fields: tuple[RelationField, ...],
    node: tree.Expression,
    kind: str,
    filled: tuple[RelationField, ...],
) -> Expr:
    """The condition that ON gives; `filled` is the side that an outer one fills with nulls."""
    context = planner.context
    refuse_aggregates(context, node, "JOIN clause")
    with clause(scope, "on"):
        value = analysed(context, Scope(fields, scope), node)
    if kind != "INNER":
        _refuse_outer(fields, value)
        _refuse_subqueries(frozenset(one.column for one in filled), value)
    if value.type.name not in ("boolean", "unknown"):
        raise context.mismatch(
            f"JOIN ON clause must evaluate to a boolean: actual type {value.type}", node.at
        )
    condition = coerced(value, t.BOOLEAN)
    if any(is_order_of_nested(one) for one in walk(condition)):
        # It may fail, and which rows Trino asks it of follows from its plan.
        raise not_supported("the order of arrays or rows in the condition of a join")
    condition = nested_keys.checked(condition, nested=planner.scans > 0)
    return as_filter(condition) if kind == "INNER" else condition


def _refuse_outer(fields: tuple[RelationField, ...], condition: Expr) -> None:
    """The condition of an outer join knows its two sides only, and correlates with neither."""
    parts = list(walk(condition))
    known = {one.column for one in fields}
    known |= {name for one in parts if isinstance(one, Lambda) for name in one.parameters}
    for part in parts:
        if isinstance(part, Subquery) and part.outer:
            raise not_supported("a correlated subquery in the condition of an outer join")
        if isinstance(part, ColumnRef) and part not in known:
            raise not_supported("columns from outside in the condition of an outer join")


def _refuse_subqueries(filled: frozenset[ColumnRef], condition: Expr) -> None:
    """DuckDB plans them in an outer join where they rule out rows of the filled side alone."""
    for term in terms_of(condition):
        parts = list(walk(term))
        columns = {one for one in parts if isinstance(one, ColumnRef)}
        if any(isinstance(one, Subquery) for one in parts) and not (
            columns and columns <= filled
        ):
            raise not_supported(
                "a subquery in the condition of an outer join that is about more than the rows "
                "which may be missing"
            )


def using(
    planner: Planner,
    kind: str,
    left: Relation,
    right: Relation,
    names: tuple[tree.Identifier, ...],
) -> Relation:
    """Columns of USING first and once, then what is left of both sides (analyzeJoinUsing)."""
    context, text = planner.context, planner.text
    _check_once(context, names)
    fields, values, conditions, used = [], dict[ColumnRef, Expr](), [], set()
    nested = planner.scans > 0
    for name in names:
        pair = [
            _joined_column(context, side, name, which)
            for side, which in ((left, "left"), (right, "right"))
        ]
        common = common_super_type(pair[0].type, pair[1].type)
        if common is None or not t.is_comparable(common):
            raise context.mismatch(
                f"Cannot apply operator: {pair[0].type} = {pair[1].type}", name.at
            )
        a, b = (coerced(one.column, common) for one in pair)
        equal = nested_keys.checked(Special(t.BOOLEAN, "=", (a, b)), nested=nested)
        conditions.append(equal)
        column = planner.column(common)
        first, other = (a, b) if kind != "RIGHT" else (b, a)
        values[column] = Special(common, "coalesce", (first, other))
        fields.append(RelationField(name.name, column))
        used |= {one.column.name for one in pair}
    for one in (*left.fields, *right.fields):
        if one.column.name not in used:
            fields.append(one)
            values[one.column] = one.column

    def again(sql: str) -> str:
        return selected([(text.of(of), one.name) for one, of in values.items()], sql)

    joining = Joining(planner, kind, left, right, tuple(conditions), text.of)
    joined = Relation(joining.sql(), (*left.fields, *right.fields), push=joining.push)
    push = Computing(joined, None, values, again).push(planner)
    return Relation(again(joined.sql), tuple(fields), (), JOINED, push=push)


def _check_once(context: AnalysisContext, names: tuple[tree.Identifier, ...]) -> None:
    seen: set[str] = set()
    for name in names:
        if name.name.lower() in seen:
            raise context.error(
                "DUPLICATE_COLUMN_NAME",
                f"Column '{name.name}' appears multiple times in USING clause",
                name.at,
            )
        seen.add(name.name.lower())


def _joined_column(
    context: AnalysisContext, side: Relation, name: tree.Identifier, which: str
) -> RelationField:
    found = [one for one in side.fields if one.matches((name.name.lower(),))]
    if len(found) > 1:
        raise context.error("AMBIGUOUS_NAME", f"Column '{name.name}' is ambiguous", name.at)
    if not found:
        raise context.error(
            "COLUMN_NOT_FOUND",
            f"Column '{name.name}' is missing from {which} side of join",
            name.at,
        )
    return found[0]
