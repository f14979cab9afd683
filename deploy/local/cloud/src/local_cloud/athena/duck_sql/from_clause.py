"""FROM: tables, views, subqueries, VALUES, UNNEST and joins (StatementAnalyzer)."""

from collections.abc import Sequence

from coinlake.sql import tree
from local_cloud.athena import types as t
from local_cloud.athena.analysis.context import Context
from local_cloud.athena.analysis.expressions import analysed, coerced
from local_cloud.athena.analysis.rules import Rules
from local_cloud.athena.analysis.scope import Field, Scope, clause
from local_cloud.athena.coercion import common_super_type
from local_cloud.athena.duck_sql import nested_keys
from local_cloud.athena.duck_sql.correlation import check_correlation
from local_cloud.athena.duck_sql.quantified import as_filter
from local_cloud.athena.duck_sql.relation import (
    BoundTable,
    Planner,
    Relation,
    Scan,
    View,
    retyped,
    selected,
    single_row,
)
from local_cloud.athena.duck_sql.scalars import refuse_aggregates
from local_cloud.athena.duck_sql.text import can_fail
from local_cloud.athena.failures import QueryError, not_supported
from local_cloud.athena.ir import (
    Aggregate,
    Column,
    Expr,
    Grouping,
    Lambda,
    Special,
    Subquery,
    Window,
    walk,
)
from local_cloud.athena.types import Type

RELATIONS: Rules[Relation] = Rules("a relation")
MAX_VIEW_DEPTH = 16
JOINED = frozenset(("join",))


def related(planner: Planner, scope: Scope | None, node: tree.Relation) -> Relation:
    """The rows of a relation; `scope` is what is visible around it."""
    return RELATIONS.apply(node, planner, scope)


# ---- tables and views -----------------------------------------------------------------------


@RELATIONS.rule(tree.Table)
def _table(
    planner: Planner, scope: Scope | None, at: int, *, name: tree.QualifiedName
) -> Relation:
    parts = [part.name.lower() for part in name.parts]
    if len(parts) == 1 and scope is not None:
        named = scope.named_query(parts[0])
        if named is not None:
            planner.scanned(named.scans)
            return _renamed(planner, named.sql, named.fields, (parts[0],))
    if len(parts) > 3:
        raise planner.context.error(
            "SYNTAX_ERROR", f"Too many dots in table name: {name.text}", at
        )
    session = planner.context.session
    if len(parts) == 3 and parts[0] != session.catalog:
        raise planner.context.error("CATALOG_NOT_FOUND", f"Catalog '{parts[0]}' not found", at)
    database = parts[-2] if len(parts) > 1 else session.database
    try:
        found = planner.tables.bind(database, parts[-1])
    except QueryError as error:
        raise planner.context.error(error.name, error.message, at) from error
    alias = (session.catalog, database, parts[-1])
    if isinstance(found, View):
        return _view(planner, found, alias, at)
    planner.scanned(1)
    return _bound(planner, found, alias)


def _bound(planner: Planner, table: BoundTable, alias: tuple[str, ...]) -> Relation:
    fields, columns, keys = [], [], []
    for index, (name, kind) in enumerate(table.columns):
        column = planner.column(kind)
        columns.append(f"{table.relation}.c{index} AS {column.name}")
        fields.append(Field(name, column, alias))
        if name in table.keys:
            keys.append((column.name, name))
    sql = f"SELECT {', '.join(columns) or '1'} FROM {table.relation}"
    return Relation(sql, tuple(fields), (Scan(table.relation, tuple(keys)),))


def _renamed(
    planner: Planner, source: str, fields: Sequence[Field], alias: tuple[str, ...] | None
) -> Relation:
    """Another reference to the same rows, under fresh names."""
    made, columns = [], []
    for one in fields:
        column = planner.column(one.type)
        columns.append(f"{one.column.name} AS {column.name}")
        made.append(Field(one.name, column, alias))
    return Relation(f"SELECT {', '.join(columns) or '1'} FROM {source}", tuple(made))


