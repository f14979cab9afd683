"""SELECT: outputs, WHERE, GROUP BY, HAVING, windows, DISTINCT, ORDER BY and LIMIT, in stages.

Each stage is a SELECT from the one before, so that DuckDB never has to guess what a name means:
rows that WHERE keeps, one row per group, windows over those, outputs with the keys of ORDER BY.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from local_cloud.athena import types as t
from local_cloud.athena.analysis.expressions import analysed, condition, dotted, field_of
from local_cloud.athena.analysis.scope import Field, Scope
from local_cloud.athena.duck_sql import aggregating, ordering, sealing
from local_cloud.athena.duck_sql.from_clause import RELATIONS, related, scalar_only
from local_cloud.athena.duck_sql.grouping import Groups, grouped
from local_cloud.athena.duck_sql.relation import Planner, Relation, selected, single_row
from local_cloud.athena.duck_sql.tail import limited, tail_limits
from local_cloud.athena.failures import not_supported
from local_cloud.athena.ir import (
    Aggregate,
    Column,
    Expr,
    Grouping,
    SortKey,
    Subquery,
    Window,
    rewritten,
    walk,
)
from local_cloud.athena.sql import tree


@dataclass(frozen=True, slots=True)
class Output:
    """An output column: its name, where it has one, and what it computes."""

    name: str | None
    value: Expr


@dataclass(slots=True)
class _Select:
    """One SELECT on its way."""

    planner: Planner
    source: Relation
    scope: Scope
    outputs: list[Output]
    keys: list[SortKey] = field(default_factory=list)
    having: Expr | None = None


@RELATIONS.rule(tree.Select)
def _select(
    planner: Planner,
    outer: Scope | None,
    at: int,
    *,
    distinct: bool,
    items: tuple[tree.SingleColumn | tree.AllColumns, ...],
    from_: tree.Relation | None,
    where: tree.Expression | None,
    group_by: tree.GroupBy | None,
    having: tree.Expression | None,
    windows: tuple[tree.WindowDefinition, ...],
    tail: tree.Tail,
) -> Relation:
    context = planner.context
    source = related(planner, outer, from_) if from_ is not None else single_row()
    scope = Scope(source.fields, outer, windows=_windows(planner, windows))
    sql = source.sql
    if where is not None:
        kept = condition(context, scope, where, "WHERE clause")
        scalar_only(context, kept, "WHERE clause", where.at)
        _prune(planner, source, kept)
        sql = f"SELECT * FROM ({sql}) WHERE {planner.text.of(kept)}"
    made = _Select(planner, source, scope, _outputs(planner, scope, items, from_, at))
    if distinct:
        for one in made.outputs:
            if not t.is_comparable(one.value.type):
                raise context.mismatch(
                    f"DISTINCT can only be applied to comparable types (actual: {one.value.type})",
                    at,
                )
    groups = grouped(planner, scope, group_by, [one.value for one in made.outputs])
    if having is not None:
        made.having = condition(context, scope, having, "HAVING clause")
        if any(isinstance(one, Window) for one in walk(made.having)):
            raise context.error(
                "NESTED_WINDOW", "HAVING clause cannot contain window functions", having.at
            )
    made.keys = _order_keys(made, tail.order)
    if distinct and any(
        one.value not in [out.value for out in made.outputs] for one in made.keys
    ):
        raise context.error(
            "EXPRESSION_NOT_IN_DISTINCT",
            "For SELECT DISTINCT, ORDER BY expressions must appear in select list",
            tail.order[0].at,
        )
    sql = _aggregated(made, groups, sql, at)
    sql = _windowed(made, sql)
    return _finished(made, sql, distinct, tail, at)


def _windows(
    planner: Planner, nodes: Sequence[tree.WindowDefinition]
) -> dict[str, tree.WindowSpecification]:
    from local_cloud.athena.analysis.windows import resolved

    found: dict[str, tree.WindowSpecification] = {}
    for one in nodes:
        name = one.name.name.lower()
        if name in found:
            raise planner.context.error(
                "DUPLICATE_WINDOW_NAME",
                f"WINDOW name '{one.name.name}' specified more than once",
                one.at,
            )
        found[name] = resolved(planner.context, Scope(windows=dict(found)), one.window)
    return found


def _prune(planner: Planner, source: Relation, where: Expr) -> None:
    for scan in source.scans:
        planner.tables.prune(scan.relation, where, dict(scan.keys))


# ---- outputs --------------------------------------------------------------------------------


def _outputs(
    planner: Planner,
    scope: Scope,
    items: tuple[tree.SingleColumn | tree.AllColumns, ...],
    from_: tree.Relation | None,
    at: int,
) -> list[Output]:
    found: list[Output] = []
    for item in items:
        if isinstance(item, tree.AllColumns):
            found += _all_columns(planner, scope, item, from_ is not None)
        else:
            value = analysed(planner.context, scope, item.expression)
            found.append(Output(_output_name(item), value))
    return found


def _output_name(item: tree.SingleColumn) -> str | None:
    if item.alias is not None:
        return item.alias.name
    if isinstance(item.expression, tree.Identifier):
        return item.expression.name
    if isinstance(item.expression, tree.Dereference) and dotted(item.expression):
        return item.expression.field.name
    return None


def _all_columns(
    planner: Planner, scope: Scope, item: tree.AllColumns, has_from: bool
) -> list[Output]:
    context = planner.context
    if item.target is None:
        if item.aliases:
            raise context.error("NOT_SUPPORTED", "Column aliases not supported", item.at)
        if not scope.fields:
            what = "from relation that has no columns" if has_from else "in queries without FROM"
            raise context.error("COLUMN_NOT_FOUND", f"SELECT * not allowed {what}", item.at)
        return [Output(one.name, one.column) for one in scope.fields]
    parts = dotted(item.target)
    if parts is not None:
        fields = [one for one in scope.fields if one.has_prefix(parts)]
        is_row = len(parts) >= 2 and any(
            one.has_prefix(parts[:1]) and one.name == parts[1] and one.type.name == "row"
            for one in scope.fields
        )
        if fields and is_row:
            raise context.error(
                "AMBIGUOUS_NAME", f"Reference '{'.'.join(parts)}' is ambiguous", item.at
            )
        if fields:
            return _labelled(planner, item, [Output(one.name, one.column) for one in fields])
        if not is_row:
            raise _unknown_target(planner, scope, parts, item.at)
    value = analysed(context, scope, item.target)
    if value.type.name != "row":
        raise context.mismatch(
            f"Expected expression of type Row, but it has {value.type} type", item.at
        )
    made = [
        Output(name, field_of(value, index)) for index, name in enumerate(value.type.fields)
    ]
    return _labelled(planner, item, made)


def _unknown_target(planner: Planner, scope: Scope, parts: tuple[str, ...], at: int) -> Exception:
    outer: Scope | None = scope.parent
    while outer is not None:
        if any(one.has_prefix(parts) for one in outer.fields):
            return planner.context.error(
                "NOT_SUPPORTED", "all columns of an outer relation are not yet supported", at
            )
        outer = outer.parent
    return planner.context.error(
        "TABLE_NOT_FOUND", f"Unable to resolve reference {'.'.join(parts)}", at
    )


def _labelled(planner: Planner, item: tree.AllColumns, found: list[Output]) -> list[Output]:
    if not item.aliases:
        return found
    if len(item.aliases) != len(found):
        raise planner.context.error(
            "MISMATCHED_COLUMN_ALIASES",
            f"Column alias list has {len(item.aliases)} entries but relation has {len(found)} "
            "columns",
            item.at,
        )
    return [
        Output(alias.name, one.value) for alias, one in zip(item.aliases, found, strict=True)
    ]


# ---- ORDER BY -------------------------------------------------------------------------------


def _order_keys(made: _Select, items: Sequence[tree.SortItem]) -> list[SortKey]:
    """Keys that may name outputs, which come before the columns of FROM."""
    planner, context = made.planner, made.planner.context
    stand_ins = [planner.column(one.value.type) for one in made.outputs]
    fields = tuple(
        Field(one.name, column)
        for one, column in zip(made.outputs, stand_ins, strict=True)
        if one.name is not None
    )
    scope = Scope(fields, made.scope, windows=made.scope.windows)
    by_name = {
        column: one.value for column, one in zip(stand_ins, made.outputs, strict=True)
    }

    def meant(part: Expr) -> Expr | None:
        return by_name.get(part) if isinstance(part, Column) else None

    keys = []
    for item in items:
        if isinstance(item.key, tree.IntegerLiteral):
            place = item.key.value
            if not 1 <= place <= len(made.outputs):
                raise context.error(
                    "INVALID_COLUMN_REFERENCE",
                    f"ORDER BY position {place} is not in select list",
                    item.at,
                )
            value = made.outputs[place - 1].value
        else:
            value = rewritten(analysed(context, scope, item.key), meant)
        if not t.is_orderable(value.type):
            raise context.mismatch(
                f"Type {value.type} is not orderable, and therefore cannot be used in ORDER BY",
                item.at,
            )
        keys.append(SortKey(value, item.descending, bool(item.nulls_first)))
    return keys


# ---- stages ---------------------------------------------------------------------------------


def _exprs(made: _Select) -> list[Expr]:
    found = [one.value for one in made.outputs] + [one.value for one in made.keys]
    return found + ([made.having] if made.having is not None else [])


def _replace(made: _Select, known: dict[Expr, Column]) -> None:
    """What a stage has computed is a column from now on."""

    def change(part: Expr) -> Expr | None:
        return known.get(part)

    made.outputs = [Output(one.name, rewritten(one.value, change)) for one in made.outputs]
    made.keys = [
        SortKey(rewritten(one.value, change), one.descending, one.nulls_first)
        for one in made.keys
    ]
    if made.having is not None:
        made.having = rewritten(made.having, change)


def _aggregated(made: _Select, groups: Groups | None, sql: str, at: int) -> str:
    planner, text = made.planner, made.planner.text
    found: dict[Expr, Column] = {}
    operations: dict[Expr, Column] = {}
    for value in _exprs(made):
        for part in walk(value):
            if isinstance(part, Aggregate) and part not in found:
                found[part] = planner.column(part.type)
            if isinstance(part, Grouping) and part not in operations:
                operations[part] = planner.column(part.type)
    if groups is None and not found and made.having is None:
        if operations:
            raise planner.context.error(
                "MISSING_GROUP_BY",
                "A GROUPING() operation can only be used with a corresponding "
                "GROUPING SET/CUBE/ROLLUP/GROUP BY clause",
                at,
            )
        return sql
    groups = groups or Groups((), {}, None)
    sql = groups.keyed(planner, sql)
    columns = [(text_of, name) for text_of, name in groups.kept(planner)]
    for part, column in found.items():
        assert isinstance(part, Aggregate)
        columns.append((aggregating.written(text, part), column.name))
    for part, column in operations.items():
        assert isinstance(part, Grouping)
        columns.append((groups.operation(planner, part, at), column.name))
    sql = f"{selected(columns or [('count(*)', planner.context.names.fresh())], sql)}{groups.clause()}"
    _replace(made, {**groups.keys, **found, **operations})
    _check_grouped(made, groups, at)
    if made.having is not None:
        sql = f"SELECT * FROM ({sql}) WHERE {text.of(made.having)}"
    return sql


def _check_grouped(made: _Select, groups: Groups, at: int) -> None:
    """Only keys and aggregates are left of a group (AggregationAnalyzer)."""
    allowed = {one.name for one in groups.keys.values()}
    names = {one.column.name: one.name for one in made.source.fields}
    for value in _exprs(made):
        for part in walk(value):
            inside = part.outer if isinstance(part, Subquery) else (part,)
            for one in inside:
                if isinstance(one, Column) and one.name in names and one.name not in allowed:
                    raise made.planner.context.error(
                        "EXPRESSION_NOT_AGGREGATE",
                        f"'{names[one.name]}' must be an aggregate expression or appear in "
                        "GROUP BY clause",
                        at,
                    )


def _windowed(made: _Select, sql: str) -> str:
    found: dict[Expr, Column] = {}
    for value in _exprs(made):
        for part in walk(value):
            if isinstance(part, Window) and part not in found:
                _no_nested(made, part)
                found[part] = made.planner.column(part.type)
    if not found:
        return sql
    listed = []
    for part, column in found.items():
        assert isinstance(part, Window)
        listed.append(f"{aggregating.written(made.planner.text, part)} AS {column.name}")
    _replace(made, found)
    return f"SELECT *, {', '.join(listed)} FROM ({sql})"


def _no_nested(made: _Select, part: Window) -> None:
    for value in part.arguments:
        if any(isinstance(one, Window) for one in walk(value)):
            raise made.planner.context.error(
                "NESTED_WINDOW",
                "Cannot nest window functions or row pattern measures inside window function "
                "arguments",
                -1,
            )


def _finished(
    made: _Select, sql: str, distinct: bool, tail: tree.Tail, at: int
) -> Relation:
    planner, text = made.planner, made.planner.text
    columns: list[tuple[str, str]] = []
    fields: list[Field] = []
    by_value: dict[Expr, str] = {}
    for one in made.outputs:
        column = planner.column(one.value.type)
        columns.append((text.of(one.value), column.name))
        fields.append(Field(one.name, column))
        by_value.setdefault(one.value, column.name)
    names = [one.column.name for one in fields]
    order = []
    for key in made.keys:
        name = by_value.get(key.value)
        if name is None:
            name = planner.context.names.fresh("s")
            columns.append((text.of(key.value), name))
            by_value[key.value] = name
        order.append(
            f"{ordering.sort_value(text, name, key.value.type)} {ordering.direction(key)}"
        )
    sql = selected(columns, sql)
    if distinct:
        sql = _distinct(planner, sql, fields)
    ordered = f" ORDER BY {', '.join(order)}" if order else ""
    limits = tail_limits(planner, tail, bool(order))
    if ordered or limits is not None or len(columns) > len(names):
        sql = limited(planner, sql, names, ordered, order, limits)
    return Relation(sql, tuple(fields))


def _distinct(planner: Planner, sql: str, fields: Sequence[Field]) -> str:
    if all(ordering.groups_as_is(one.type) for one in fields):
        return f"SELECT DISTINCT * FROM ({sql})"
    keys = ", ".join(
        ordering.group_value(planner.text, one.column.name, one.type) for one in fields
    )
    columns = [one.column for one in fields]
    safe = [(sealing.sealed(planner.text, one.name, one.type), one.name) for one in columns]
    back = [(sealing.opened(planner.text, one.name, one.type), one.name) for one in columns]
    chosen = f"SELECT DISTINCT ON ({keys}) {', '.join(f'{s} AS {n}' for s, n in safe)} FROM ({sql})"
    return selected(back, chosen)


__all__ = ["not_supported"]
