"""Athena's answers in our words: how far a query is, and the first page of its rows."""

from dataclasses import dataclass
from typing import Any

from coinlake.outcomes import UnknownAnswerError
from query_api.core.answers import ExecutionState, ResultColumn


@dataclass(frozen=True, slots=True)
class ResultPage:
    """The first page of a result, without its labels."""

    columns: tuple[ResultColumn, ...]
    rows: tuple[tuple[str | None, ...], ...]
    is_last: bool


def read_execution(told: Any) -> ExecutionState:
    """A `QueryExecution`. Raises KeyError or TypeError where it is none."""
    status, statistics = told["Status"], told.get("Statistics", {})
    error = status.get("AthenaError", {})
    submitted = status.get("SubmissionDateTime")
    return ExecutionState(
        state=status["State"],
        reason=status.get("StateChangeReason", "") or error.get("ErrorMessage", ""),
        category=error.get("ErrorCategory"),
        error_type=error.get("ErrorType"),
        retryable=bool(error.get("Retryable", False)),
        scanned_bytes=int(statistics.get("DataScannedInBytes", 0)),
        engine_ms=int(statistics.get("EngineExecutionTimeInMillis", 0)),
        total_ms=int(statistics.get("TotalExecutionTimeInMillis", 0)),
        submitted_ms=None if submitted is None else int(submitted.timestamp() * 1000),
        location=told.get("ResultConfiguration", {}).get("OutputLocation", ""),
    )


def read_page(found: Any, *, is_last: bool) -> ResultPage:
    """A `ResultSet`. Raises UnknownAnswerError where it is no table with its labels."""
    columns = _columns(found)
    rows = tuple(_values(row) for row in found.get("Rows", ()))
    if any(len(row) != len(columns) for row in rows):
        raise UnknownAnswerError(f"a row that does not have {len(columns)} values")
    # The first row of a SELECT's first page repeats the labels (PyAthena 3.35, result_set.py:
    # _is_first_row_column_labels), and all that we send are SELECTs.
    if rows[:1] != (tuple(column.name for column in columns),):
        raise UnknownAnswerError("the first row does not have the names of the columns")
    return ResultPage(columns, rows[1:], is_last)


def _columns(result_set: Any) -> tuple[ResultColumn, ...]:
    found = result_set["ResultSetMetadata"]["ColumnInfo"]
    return tuple(
        ResultColumn(item.get("Label") or item["Name"], _type_name(item)) for item in found
    )


def _type_name(item: Any) -> str:
    kind = str(item["Type"])
    if kind == "decimal":
        return f"decimal({item.get('Precision', 38)},{item.get('Scale', 0)})"
    return kind


def _values(row: Any) -> tuple[str | None, ...]:
    # Athena leaves VarCharValue out for null (Athena API, Datum); an empty string is there and
    # empty.
    return tuple(cell.get("VarCharValue") for cell in row.get("Data", ()))
