"""What names mean inside of a query, and which columns its expressions use."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from query_api.core.aggregates import AGGREGATES
from query_api.core.read_sources import MAX_READS, Field, Reads, Source, TooManyReadsError
from query_api.core.terms import UNKNOWN, Term, children
from trino_sql import tree

_MAX_BUILT = 4 * MAX_READS
Columns = Callable[[str], Sequence[str] | None]
"""The columns of a table or view of the lake, partition keys with them; None where nobody knows them."""


@dataclass(slots=True)
class Built:
    """How many sources were made for references: each use of a WITH query makes its own."""

    count: int = 0

    def another(self) -> None:
        """Raises TooManyReadsError where a statement makes ever more of them."""
        self.count += 1
        if self.count > _MAX_BUILT:
            raise TooManyReadsError


@dataclass(frozen=True, slots=True)
class Around:
    """What a query sees around itself: WITH queries by name, and the scopes of outer queries."""

    columns: Columns
    query: "Callable[[tree.Query, Around], Source]"
    relation: "Callable[[tree.Relation, Around], Source]"
    built: Built = field(default_factory=Built)
    named: Mapping[str, Callable[[], Source]] = field(default_factory=dict)
    outer: "Scope | None" = None


@dataclass(slots=True)
class Scope:
    """The columns that names mean inside of one SELECT, and those that were used."""

    fields: tuple[Field, ...]
    outer: "Scope | None"
    used: set[int] = field(default_factory=set)
    by_name: dict[str, list[int]] = field(init=False)

    def __post_init__(self) -> None:
        self.by_name = {}
        for at, one in enumerate(self.fields):
            if one.name is not None:
                self.by_name.setdefault(one.name, []).append(at)

    def own(self, parts: Sequence[str]) -> list[int]:
        """The places of what a name means here: the longest beginning of it that is a column."""
        for length in range(len(parts), 0, -1):
            known = self.by_name.get(parts[length - 1], ())
            found = [at for at in known if self.fields[at].is_called(parts[:length])]
            if found:
                return found
        return []

    def use(self, parts: Sequence[str]) -> None:
        """Mark what a name means, here or in a query around this one."""
        found = self.own(parts)
        if found:
            self.used |= set(found)
        elif self.outer is not None:
            self.outer.use(parts)

    def term(self, node: tree.Expression) -> Term:
        parts = parts_of(node)
        found = self.own(parts) if parts else []
        return ("column", found[0]) if len(found) == 1 else UNKNOWN


def use(node: tree.Node, scope: Scope, around: Around, into: Reads) -> None:
    """Mark the columns that an expression uses, and note what the queries in it read."""
    if isinstance(node, tree.Query):
        inner = around.query(node, replace(around, outer=scope))
        inner.read(set(range(len(inner.fields))), (), into)
    elif isinstance(node, tree.Exists):
        around.query(node.query, replace(around, outer=scope)).read(set(), (), into)
    elif isinstance(node, tree.Identifier) or parts_of(node):
        scope.use(parts_of(node))
    elif not isinstance(node, (tree.DataType, tree.QualifiedName, tree.WindowReference)):
        for child in children(node):
            use(child, scope, around, into)


def every(node: tree.Node) -> list[tree.Node]:
    """The node and all below it, but for the queries in it."""
    below = () if isinstance(node, tree.Query) else children(node)
    return [node, *(one for child in below for one in every(child))]


def parts_of(node: tree.Node | None) -> list[str]:
    """`a.b.c` as names in lower case; none where it is no chain of names."""
    if isinstance(node, tree.Identifier):
        return [node.name.lower()]
    if isinstance(node, tree.Dereference):
        base = parts_of(node.base)
        return [*base, node.field.name.lower()] if base else []
    return []


def gathers(node: tree.Node) -> bool:
    return any(
        is_aggregate(one) or (isinstance(one, tree.FunctionCall) and one.window is not None)
        for one in every(node)
    )


def is_aggregate(node: tree.Node) -> bool:
    if not isinstance(node, tree.FunctionCall) or node.window is not None:
        return False
    return node.star or node.filter is not None or node.name.text in AGGREGATES