def _view(planner: Planner, view: View, alias: tuple[str, ...], at: int) -> Relation:
    if planner.depth >= MAX_VIEW_DEPTH:
        raise planner.context.error(
            "VIEW_IS_RECURSIVE", "views refer to each other too deeply", at
        )
    inner = planner.of_view(view)
    if len(inner.fields) != len(view.columns):
        raise planner.context.error(
            "VIEW_IS_STALE", "the view's columns changed; create it again", at
        )
    kinds = tuple(kind for _, kind in view.columns)
    for have, want in zip(inner.types, kinds, strict=True):
        if common_super_type(have, want) is None:
            raise planner.context.error(
                "VIEW_IS_STALE", f"column of type {have} was {want} when the view was made", at
            )
    made = retyped(planner, inner, kinds, coerced)
    fields = tuple(
        Field(name, one.column, alias)
        for (name, _), one in zip(view.columns, made.fields, strict=True)
    )
    return Relation(made.sql, fields, inner.scans if made is inner else ())


# ---- subqueries, aliases --------------------------------------------------------------------


@RELATIONS.rule(tree.TableSubquery)
def _table_subquery(
    planner: Planner, scope: Scope | None, at: int, *, query: tree.Query
) -> Relation:
    inner = planner.query(query, scope)
    return Relation(inner.sql, tuple(Field(one.name, one.column) for one in inner.fields))


@RELATIONS.rule(tree.Lateral)
def _lateral(planner: Planner, scope: Scope | None, at: int, *, query: tree.Query) -> Relation:
    inner = planner.query(query, scope)
    fields = tuple(Field(one.name, one.column) for one in inner.fields)
    return Relation(inner.sql, fields, shape=inner.shape)


@RELATIONS.rule(tree.Aliased)
def _aliased(
    planner: Planner,
    scope: Scope | None,
    at: int,
    *,
    relation: tree.Relation,
    alias: tree.Identifier,
    columns: tuple[tree.Identifier, ...] | None,
) -> Relation:
    return aliased(planner, related(planner, scope, relation), alias, columns, at)


def aliased(
    planner: Planner,
    inner: Relation,
    alias: tree.Identifier,
    columns: tuple[tree.Identifier, ...] | None,
    at: int,
) -> Relation:
    names = [one.name for one in inner.fields]
    if columns is not None:
        if len(columns) != len(names):
            raise planner.context.error(
                "MISMATCHED_COLUMN_ALIASES",
                f"Column alias list has {len(columns)} entries but '{alias.name}' has "
                f"{len(names)} columns available",
                at,
            )
        names = [one.name for one in columns]
    fields = tuple(
        Field(name, one.column, (alias.name.lower(),))
        for name, one in zip(names, inner.fields, strict=True)
    )
    return Relation(inner.sql, fields, inner.scans, inner.shape)


# ---- VALUES ---------------------------------------------------------------------------------


