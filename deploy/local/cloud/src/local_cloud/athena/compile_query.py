"""Queries: SELECT, set operations, WITH and views become DuckDB SQL over bound tables."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlglot import exp

from local_cloud.athena import (
    aggregates,
    conditions,
    functions_nested,
    functions_text,
    functions_time,
)
from local_cloud.athena import types as t
from local_cloud.athena.compile_expr import Expressions
from local_cloud.athena.failures import QueryError, not_supported, syntax_error, type_mismatch
from local_cloud.athena.from_clause import FromClause
from local_cloud.athena.query_parts import (
    GROUPINGS,
    limits,
    position,
    refuse_extras,
    star_alias,
)
from local_cloud.athena.scope import Names, Scope
from local_cloud.athena.typed import Typed, common
from local_cloud.athena.types import Type

# The modules of rules register themselves when imported.
RULE_MODULES = (aggregates, conditions, functions_nested, functions_text, functions_time)
MAX_VIEW_DEPTH = 16


@dataclass(frozen=True, slots=True)
class Column:
    """An output column of a query."""

    name: str
    type: Type


@dataclass(frozen=True, slots=True)
class Compiled:
    """A query as DuckDB SQL whose columns are called c0, c1, … in order."""

    sql: str
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class BoundTable:
    """A catalog table made readable: its relation's name in the engine and its columns."""

    relation: str
    columns: tuple[Column, ...]
    partition_keys: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class View:
    """A stored view: its text, the database it was made in, its declared columns."""

    sql: exp.Expression
    database: str
    columns: tuple[Column, ...]


# (database or None, name) to a table bound for one reference, or to a view.
Resolve = Callable[[str | None, str], BoundTable | View]
# (relation, WHERE, which columns of it are this table's partition keys)
Prune = Callable[[str, exp.Expression, Callable[[exp.Expression], str | None]], None]


@dataclass(slots=True)
class Environment:
    """What the names in a query mean: WITH queries, catalog, and how deep in views we are."""

    resolve: Resolve
    prune: Prune
    ctes: dict[str, tuple[str, tuple[Column, ...]]] = field(default_factory=dict)
    depth: int = 0

    def with_cte(self, name: str, entry: tuple[str, tuple[Column, ...]]) -> "Environment":
        return Environment(self.resolve, self.prune, {**self.ctes, name: entry}, self.depth)


