"""The few statements that the tools write themselves. Names come from the service's list of tables."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_HOUR = re.compile(r"(?P<dt>\d{4}-\d\d-\d\d)[T ](?P<hour>\d\d)")


def preview_sql(table: Mapping[str, Any], coverage: Iterable[Mapping[str, Any]]) -> str:
    """A statement that reads one hour of a table, the newest published one where that is known.

    Raises ValueError for a name that no table of ours has.
    """
    name = str(table["name"])
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is not the name of a table")
    columns = {str(column["name"]) for column in table["columns"]} | _partitions(table)
    where = _newest(name, list(coverage)) if {"dt", "hour"} <= columns else None
    if where is None:
        return f"SELECT * FROM {name}"
    dt, hour = where
    return f"SELECT * FROM {name} WHERE dt = '{dt}' AND hour = '{hour}'"


def _partitions(table: Mapping[str, Any]) -> set[str]:
    found = table.get("partitions") or []
    return {str(one["name"]) if isinstance(one, Mapping) else str(one) for one in found}


def _newest(name: str, coverage: list[Mapping[str, Any]]) -> tuple[str, str] | None:
    """Day and hour of the newest hour of the table; of any table, where it has none of its own."""
    own = [one for one in coverage if one.get("table") == name] or coverage
    hours = [match for one in own if (match := _HOUR.match(str(one.get("last_hour"))))]
    newest = max(hours, key=lambda match: (match["dt"], match["hour"]), default=None)
    return None if newest is None else (newest["dt"], newest["hour"])
