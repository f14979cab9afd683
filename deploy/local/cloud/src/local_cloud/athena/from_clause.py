"""FROM: tables, views, subqueries, UNNEST and joins become relations of a scope."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from local_cloud.athena import types as t
from local_cloud.athena.failures import QueryError, not_supported, syntax_error, type_mismatch
from local_cloud.athena.functions_nested import entries
from local_cloud.athena.scope import Field, Relation, Scope
from local_cloud.athena.typed import Typed, identifier, unified
from local_cloud.athena.types import Type

if TYPE_CHECKING:
    from local_cloud.athena.compile_query import Column, Compiled, Environment, Queries


class FromClause:
    """Compiles one SELECT's FROM into text and fills its scope."""

    def __init__(self, queries: Queries, env: Environment) -> None:
        self._queries = queries
        self._env = env

    def compile(self, node: exp.Select, scope: Scope) -> str:
        clause = node.args.get("from_")
        if clause is None:
            if node.args.get("joins"):
                raise syntax_error("JOIN without FROM")
            return ""
        sql = self._item(clause.this, scope)
        joins = list(node.args.get("joins") or []) + list(clause.this.args.get("joins") or [])
        for join in joins:
            sql += self._join(join, scope)
        return f" FROM {sql}"

    def _item(self, node: exp.Expression, scope: Scope) -> str:
        """One relation; its text, with an alias of our own so that names cannot clash."""
        known = {"this", "db", "catalog", "alias", "joins", "expressions", "offset", "with_"}
        extra = [k for k, v in node.args.items() if v and k not in known]
        if extra:
            raise not_supported(f"{extra[0]} in FROM")
        if isinstance(node, exp.Unnest):
            return self._unnest(node, scope)
        if isinstance(node, exp.Table):
            return self._table(node, scope)
        if isinstance(node, exp.Subquery):
            made = self._queries.query(node.this, self._env, scope.outer)
            return self._derived(made, node.args.get("alias"), scope)
        if isinstance(node, exp.Values):
            return self._derived(
                self._queries.values(node, self._env), node.args.get("alias"), scope
            )
        raise not_supported(f"{node.key} in FROM")

    def _derived(self, made: Compiled, alias: Any, scope: Scope) -> str:
        return self._add(f"({made.sql})", made.columns, alias, scope)

    def _add(self, sql: str, columns: tuple[Column, ...], alias: Any, scope: Scope) -> str:
        name = alias.name.lower() if alias is not None else ""
        fresh = self._queries.names.fresh("r")
        fields = [
            Field(column.name, column.type, f"{fresh}.c{i}") for i, column in enumerate(columns)
        ]
        scope.relations.append(Relation(name, _aliased(fields, alias)))
        return f"{sql} AS {fresh}"

    def _table(self, node: exp.Table, scope: Scope) -> str:
        if not isinstance(node.this, exp.Identifier):
            raise not_supported(f"the table function {node.this.sql(dialect='athena')[:80]}")
        name, database = node.name.lower(), node.db.lower() or None
        if node.catalog and node.catalog.lower() != "awsdatacatalog":
            raise QueryError("CATALOG_NOT_FOUND", f"Catalog '{node.catalog}' not found")
        alias = node.args.get("alias") or exp.TableAlias(this=exp.to_identifier(name))
        if database is None and name in self._env.ctes:
            relation, columns = self._env.ctes[name]
            return self._add(relation, columns, alias, scope)
        found = self._env.resolve(database, name)
        if not hasattr(found, "relation"):
            made = self._queries.view(found, self._env.depth)
            named = replace(
                made,
                columns=tuple(
                    replace(column, name=declared.name)
                    for column, declared in zip(made.columns, found.columns, strict=True)
                ),
            )
            return self._derived(named, alias, scope)
        fresh = self._queries.names.fresh("r")
        fields = [
            Field(
                column.name,
                column.type,
                f"{fresh}.{identifier(column.name)}",
                (found.relation, column.name),
            )
            for column in found.columns
        ]
        scope.relations.append(Relation(alias.name.lower(), _aliased(fields, alias)))
        return f"{found.relation} AS {fresh}"

    def _unnest(self, node: exp.Unnest, scope: Scope) -> str:
        """UNNEST as a lateral subquery; rows spread into columns, shorter lists fill with null."""
        expressions = self._queries.expressions(self._env)
        spread: list[tuple[str, Type]] = []
        inner: list[str] = []
        values = [expressions.typed(one, scope) for one in node.expressions]
        for index, value in enumerate(values):
            source = f"map_entries({value.sql})" if value.type.name == "map" else value.sql
            inner.append(f"unnest({source}) AS e{index}")
            spread += [
                (
                    sql.replace("e", f"e{index}", 1)
                    if sql[0] == "e"
                    else sql.replace("(e,", f"(e{index},", 1),
                    kind,
                )
                for sql, kind in entries(value)
            ]
        if node.args.get("offset"):
            sizes = ", ".join(f"coalesce(len({_list_sql(v.sql, v.type)}), 0)" for v in values)
            inner.append(f"unnest(generate_series(1, greatest({sizes}))) AS n")
            spread.append(("n", t.BIGINT))
        listed = ", ".join(f"{sql} AS c{i}" for i, (sql, _) in enumerate(spread))
        fresh = self._queries.names.fresh("r")
        alias = node.args.get("alias")
        names = [
            one.name.lower() for one in (alias.args.get("columns") if alias else None) or []
        ]
        offset = node.args.get("offset")
        # sqlglot takes the last alias column away as the name of the ordinality.
        if isinstance(offset, exp.Identifier):
            names.append(offset.name.lower())
        if len(names) != len(spread):
            raise syntax_error(
                f"UNNEST gives {len(spread)} columns; name them all: AS t(a, b, …)"
            )
        fields = tuple(
            Field(name, kind, f"{fresh}.c{i}")
            for i, (name, (_, kind)) in enumerate(zip(names, spread, strict=True))
        )
        scope.relations.append(Relation(alias.name.lower() if alias else "", fields))
        return f"(SELECT {listed} FROM (SELECT {', '.join(inner)})) AS {fresh}"

    def _join(self, join: exp.Join, scope: Scope) -> str:
        side, kind = (join.side or "").upper(), (join.kind or "").upper()
        if join.args.get("method") or kind not in ("", "INNER", "OUTER", "CROSS"):
            raise not_supported(f"{join.args.get('method') or kind} JOIN")
        before = len(scope.relations)
        item = self._item(join.this, scope)
        lateral = "LATERAL " if isinstance(join.this, exp.Unnest) else ""
        word, condition = self._condition(join, scope, before, side)
        if side in ("LEFT", "FULL"):
            _make_nullable(scope, before, len(scope.relations))
        if side in ("RIGHT", "FULL"):
            _make_nullable(scope, 0, before)
        return f" {word} {lateral}{item}{condition}"

    def _condition(
        self, join: exp.Join, scope: Scope, before: int, side: str
    ) -> tuple[str, str]:
        on, using = join.args.get("on"), join.args.get("using")
        word = f"{side} JOIN" if side else "JOIN"
        if using:
            names = [one.name.lower() for one in using]
            return (
                word,
                f" ON {' AND '.join(self._using(n, scope, before, side) for n in names)}",
            )
        if on is not None:
            sql = self._queries.expressions(self._env).boolean(on, scope, "JOIN ON clause")
            return word, f" ON {sql}"
        if side:
            raise syntax_error("JOIN without ON")
        return "CROSS JOIN", ""

    def _using(self, name: str, scope: Scope, before: int, side: str) -> str:
        left_scope = Scope(relations=scope.relations[:before], merged=scope.merged)
        left = left_scope.local(name, None)
        right = Scope(relations=scope.relations[before:]).local(name, None)
        if left is None or right is None:
            raise QueryError(
                "COLUMN_NOT_FOUND", f"Column '{name}' is missing from one side of join"
            )
        (a, b), kind = unified(
            [Typed(left.sql, left.type), Typed(right.sql, right.type)], "USING"
        )
        sql = {"": a.sql, "LEFT": a.sql, "RIGHT": b.sql}.get(
            side, f"coalesce({a.sql}, {b.sql})"
        )
        base = left.base if side in ("", "LEFT") and kind == left.type else None
        scope.merged[name] = Field(name, kind, sql, base)
        return f"{a.sql} = {b.sql}"


def _list_sql(sql: str, kind: Type) -> str:
    return f"map_keys({sql})" if kind.name == "map" else sql


def _make_nullable(scope: Scope, start: int, stop: int) -> None:
    scope.relations[start:stop] = [
        replace(relation, nullable=True) for relation in scope.relations[start:stop]
    ]


def _aliased(fields: list[Field], alias: Any) -> tuple[Field, ...]:
    """Fields renamed by `AS t(a, b, …)`."""
    names = [one.name.lower() for one in (alias.args.get("columns") or [])] if alias else []
    if not names:
        return tuple(fields)
    if len(names) != len(fields):
        raise type_mismatch("column alias list has a wrong number of entries")
    return tuple(replace(one, name=name) for one, name in zip(fields, names, strict=True))
