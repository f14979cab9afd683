"""The nodes of a parsed query, one class per form of Trino's grammar.

Every field is part of what the statement says: whoever handles a node gets all of them as named
arguments (`analysis.rules`), so that none can be overlooked. `at` is the node's offset in the
statement, for messages only, and no part of a node's equality.
"""

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


# ---- names ----------------------------------------------------------------------------------


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


# ---- types ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GenericType(DataType):
    """`varchar(10)`, `decimal(38,18)`, `array(integer)`, `map(varchar, bigint)`."""

    name: Identifier
    arguments: tuple["DataType | int", ...] = ()


@dataclass(frozen=True, slots=True)
class RowTypeField(Node):
    name: Identifier | None
    type: DataType


@dataclass(frozen=True, slots=True)
class RowType(DataType):
    fields: tuple[RowTypeField, ...]


@dataclass(frozen=True, slots=True)
class DateTimeType(DataType):
    """`timestamp(p) [with time zone]`, `time(p) [with time zone]`."""

    kind: str
    precision: int | None
    with_time_zone: bool


@dataclass(frozen=True, slots=True)
class IntervalType(DataType):
    start: str
    end: str


# ---- literals -------------------------------------------------------------------------------


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


# ---- operators ------------------------------------------------------------------------------


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
class InSubquery(Expression):
    value: Expression
    query: "Query"
    negated: bool


@dataclass(frozen=True, slots=True)
class QuantifiedComparison(Expression):
    """`value operator ALL|ANY (query)`; SOME is ANY."""

    operator: str
    quantifier: str
    value: Expression
    query: "Query"


@dataclass(frozen=True, slots=True)
class Exists(Expression):
    query: "Query"


@dataclass(frozen=True, slots=True)
class ScalarSubquery(Expression):
    query: "Query"


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


# ---- constructors and access ----------------------------------------------------------------


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


# ---- special forms --------------------------------------------------------------------------


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


# ---- JSON -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class JsonInput(Node):
    """`value [FORMAT JSON [ENCODING UTF8]]`; `format` is None where FORMAT is not written."""

    value: Expression
    format: str | None


@dataclass(frozen=True, slots=True)
class JsonParameter(Node):
    """`PASSING input AS name`."""

    input: JsonInput
    name: Identifier


@dataclass(frozen=True, slots=True)
class JsonPath(Node):
    """A path's text; its `name` matters to JSON_TABLE's plans only."""

    text: str
    name: Identifier | None


@dataclass(frozen=True, slots=True)
class JsonExists(Expression):
    input: JsonInput
    path: JsonPath
    parameters: tuple[JsonParameter, ...]
    on_error: str | None


@dataclass(frozen=True, slots=True)
class JsonValue(Expression):
    input: JsonInput
    path: JsonPath
    parameters: tuple[JsonParameter, ...]
    returning: DataType | None
    on_empty: str | None
    empty_default: Expression | None
    on_error: str | None
    error_default: Expression | None


@dataclass(frozen=True, slots=True)
class JsonQuery(Expression):
    input: JsonInput
    path: JsonPath
    parameters: tuple[JsonParameter, ...]
    returning: DataType | None
    returning_format: str | None
    wrapper: str | None
    quotes: str | None
    on_empty: str | None
    on_error: str | None


@dataclass(frozen=True, slots=True)
class JsonObjectMember(Node):
    key: Expression
    value: JsonInput


@dataclass(frozen=True, slots=True)
class JsonObject(Expression):
    members: tuple[JsonObjectMember, ...]
    null_on_null: bool
    unique_keys: bool
    returning: DataType | None
    returning_format: str | None


@dataclass(frozen=True, slots=True)
class JsonArray(Expression):
    items: tuple[JsonInput, ...]
    null_on_null: bool
    returning: DataType | None
    returning_format: str | None


# ---- calls ----------------------------------------------------------------------------------


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


# ---- relations ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Table(Relation):
    """A table or view by name."""

    name: QualifiedName


@dataclass(frozen=True, slots=True)
class Values(Relation):
    rows: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class TableSubquery(Relation):
    query: "Query"


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


@dataclass(frozen=True, slots=True)
class Lateral(Relation):
    query: "Query"


# ---- queries --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SingleColumn(Node):
    expression: Expression
    alias: Identifier | None


@dataclass(frozen=True, slots=True)
class AllColumns(Node):
    """`*`, `target.*`, `target.* AS (a, b)`."""

    target: Expression | None
    aliases: tuple[Identifier, ...]


@dataclass(frozen=True, slots=True)
class GroupingElement(Node):
    """One element of GROUP BY; `kind` is SIMPLE, SETS, ROLLUP, CUBE or AUTO.

    SIMPLE has one set of expressions; ROLLUP and CUBE have one set per element of their list.
    """

    kind: str
    sets: tuple[tuple[Expression, ...], ...]


@dataclass(frozen=True, slots=True)
class GroupBy(Node):
    distinct: bool
    elements: tuple[GroupingElement, ...]


@dataclass(frozen=True, slots=True)
class WindowDefinition(Node):
    name: Identifier
    window: WindowSpecification


@dataclass(frozen=True, slots=True)
class Limit(Node):
    """LIMIT n; `count` is None for LIMIT ALL."""

    count: Expression | None


@dataclass(frozen=True, slots=True)
class FetchFirst(Node):
    """FETCH FIRST n ROWS [WITH TIES]; without a number it is one row."""

    count: Expression | None
    with_ties: bool


@dataclass(frozen=True, slots=True)
class Tail(Node):
    """What may stand behind a query: ORDER BY, OFFSET, and LIMIT or FETCH FIRST."""

    order: tuple[SortItem, ...] = ()
    offset: Expression | None = None
    limit: Limit | FetchFirst | None = None


@dataclass(frozen=True, slots=True)
class Select(Relation):
    """SELECT … FROM … and, where it is the whole body of its query, that query's tail."""

    distinct: bool
    items: tuple[SingleColumn | AllColumns, ...]
    from_: Relation | None
    where: Expression | None
    group_by: GroupBy | None
    having: Expression | None
    windows: tuple[WindowDefinition, ...]
    tail: Tail


@dataclass(frozen=True, slots=True)
class SetOperation(Relation):
    """UNION, INTERSECT or EXCEPT of two bodies."""

    kind: str
    distinct: bool
    left: Relation
    right: Relation


@dataclass(frozen=True, slots=True)
class NamedQuery(Node):
    name: Identifier
    columns: tuple[Identifier, ...] | None
    query: "Query"


@dataclass(frozen=True, slots=True)
class With(Node):
    recursive: bool
    queries: tuple[NamedQuery, ...]


@dataclass(frozen=True, slots=True)
class Query(Node):
    """A whole query. The tail of a plain SELECT stands in the Select."""

    with_: With | None
    body: Relation
    tail: Tail
