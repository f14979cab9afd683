"""What every statement of the typed endpoints is made of: names from the contract, bound values."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from coinlake.contracts.hours import Hour
from coinlake.views.live import live_name
from query_api.core.literals import varchar

_NAME = re.compile(r"[a-z][a-z0-9_]{0,127}")
# The newest first. Rows of the raw zone tell no receive time, and ties end at the later element: the
# same row whoever asks, and whenever.
NEWEST_FIRST = (
    "source_ts DESC NULLS LAST, received_ts DESC NULLS LAST, epoch DESC NULLS LAST,"
    " kafka_offset DESC NULLS LAST, element_index DESC"
)
# A map as an object of JSON: Athena's own text of a map, `{k=v}`, cannot be read back.
_AS_JSON = {"extra": "json_format(CAST(extra AS JSON)) AS extra"}


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL with `?`, and the literals that Athena puts there in order."""

    sql: str
    parameters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition with `?`, and its literals in order."""

    sql: str
    values: tuple[str, ...] = ()


def both(*conditions: Condition | None) -> Condition:
    """All of them; those that are None ask nothing. Raises ValueError where nothing is asked."""
    asked = [one for one in conditions if one is not None]
    if not asked:
        raise ValueError("no condition")
    return Condition(
        " AND ".join(f"({one.sql})" for one in asked),
        tuple(value for one in asked for value in one.values),
    )


def all_of(*conditions: Condition | None) -> Condition | None:
    """All of them; None where nothing is asked."""
    return both(*conditions) if any(conditions) else None


def either(*conditions: Condition) -> Condition:
    """At least one of them."""
    return Condition(
        " OR ".join(f"({one.sql})" for one in conditions),
        tuple(value for one in conditions for value in one.values),
    )


def one_of(column: str, values: Iterable[str]) -> Condition:
    """A column of the contract that is one of these texts."""
    bound = tuple(varchar(value) for value in values)
    return Condition(f"{column} IN ({', '.join('?' * len(bound))})", bound)


def equal(column: str, value: str | None) -> Condition | None:
    """A column of the contract that is this text; nothing is asked where there is none."""
    return None if value is None else Condition(f"{column} = ?", (varchar(value),))


def from_hour(hour: Hour) -> Condition:
    """Partitions from an hour on."""
    values = tuple(varchar(value) for value in (hour.dt, hour.dt, hour.hour))
    return Condition("dt > ? OR (dt = ? AND hour >= ?)", values)


def between_hours(first: Hour, last: Hour) -> Condition:
    """Partitions from one hour to another, both with them."""
    values = (first.dt, last.dt, first.dt, first.hour, last.dt, last.hour)
    return Condition(
        "dt >= ? AND dt <= ? AND (dt > ? OR hour >= ?) AND (dt < ? OR hour <= ?)",
        tuple(varchar(value) for value in values),
    )


def selected(columns: Iterable[str]) -> str:
    """Columns of the contract as they are selected from a table."""
    return ", ".join(_AS_JSON.get(name, name) for name in columns)


def source(database: str, table: str, *, is_live: bool) -> str:
    """A table of the contract, or its live view. Raises ValueError for what is no database's name."""
    return qualified(database, live_name(table) if is_live else table)


def qualified(database: str, name: str) -> str:
    """A table with its database. Raises ValueError for what is no database's name."""
    if not _NAME.fullmatch(database):
        raise ValueError(f"not a database name: {database!r}")
    return f'"{database}"."{name}"'
