"""JSON lines (plain or gzip) as batches, as the OpenX and HCatalog JSON SerDes read them."""

import gzip
import io
import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from typing import Any

import pyarrow as pa

from local_cloud.athena.sql.failures import QueryError, not_supported
from local_cloud.athena.sql.types import Type
from local_cloud.athena.sql.values.arrow import arrow_type, field_key
from local_cloud.athena.storage.catalog import Storage
from local_cloud.athena.storage.lake import LakeObject, Meter, S3Lake

OPENX = "org.openx.data.jsonserde.JsonSerDe"
HCATALOG = "org.apache.hive.hcatalog.data.JsonSerDe"
HIVE_JSON = "org.apache.hadoop.hive.serde2.JsonSerDe"
SERDES = (OPENX, HCATALOG, HIVE_JSON)

# A batch ends at either; API answers can be hundreds of kilobytes long.
BATCH_ROWS = 8_192
BATCH_BYTES = 8 * 1024 * 1024
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  # Athena's timestamps have no zone


def batches(
    lake: S3Lake, of: LakeObject, storage: Storage, wanted: list[tuple[str, Type]], meter: Meter
) -> Iterator[tuple[int, dict[str, Any]]]:
    """(rows, {column: array}) per batch. The whole object counts as scanned."""
    reader = LineReader(storage)
    meter.count(of.size)
    rows: list[dict[str, Any]] = []
    size = 0
    for line in _lines(lake.read(of), of):
        rows.append(reader.row(line, of.url))
        size += len(line)
        if len(rows) >= BATCH_ROWS or size >= BATCH_BYTES:
            meter.check()
            yield len(rows), reader.arrays(rows, wanted, of.url)
            rows, size = [], 0
    if rows:
        yield len(rows), reader.arrays(rows, wanted, of.url)


def _lines(body: bytes, of: LakeObject) -> Iterator[bytes]:
    if of.key.endswith((".bz2", ".zst", ".snappy", ".lz4")):
        raise not_supported(f"the compression of {of.url}")
    if not of.key.endswith(".gz"):
        yield from (line.rstrip(b"\r\n") for line in io.BytesIO(body))
        return
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(body)) as file:
            for line in file:
                yield line.rstrip(b"\r\n")
    except (OSError, EOFError) as error:
        raise QueryError("HIVE_CURSOR_ERROR", f"cannot read {of.url}: {error}") from error


class LineReader:
    """One table's SerDe settings."""

    def __init__(self, storage: Storage) -> None:
        parameters = {k.lower(): v for k, v in storage.serde_parameters.items()}
        self._ignore = parameters.get("ignore.malformed.json", "").lower() == "true"
        self._lenient = storage.serde == OPENX
        if parameters.get("dots.in.keys", "").lower() == "true":
            raise not_supported("dots.in.keys of the JSON SerDe")
        self._mapping = {
            key.removeprefix("mapping.").lower(): value.lower()
            for key, value in parameters.items()
            if key.startswith("mapping.")
        }

    def row(self, line: bytes, url: str) -> dict[str, Any]:
        """The line's object with lower-case keys; {} (all nulls) where it may be ignored."""
        if not line.strip():
            return {}
        try:
            found = json.loads(line, parse_float=Decimal)
        except ValueError as error:
            return self._malformed(url, str(error), error)
        except RecursionError as error:
            return self._malformed(url, "nested too deeply", error)
        if not isinstance(found, dict):
            return self._malformed(url, "row is no JSON object", None)
        return _lowered(found)

    def _malformed(self, url: str, why: str, cause: Exception | None) -> dict[str, Any]:
        if self._ignore:
            return {}
        raise QueryError(
            "HIVE_CURSOR_ERROR", f"Row is not a valid JSON Object - {url}: {why}"
        ) from cause

    def arrays(
        self, rows: list[dict[str, Any]], wanted: list[tuple[str, Type]], url: str
    ) -> dict[str, Any]:
        made = {}
        for name, kind in wanted:
            key = self._mapping.get(name, name)
            values = [self._value(row.get(key), kind, name, url) for row in rows]
            made[name] = pa.array(values, arrow_type(kind))
        return made

    def _value(self, value: Any, kind: Type, name: str, url: str) -> Any:
        try:
            return converted(value, kind)
        except (ValueError, TypeError, InvalidOperation, OverflowError) as error:
            if self._lenient:
                # The OpenX SerDe gives null for a value that is not of the column's type.
                return None
            raise QueryError(
                "HIVE_BAD_DATA", f"Error parsing column {name} as {kind} in {url}"
            ) from error


