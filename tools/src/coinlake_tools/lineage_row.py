"""A row as somebody got it, from Athena, from the query service or as plain JSON; and is it right?"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from coinlake.contracts.datasets import table_named
from coinlake.errors import ConfigError

Row = Mapping[str, Any]
_WHERE = ("raw_object", "kafka_offset")


@dataclass(frozen=True, slots=True)
class Asked:
    """Which row of which table. `row` has its values, None where only the place was given."""

    table: str
    raw_object: str
    offset: int
    element: int | None
    row: Row | None = None


def asked_of(table: str, row: Row) -> Asked:
    """The place that a row names. Raises ConfigError where it names none."""
    missing = [name for name in _WHERE if row.get(name) in (None, "")]
    if missing:
        raise ConfigError(f"the row has no {' and no '.join(missing)}: select it too")
    try:
        element = row.get("element_index")
        place = None if element in (None, "") else int(str(element))
        return Asked(table, str(row["raw_object"]), int(str(row["kafka_offset"])), place, row)
    except ValueError as error:
        raise ConfigError(f"the row's place is no number: {error}") from error


def row_of(text: str | bytes) -> Row:
    """The one row of an answer of Athena or of the query service, or of a JSON object.

    Raises ConfigError where there is not exactly one.
    """
    try:
        told = json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"the row is not JSON: {error}") from error
    if isinstance(told, list) and len(told) == 1:
        told = told[0]
    try:
        if isinstance(told, dict) and "ResultSet" in told:
            return _only(_of_athena(told["ResultSet"]))
        if isinstance(told, dict) and "columns" in told and "rows" in told:
            names = [column["name"] for column in told["columns"]]
            return _only([dict(zip(names, values, strict=True)) for values in told["rows"]])
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"not an answer that has rows: {error!r}") from error
    if not isinstance(told, dict):
        raise ConfigError("one JSON object is wanted: the row")
    row: Row = told
    return row


def _of_athena(result: Mapping[str, Any]) -> list[Row]:
    """Athena's GetQueryResults: the first row of a SELECT has the names of the columns."""
    names = [column["Name"] for column in result["ResultSetMetadata"]["ColumnInfo"]]
    rows = [[cell.get("VarCharValue") for cell in row["Data"]] for row in result["Rows"]]
    if rows and rows[0] == names:
        del rows[0]
    return [dict(zip(names, values, strict=True)) for values in rows]


def _only(rows: list[Row]) -> Row:
    if len(rows) != 1:
        raise ConfigError(f"the answer has {len(rows)} rows: give one")
    return rows[0]


@dataclass(frozen=True, slots=True)
class Compared:
    """How a row compares with what the rules make: names of columns, and sentences."""

    same: tuple[str, ...]
    differing: tuple[str, ...]
    not_compared: tuple[str, ...]


def compared(table: str, row: Row, made: Row) -> Compared:
    """Compare the columns that both have."""
    same, differing, left = list[str](), list[str](), list[str]()
    for column in table_named(table).columns:
        name = column.name
        if name not in row or name not in made or _is_unclear(column.type, row[name]):
            left.append(name)
        elif _agrees(column.type, row[name], made[name]):
            same.append(name)
        else:
            differing.append(
                f"{name}: the row has {row[name]!r}, the raw bytes give {made[name]!r}"
            )
    return Compared(tuple(same), tuple(differing), tuple(left))


def _is_unclear(kind: str, told: Any) -> bool:
    """Athena prints a map as `{a=b, c=d}`, which can be read in more than one way."""
    return kind.startswith("map<") and not isinstance(told, dict | None)


def _agrees(kind: str, told: Any, made: Any) -> bool:
    if told is None or made is None:
        return told is None and made is None
    try:
        if kind.startswith("decimal"):
            return Decimal(str(told)) == Decimal(str(made))
        if kind == "timestamp":
            return bool(_ms(told) == made)
        if kind in ("int", "bigint"):
            return bool(int(str(told)) == made)
    except (ValueError, InvalidOperation):
        return False
    if kind == "boolean":
        return str(told).lower() == str(made).lower()
    return bool(told == made)


def _ms(told: Any) -> int:
    """A time as Athena (`2026-11-22 10:07:00.000`) or RFC 3339 write it. Raises ValueError."""
    moment = datetime.fromisoformat(str(told).removesuffix(" UTC"))
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return round(aware.timestamp() * 1000)
