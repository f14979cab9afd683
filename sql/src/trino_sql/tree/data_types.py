"""Types as they are written."""

from dataclasses import dataclass

from trino_sql.tree.node import DataType, Identifier, Node


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
