"""What may stand in FROM, but for subqueries."""

from dataclasses import dataclass

from trino_sql.tree.node import Expression, Identifier, Node, QualifiedName, Relation


@dataclass(frozen=True, slots=True)
class Table(Relation):
    """A table or view by name."""

    name: QualifiedName


@dataclass(frozen=True, slots=True)
class Values(Relation):
    rows: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Aliased(Relation):
    relation: Relation
    alias: Identifier
    columns: tuple[Identifier, ...] | None


@dataclass(frozen=True, slots=True)
class JoinOn(Node):
    condition: Expression


@dataclass(frozen=True, slots=True)
class JoinUsing(Node):
    columns: tuple[Identifier, ...]


@dataclass(frozen=True, slots=True)
class Join(Relation):
    """CROSS, IMPLICIT (a comma), INNER, LEFT, RIGHT or FULL. CROSS and IMPLICIT have no criteria."""

    kind: str
    left: Relation
    right: Relation
    criteria: JoinOn | JoinUsing | None


@dataclass(frozen=True, slots=True)
class Unnest(Relation):
    expressions: tuple[Expression, ...]
    with_ordinality: bool
