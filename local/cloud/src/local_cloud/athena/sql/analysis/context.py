"""What one analysis knows: its statement, its session, and fresh names for columns."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from local_cloud.athena.sql.analysis.canonical import canonical
from local_cloud.athena.sql.failures import QueryError
from local_cloud.athena.sql.ir import ColumnRef, Expr, Subquery
from local_cloud.athena.sql.types import Type
from trino_sql.lexer import place
from trino_sql.tree import Expression, Query

if TYPE_CHECKING:
    from local_cloud.athena.sql.analysis.scope import Scope


class Names:
    """Names that no other column or relation of the query has; which columns are the same one.

    A column that a subquery hands on, under whatever names and however often, is one symbol of
    Trino's (RelationPlan.fieldMappings), and so are expressions that stand twice in one SELECT.
    """

    def __init__(self) -> None:
        self._count = 0
        self._firsts: dict[ColumnRef, ColumnRef] = {}
        self._marks: set[tuple[ColumnRef, str]] = set()

    def fresh(self, prefix: str = "c") -> str:
        self._count += 1
        return f"{prefix}{self._count}"

    def column(self, of: Type) -> ColumnRef:
        return ColumnRef(of, self.fresh())

    def is_first(self, column: ColumnRef, first: ColumnRef) -> None:
        """Note that `column` is what `first` is."""
        self._firsts[column] = self.first(first)

    def first(self, column: ColumnRef) -> ColumnRef:
        return self._firsts.get(column, column)

    def mark(self, column: ColumnRef, what: str) -> None:
        """Note something of a column, and of all that are the same one."""
        self._marks.add((self.first(column), what))

    def is_marked(self, column: ColumnRef, what: str) -> bool:
        """Whether that was noted."""
        return (self.first(column), what) in self._marks


class AnalysedQuery(Protocol):
    """A query that an engine's planner has made ready."""

    def as_subquery(self, boundary: "Scope", use: str) -> Subquery:
        """It as a part of an expression; `boundary` knows the outer columns that it uses.

        `use` is scalar, exists, in or quantified. NOT_SUPPORTED where Trino has no plan for it.
        """
        ...


@dataclass(slots=True)
class Session:
    """What a statement may ask of the session that it runs in.

    `now_us` is microseconds since 1970-01-01 UTC: one moment for the whole statement.
    """

    database: str
    now_us: int
    catalog: str = "awsdatacatalog"
    user: str = ""


@dataclass(slots=True)
class AnalysisContext:
    """Shared by all parts of one analysis. `sql` is the text that offsets point into."""

    sql: str
    session: Session
    names: Names
    query: "Callable[[Query, Scope], AnalysedQuery]"
    # An expression without what decides nothing in it: Trino compares expressions without that.
    simplified: Callable[[Expr], Expr]
    parameters: Sequence[Expression] = ()
    subqueries: "dict[tuple[int, Query, str], tuple[Scope, Subquery]]" = field(
        default_factory=dict
    )
    # What is wrong with windows is said when all expressions of a SELECT are right by themselves.
    late: list[QueryError] = field(default_factory=list)

    def plain(self, expr: Expr) -> Expr:
        """`expr` as Trino's optimizer leaves it: only to compare it with others."""
        return self.simplified(canonical(expr, self.names.first))

    def error(self, name: str, message: str, at: int) -> QueryError:
        where = f"{place(self.sql, at)}: " if at >= 0 else ""
        return QueryError(name, f"{where}{message}", error_type=1006)

    def mismatch(self, message: str, at: int) -> QueryError:
        return self.error("TYPE_MISMATCH", message, at)
