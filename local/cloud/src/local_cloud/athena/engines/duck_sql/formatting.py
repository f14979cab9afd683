"""format(): Java's String.format over values (FormatFunction)."""

from collections.abc import Callable
from typing import Any

from local_cloud.athena.engines.duck_sql.text import Text, form
from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.ir import Special
from local_cloud.athena.sql.types import Type
from local_cloud.athena.sql.values import java_format, java_format_times, numbers, texts
from local_cloud.athena.sql.values.java_format import Argument


@form("format")
def _format(text: Text, expr: Special) -> str:
    kinds = tuple(one.type for one in expr.operands)
    readers = [_reader(kind) for kind in kinds[1:]]

    def formatted(pattern: str | None, *values: Any) -> str | None:
        if pattern is None:
            return None
        return java_format.formatted(
            pattern,
            [
                Argument(None, "null") if value is None else read(value)
                for read, value in zip(readers, values, strict=True)
            ],
        )

    made = text.each(expr.operands)
    return text.python(formatted, kinds, t.VARCHAR, *made, key=("format", kinds), nullable=True)


def _reader(of: Type) -> Callable[[Any], Argument]:
    """What Java sees of a value that is not null."""
    if of.name in ("unknown", "boolean", "char", "varchar", *t.INTEGERS):
        return lambda value: _plain(value, texts.to_text(value, of))
    if of.name in ("json", "uuid", "interval day to second", "interval year to month"):
        return lambda value: _as_text(texts.to_text(value, of))
    return _READERS[of.name]


def _plain(value: Any, text: str) -> Argument:
    return Argument(text if isinstance(value, str) else value, text)


def _moment(of: java_format_times.Moment) -> Argument:
    return Argument(of, java_format_times.text(of))


def _as_text(text: str) -> Argument:
    return Argument(text, text)


_READERS: dict[str, Callable[[Any], Argument]] = {
    "double": lambda value: Argument(value, numbers.java_double(value)),
    "real": lambda value: Argument(value, numbers.java_float(value)),
    "decimal": lambda value: Argument(value, str(value)),
    "date": lambda value: _moment(java_format_times.Moment(value, None)),
    "time": lambda value: _moment(java_format_times.Moment(None, value)),
    "timestamp": lambda value: _moment(java_format_times.of_timestamp(value)),
    "timestamp with time zone": lambda value: _moment(java_format_times.of_zoned(*value)),
}
