"""What Athena says about a query, and the rows it gives."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson
import pyarrow as pa

from query_api.core.cells import Json, json_rows

TERMINAL = frozenset({"SUCCEEDED", "FAILED", "CANCELLED"})


@dataclass(frozen=True, slots=True)
class ResultColumn:
    """A column of a result and Athena's name of its type."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class ExecutionState:
    """The state of a query. RUNNING may go back to QUEUED (Athena API, QueryExecutionStatus:
    State); `reason` is Athena's own text."""

    state: str
    reason: str = ""
    category: int | None = None
    retryable: bool = False
    scanned_bytes: int = 0
    engine_ms: int = 0
    total_ms: int = 0
    submitted_ms: int | None = None
    error_type: int | None = None
    location: str = ""
    """Where the rows are, as an s3:// URI; empty where Athena did not say."""

    @property
    def ended(self) -> bool:
        return self.state in TERMINAL


@dataclass(frozen=True, slots=True)
class LostExecution:
    """Athena does not tell of a query: its code and message (Athena API,
    UnprocessedQueryExecutionId)."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class ResultObject:
    """The object in which Athena keeps all rows of a query, written once.

    `location` is its s3:// URI, `etag` without quotes, `size` in bytes. `rows` is how many rows it
    has by Athena's statistics, None where they do not say.
    """

    execution_id: str
    location: str
    columns: tuple[ResultColumn, ...]
    etag: str
    size: int
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row begins in a result object: its number from 0, and the byte."""

    row: int
    byte: int


START = Place(0, 0)


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows as Athena's texts, column by column, null as null.

    `cells` has a text column for each of `columns`, in their order (its own names mean nothing:
    those of a result may repeat). `truncated` where the result held more; these begin at `end` of
    `source`, where the rows came from the result object.
    """

    columns: tuple[ResultColumn, ...]
    cells: pa.Table
    truncated: bool = False
    execution_id: str = ""
    source: ResultObject | None = None
    end: Place = START

    def __len__(self) -> int:
        return int(self.cells.num_rows)

    @property
    def types(self) -> tuple[str, ...]:
        return tuple(column.type for column in self.columns)

    @property
    def size_bytes(self) -> int:
        """About what they take in memory."""
        return 1000 + 200 * len(self.columns) + int(self.cells.nbytes)

    def values(self) -> list[list[Json]]:
        """The rows in JSON's types; what is no number there is a string."""
        lines = json_rows(self.cells, self.types, None).to_pylist()
        found: list[list[Json]] = orjson.loads(f"[{','.join(lines)}]")
        return found

    def records(self) -> list[dict[str, Json]]:
        """The rows as objects, for results whose column names are unique."""
        names = [column.name for column in self.columns]
        return [dict(zip(names, row, strict=True)) for row in self.values()]

    def with_column(self, column: ResultColumn, texts: Sequence[str | None]) -> "Rows":
        """These rows with one more column behind the others, of one text for each row."""
        cells = self.cells.append_column(str(len(self.columns)), pa.array(texts, pa.string()))
        return replace(self, columns=(*self.columns, column), cells=cells)


def text_rows(
    columns: Sequence[ResultColumn],
    rows: Sequence[Sequence[str | None]],
    *,
    truncated: bool = False,
    execution_id: str = "",
) -> Rows:
    """Rows that are here row by row, each with one text for each column."""
    by_column: Sequence[Any] = tuple(zip(*rows, strict=True)) or ((),) * len(columns)
    arrays = [pa.array(texts, pa.string()) for texts in by_column]
    cells = pa.Table.from_arrays(arrays, names=[str(number) for number in range(len(columns))])
    return Rows(tuple(columns), cells, truncated, execution_id)


@dataclass(frozen=True, slots=True)
class QueryResult:
    """Rows, and the scanned bytes of each query that was paid for them: a retry costs too."""

    rows: Rows
    scans: tuple[int, ...]

    @property
    def scanned_bytes(self) -> int:
        return sum(self.scans)

    def after(self, earlier: "QueryResult | None") -> "QueryResult":
        """This answer with the cost of one before it that was thrown away."""
        return self if earlier is None else replace(self, scans=earlier.scans + self.scans)
