"""Calls of functions, with the keys of their ORDER BY and their windows."""

from dataclasses import dataclass

from trino_sql.tree.node import Expression, Identifier, Node, QualifiedName


@dataclass(frozen=True, slots=True)
class SortItem(Node):
    """A key of ORDER BY. `nulls_first` is None where nothing is written."""

    key: Expression
    descending: bool
    nulls_first: bool | None


@dataclass(frozen=True, slots=True)
class FrameBound(Node):
    """`kind` is one of UNBOUNDED PRECEDING, PRECEDING, CURRENT ROW, FOLLOWING, UNBOUNDED FOLLOWING."""

    kind: str
    value: Expression | None = None


@dataclass(frozen=True, slots=True)
class Frame(Node):
    """ROWS, RANGE or GROUPS. Without an end it ends at the current row."""

    unit: str
    start: FrameBound
    end: FrameBound | None


@dataclass(frozen=True, slots=True)
class WindowReference(Node):
    """`OVER name`."""

    name: Identifier


@dataclass(frozen=True, slots=True)
class WindowSpecification(Node):
    """`OVER ([existing] PARTITION BY … ORDER BY … frame)`."""

    existing: Identifier | None
    partition: tuple[Expression, ...]
    order: tuple[SortItem, ...]
    frame: Frame | None


@dataclass(frozen=True, slots=True)
class FunctionCall(Expression):
    """`name(DISTINCT arguments ORDER BY …) FILTER (…) IGNORE NULLS OVER …`.

    `star` is `count(*)`, then there are no arguments; `star_label` is the t of `count(t.*)`.
    """

    name: QualifiedName
    arguments: tuple[Expression, ...]
    star: bool = False
    star_label: Identifier | None = None
    distinct: bool = False
    order: tuple[SortItem, ...] = ()
    filter: Expression | None = None
    # IGNORE or RESPECT NULLS, where the call says so.
    nulls: str | None = None
    window: WindowReference | WindowSpecification | None = None


@dataclass(frozen=True, slots=True)
class ListAgg(Expression):
    """LISTAGG(value, separator ON OVERFLOW …) WITHIN GROUP (ORDER BY …)."""

    value: Expression
    separator: str
    distinct: bool
    overflow: str
    filler: str
    with_count: bool
    order: tuple[SortItem, ...]
    filter: Expression | None
    window: WindowReference | WindowSpecification | None