@RELATIONS.rule(tree.Values)
def _values(
    planner: Planner, scope: Scope | None, at: int, *, rows: tuple[tree.Expression, ...]
) -> Relation:
    context = planner.context
    around = Scope(parent=scope)
    made: list[tuple[Expr, ...]] = []
    for row in rows:
        with clause(scope, "values"):
            value = analysed(context, around, row)
        if any(isinstance(one, (Aggregate, Window, Grouping)) for one in walk(value)):
            raise not_supported("aggregates in VALUES")
        made.append(_cells(value))
    kinds: list[Type] = [one.type for one in made[0]]
    for cells in made:
        if len(cells) != len(kinds):
            raise context.mismatch(
                f"Values rows have mismatched sizes: {len(kinds)} vs {len(cells)}", at
            )
        for index, cell in enumerate(cells):
            common = common_super_type(cell.type, kinds[index])
            if common is None:
                raise context.mismatch(
                    f"Values rows have mismatched types: {kinds[index]} vs {cell.type}", at
                )
            kinds[index] = common
    columns = [planner.column(kind) for kind in kinds]
    lines = [
        [planner.text.of(coerced(cell, kind)) for cell, kind in zip(cells, kinds, strict=True)]
        for cells in made
    ]
    names = ", ".join(one.name for one in columns)
    if any(can_fail(cell) for cells in made for cell in cells):
        # Trino leaves out a column that nothing reads; of VALUES DuckDB computes all of them.
        place = context.names.fresh("i")
        cases = [
            (_by_place(place, [line[at] for line in lines]), column.name)
            for at, column in enumerate(columns)
        ]
        numbers = ", ".join(f"({at})" for at in range(len(lines)))
        sql = f"SELECT * FROM (VALUES {numbers}) AS {context.names.fresh('v')}({place})"
        return Relation(selected(cases, sql), tuple(Field(None, one) for one in columns))
    listed = ", ".join(f"({', '.join(line)})" for line in lines)
    sql = f"SELECT {names} FROM (VALUES {listed}) AS {context.names.fresh('v')}({names})"
    return Relation(sql, tuple(Field(None, one) for one in columns))


def _by_place(place: str, cells: list[str]) -> str:
    whens = " ".join(f"WHEN {place} = {at} THEN {cell}" for at, cell in enumerate(cells))
    return f"CASE {whens} END"


def _cells(value: Expr) -> tuple[Expr, ...]:
    if isinstance(value, Special) and value.form == "row":
        return value.operands
    if value.type.name == "row":
        return tuple(
            Special(kind, "field", (value,), index)
            for index, kind in enumerate(value.type.args)
        )
    return (value,)


# ---- UNNEST ---------------------------------------------------------------------------------


@RELATIONS.rule(tree.Unnest)
def _unnest(
    planner: Planner,
    scope: Scope | None,
    at: int,
    *,
    expressions: tuple[tree.Expression, ...],
    with_ordinality: bool,
) -> Relation:
    return unnested(
        planner,
        single_row(),
        scope,
        Scope(parent=scope),
        expressions,
        with_ordinality,
        False,
        at,
    )


def unnested(
    planner: Planner,
    left: Relation,
    outer: Scope | None,
    scope: Scope,
    expressions: tuple[tree.Expression, ...],
    with_ordinality: bool,
    keep: bool,
    at: int,
) -> Relation:
    """Each row of `left` with the elements of its arrays; with `keep` also where there are none."""
    values = []
    for node in expressions:
        refuse_aggregates(planner.context, node, "UNNEST")
        with clause(outer, "unnest"):
            value = analysed(planner.context, scope, node)
        if value.type.name not in ("array", "map"):
            raise planner.context.error(
                "INVALID_FUNCTION_ARGUMENT", f"Cannot unnest type: {value.type}", at
            )
        values.append(value)
    lists = [planner.context.names.fresh("l") for _ in values]
    index = planner.context.names.fresh("i")
    kept = [one.column.name for one in left.fields]
    opened = [(name, name) for name in kept]
    opened += [(planner.text.of(v), name) for v, name in zip(values, lists, strict=True)]
    counts = [
        f"coalesce({'len' if v.type.name == 'array' else 'cardinality'}({name}), 0)"
        for v, name in zip(values, lists, strict=True)
    ]
    most = f"greatest({', '.join(counts)})" if len(counts) > 1 else counts[0]
    numbers = f"range(1, CAST({most} AS BIGINT) + 1)"
    if keep:
        numbers = f"CASE WHEN {most} = 0 THEN [NULL]::BIGINT[] ELSE {numbers} END"
    inner = selected(opened, left.sql)
    numbered = f"SELECT *, unnest({numbers}) AS {index} FROM ({inner})"
    fields, columns = [], [(name, name) for name in kept]
    for value, name in zip(values, lists, strict=True):
        for label, sql, kind in _elements(value.type, name, index):
            column = planner.column(kind)
            columns.append((sql, column.name))
            fields.append(Field(label, column))
    if with_ordinality:
        column = planner.column(t.BIGINT)
        columns.append((index, column.name))
        fields.append(Field(None, column))
    made = selected(columns, numbered)
    return Relation(made, (*left.fields, *fields), left.scans, JOINED)


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


