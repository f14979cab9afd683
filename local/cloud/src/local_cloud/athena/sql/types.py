"""Athena's types are Trino's: their names, and which of them can be compared or ordered."""

from dataclasses import dataclass

MAX_DECIMAL = 38
# VarcharType.UNBOUNDED_LENGTH, as a number that a signature's arithmetic can use.
UNBOUNDED = 2147483647
MAX_CHAR = 65536


@dataclass(frozen=True, slots=True)
class Type:
    """A Trino type. `args` are element types, `fields` a row's field names.

    `precision` is a decimal's digits, the digits of a second, or a varchar's or char's length;
    an unbounded varchar has none.
    """

    name: str
    args: tuple["Type", ...] = ()
    fields: tuple[str | None, ...] = ()
    precision: int | None = None
    scale: int = 0

    def __str__(self) -> str:
        return trino_name(self)


BOOLEAN, TINYINT, SMALLINT = Type("boolean"), Type("tinyint"), Type("smallint")
INTEGER, BIGINT, REAL, DOUBLE = Type("integer"), Type("bigint"), Type("real"), Type("double")
VARCHAR, VARBINARY, DATE, JSON = Type("varchar"), Type("varbinary"), Type("date"), Type("json")
UUID, UNKNOWN = Type("uuid"), Type("unknown")
HYPERLOGLOG, TDIGEST = Type("hyperloglog"), Type("tdigest")
# A table's timestamp; Athena's are milliseconds (user guide, "Data types in Amazon Athena").
TIMESTAMP = Type("timestamp", precision=3)
DAY_INTERVAL = Type("interval day to second")
MONTH_INTERVAL = Type("interval year to month")

INTEGERS = ("tinyint", "smallint", "integer", "bigint")
INTEGER_DIGITS = {"tinyint": 3, "smallint": 5, "integer": 10, "bigint": 19}
NUMERIC = (*INTEGERS, "decimal", "real", "double")
TIMED = ("timestamp", "timestamp with time zone", "time", "time with time zone")


def decimal(precision: int, scale: int) -> Type:
    return Type("decimal", precision=precision, scale=scale)


def varchar(length: int | None) -> Type:
    return Type("varchar", precision=None if length in (None, UNBOUNDED) else length)


def char(length: int) -> Type:
    return Type("char", precision=length)


def timestamp(precision: int) -> Type:
    return Type("timestamp", precision=precision)


def array(element: Type) -> Type:
    return Type("array", (element,))


def map_of(key: Type, value: Type) -> Type:
    return Type("map", (key, value))


def row(types: tuple[Type, ...], names: tuple[str | None, ...] | None = None) -> Type:
    return Type("row", types, names if names is not None else (None,) * len(types))


def function(arguments: tuple[Type, ...], result: Type) -> Type:
    """A lambda's type."""
    return Type("function", (*arguments, result))


def trino_name(of: Type) -> str:
    """What Trino's typeof() prints."""
    if of.name == "decimal":
        return f"decimal({of.precision},{of.scale})"
    if of.precision is not None:
        name, _, zone = of.name.partition(" ")
        return f"{name}({of.precision}){' ' if zone else ''}{zone}"
    if of.name == "row":
        inner = ", ".join(
            f"{_field(name)} {kind}" if name is not None else str(kind)
            for name, kind in zip(of.fields, of.args, strict=True)
        )
        return f"row({inner})"
    return f"{of.name}({', '.join(map(str, of.args))})" if of.args else of.name


def _field(name: str) -> str:
    # RowType's display name quotes what is no plain identifier.
    plain = name.isascii() and name.replace("_", "a").isalnum() and not name[0].isdigit()
    if plain and name == name.lower():
        return name
    return '"' + name.replace('"', '""') + '"'


def family(of: Type) -> str:
    """The type's name, one for all integers."""
    return "integer" if of.name in INTEGERS else of.name


def is_numeric(of: Type) -> bool:
    return of.name in NUMERIC


_INCOMPARABLE = ("function", "hyperloglog", "p4hyperloglog", "setdigest", "qdigest", "tdigest")
_UNORDERED = (*_INCOMPARABLE, "map", "json", "color")


def is_comparable(of: Type) -> bool:
    """Whether `=` takes it (Type.isComparable)."""
    if of.name == "map":
        return is_comparable(of.args[1])
    if of.name in ("array", "row"):
        return all(is_comparable(one) for one in of.args)
    return of.name not in _INCOMPARABLE


def is_orderable(of: Type) -> bool:
    """Whether ORDER BY takes it (Type.isOrderable)."""
    if of.name in ("array", "row"):
        return all(is_orderable(one) for one in of.args)
    return of.name not in _UNORDERED


def holds(of: Type, *names: str) -> bool:
    """Whether the type, or any type inside of it, has one of these names."""
    return of.name in names or any(holds(one, *names) for one in of.args)


@dataclass(frozen=True, slots=True)
class OutputColumn:
    """A column of a query's answer, its name as the query wrote it."""

    name: str
    type: Type
