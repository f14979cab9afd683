"""Typed expressions: what an analysed statement computes, before any engine's text is made.

Values of constants are Python's: bool, int, float, Decimal, str and bytes; a date is days and a
timestamp microseconds since 1970-01-01, a time microseconds since midnight, an interval
milliseconds or months; an array is a list, a map a list of pairs, a row a tuple.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

from local_cloud.athena.sql.signatures.binding import Bound
from local_cloud.athena.sql.types import Type


@dataclass(frozen=True, slots=True)
class Expr:
    """A value of one type."""

    type: Type


@dataclass(frozen=True, slots=True)
class Constant(Expr):
    value: Any


@dataclass(frozen=True, slots=True)
class ColumnRef(Expr):
    """A column of a relation or a parameter of a lambda, by a name that is unique in the query."""

    name: str


@dataclass(frozen=True, slots=True)
class BoundCall(Expr):
    """A declared function or operator, its arguments already of the types it takes."""

    bound: Bound
    arguments: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Lambda(Expr):
    """Only ever an argument of a BoundCall."""

    parameters: tuple[ColumnRef, ...]
    body: Expr


@dataclass(frozen=True, slots=True)
class Cast(Expr):
    """`value` as `type`; with `safe` null where that fails."""

    value: Expr
    safe: bool = False


@dataclass(frozen=True, slots=True)
class Special(Expr):
    """A form that evaluates its operands by rules of its own.

    `form` is one of: and, or, not, case, coalesce, nullif, try, is_null, in, between, comparison
    operators (= <> < <= > >=), distinct, row, array, field, like, exists, in_subquery, all, any,
    scalar, at_time_zone, extract, json_exists, json_value, json_query, json_object, json_array.
    """

    form: str
    operands: tuple[Expr, ...]
    # What is no expression: a field's index, an EXTRACT field's name, whether LIKE has an escape.
    detail: Any = None


@dataclass(frozen=True, slots=True)
class Subquery(Expr):
    """A query inside an expression, of type row: its engine's text and its columns' names.

    `outer` are the columns of the queries around it that it uses. `open` is its text, if there
    is one, that computes its columns also where its WHERE is null; `fails`: a column is a
    constant that fails.
    """

    sql: str
    names: tuple[str, ...]
    outer: tuple[ColumnRef, ...] = ()
    open: str | None = None
    fails: bool = False

    @property
    def columns(self) -> tuple[Type, ...]:
        return self.type.args


@dataclass(frozen=True, slots=True)
class SortKey:
    value: Expr
    descending: bool
    nulls_first: bool


@dataclass(frozen=True, slots=True)
class Aggregate(Expr):
    """An aggregate function over the rows of a group."""

    bound: Bound
    arguments: tuple[Expr, ...]
    distinct: bool = False
    order: tuple[SortKey, ...] = ()
    filter: Expr | None = None


@dataclass(frozen=True, slots=True)
class FrameEnd:
    """One end of a window's frame."""

    kind: str
    value: Expr | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    unit: str
    start: FrameEnd
    end: FrameEnd


@dataclass(frozen=True, slots=True)
class Over:
    """A window as it is meant: references to named windows resolved."""

    partition: tuple[Expr, ...]
    order: tuple[SortKey, ...]
    frame: Frame | None

    def values(self) -> list[Expr]:
        """All expressions of the window."""
        ends = (self.frame.start, self.frame.end) if self.frame else ()
        return [
            *self.partition,
            *(one.value for one in self.order),
            *(one.value for one in ends if one.value is not None),
        ]


@dataclass(frozen=True, slots=True)
class WindowFunction(Expr):
    """A function over a window: an aggregate, or a function that only windows have.

    `inner_order` is an ORDER BY between the function's brackets.
    """

    bound: Bound
    arguments: tuple[Expr, ...]
    distinct: bool
    inner_order: tuple[SortKey, ...]
    filter: Expr | None
    partition: tuple[Expr, ...]
    order: tuple[SortKey, ...]
    frame: Frame | None
    ignore_nulls: bool


@dataclass(frozen=True, slots=True)
class Grouping(Expr):
    """grouping(…) over keys of GROUP BY."""

    keys: tuple[Expr, ...]


def children(of: Expr | SortKey | Frame | FrameEnd) -> Iterator[Expr]:
    """The expressions directly inside of `of`."""
    for one in fields(of):
        yield from _inside(getattr(of, one.name))


def _inside(value: Any) -> Iterator[Expr]:
    if isinstance(value, Expr):
        yield value
    elif isinstance(value, (SortKey, Frame, FrameEnd)):
        yield from children(value)
    elif isinstance(value, tuple):
        for one in value:
            yield from _inside(one)


def walk(of: Expr) -> Iterator[Expr]:
    """`of` and everything inside of it."""
    yield of
    for child in children(of):
        yield from walk(child)
