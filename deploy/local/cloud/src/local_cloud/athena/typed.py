"""A piece of DuckDB SQL with its Trino type, and the coercions between types."""

from dataclasses import dataclass

from local_cloud.athena import types as t
from local_cloud.athena.failures import type_mismatch
from local_cloud.athena.types import Type

NUMERIC = (*t.INTEGERS, "decimal", "real", "double")


@dataclass(frozen=True, slots=True)
class Typed:
    """`sql` is DuckDB text that yields the value Athena yields, of Trino type `type`."""

    sql: str
    type: Type
    # A literal's own text, for the rules that ask whether a divisor can be zero.
    constant: str | None = None


def quoted(text: str) -> str:
    """A DuckDB string literal."""
    return "'" + text.replace("'", "''") + "'"


def identifier(text: str) -> str:
    """A DuckDB quoted identifier."""
    return '"' + text.replace('"', '""') + '"'


def cast_text(sql: str, to: Type) -> str:
    return f"CAST({sql} AS {t.duck_name(to)})"


def raised(code: str, value: str, to: Type) -> str:
    """SQL of type `to` that fails with `code` in its message.

    DuckDB's error() counts as volatile, which TRY refuses; a cast that cannot succeed doesn't.
    It depends on `value`, so that it is not folded before rows are there.
    """
    said = f"concat({quoted('<<' + code + '>>')}, CAST({value} AS VARCHAR))"
    failing = f"CAST({said} AS BIGINT)"
    return (
        failing
        if to.name == "bigint"
        else f"CAST(CAST({failing} AS VARCHAR) AS {t.duck_name(to)})"
    )


def as_decimal(of: Type) -> Type:
    """The decimal that Trino makes of an integer type."""
    if of.name == "decimal":
        return of
    return t.decimal(t.INTEGER_DIGITS[of.name], 0)


def common(left: Type, right: Type) -> Type | None:
    """The type to which Trino coerces both, or None where it refuses."""
    if left == right:
        return left
    if "unknown" in (left.name, right.name):
        return right if left.name == "unknown" else left
    if left.name in NUMERIC and right.name in NUMERIC:
        return _common_number(left, right)
    if left.name == right.name:
        return _common_same(left, right)
    return _common_other({left.name, right.name})


def _common_number(left: Type, right: Type) -> Type:
    names = {left.name, right.name}
    if "double" in names:
        return t.DOUBLE
    if "real" in names:
        return t.REAL
    if "decimal" not in names:
        return max(left, right, key=lambda one: t.INTEGERS.index(one.name))
    a, b = as_decimal(left), as_decimal(right)
    scale = max(a.scale, b.scale)
    whole = max((a.precision or 0) - a.scale, (b.precision or 0) - b.scale)
    return t.decimal(min(t.MAX_DECIMAL, whole + scale), scale)


def _common_same(left: Type, right: Type) -> Type | None:
    if left.name in ("varchar", "char"):
        longest = (
            None
            if left.precision is None or right.precision is None
            else max(left.precision, right.precision)
        )
        return Type(left.name, precision=longest)
    if left.name in ("timestamp", "timestamp with time zone"):
        return Type(left.name, precision=max(left.precision or 0, right.precision or 0))
    if len(left.args) != len(right.args):
        return None
    inner = [common(a, b) for a, b in zip(left.args, right.args, strict=True)]
    if any(one is None for one in inner):
        return None
    fields = left.fields if left.fields == right.fields else tuple(None for _ in left.fields)
    return Type(left.name, tuple(one for one in inner if one), fields)


def _common_other(names: set[str]) -> Type | None:
    if names == {"date", "timestamp"}:
        return t.TIMESTAMP
    if names in (
        {"date", "timestamp with time zone"},
        {"timestamp", "timestamp with time zone"},
    ):
        return t.TIMESTAMP_TZ
    if names == {"varchar", "char"}:
        return t.VARCHAR
    return None


def coerced(value: Typed, to: Type, what: str = "expression") -> Typed:
    """`value` implicitly made a `to`, as Trino would; its error where it would not."""
    if value.type == to:
        return value
    if common(value.type, to) is None or not _fits(value.type, to):
        raise type_mismatch(f"{what} must be of type {to} but is {value.type}")
    if t.duck_name(value.type) == t.duck_name(to):
        return Typed(value.sql, to, value.constant)
    return Typed(cast_text(value.sql, to), to)


def _fits(have: Type, want: Type) -> bool:
    both = common(have, want)
    return both is not None and both.name == want.name


def unified(values: list[Typed], what: str) -> tuple[list[Typed], Type]:
    """All values coerced to their one common type."""
    kind = values[0].type
    for value in values[1:]:
        both = common(kind, value.type)
        if both is None:
            raise type_mismatch(f"{what}: {kind} and {value.type} have no common type")
        kind = both
    return [coerced(value, kind, what) for value in values], kind


def require(value: Typed, names: tuple[str, ...], what: str) -> Typed:
    """`value` if its type is one of `names` (or unknown, a bare null)."""
    if value.type.name not in (*names, "unknown"):
        raise type_mismatch(f"Unexpected parameter ({value.type}) for {what}")
    return value
