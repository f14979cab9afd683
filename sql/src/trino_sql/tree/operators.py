"""Operators, predicates, constructors and access to what is in a value."""

from dataclasses import dataclass

from trino_sql.tree.node import Expression, Identifier


@dataclass(frozen=True, slots=True)
class Arithmetic(Expression):
    """`left operator right`, the operator one of + - * / %."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Signed(Expression):
    """`-value` or `+value`."""

    negative: bool
    value: Expression


@dataclass(frozen=True, slots=True)
class Comparison(Expression):
    """`left operator right`, the operator one of = <> < <= > >=."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class DistinctFrom(Expression):
    left: Expression
    right: Expression
    negated: bool


@dataclass(frozen=True, slots=True)
class Between(Expression):
    value: Expression
    lower: Expression
    upper: Expression
    negated: bool


@dataclass(frozen=True, slots=True)
class IsNull(Expression):
    value: Expression
    negated: bool


@dataclass(frozen=True, slots=True)
class Like(Expression):
    value: Expression
    pattern: Expression
    escape: Expression | None
    negated: bool


@dataclass(frozen=True, slots=True)
class InList(Expression):
    value: Expression
    items: tuple[Expression, ...]
    negated: bool


@dataclass(frozen=True, slots=True)
class Not(Expression):
    value: Expression


@dataclass(frozen=True, slots=True)
class Logical(Expression):
    """AND or OR over two terms or more."""

    operator: str
    terms: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class AtTimeZone(Expression):
    value: Expression
    zone: Expression


@dataclass(frozen=True, slots=True)
class Row(Expression):
    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Array(Expression):
    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Subscript(Expression):
    base: Expression
    index: Expression


@dataclass(frozen=True, slots=True)
class Dereference(Expression):
    base: Expression
    field: Identifier
