"""Whole queries: SELECT, set operations, WITH, and what stands behind them."""

from dataclasses import dataclass

from trino_sql.tree.calls import SortItem, WindowSpecification
from trino_sql.tree.node import Expression, Identifier, Node, Relation


@dataclass(frozen=True, slots=True)
class SingleColumn(Node):
    expression: Expression
    alias: Identifier | None


@dataclass(frozen=True, slots=True)
class AllColumns(Node):
    """`*`, `target.*`, `target.* AS (a, b)`."""

    target: Expression | None
    aliases: tuple[Identifier, ...]


@dataclass(frozen=True, slots=True)
class GroupingElement(Node):
    """One element of GROUP BY; `kind` is SIMPLE, SETS, ROLLUP, CUBE or AUTO.

    SIMPLE has one set of expressions; ROLLUP and CUBE have one set per element of their list.
    """

    kind: str
    sets: tuple[tuple[Expression, ...], ...]


@dataclass(frozen=True, slots=True)
class GroupBy(Node):
    distinct: bool
    elements: tuple[GroupingElement, ...]


@dataclass(frozen=True, slots=True)
class WindowDefinition(Node):
    name: Identifier
    window: WindowSpecification


@dataclass(frozen=True, slots=True)
class Limit(Node):
    """LIMIT n; `count` is None for LIMIT ALL."""

    count: Expression | None


@dataclass(frozen=True, slots=True)
class FetchFirst(Node):
    """FETCH FIRST n ROWS [WITH TIES]; without a number it is one row."""

    count: Expression | None
    with_ties: bool


@dataclass(frozen=True, slots=True)
class Tail(Node):
    """What may stand behind a query: ORDER BY, OFFSET, and LIMIT or FETCH FIRST."""

    order: tuple[SortItem, ...] = ()
    offset: Expression | None = None
    limit: Limit | FetchFirst | None = None


@dataclass(frozen=True, slots=True)
class Select(Relation):
    """SELECT … FROM … and, where it is the whole body of its query, that query's tail."""

    distinct: bool
    items: tuple[SingleColumn | AllColumns, ...]
    from_: Relation | None
    where: Expression | None
    group_by: GroupBy | None
    having: Expression | None
    windows: tuple[WindowDefinition, ...]
    tail: Tail


@dataclass(frozen=True, slots=True)
class SetOperation(Relation):
    """UNION, INTERSECT or EXCEPT of two bodies."""

    kind: str
    distinct: bool
    left: Relation
    right: Relation


@dataclass(frozen=True, slots=True)
class NamedQuery(Node):
    name: Identifier
    columns: tuple[Identifier, ...] | None
    query: "Query"


@dataclass(frozen=True, slots=True)
class With(Node):
    recursive: bool
    queries: tuple[NamedQuery, ...]


@dataclass(frozen=True, slots=True)
class Query(Node):
    """A whole query. The tail of a plain SELECT stands in the Select."""

    with_: With | None
    body: Relation
    tail: Tail
