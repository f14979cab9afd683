"""Values that are written out, and the `?` that stands for one."""

from dataclasses import dataclass

from trino_sql.tree.node import Expression


@dataclass(frozen=True, slots=True)
class Null(Expression):
    pass


@dataclass(frozen=True, slots=True)
class BooleanLiteral(Expression):
    value: bool


@dataclass(frozen=True, slots=True)
class StringLiteral(Expression):
    value: str


@dataclass(frozen=True, slots=True)
class BinaryLiteral(Expression):
    value: bytes


@dataclass(frozen=True, slots=True)
class IntegerLiteral(Expression):
    value: int


@dataclass(frozen=True, slots=True)
class DecimalLiteral(Expression):
    """Digits with a point; precision and scale come from how it is written."""

    text: str


@dataclass(frozen=True, slots=True)
class DoubleLiteral(Expression):
    text: str


@dataclass(frozen=True, slots=True)
class TypedLiteral(Expression):
    """`DATE '2026-01-01'`: a type's name in front of a string."""

    type: str
    value: str


@dataclass(frozen=True, slots=True)
class IntervalLiteral(Expression):
    """`INTERVAL [+-] 'text' start [TO end]`."""

    value: str
    negative: bool
    start: str
    end: str | None


@dataclass(frozen=True, slots=True)
class Parameter(Expression):
    """The `?` with this number, from 0."""

    index: int
