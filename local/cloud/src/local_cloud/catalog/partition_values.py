"""Partition values by the type of their key, as a filter compares them."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from local_cloud.catalog.entities import Values
from local_cloud.catalog.state import invalid
from local_cloud.errors import AwsError

Scalar = str | int | Decimal | date | datetime

# How Hive writes a null among partition values (Hive's hive.exec.default.partition.name).
NULL = "__HIVE_DEFAULT_PARTITION__"
_TEXT = ("string", "varchar", "char")
_INTEGERS = ("tinyint", "smallint", "int", "integer", "bigint", "long")
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,9})?")


@dataclass(frozen=True, slots=True)
class PartitionKey:
    """A partition key: its place among the values, and the bare name of its type."""

    index: int
    declared: str

    @property
    def type(self) -> str:
        return self.declared.lower().partition("(")[0].strip()

    def value(self, values: Values) -> Scalar | None:
        """A partition's value of this key; None is null."""
        text = values[self.index]
        if text == NULL:
            return None
        try:
            return comparable(text, self.type)
        except AwsError as error:
            raise AwsError(
                "InvalidStateException", f"a partition has {text!r} as {self.declared}"
            ) from error


def comparable(text: str, kind: str) -> Scalar:
    """A literal or a value as its key's type; InvalidInputException where it is none."""
    if kind in _TEXT:
        return text
    try:
        return _typed(text, kind)
    except (ValueError, InvalidOperation) as error:
        raise invalid(f"{text!r} is not of type {kind}") from error


def _typed(text: str, kind: str) -> Scalar:
    if kind in _INTEGERS:
        return int(text)
    if kind == "decimal":
        return Decimal(text)
    if kind == "date":
        return date.fromisoformat(text)
    if kind == "timestamp":
        return _instant(text)
    raise invalid(f"a partition key of type {kind} cannot be filtered")


def _instant(text: str) -> Decimal:
    """Seconds with all their digits: datetimes end at microseconds."""
    if not _TIMESTAMP.fullmatch(text):
        raise ValueError(text)
    whole, _, fraction = text.partition(".")
    seconds = (datetime.fromisoformat(whole) - datetime(1970, 1, 1)).total_seconds()  # noqa: DTZ001
    return Decimal(int(seconds)) + Decimal(f"0.{fraction or 0}")
