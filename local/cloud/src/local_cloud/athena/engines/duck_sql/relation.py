"""A query or an item of FROM as DuckDB's SQL with typed, uniquely named columns."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Protocol

from local_cloud.athena.engines.duck_sql.correlation import check_correlation, refuse_in_lambdas
from local_cloud.athena.engines.duck_sql.text import Text
from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.analysis.context import AnalysisContext
from local_cloud.athena.sql.analysis.scope import RelationField, Scope
from local_cloud.athena.sql.coercion import can_coerce, common_super_type
from local_cloud.athena.sql.failures import QueryError
from local_cloud.athena.sql.ir import ColumnRef, Expr, Subquery
from local_cloud.athena.sql.types import Type
from trino_sql import tree

MAX_SCANS = 150
# A query that takes in conditions from around it beside its own, as Trino's PredicatePushDown has
# it: of conditions and the columns that are read of it, its text with them and those that it did
# not take. None where nothing can be seen of that.
Push = Callable[[Sequence[Expr], Set[ColumnRef]], tuple[str, list[Expr]] | None]


@dataclass(frozen=True, slots=True)
class BoundTable:
    """A catalog table made readable: its relation in the engine, its columns there.

    `columns` are (name, type) in their order; `keys` the names of its partition keys.
    """

    relation: str
    columns: tuple[tuple[str, Type], ...]
    keys: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class BoundView:
    """A stored view: its text, the database it was made in, its declared columns."""

    sql: str
    database: str
    columns: tuple[tuple[str, Type], ...]


class TableBinder(Protocol):
    """What names of tables mean."""

    def bind(self, database: str, name: str) -> BoundTable | BoundView:
        """One reference to a table or view. QueryError where there is none."""
        ...

    def prune(self, relation: str, where: Expr, keys: Mapping[str, str]) -> None:
        """Rows of this reference are wanted only where `where` holds; `keys` are its partition
        keys by the names of their columns."""
        ...


@dataclass(frozen=True, slots=True)
class Scan:
    """A reference to a table whose partitions a WHERE may rule out."""

    relation: str
    keys: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Relation:
    """`sql` is a whole SELECT whose columns are those of `fields`."""

    sql: str
    fields: tuple[RelationField, ...]
    scans: tuple[Scan, ...] = ()
    # What the query around these rows consists of: see `correlation`.
    shape: frozenset[str] = frozenset()
    # Scans inside of it that a WHERE around it may narrow, too.
    inner: tuple[Scan, ...] = ()
    # See Subquery.
    open: str | None = None
    fails: bool = False
    push: Push | None = None
    # One row of constants: Trino puts them in the place of its columns.
    is_row: bool = False

    @property
    def types(self) -> tuple[Type, ...]:
        return tuple(one.type for one in self.fields)

    @property
    def of_tables(self) -> bool:
        """Whether rows of tables are in it, about whose values nothing is known."""
        return bool(self.scans or self.inner)

    def as_subquery(self, boundary: Scope, use: str) -> Subquery:
        check_correlation(boundary, self.shape, use)
        refuse_in_lambdas(self.sql, (one.name for one in boundary.captured))
        names = tuple(one.name for one in self.fields)
        return Subquery(
            t.row(self.types, names),
            self.sql,
            tuple(one.column.name for one in self.fields),
            tuple(sorted(boundary.captured, key=lambda one: one.name)),
            self.open,
            self.fails,
        )


@dataclass(slots=True)
class Planner(ABC):
    """What every part of one query's planning shares."""

    context: AnalysisContext
    text: Text
    tables: TableBinder
    depth: int = 0
    # References to tables, those of a query of WITH counted wherever that is used.
    scans: int = 0
    # How many queries are being read, one inside of the other.
    level: int = 0

    @abstractmethod
    def query(self, node: tree.Query, outer: Scope | None) -> Relation:
        """A query inside of what is planned; `outer` is what is visible around it."""

    @abstractmethod
    def of_view(self, view: BoundView) -> Relation:
        """The rows of a view, which sees nothing of the statement that names it."""

    def column(self, of: Type) -> ColumnRef:
        return self.context.names.column(of)

    def scanned(self, scans: int) -> None:
        """Count references to tables (StageExecution's query.max-stage-count is 150)."""
        self.scans += scans
        if self.scans > MAX_SCANS:
            raise QueryError(
                "QUERY_HAS_TOO_MANY_STAGES",
                f"Number of stages in the query ({self.scans}) exceeds the allowed maximum "
                f"({MAX_SCANS})",
            )


def selected(columns: list[tuple[str, str]], source: str) -> str:
    """SELECT of (SQL, name) pairs from a whole SELECT."""
    listed = ", ".join(sql if sql == name else f"{sql} AS {name}" for sql, name in columns)
    return f"SELECT {listed or '1'} FROM ({source})"


def with_columns(planner: Planner, source: str, values: Mapping[Expr, ColumnRef]) -> str:
    """The rows of a whole SELECT with a column of each value, before any condition around."""
    listed = "".join(f", {planner.text.of(one)} AS {at.name}" for one, at in values.items())
    return f"SELECT *{listed} FROM ({source}) OFFSET 0"


def retyped(
    planner: Planner, relation: Relation, kinds: tuple[Type, ...], implicit: Callable[..., Expr]
) -> Relation:
    """The relation with its columns coerced to `kinds`, under fresh names."""
    if relation.types == kinds:
        return relation
    fields, columns = [], []
    names, firsts = planner.context.names, dict[tuple[ColumnRef, Type], ColumnRef]()
    for one, kind in zip(relation.fields, kinds, strict=True):
        column = planner.column(kind)
        names.is_first(column, firsts.setdefault((names.first(one.column), kind), column))
        columns.append((planner.text.of(implicit(one.column, kind)), column.name))
        fields.append(RelationField(one.name, column, one.relation))
    return Relation(selected(columns, relation.sql), tuple(fields))


def union_types(
    context: AnalysisContext, sides: list[Relation], what: str, at: int
) -> tuple[Type, ...]:
    """The types that hold each column of all sides."""
    kinds = list(sides[0].types)
    for side in sides[1:]:
        for index, kind in enumerate(side.types):
            common = common_super_type(kinds[index], kind)
            if common is None:
                raise context.mismatch(
                    f"column {index + 1} in {what} query has incompatible types: "
                    f"{kinds[index]}, {kind}",
                    at,
                )
            kinds[index] = common
    for side in sides:
        for have, want in zip(side.types, kinds, strict=True):
            assert can_coerce(have, want)
    return tuple(kinds)


def single_row() -> Relation:
    """FROM nothing."""
    return Relation("SELECT 1", ())
