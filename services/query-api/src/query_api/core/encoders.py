"""Rows in the forms that clients ask for: a head, blocks of rows, and an end that a cut one lacks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import pyarrow as pa

from query_api.core.answers import ResultColumn
from query_api.core.cells import csv_rows, json_rows
from query_api.core.texts import Column, one_text

Meta = dict[str, Any]
Bytes = bytes | memoryview


@dataclass(frozen=True, slots=True)
class JsonShape:
    """What is around the rows in JSON: the members before them, and the name of theirs.

    `is_record`: the answer is one object instead of a list of them.
    """

    before: Meta
    rows_name: str
    as_objects: bool
    is_record: bool = False


def unique_names(columns: Sequence[ResultColumn]) -> list[str]:
    """The names of the columns, where one repeats with its number: `a`, `a_2`, `a_3`."""
    taken: set[str] = {column.name for column in columns}
    seen: set[str] = set()
    names = []
    for column in columns:
        name, number = column.name, 1
        while name in seen or (number > 1 and name in taken):
            number += 1
            name = f"{column.name}_{number}"
        seen.add(name)
        names.append(name)
    return names


def joined(column: Column) -> memoryview:
    """The bytes of a column of texts one after the other, without a copy where it is one chunk."""
    return memoryview(one_text(column)[0].as_buffer())


class JsonEncoder:
    """One JSON document; it ends with its meta and a brace."""

    def __init__(self, columns: Sequence[ResultColumn], shape: JsonShape) -> None:
        self._types = [column.type for column in columns]
        self._names = [column.name for column in columns] if shape.as_objects else None
        self._shape = shape
        self._is_first = True

    def head(self, meta: Meta) -> bytes:
        members = b"".join(
            orjson.dumps(key) + b":" + orjson.dumps(value) + b","
            for key, value in self._shape.before.items()
        )
        opening = b":" if self._shape.is_record else b":["
        return b"{" + members + orjson.dumps(self._shape.rows_name) + opening

    def block(self, cells: pa.Table) -> Bytes:
        made = joined(json_rows(cells, self._types, self._names, before=","))
        if not len(made):
            return made
        start, self._is_first = int(self._is_first), False
        return made[start:]

    def tail(self, meta: Meta) -> bytes:
        closing = b"" if self._shape.is_record else b"]"
        return closing + b',"meta":' + orjson.dumps(meta) + b"}"


class NdjsonEncoder:
    """A JSON object a line; the last line is `{"@end": …}` with the answer's meta."""

    def __init__(self, columns: Sequence[ResultColumn]) -> None:
        self._types = [column.type for column in columns]
        self._names = unique_names(columns)

    def head(self, meta: Meta) -> bytes:
        return b""

    def block(self, cells: pa.Table) -> Bytes:
        return joined(json_rows(cells, self._types, self._names, after="\n"))

    def tail(self, meta: Meta) -> bytes:
        return orjson.dumps({"@end": meta}) + b"\n"


class CsvEncoder:
    """RFC 4180 with a line of names. It has no end of its own: HTTP's framing tells a cut one."""

    def __init__(self, columns: Sequence[ResultColumn]) -> None:
        self._types = [column.type for column in columns]
        self._names = [column.name for column in columns]

    def head(self, meta: Meta) -> bytes:
        quoted = ('"' + name.replace('"', '""') + '"' for name in self._names)
        return (",".join(quoted) + "\r\n").encode()

    def block(self, cells: pa.Table) -> Bytes:
        return joined(csv_rows(cells, self._types, after="\r\n"))

    def tail(self, meta: Meta) -> bytes:
        return b""
