"""Which type becomes which without a CAST (TypeCoercion of trino-main 476)."""

from dataclasses import dataclass

from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.types import Type


@dataclass(frozen=True, slots=True)
class Compatibility:
    """The type that holds both, and whether the first may silently become the second."""

    common: Type
    coercible: bool


def common_super_type(first: Type, second: Type) -> Type | None:
    """The type to which both are coerced, or None where there is none."""
    found = compatibility(first, second)
    return found.common if found else None


def can_coerce(source: Type, to: Type) -> bool:
    """Whether a `source` may stand where a `to` is wanted."""
    found = compatibility(source, to)
    return found is not None and found.coercible


def compatibility(source: Type, to: Type) -> Compatibility | None:
    if source == to or source.name == "unknown":
        return Compatibility(to, True)
    if to.name == "unknown":
        return Compatibility(source, False)
    if source.name == to.name:
        return _same_base(source, to)
    raised = coerced_base(source, to.name)
    if raised is not None:
        return compatibility(raised, to)
    raised = coerced_base(to, source.name)
    if raised is None:
        return None
    found = compatibility(source, raised)
    return Compatibility(found.common, False) if found else None


def _same_base(source: Type, to: Type) -> Compatibility | None:
    if source.name == "row":
        return _rows(source, to)
    if source.name in ("array", "map"):
        inner = [compatibility(a, b) for a, b in zip(source.args, to.args, strict=True)]
        found = [one for one in inner if one is not None]
        if len(found) != len(inner):
            return None
        common = Type(source.name, tuple(one.common for one in found))
        return Compatibility(common, all(one.coercible for one in found))
    joined = _sized(source, to)
    return Compatibility(joined, joined == to) if joined is not None else None


def _sized(source: Type, to: Type) -> Type | None:
    if source.name == "decimal":
        scale = max(source.scale, to.scale)
        whole = max((one.precision or 0) - one.scale for one in (source, to))
        return t.decimal(min(t.MAX_DECIMAL, whole + scale), scale)
    if source.name == "varchar":
        if source.precision is None or to.precision is None:
            return t.VARCHAR
        return t.varchar(max(source.precision, to.precision))
    if source.name == "char" or source.name in t.TIMED:
        return Type(source.name, precision=max(source.precision or 0, to.precision or 0))
    return None


def _rows(source: Type, to: Type) -> Compatibility | None:
    if len(source.args) != len(to.args):
        return None
    kinds, coercible = [], True
    for a, b in zip(source.args, to.args, strict=True):
        found = compatibility(a, b)
        if found is None:
            return None
        kinds.append(found.common)
        coercible = coercible and found.coercible
    # RowType keeps a field's name where both rows agree on it.
    names = tuple(a if a == b else None for a, b in zip(source.fields, to.fields, strict=True))
    return Compatibility(t.row(tuple(kinds), names), coercible)


_FROM_UNKNOWN = {
    "varchar": t.varchar(0),
    "char": t.char(0),
    "decimal": t.decimal(1, 0),
    **{
        name: Type(name)
        for name in (
            "boolean",
            "bigint",
            "integer",
            "double",
            "real",
            "varbinary",
            "date",
            "json",
            "interval year to month",
            "interval day to second",
        )
    },
    **{name: Type(name, precision=3) for name in t.TIMED},
}
_WIDER = {
    "tinyint": ("smallint", "integer", "bigint", "real", "double"),
    "smallint": ("integer", "bigint", "real", "double"),
    "integer": ("bigint", "real", "double"),
    "bigint": ("real", "double"),
    "decimal": ("real", "double"),
    "real": ("double",),
}
# Types that functions declare and no value has: a pattern or a path given as text.
PATTERNS = ("joniregexp", "jsonpath", "codepoints")


def coerced_base(source: Type, base: str) -> Type | None:
    """`source` as the smallest type called `base` that holds it (coerceTypeBase)."""
    if source.name == base:
        return source
    if source.name == "unknown":
        return _FROM_UNKNOWN.get(base)
    if base in _WIDER.get(source.name, ()):
        return Type(base)
    if base == "decimal" and source.name in t.INTEGER_DIGITS:
        return t.decimal(t.INTEGER_DIGITS[source.name], 0)
    if source.name in ("varchar", "char") and base in PATTERNS:
        return Type(base)
    return _timed(source, base)


def _timed(source: Type, base: str) -> Type | None:
    if source.name == "date" and base in ("timestamp", "timestamp with time zone"):
        return Type(base, precision=0)
    if source.name == "varchar" and base == "char":
        length = t.MAX_CHAR if source.precision is None else source.precision
        return t.char(min(t.MAX_CHAR, length))
    if base == f"{source.name} with time zone" and source.name in ("time", "timestamp"):
        return Type(base, precision=source.precision)
    return None