def _lowered(found: dict[str, Any]) -> dict[str, Any]:
    return {key.lower(): value for key, value in found.items()}


def converted(value: Any, kind: Type) -> Any:
    """A JSON value as a Python value for the column's Arrow type; ValueError where it isn't."""
    if value is None:
        return None
    maker = _MAKERS.get(kind.name)
    if maker is None:
        raise not_supported(f"JSON columns of type {kind}")
    return maker(value, kind)


def _text(value: Any, _: Type) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (dict, list)):
        return json.dumps(value, separators=(",", ":"), default=str, ensure_ascii=False)
    return str(value)


_BOUNDS = {"tinyint": 7, "smallint": 15, "integer": 31, "bigint": 63}


def _integer(value: Any, kind: Type) -> int:
    if isinstance(value, (bool, dict, list)):
        raise ValueError(value)
    number = int(value) if isinstance(value, (int, str)) else int(Decimal(value))
    if not -(2 ** _BOUNDS[kind.name]) <= number < 2 ** _BOUNDS[kind.name]:
        raise ValueError(value)
    return number


def _decimal(value: Any, kind: Type) -> Decimal:
    if isinstance(value, (bool, dict, list)):
        raise ValueError(value)
    number = Decimal(value)
    if not number.is_finite():
        raise ValueError(value)
    return number.quantize(
        Decimal(1).scaleb(-kind.scale),
        rounding=ROUND_HALF_UP,
        context=Context(prec=kind.precision),
    )


def _floating(value: Any, _: Type) -> float:
    if isinstance(value, (bool, dict, list)):
        raise ValueError(value)
    return float(value)


def _boolean(value: Any, _: Type) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise ValueError(value)


def _moment(value: Any, _: Type) -> datetime:
    if isinstance(value, int) and not isinstance(value, bool):
        return _EPOCH + timedelta(milliseconds=value)
    found = datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    if found.tzinfo is not None:
        found = found.astimezone(UTC).replace(tzinfo=None)
    return found.replace(microsecond=found.microsecond // 1000 * 1000)


def _array(value: Any, kind: Type) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(value)
    return [converted(one, kind.args[0]) for one in value]


def _map(value: Any, kind: Type) -> list[tuple[Any, Any]]:
    if not isinstance(value, dict):
        raise ValueError(value)
    return [(converted(k, kind.args[0]), converted(v, kind.args[1])) for k, v in value.items()]


def _row(value: Any, kind: Type) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(value)
    fields = _lowered(value)
    made: dict[str, Any] = {}
    for index, (name, inner) in enumerate(zip(kind.fields, kind.args, strict=True)):
        key = field_key(index)
        try:
            made[key] = converted(fields.get(name or ""), inner)
        except (ValueError, TypeError, InvalidOperation, OverflowError):
            # One bad field must not take the whole row of an array with it.
            made[key] = None
    return made


_MAKERS: dict[str, Callable[[Any, Type], Any]] = {
    "varchar": _text,
    "char": _text,
    **dict.fromkeys(_BOUNDS, _integer),
    "decimal": _decimal,
    "double": _floating,
    "real": _floating,
    "boolean": _boolean,
    "date": lambda value, _: date.fromisoformat(value),
    "timestamp": _moment,
    "array": _array,
    "map": _map,
    "row": _row,
}
