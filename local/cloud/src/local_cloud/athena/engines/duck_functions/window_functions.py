"""Functions that only windows have (trino-main: io.trino.operator.window)."""

from typing import Any

from local_cloud.athena.engines.duck_sql.aggregating import AggregateText
from local_cloud.athena.engines.duck_sql.registry import aggregate
from local_cloud.athena.engines.duck_sql.representation import cast
from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.failures import invalid_argument
from local_cloud.athena.sql.types import Type


def _plain(name: str, result: Type) -> Any:
    def write(call: AggregateText) -> str:
        return cast(f"{name}(){call.suffix}", result)

    return write


for _name, _result in (
    ("row_number", t.BIGINT),
    ("rank", t.BIGINT),
    ("dense_rank", t.BIGINT),
    ("percent_rank", t.DOUBLE),
    ("cume_dist", t.DOUBLE),
):
    aggregate(f"{_name}()")(_plain(_name, _result))


def _checked(call: AggregateText, sql: str, least: int, what: str) -> str:
    def check(value: Any) -> Any:
        if value is None or value < least:
            raise invalid_argument(what)
        return value

    return call.text.python(
        check, (t.BIGINT,), t.BIGINT, sql, key=("window argument", least, what), nullable=True
    )


@aggregate("ntile(bigint)")
def _ntile(call: AggregateText) -> str:
    buckets = _checked(call, call.arguments[0], 1, "Buckets must be greater than 0")
    return f"ntile({buckets}){call.suffix}"


def _value(call: AggregateText, name: str, *more: str) -> str:
    nulls = " IGNORE NULLS" if call.ignore_nulls else ""
    return f"{name}({', '.join((call.arguments[0], *more))}{nulls}){call.suffix}"


@aggregate("first_value(t)")
def _first(call: AggregateText) -> str:
    return _value(call, "first_value")


@aggregate("last_value(t)")
def _last(call: AggregateText) -> str:
    return _value(call, "last_value")


@aggregate("nth_value(t,bigint)")
def _nth(call: AggregateText) -> str:
    return _value(
        call, "nth_value", _checked(call, call.arguments[1], 1, "Offset must be at least 1")
    )


def _neighbour(call: AggregateText, name: str) -> str:
    more = []
    if len(call.arguments) > 1:
        more.append(_checked(call, call.arguments[1], 0, "Offset must be at least 0"))
    more += call.arguments[2:]
    return _value(call, name, *more)


@aggregate("lag(t)", "lag(t,bigint)", "lag(t,bigint,t)")
def _lag(call: AggregateText) -> str:
    return _neighbour(call, "lag")


@aggregate("lead(t)", "lead(t,bigint)", "lead(t,bigint,t)")
def _lead(call: AggregateText) -> str:
    return _neighbour(call, "lead")
