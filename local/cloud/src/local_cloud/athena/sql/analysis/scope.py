"""Which column a name means: Scope, RelationType and Field of trino-main 476."""

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass, field

from local_cloud.athena.sql.failures import QueryError
from local_cloud.athena.sql.ir import ColumnRef, Expr, Over
from local_cloud.athena.sql.types import Type
from trino_sql.tree import Query


@dataclass(frozen=True, slots=True)
class RelationField:
    """A column that has a name, perhaps, and belongs to a relation, perhaps.

    `relation` is the relation's name, outermost part first, all in lower case.
    """

    name: str | None
    column: ColumnRef
    relation: tuple[str, ...] | None = None

    @property
    def type(self) -> Type:
        return self.column.type

    def matches(self, parts: Sequence[str]) -> bool:
        """Whether `a.b.name` can mean this column."""
        return (
            self.name is not None
            and self.name.lower() == parts[-1]
            and self.has_prefix(parts[:-1])
        )

    def has_prefix(self, parts: Sequence[str]) -> bool:
        if not parts:
            return True
        if self.relation is None:
            return False
        return len(self.relation) >= len(parts) and list(self.relation[-len(parts) :]) == list(
            parts
        )


@dataclass(frozen=True, slots=True)
class NamedRelation:
    """A query of WITH: what its engine calls it, its columns there, the tables it reads.

    `push` takes conditions into it, in the words of the engine's planner.
    """

    sql: str
    fields: tuple[RelationField, ...]
    scans: int = 0
    push: Callable[[Sequence[Expr], Set[ColumnRef]], tuple[str, list[Expr]] | None] | None = (
        None
    )


@dataclass(frozen=True, slots=True)
class Scope:
    """The columns that names may mean, and the scope around them.

    Behind a `boundary` another query begins: columns further out are correlated.
    """

    fields: tuple[RelationField, ...] = ()
    parent: "Scope | None" = None
    boundary: bool = False
    queries: Mapping[str, NamedRelation] = field(default_factory=dict)
    is_lambda: bool = False
    # WINDOW definitions of this SELECT, by name.
    windows: Mapping[str, Over] = field(default_factory=dict, compare=False)
    # Of a boundary: what is done with its query (scalar, exists, in, quantified, lateral), and
    # whether rows of VALUES outside are dropped where it has none for them.
    use: str = ""
    narrows: bool = False
    # Queries of this scope's WHERE that keep rows by themselves.
    keeping: frozenset[Query] = frozenset()
    # Of a boundary: the columns further out that the query inside of it uses, and in which of
    # its clauses; `path` is the clause that is being read.
    captured: dict[ColumnRef, set[tuple[str, ...]]] = field(default_factory=dict, compare=False)
    path: list[str] = field(default_factory=list, compare=False)

    def lambdas(self) -> int:
        """How many lambdas this is inside of, queries around them included."""
        scope: Scope | None = self
        count = 0
        while scope is not None:
            count += scope.is_lambda
            scope = scope.parent
        return count

    def named_query(self, name: str) -> NamedRelation | None:
        scope: Scope | None = self
        while scope is not None:
            if name in scope.queries:
                return scope.queries[name]
            scope = scope.parent
        return None

    def resolve(self, parts: Sequence[str]) -> RelationField | None:
        """The column that `a.b.c` means as a whole, or None where no name matches."""
        scope: Scope | None = self
        crossed: list[Scope] = []
        while scope is not None:
            found = [one for one in scope.fields if one.matches(parts)]
            if len(found) > 1:
                raise QueryError("AMBIGUOUS_NAME", f"Column '{'.'.join(parts)}' is ambiguous")
            if found:
                for boundary in crossed:
                    places = boundary.captured.setdefault(found[0].column, set())
                    places.add(tuple(boundary.path))
                return found[0]
            if scope._is_prefix_of_column(parts):
                return None
            if scope.boundary:
                crossed.append(scope)
            scope = scope.parent
        return None

    def capture(self, column: ColumnRef) -> None:
        """Note that this scope's query uses a column of a query around it."""
        scope: Scope | None = self
        while scope is not None:
            if any(one.column == column for one in scope.fields):
                return
            if scope.boundary:
                scope.captured.setdefault(column, set()).add(tuple(scope.path))
            scope = scope.parent

    def is_column_reference(self, parts: Sequence[str]) -> bool:
        """Whether some beginning of `a.b.c` is a column, so that the rest are fields of rows."""
        scope: Scope | None = self
        while scope is not None:
            if scope._is_prefix_of_column(parts):
                return True
            scope = scope.parent
        return False

    def _is_prefix_of_column(self, parts: Sequence[str]) -> bool:
        return any(
            one.matches(parts[:end]) for end in range(1, len(parts)) for one in self.fields
        )

    def nearest_boundary(self) -> "Scope | None":
        """Where the query begins that this scope is in, if there is one around it."""
        scope: Scope | None = self
        while scope is not None and not scope.boundary:
            scope = scope.parent
        return scope

    def is_outside(self, columns: Set[ColumnRef]) -> bool:
        """Whether one of these, or of those that FROM uses, is of a query around this one."""
        boundary = self.nearest_boundary()
        if boundary is None:
            return False
        places = [place for found in boundary.captured.values() for place in found]
        return not columns.isdisjoint(boundary.captured) or any("from" in one for one in places)

    @property
    def in_query(self) -> bool:
        """Whether there is a query around this one whose columns it may use."""
        return self.nearest_boundary() is not None

    @property
    def in_lambda(self) -> bool:
        scope: Scope | None = self
        while scope is not None and not scope.boundary:
            if scope.is_lambda:
                return True
            scope = scope.parent
        return False


@contextmanager
def clause(scope: Scope | None, name: str) -> Iterator[None]:
    """While a clause is read: correlated columns are noted with the clause that uses them."""
    boundary = scope.nearest_boundary() if scope is not None else None
    if boundary is None:
        yield
        return
    boundary.path.append(name)
    try:
        yield
    finally:
        boundary.path.pop()
