"""Types as statements write them, and which type can be cast to which."""

from functools import cache

from local_cloud.athena.sql import parsing
from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.failures import (
    QueryError,
    invalid_argument,
    not_supported,
    type_mismatch,
)
from local_cloud.athena.sql.signatures.declared import catalogue
from local_cloud.athena.sql.types import Type
from trino_sql import tree

_PLAIN = {
    one.name: one
    for one in (
        t.BOOLEAN,
        t.TINYINT,
        t.SMALLINT,
        t.INTEGER,
        t.BIGINT,
        t.REAL,
        t.DOUBLE,
        t.VARBINARY,
        t.DATE,
        t.JSON,
        t.UUID,
        t.HYPERLOGLOG,
        t.TDIGEST,
        t.UNKNOWN,
    )
}
_PLAIN["int"] = t.INTEGER
# Types of Trino's that no engine here has values of.
_ELSEWHERE = (
    "ipaddress",
    "p4hyperloglog",
    "qdigest",
    "setdigest",
    "geometry",
    "sphericalgeography",
    "bingtile",
    "color",
    "jsonpath",
    "json2016",
    "joniregexp",
    "codepoints",
    "likepattern",
    "function",
    "kdbtree",
    "objectid",
    "number",
)
MAX_FRACTION = 12
# DuckDB's timestamps are microseconds.
FRACTION = 6


def named_type(text: str) -> Type:
    """The type that `text` names, as in a view's stored columns."""
    return type_of(parsing.data_type(text))


def type_of(node: tree.DataType) -> Type:
    """The type that a statement wrote. Raises TYPE_MISMATCH where Trino has no such type."""
    if isinstance(node, tree.RowType):
        kinds = tuple(type_of(one.type) for one in node.fields)
        # An unquoted field name is kept in lower case (TypeSignatureTranslator).
        names = tuple(_field_name(one.name) for one in node.fields)
        return t.row(kinds, names)
    if isinstance(node, tree.DateTimeType):
        return _date_time(node)
    if isinstance(node, tree.IntervalType):
        return _interval(node)
    if isinstance(node, tree.GenericType):
        return _generic(node)
    raise not_supported(f"the type {type(node).__name__}")


def _field_name(name: tree.Identifier | None) -> str | None:
    if name is None:
        return None
    return name.name if name.quoted else name.name.lower()


def _date_time(node: tree.DateTimeType) -> Type:
    precision = 3 if node.precision is None else node.precision
    if precision > MAX_FRACTION:
        raise QueryError(
            "INVALID_PARAMETER_USAGE",
            f"{node.kind.upper()} precision must be in range [0, {MAX_FRACTION}]: {precision}",
        )
    return fine(
        Type(node.kind + (" with time zone" * node.with_time_zone), precision=precision)
    )


def fine(of: Type) -> Type:
    """`of`, unless its seconds have more digits than the engine's."""
    if of.name in t.TIMED and (of.precision or 0) > FRACTION:
        raise not_supported(f"{of}: seconds finer than {FRACTION} digits")
    if of.name == "time with time zone":
        raise not_supported("time with time zone")
    return of


def _interval(node: tree.IntervalType) -> Type:
    if (node.start, node.end) == ("YEAR", "MONTH"):
        return t.MONTH_INTERVAL
    if (node.start, node.end) == ("DAY", "SECOND"):
        return t.DAY_INTERVAL
    raise type_mismatch(f"Unknown type: interval {node.start} to {node.end}".lower())


def _generic(node: tree.GenericType) -> Type:
    name, arguments = node.name.name.lower(), node.arguments
    if name in _PLAIN and not arguments:
        return _PLAIN[name]
    if name in ("decimal", "dec", "numeric"):
        return _decimal(arguments)
    if name in ("varchar", "char"):
        return _text(name, arguments)
    kinds = tuple(type_of(one) for one in arguments if isinstance(one, tree.DataType))
    if name == "array" and len(kinds) == len(arguments) == 1:
        return t.array(kinds[0])
    if name == "map" and len(kinds) == len(arguments) == 2:
        if not t.is_comparable(kinds[0]):
            raise type_mismatch(f"key type must be comparable, got {kinds[0]}")
        return t.map_of(*kinds)
    if name in _ELSEWHERE:
        raise not_supported(f"the type {name}")
    raise type_mismatch(f"Unknown type: {name}")


def _decimal(arguments: tuple[tree.DataType | int, ...]) -> Type:
    sizes = [one for one in arguments if isinstance(one, int)]
    if len(sizes) != len(arguments) or len(sizes) > 2:
        raise type_mismatch("Expected 0, 1 or 2 parameters for DECIMAL type constructor.")
    precision, scale = [*sizes, *((38, 0)[len(sizes) :])]
    if not 1 <= precision <= t.MAX_DECIMAL:
        raise invalid_argument(f"DECIMAL precision must be in range [1, 38]: {precision}")
    if scale > precision:
        raise invalid_argument(
            f"DECIMAL scale must be in range [0, precision ({precision})]: {scale}"
        )
    return t.decimal(precision, scale)


def _text(name: str, arguments: tuple[tree.DataType | int, ...]) -> Type:
    sizes = [one for one in arguments if isinstance(one, int)]
    if len(sizes) != len(arguments) or len(sizes) > 1:
        raise type_mismatch(f"Expected at most one parameter for {name.upper()}")
    if name == "char":
        length = sizes[0] if sizes else 1
        if length > t.MAX_CHAR:
            raise type_mismatch(f"Unknown type: char({length})")
        return t.char(length)
    if sizes and sizes[0] > t.UNBOUNDED:
        raise type_mismatch(f"Unknown type: varchar({sizes[0]})")
    return t.varchar(sizes[0] if sizes else None)


@cache
def _unbounded_casts() -> frozenset[tuple[str, str]]:
    """Casts to text of any length only."""
    return frozenset(
        (one.arguments[0].base, one.result.base)
        for one in catalogue()["$operator$cast"]
        if one.result.base == "varchar" and not one.result.sizes
    )


@cache
def _scalar_casts() -> frozenset[tuple[str, str]]:
    return frozenset(
        (one.arguments[0].base, one.result.base)
        for one in catalogue()["$operator$cast"]
        if not one.generic
    )


def can_cast(source: Type, to: Type) -> bool:
    """Whether Trino has a cast between these types (`$operator$cast`)."""
    if source == to or "unknown" in (source.name, to.name):
        return True
    if source.name == to.name and source.name in ("array", "map", "row"):
        return len(source.args) == len(to.args) and all(
            can_cast(a, b) for a, b in zip(source.args, to.args, strict=True)
        )
    if to.name == "json" and source.name in ("array", "row", "map"):
        if source.name == "map":
            return can_cast(source.args[0], t.VARCHAR) and can_cast(source.args[1], to)
        return all(can_cast(one, to) for one in source.args)
    if source.name == "json" and to.name in ("array", "row", "map"):
        if to.name == "map":
            return can_cast(t.VARCHAR, to.args[0]) and can_cast(source, to.args[1])
        return all(can_cast(source, one) for one in to.args)
    if (source.name, to.name) in _unbounded_casts() and to.precision is not None:
        return False
    return (source.name, to.name) in _scalar_casts() or (
        source.name == to.name
        and not to.args
        and source.name in (*t.TIMED, "decimal", "char", "varchar")
    )
