"""What every node of a tree is, and the names that stand in one."""

from dataclasses import dataclass, field, fields
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """Something that stands in a statement."""

    at: int = field(default=-1, compare=False, repr=False)


def parts(node: Node) -> dict[str, Any]:
    """Every field of `node` that carries meaning, by name."""
    return {one.name: getattr(node, one.name) for one in fields(node) if one.name != "at"}


class Expression(Node):
    """Something with a value."""

    __slots__ = ()


class Relation(Node):
    """Something with rows: what may stand in FROM, and the body of a query."""

    __slots__ = ()


class DataType(Node):
    """A type as it is written in a statement."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Identifier(Expression):
    """A name. Trino compares names without regard to case, quoted or not."""

    name: str
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class QualifiedName(Node):
    """`catalog.schema.table`, `schema.function`, …"""

    parts: tuple[Identifier, ...]

    @property
    def text(self) -> str:
        """The parts in lower case, joined by dots."""
        return ".".join(part.name.lower() for part in self.parts)
