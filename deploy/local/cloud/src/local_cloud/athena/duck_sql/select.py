"""SELECT: outputs, WHERE, GROUP BY, HAVING, windows, DISTINCT, ORDER BY and LIMIT, in stages.

Each stage is a SELECT from the one before, so that DuckDB never has to guess what a name means:
rows that WHERE keeps, one row per group, windows over those, outputs with the keys of ORDER BY.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from local_cloud.athena import types as t
from local_cloud.athena.analysis.expressions import analysed, condition, dotted, field_of
from local_cloud.athena.analysis.scope import Field, Scope, clause
from local_cloud.athena.analysis.windows import over, resolved, window_name
from local_cloud.athena.duck_sql import aggregating, ordering
from local_cloud.athena.duck_sql.from_clause import RELATIONS, related
from local_cloud.athena.duck_sql.grouping import Groups, grouped
from local_cloud.athena.duck_sql.relation import Planner, Relation, selected, single_row
from local_cloud.athena.duck_sql.scalars import refuse_aggregates
from local_cloud.athena.duck_sql.tail import limited, tail_limits
from local_cloud.athena.duck_sql.text import can_fail
from local_cloud.athena.ir import (
    Aggregate,
    Column,
    Expr,
    Grouping,
    SortKey,
    Special,
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
    windows: list[Expr]
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
    with clause(outer, "from"):
        source = related(planner, outer, from_) if from_ is not None else single_row()
    scope = Scope(source.fields, outer)
    opened = _windows(planner, scope, windows)
    scope = replace(scope, windows=opened.named)
    sql = source.sql
    if where is not None:
        with clause(outer, "where"):
            sql = _filtered(planner, source, scope, where)
    with clause(outer, "select"):
        outputs = _outputs(planner, scope, items, from_, at)
    made = _Select(planner, source, scope, outputs, opened.values)
    if distinct:
        for one in made.outputs:
            if not t.is_comparable(one.value.type):
                raise context.mismatch(
                    f"DISTINCT can only be applied to comparable types (actual: {one.value.type})",
                    at,
                )
    with clause(outer, "group"):
        groups = grouped(planner, scope, group_by, [one.value for one in made.outputs])
    if having is not None:
        with clause(outer, "having"):
            made.having = condition(context, scope, having, "HAVING clause")
        if any(isinstance(one, Window) for one in walk(made.having)):
            raise context.error(
                "NESTED_WINDOW", "HAVING clause cannot contain window functions", having.at
            )
    with clause(outer, "order"):
        made.keys = _order_keys(made, tail.order, distinct)
    shape = _shape(made, from_, group_by, distinct, tail)
    sql = _aggregated(made, groups, sql, at)
    sql = _windowed(made, sql)
    return replace(_finished(made, sql, distinct, tail, at), shape=shape)


def _shape(
    made: _Select,
    from_: tree.Relation | None,
    group_by: tree.GroupBy | None,
    distinct: bool,
    tail: tree.Tail,
) -> frozenset[str]:
    """What this SELECT consists of, in one word each."""
    aggregates = any(isinstance(p, Aggregate) for one in _exprs(made) for p in walk(one))
    windows = any(isinstance(p, Window) for one in _exprs(made) for p in walk(one))
    there = {
        "from": from_ is not None,
        "group": group_by is not None,
        "aggregate": group_by is None and (aggregates or made.having is not None),
        "having": made.having is not None,
        "window": windows,
        "distinct": distinct,
        "order": bool(tail.order),
        "limit": tail.limit is not None or tail.offset is not None,
    }
    return frozenset(name for name, present in there.items() if present)


@dataclass(frozen=True, slots=True)
class _Windows:
    """The WINDOW clause: its specifications by name, and the expressions in them."""

    named: dict[str, tree.WindowSpecification]
    values: list[Expr]


def _windows(
    planner: Planner, scope: Scope, nodes: Sequence[tree.WindowDefinition]
) -> _Windows:
    named: dict[str, tree.WindowSpecification] = {}
    values: list[Expr] = []
    for one in nodes:
        name = window_name(one.name)
        if name in named:
            raise planner.context.error(
                "DUPLICATE_WINDOW_NAME",
                f"WINDOW name '{one.name.name}' specified more than once",
                one.at,
            )
        around = replace(scope, windows=dict(named))
        named[name] = resolved(planner.context, around, one.window)
        # A window that nobody uses must be right all the same.
        opened = over(planner.context, around, one.window)
        values += opened.values()
    return _Windows(named, values)


def _filtered(
    planner: Planner, source: Relation, scope: Scope, node: tree.Expression
) -> str:
    """The rows that WHERE keeps."""
    context, text = planner.context, planner.text
    refuse_aggregates(context, node, "WHERE clause")
    where = condition(context, scope, node, "WHERE clause")
    _prune(planner, source, where)
    terms = where.operands if isinstance(where, Special) and where.form == "and" else (where,)
    late = [one for one in terms if can_fail(one)]
    if "join" in source.shape and late:
        # What may fail is asked of joined rows only (IrExpressions.mayFail); OFFSET keeps DuckDB
        # from asking earlier.
        early = [one for one in terms if not can_fail(one)]
        sql = f"SELECT * FROM ({source.sql})"
        if early:
            sql += f" WHERE {text.of(_all(early))}"
        return f"SELECT * FROM ({sql} OFFSET 0) WHERE {text.of(_all(late))}"
    return f"SELECT * FROM ({source.sql}) WHERE {text.of(where)}"


def _all(terms: Sequence[Expr]) -> Expr:
    return terms[0] if len(terms) == 1 else Special(t.BOOLEAN, "and", tuple(terms))


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
            return _labelled(planner, item, _outer_columns(planner, scope, parts, item.at))
    value = analysed(context, scope, item.target)
    if value.type.name != "row":
        raise context.mismatch(
            f"Expected expression of type Row, but it has {value.type} type", item.at
        )
    made = [
        Output(name, field_of(value, index)) for index, name in enumerate(value.type.fields)
    ]
    return _labelled(planner, item, made)


def _outer_columns(
    planner: Planner, scope: Scope, parts: tuple[str, ...], at: int
) -> list[Output]:
    """`t.*` of a relation of a query around this one."""
    outer = scope.parent
    while outer is not None:
        fields = [one for one in outer.fields if one.has_prefix(parts)]
        if fields:
            for one in fields:
                scope.capture(one.column)
            return [Output(one.name, one.column) for one in fields]
        outer = outer.parent
    raise planner.context.error(
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
    # Identifier.getCanonicalValue: these aliases alone are kept in upper case.
    return [
        Output(alias.name if alias.quoted else alias.name.upper(), one.value)
        for alias, one in zip(item.aliases, found, strict=True)
    ]


# ---- ORDER BY -------------------------------------------------------------------------------


def _order_keys(made: _Select, items: Sequence[tree.SortItem], distinct: bool) -> list[SortKey]:
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
            read = analysed(context, scope, item.key)
            _refuse_outputs_inside(made, read, by_name, item.at)
            value = rewritten(read, meant)
            if distinct and read not in by_name and read not in by_name.values():
                raise context.error(
                    "EXPRESSION_NOT_IN_DISTINCT",
                    "For SELECT DISTINCT, ORDER BY expressions must appear in select list",
                    item.at,
                )
        if not t.is_orderable(value.type):
            raise context.mismatch(
                f"Type {value.type} is not orderable, and therefore cannot be used in ORDER BY",
                item.at,
            )
        keys.append(SortKey(value, item.descending, bool(item.nulls_first)))
    return keys


def _refuse_outputs_inside(
    made: _Select, key: Expr, outputs: Mapping[Column, Expr], at: int
) -> None:
    """An aggregate or grouping() in ORDER BY is over rows, not over outputs."""
    for part in walk(key):
        if isinstance(part, (Aggregate, Grouping)) and any(
            isinstance(one, Column) and one in outputs for one in walk(part)
        ):
            name = "COLUMN_NOT_FOUND" if isinstance(part, Aggregate) else "INVALID_ARGUMENTS"
            raise made.planner.context.error(
                name, "Invalid reference to output projection attribute from ORDER BY", at
            )


# ---- stages ---------------------------------------------------------------------------------


def _exprs(made: _Select) -> list[Expr]:
    found = [one.value for one in made.outputs] + [one.value for one in made.keys]
    return found + made.windows + ([made.having] if made.having is not None else [])


def _replace(made: _Select, known: dict[Expr, Column]) -> None:
    """What a stage has computed is a column from now on."""

    def change(part: Expr) -> Expr | None:
        return known.get(part)

    made.outputs = [Output(one.name, rewritten(one.value, change)) for one in made.outputs]
    made.keys = [
        SortKey(rewritten(one.value, change), one.descending, one.nulls_first)
        for one in made.keys
    ]
    made.windows = [rewritten(one, change) for one in made.windows]
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
    split = aggregating.in_two_steps(sql, (one for one in found if isinstance(one, Aggregate)))
    for part, column in found.items():
        assert isinstance(part, Aggregate)
        columns.append((aggregating.written(text, part, split), column.name))
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
            ordering.sort_item(text, name, key.value.type, key)
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
    return f"SELECT DISTINCT ON ({keys}) * FROM ({sql})"

