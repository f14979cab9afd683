"""What looks like a call and has a syntax of its own."""

from dataclasses import dataclass

from trino_sql.tree.node import DataType, Expression, Identifier, Node


@dataclass(frozen=True, slots=True)
class Cast(Expression):
    """CAST, or TRY_CAST with `safe`."""

    value: Expression
    type: DataType
    safe: bool


@dataclass(frozen=True, slots=True)
class Try(Expression):
    value: Expression


@dataclass(frozen=True, slots=True)
class If(Expression):
    condition: Expression
    then: Expression
    otherwise: Expression | None


@dataclass(frozen=True, slots=True)
class NullIf(Expression):
    first: Expression
    second: Expression


@dataclass(frozen=True, slots=True)
class Coalesce(Expression):
    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Format(Expression):
    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class When(Node):
    operand: Expression
    result: Expression


@dataclass(frozen=True, slots=True)
class SimpleCase(Expression):
    operand: Expression
    whens: tuple[When, ...]
    default: Expression | None


@dataclass(frozen=True, slots=True)
class SearchedCase(Expression):
    whens: tuple[When, ...]
    default: Expression | None


@dataclass(frozen=True, slots=True)
class Extract(Expression):
    field: str
    value: Expression


@dataclass(frozen=True, slots=True)
class Trim(Expression):
    """TRIM(side characters FROM value), the side one of BOTH LEADING TRAILING."""

    side: str
    value: Expression
    characters: Expression | None


@dataclass(frozen=True, slots=True)
class CurrentTime(Expression):
    """current_date, current_time, current_timestamp, localtime, localtimestamp."""

    kind: str
    precision: int | None


@dataclass(frozen=True, slots=True)
class CurrentName(Expression):
    """current_user, current_catalog, current_schema, current_path."""

    kind: str


@dataclass(frozen=True, slots=True)
class Grouping(Expression):
    columns: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Lambda(Expression):
    parameters: tuple[Identifier, ...]
    body: Expression