# ---- joins ----------------------------------------------------------------------------------


@RELATIONS.rule(tree.Join)
def _join(
    planner: Planner,
    scope: Scope | None,
    at: int,
    *,
    kind: str,
    left: tree.Relation,
    right: tree.Relation,
    criteria: tree.JoinOn | tree.JoinUsing | None,
) -> Relation:
    first = related(planner, scope, left)
    lateral = _lateral_kind(right)
    if lateral is not None:
        return _lateral_join(planner, scope, first, kind, right, criteria, lateral, at)
    second = related(planner, scope, right)
    if isinstance(criteria, tree.JoinUsing):
        return _using(planner, kind, first, second, criteria.columns, at)
    fields = (*first.fields, *second.fields)
    if criteria is None:
        sql = f"SELECT * FROM ({first.sql}) CROSS JOIN ({second.sql})"
        return Relation(sql, fields, (*first.scans, *second.scans), JOINED)
    of_tables = bool(first.scans or second.scans)
    where = _on(planner, scope, fields, criteria.condition, kind, of_tables)
    sql = f"SELECT * FROM ({first.sql}) {kind} JOIN ({second.sql}) ON {where}"
    return Relation(sql, fields, _filtered(kind, first, second), JOINED)


def _filtered(kind: str, first: Relation, second: Relation) -> tuple[Scan, ...]:
    """The scans whose rows a WHERE behind the join may rule out: not the sides that it fills."""
    left = first.scans if kind in ("INNER", "LEFT") else ()
    right = second.scans if kind in ("INNER", "RIGHT") else ()
    return (*left, *right)


def _on(
    planner: Planner,
    scope: Scope | None,
    fields: tuple[Field, ...],
    node: tree.Expression,
    kind: str,
    of_tables: bool,
) -> str:
    context = planner.context
    refuse_aggregates(context, node, "JOIN clause")
    with clause(scope, "on"):
        value = analysed(context, Scope(fields, scope), node)
    if kind != "INNER":
        _refuse_outer(context, fields, value)
    if value.type.name not in ("boolean", "unknown"):
        raise context.mismatch(
            f"JOIN ON clause must evaluate to a boolean: actual type {value.type}", node.at
        )
    condition = coerced(value, t.BOOLEAN)
    if kind in ("INNER", "RIGHT") and of_tables:
        condition = nested_keys.checked(condition)
    return planner.text.of(as_filter(condition) if kind == "INNER" else condition)


def _refuse_outer(context: Context, fields: tuple[Field, ...], condition: Expr) -> None:
    """The condition of an outer join knows its two sides only, and correlates with neither."""
    parts = list(walk(condition))
    known = {one.column for one in fields}
    known |= {name for one in parts if isinstance(one, Lambda) for name in one.parameters}
    for part in parts:
        if isinstance(part, Subquery) and part.outer:
            raise not_supported("a correlated subquery in the condition of an outer join")
        if isinstance(part, Column) and part not in known:
            raise not_supported("columns from outside in the condition of an outer join")


def _lateral_kind(node: tree.Relation) -> tree.Unnest | tree.Lateral | None:
    if isinstance(node, tree.Aliased):
        return _lateral_kind(node.relation)
    return node if isinstance(node, (tree.Unnest, tree.Lateral)) else None


