"""Partition projection: partitions computed from table parameters, not from the catalog."""

import itertools
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import lru_cache

from local_cloud.athena.sql.failures import QueryError, not_supported
from local_cloud.athena.storage.catalog import CatalogColumn, CatalogPartition, CatalogTable

# Athena plans at most a million partitions (user guide, "Partition your data"); a range beyond that
# is a mistake in the table.
MAX_PARTITIONS = 1_000_000
_JAVA = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S"}
_RELATIVE = re.compile(
    r"^NOW\s*(?:([+-])\s*(\d+)\s*(YEAR|MONTH|WEEK|DAY|HOUR|MINUTE|SECOND)S?)?$"
)
_SECONDS = {"WEEK": 604800, "DAY": 86400, "HOUR": 3600, "MINUTE": 60, "SECOND": 1}


def partitions(
    table: CatalogTable,
    wanted: dict[str, list[str] | None],
    now: datetime,
    keeps: Callable[[CatalogColumn, str], bool] = lambda _, __: True,
) -> Iterator[CatalogPartition]:
    """Every projected partition that may be wanted.

    `wanted` narrows a key to values that the WHERE demands; of the others, those are left out of
    which it `keeps` none.
    """
    columns = [
        [
            value
            for value in _values(table, key.name, wanted.get(key.name), now)
            if keeps(key, value)
        ]
        for key in table.keys
    ]
    size = 1
    for values in columns:
        size *= len(values)
    if size > MAX_PARTITIONS:
        raise QueryError("HIVE_EXCEEDED_PARTITION_LIMIT", f"{size} projected partitions")
    for chosen in itertools.product(*columns):
        yield CatalogPartition(chosen, _location(table, chosen))


def _location(table: CatalogTable, values: tuple[str, ...]) -> str:
    names = [key.name for key in table.keys]
    template = table.parameters.get("storage.location.template")
    if template is None:
        folders = "/".join(f"{n}={v}" for n, v in zip(names, values, strict=True))
        return f"{table.storage.location.rstrip('/')}/{folders}/"
    for name, value in zip(names, values, strict=True):
        template = template.replace(f"${{{name}}}", value)
    return template


def _values(
    table: CatalogTable, name: str, wanted: list[str] | None, now: datetime
) -> list[str]:
    prefix = f"projection.{name}."
    settings = {
        key.removeprefix(prefix): value
        for key, value in table.parameters.items()
        if key.startswith(prefix)
    }
    kind = settings.get("type", "").lower()
    if kind == "injected":
        if wanted is None:
            raise QueryError(
                "CONSTRAINT_VIOLATION",
                f"For the injected projected partition column {name}, the WHERE clause must "
                "contain only static equality conditions, and at least one such condition "
                "must be present.",
            )
        return wanted
    makers = {"enum": _enum, "integer": _integer, "date": _date}
    if kind not in makers:
        raise QueryError(
            "INVALID_TABLE_PROPERTY", f"Table {table.name} has no valid projection.{name}.type"
        )
    found = makers[kind](settings, now)
    return found if wanted is None else [value for value in found if value in set(wanted)]


def _enum(settings: dict[str, str], _: datetime) -> list[str]:
    return [value.strip() for value in settings["values"].split(",")]


def _integer(settings: dict[str, str], _: datetime) -> list[str]:
    low, high = (int(part) for part in settings["range"].split(","))
    step = int(settings.get("interval", "1"))
    digits = int(settings.get("digits", "0"))
    return [str(value).zfill(digits) for value in range(low, high + 1, step)]


def _date(settings: dict[str, str], now: datetime) -> list[str]:
    form = settings.get("format", "yyyy-MM-dd")
    pattern = _strftime(form)
    low, high = (_moment(part.strip(), pattern, now) for part in settings["range"].split(","))
    unit = settings.get("interval.unit", _default_unit(form)).upper().rstrip("S")
    return list(_dates(low, high, unit, int(settings.get("interval", "1")), pattern))


# Years of hours are made once for each hour of the clock.
@lru_cache(maxsize=16)
def _dates(
    low: datetime, high: datetime, unit: str, step: int, pattern: str
) -> tuple[str, ...]:
    found: list[str] = []
    moment = low
    while moment <= high and len(found) <= MAX_PARTITIONS:
        found.append(moment.strftime(pattern))
        moment = _later(moment, unit, step)
    return tuple(found)


def _default_unit(form: str) -> str:
    for letters, unit in (
        ("ss", "SECONDS"),
        ("mm", "MINUTES"),
        ("HH", "HOURS"),
        ("dd", "DAYS"),
    ):
        if letters in form:
            return unit
    return "MONTHS" if "MM" in form else "YEARS"


def _later(moment: datetime, unit: str, step: int) -> datetime:
    if unit in ("YEAR", "MONTH"):
        months = moment.month - 1 + step * (12 if unit == "YEAR" else 1)
        return moment.replace(year=moment.year + months // 12, month=months % 12 + 1)
    return moment + timedelta(seconds=step * _SECONDS[unit])


def _strftime(form: str) -> str:
    pattern = re.sub(r"'([^']*)'", r"\1", form)
    for letters, code in _JAVA.items():
        pattern = pattern.replace(letters, code)
    if re.search(
        r"(?<!%)[A-Za-z]",
        re.sub(r"'[^']*'", "", form.translate({ord(c): None for c in "yMdHms"})),
    ):
        raise not_supported(f"the projection date format {form}")
    return pattern


def _moment(text: str, pattern: str, now: datetime) -> datetime:
    relative = _RELATIVE.match(text.upper())
    if relative is None:
        return datetime.strptime(text, pattern)  # noqa: DTZ007  # a partition value has no zone
    naive = datetime.strptime(now.strftime(pattern), pattern)  # noqa: DTZ007
    sign, amount, unit = relative.groups()
    if sign is None:
        return naive
    steps = int(amount) * (1 if sign == "+" else -1)
    return _later(naive, unit, steps)