class Queries:
    """Compiles one statement."""

    def __init__(self, resolve_in: Callable[[str | None], Resolve], prune: Prune) -> None:
        self._resolve_in = resolve_in
        self._prune = prune
        self.names = Names()

    def compile(
        self, node: exp.Expression, database: str | None = None, depth: int = 0
    ) -> Compiled:
        """The whole query; tables without a database are those of `database`."""
        env = Environment(self._resolve_in(database), self._prune, depth=depth)
        made = self.query(node, env, None)
        return Compiled(made.sql, _as_written(node, made.columns))

    def view(self, view: View, depth: int) -> Compiled:
        """A view's query; it sees the catalog only, not the WITH of the query around it."""
        if depth >= MAX_VIEW_DEPTH:
            raise QueryError("VIEW_IS_RECURSIVE", "views refer to each other too deeply")
        made = self.compile(view.sql, view.database, depth + 1)
        if len(made.columns) != len(view.columns):
            raise QueryError("VIEW_IS_STALE", "the view's columns changed; create it again")
        return retyped(made, [column.type for column in view.columns])

    def query(self, node: exp.Expression, env: Environment, outer: Scope | None) -> Compiled:
        if isinstance(node, exp.Subquery):
            if node.args.get("joins") or node.args.get("pivots"):
                raise not_supported("joins of a parenthesised query")
            tail = {
                k: node.args.get(k) for k in ("order", "limit", "offset") if node.args.get(k)
            }
            inner = self.query(node.this, env, outer)
            return self._tail(inner, node) if tail else inner
        with_sql, env = self._with(node, env, outer)
        if isinstance(node, exp.Select):
            made = self._select(node, env, outer)
        elif isinstance(node, exp.SetOperation):
            made = self._tail(self._set_operation(node, env, outer), node)
        elif isinstance(node, exp.Values):
            made = self.values(node, env)
        else:
            raise not_supported(f"{node.key.upper()} as a query")
        return Compiled(f"{with_sql}{made.sql}", made.columns)

    def _with(
        self, node: exp.Expression, env: Environment, outer: Scope | None
    ) -> tuple[str, Environment]:
        clause = node.args.get("with_")
        if clause is None:
            return "", env
        if clause.args.get("recursive"):
            raise not_supported("WITH RECURSIVE")
        parts = []
        for cte in clause.expressions:
            made = self.query(cte.this, env, outer)
            columns = _renamed(made.columns, cte.args.get("alias"))
            name = self.names.fresh("w")
            parts.append(f"{name} AS ({made.sql})")
            env = env.with_cte(cte.alias.lower(), (name, columns))
        return f"WITH {', '.join(parts)} ", env

    def values(self, node: exp.Expression, env: Environment) -> Compiled:
        expressions = self.expressions(env)
        scope = Scope()
        rows = []
        for row in node.expressions:
            cells = row.expressions if isinstance(row, exp.Tuple) else [row]
            rows.append([expressions.typed(cell, scope) for cell in cells])
        selects = [
            Compiled(
                "SELECT " + ", ".join(f"{cell.sql} AS c{i}" for i, cell in enumerate(row)),
                tuple(Column(f"_col{i}", cell.type) for i, cell in enumerate(row)),
            )
            for row in rows
        ]
        if any(len(one.columns) != len(selects[0].columns) for one in selects):
            raise type_mismatch("Values rows have mismatched sizes")
        kinds = _union_types(selects)
        return Compiled(
            " UNION ALL ".join(retyped(one, kinds).sql for one in selects),
            tuple(
                Column(column.name, kind)
                for column, kind in zip(selects[0].columns, kinds, strict=True)
            ),
        )

    def expressions(self, env: Environment) -> Expressions:
        def subquery(node: exp.Expression, scope: Scope) -> tuple[str, list[Type]]:
            made = self.query(node, env, scope)
            return f"({made.sql})", [column.type for column in made.columns]

        return Expressions(subquery)

    def _set_operation(
        self, node: exp.SetOperation, env: Environment, outer: Scope | None
    ) -> Compiled:
        word = {exp.Union: "UNION", exp.Intersect: "INTERSECT", exp.Except: "EXCEPT"}[
            type(node)
        ]
        if not node.args.get("distinct"):
            word += " ALL"
        sides = [self.query(node.this, env, outer), self.query(node.expression, env, outer)]
        if len(sides[0].columns) != len(sides[1].columns):
            raise syntax_error(f"{word} query has different number of fields")
        kinds = _union_types(sides)
        left, right = (retyped(side, kinds) for side in sides)
        return Compiled(
            f"SELECT * FROM ({left.sql}) {word} SELECT * FROM ({right.sql})", left.columns
        )

    def _tail(self, made: Compiled, node: exp.Expression) -> Compiled:
        """ORDER BY and LIMIT behind a set operation or brackets: output columns only."""
        if not any(node.args.get(key) for key in ("order", "limit", "offset")):
            return made
        scope = Scope()
        scope.outputs = {
            column.name: Typed(f"c{i}", column.type) for i, column in enumerate(made.columns)
        }
        env = Environment(self._resolve_in(None), self._prune)
        tail = self._order(node, scope, self.expressions(env), len(made.columns)) + limits(node)
        return Compiled(f"SELECT * FROM ({made.sql}){tail}", made.columns)

    def _select(self, node: exp.Select, env: Environment, outer: Scope | None) -> Compiled:
        refuse_extras(node)
        scope = Scope(outer=outer)
        scope.windows = {w.name.lower(): w for w in node.args.get("windows") or []}
        from_sql = FromClause(self, env).compile(node, scope)
        expressions = self.expressions(env)
        projections = self._projections(node, scope, expressions)
        listed = ", ".join(f"{value.sql} AS c{i}" for i, (_, value) in enumerate(projections))
        distinct = "DISTINCT " if node.args.get("distinct") else ""
        sql = f"SELECT {distinct}{listed}{from_sql}"
        if where := node.args.get("where"):
            sql += f" WHERE {expressions.boolean(where.this, scope, 'WHERE clause')}"
            env_prune(env, where.this, scope)
        sql += self._group(node, scope, expressions, projections)
        if having := node.args.get("having"):
            sql += f" HAVING {expressions.boolean(having.this, scope, 'HAVING clause')}"
        scope.outputs = {name: value for name, value in projections if name}
        sql += self._order(node, scope, expressions, len(projections)) + limits(node)
        columns = tuple(
            Column(name or f"_col{i}", value.type)
            for i, (name, value) in enumerate(projections)
        )
        return Compiled(sql, columns)

    def _projections(
        self, node: exp.Select, scope: Scope, expressions: Expressions
    ) -> list[tuple[str, Typed]]:
        found: list[tuple[str, Typed]] = []
        for one in node.expressions:
            star = star_alias(one)
            if star is not None:
                found += [(f.name, Typed(f.sql, f.type)) for f in scope.star(star or None)]
                continue
            inner = one.this if isinstance(one, exp.Alias) else one
            name = (
                one.alias_or_name if isinstance(one, (exp.Alias, exp.Column, exp.Dot)) else ""
            )
            found.append((name.lower(), expressions.typed(inner, scope)))
        if not found:
            raise syntax_error("SELECT without columns")
        return found

    def _group(
        self,
        node: exp.Select,
        scope: Scope,
        expressions: Expressions,
        projections: list[tuple[str, Typed]],
    ) -> str:
        group = node.args.get("group")
        if group is None:
            return ""

        def key(one: exp.Expression) -> str:
            if isinstance(one, exp.Literal) and not one.is_string:
                return str(position(one, len(projections)))
            if word := GROUPINGS.get(type(one)):
                return f"{word} ({', '.join(key(part) for part in one.expressions)})"
            if isinstance(one, (exp.Tuple, exp.Paren)):
                inner = one.expressions if isinstance(one, exp.Tuple) else [one.this]
                return f"({', '.join(key(part) for part in inner)})"
            return expressions.typed(one, scope).sql

        parts = [key(one) for one in group.expressions]
        for name in ("grouping_sets", "rollup", "cube"):
            parts += [key(entry) for entry in group.args.get(name) or []]
        return f" GROUP BY {', '.join(parts)}" if parts else ""

    def _order(
        self, node: exp.Expression, scope: Scope, expressions: Expressions, width: int
    ) -> str:
        order = node.args.get("order")
        if order is None:
            return ""
        keys = []
        for one in order.expressions:
            if isinstance(one.this, exp.Literal) and not one.this.is_string:
                sql = str(position(one.this, width))
            else:
                sql = expressions.typed(one.this, scope).sql
            keys.append(f"{sql} {aggregates.direction(one)}")
        return f" ORDER BY {', '.join(keys)}"