def _lateral_join(
    planner: Planner,
    scope: Scope | None,
    left: Relation,
    kind: str,
    node: tree.Relation,
    criteria: tree.JoinOn | tree.JoinUsing | None,
    lateral: tree.Unnest | tree.Lateral,
    at: int,
) -> Relation:
    context = planner.context
    always = criteria is None or (
        isinstance(criteria, tree.JoinOn) and criteria.condition == tree.BooleanLiteral(True)
    )
    if kind in ("RIGHT", "FULL"):
        raise not_supported(f"{kind} JOIN with LATERAL or UNNEST")
    around = Scope(left.fields, scope)
    if isinstance(lateral, tree.Unnest):
        if not always:
            raise context.error(
                "NOT_SUPPORTED",
                f"{kind} JOIN involving UNNEST is only supported with condition ON TRUE",
                at,
            )
        made = unnested(
            planner,
            left,
            scope,
            around,
            lateral.expressions,
            lateral.with_ordinality,
            kind == "LEFT",
            lateral.at,
        )
        new = Relation("", made.fields[len(left.fields) :])
        if isinstance(node, tree.Aliased):
            new = aliased(planner, new, node.alias, node.columns, node.at)
        return Relation(made.sql, (*left.fields, *new.fields), left.scans)
    if isinstance(criteria, tree.JoinUsing):
        raise not_supported("JOIN LATERAL … USING")
    boundary = Scope(parent=Scope(left.fields, scope), boundary=True)
    with clause(scope, "lateral"):
        second = related(planner, boundary, node)
    check_correlation(boundary, second.shape, "lateral")
    if boundary.captured and not always:
        raise not_supported(
            "JOIN LATERAL of a correlated query with another condition than TRUE"
        )
    fields = (*left.fields, *second.fields)
    # A global aggregate has one row always; DuckDB's LEFT JOIN would lose its constants.
    if criteria is None or (
        always
        and "aggregate" in second.shape
        and "limit" not in second.shape
        and "having" not in second.shape
    ):
        sql = f"SELECT * FROM ({left.sql}) CROSS JOIN LATERAL ({second.sql})"
        return Relation(sql, fields, left.scans, JOINED)
    where = _on(planner, scope, fields, criteria.condition, kind, bool(left.scans))
    sql = f"SELECT * FROM ({left.sql}) {kind} JOIN LATERAL ({second.sql}) ON {where}"
    return Relation(sql, fields, left.scans, JOINED)


def _using(
    planner: Planner,
    kind: str,
    left: Relation,
    right: Relation,
    names: tuple[tree.Identifier, ...],
    at: int,
) -> Relation:
    """Columns of USING first and once, then what is left of both sides (analyzeJoinUsing)."""
    context, text = planner.context, planner.text
    fields, columns, conditions, used = [], [], [], set()
    seen: set[str] = set()
    for name in names:
        if name.name.lower() in seen:
            raise context.error(
                "DUPLICATE_COLUMN_NAME",
                f"Column '{name.name}' appears multiple times in USING clause",
                name.at,
            )
        seen.add(name.name.lower())
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
        equal: Expr = Special(t.BOOLEAN, "=", (a, b))
        if kind in ("INNER", "RIGHT") and (left.scans or right.scans):
            equal = nested_keys.checked(equal)
        conditions.append(text.of(equal))
        column = planner.column(common)
        order = (a, b) if kind != "RIGHT" else (b, a)
        columns.append((f"coalesce({text.of(order[0])}, {text.of(order[1])})", column.name))
        fields.append(Field(name.name, column))
        used |= {one.column.name for one in pair}
    for one in (*left.fields, *right.fields):
        if one.column.name not in used:
            fields.append(one)
            columns.append((one.column.name, one.column.name))
    joined = (
        f"SELECT * FROM ({left.sql}) {kind} JOIN ({right.sql}) ON {' AND '.join(conditions)}"
    )
    return Relation(selected(columns, joined), tuple(fields), (), JOINED)


def _joined_column(
    context: Context, side: Relation, name: tree.Identifier, which: str
) -> Field:
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
