"""Queries inside of an expression or of FROM."""

from dataclasses import dataclass

from trino_sql.tree.node import Expression, Relation
from trino_sql.tree.queries import Query


@dataclass(frozen=True, slots=True)
class InSubquery(Expression):
    value: Expression
    query: Query
    negated: bool


@dataclass(frozen=True, slots=True)
class QuantifiedComparison(Expression):
    """`value operator ALL|ANY (query)`; SOME is ANY."""

    operator: str
    quantifier: str
    value: Expression
    query: Query


@dataclass(frozen=True, slots=True)
class Exists(Expression):
    query: Query


@dataclass(frozen=True, slots=True)
class ScalarSubquery(Expression):
    query: Query


@dataclass(frozen=True, slots=True)
class TableSubquery(Relation):
    query: Query


@dataclass(frozen=True, slots=True)
class Lateral(Relation):
    query: Query