def env_prune(env: Environment, where: exp.Expression, scope: Scope) -> None:
    """Tell each table of this SELECT which of its partitions the WHERE can never keep."""

    def base(node: exp.Expression) -> tuple[str, str] | None:
        if not isinstance(node, exp.Column) or len(node.parts) > 2:
            return None
        found = scope.local(node.name.lower(), node.table.lower() or None)
        return found.base if found else None

    for relation in scope.relations:
        tables = {f.base[0] for f in relation.fields if f.base}
        # An outer join that fills with nulls could turn a pruned match into a wrong row.
        if relation.nullable or len(tables) != 1:
            continue
        (table,) = tables

        def key(node: exp.Expression, table: str = table) -> str | None:
            found = base(node)
            return found[1] if found and found[0] == table else None

        env.prune(table, where, key)


def _as_written(node: exp.Expression, columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """Names are matched in lower case, but a result shows an alias as it was written."""
    if not isinstance(node, exp.Select) or len(node.expressions) != len(columns):
        return columns
    return tuple(
        Column(one.alias, column.type)
        if isinstance(one, exp.Alias) and one.alias.lower() == column.name
        else column
        for one, column in zip(node.expressions, columns, strict=True)
    )


def _union_types(sides: list[Compiled]) -> list[Type]:
    kinds: list[Type] = []
    for columns in zip(*(side.columns for side in sides), strict=True):
        kind = columns[0].type
        for column in columns[1:]:
            both = common(kind, column.type)
            if both is None:
                raise type_mismatch(f"column types {kind} and {column.type} do not unite")
            kind = both
        kinds.append(kind)
    return kinds


def retyped(made: Compiled, kinds: list[Type]) -> Compiled:
    """The query with its columns coerced to `kinds`."""
    columns = tuple(
        Column(column.name, kind) for column, kind in zip(made.columns, kinds, strict=True)
    )
    same = all(
        t.duck_name(a.type) == t.duck_name(b) for a, b in zip(made.columns, kinds, strict=True)
    )
    if same:
        return Compiled(made.sql, columns)
    listed = ", ".join(
        f"CAST(c{i} AS {t.duck_name(kind)}) AS c{i}" for i, kind in enumerate(kinds)
    )
    return Compiled(f"SELECT {listed} FROM ({made.sql})", columns)


def _renamed(columns: tuple[Column, ...], alias: Any) -> tuple[Column, ...]:
    names = [one.name.lower() for one in alias.args.get("columns") or []] if alias else []
    if not names:
        return columns
    if len(names) != len(columns):
        raise syntax_error("column alias list has a wrong number of entries")
    return tuple(Column(name, column.type) for name, column in zip(names, columns, strict=True))
