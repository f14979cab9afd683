"""Athena in our words: the only place that knows botocore's errors and Athena's shapes."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError, NoRegionError

from coinlake.aws import open_client
from coinlake.errors import ConfigError
from coinlake.outcomes import UnknownAnswerError, away, code_of
from query_api.core.answers import ExecutionState, ResultColumn, Rows
from query_api.core.failures import clean
from query_api.core.problems import query_failed
from query_api.core.statements import Statement

_PAGE_ROWS = 1000
_REFUSALS = {"InvalidRequestException"}


class AthenaEngine:
    """One workgroup and database. Every method raises TransientError while Athena is away."""

    def __init__(self, client: Any, database: str, workgroup: str, output: str) -> None:
        self._client = client
        self._database = database
        self._workgroup = workgroup
        self._output = output

    async def start(self, statement: Statement, token: str) -> str:
        """Start a query and return its id; the same token gives the same query.

        Raises ProblemError where Athena refuses the statement.
        """
        request: dict[str, Any] = {
            "QueryString": statement.sql,
            "ClientRequestToken": token,
            "QueryExecutionContext": {"Database": self._database},
            "WorkGroup": self._workgroup,
            "ResultConfiguration": {"OutputLocation": self._output},
        }
        if statement.parameters:
            request["ExecutionParameters"] = list(statement.parameters)
        with _translated("StartQueryExecution"):
            answer = await self._client.start_query_execution(**request)
            return str(answer["QueryExecutionId"])

    async def execution(self, execution_id: str) -> ExecutionState:
        """How far a query is."""
        with _translated("GetQueryExecution"):
            answer = await self._client.get_query_execution(QueryExecutionId=execution_id)
            return _execution(answer["QueryExecution"])

    async def rows(self, execution_id: str, max_rows: int) -> Rows:
        """At most `max_rows` rows of a query that succeeded.

        By pages: every statement that we send is bounded to a few thousand rows.
        """
        columns: tuple[ResultColumn, ...] = ()
        rows: list[tuple[str | None, ...]] = []
        token: str | None = None
        while True:
            page = await self._page(execution_id, token)
            if token is None:
                columns = page.columns
            # Athena repeats the labels as the first row of the first page of a SELECT
            # (PyAthena 3.35, result_set.py: _is_first_row_column_labels).
            rows += page.rows[1:] if token is None else page.rows
            token = page.token
            if token is None or len(rows) > max_rows:
                return Rows(columns, tuple(rows[:max_rows]), len(rows) > max_rows)

    async def stop(self, execution_id: str) -> None:
        """End a query; fine where it has ended."""
        with _translated("StopQueryExecution"):
            await self._client.stop_query_execution(QueryExecutionId=execution_id)

    async def probe(self) -> None:
        """Whether the workgroup can be read; costs nothing."""
        with _translated("GetWorkGroup"):
            await self._client.get_work_group(WorkGroup=self._workgroup)

    async def _page(self, execution_id: str, token: str | None) -> "_Page":
        more = {} if token is None else {"NextToken": token}
        with _translated("GetQueryResults"):
            answer = await self._client.get_query_results(
                QueryExecutionId=execution_id, MaxResults=_PAGE_ROWS, **more
            )
            page = _read(answer["ResultSet"], answer.get("NextToken"))
            if page.token is not None and page.token == token:
                raise UnknownAnswerError("the same page keeps coming back")
        return page


@dataclass(frozen=True, slots=True)
class _Page:
    """One page of a result. `token` is that of the next; None where this is the last."""

    columns: tuple[ResultColumn, ...]
    rows: tuple[tuple[str | None, ...], ...]
    token: str | None


def _execution(told: Any) -> ExecutionState:
    status, statistics = told["Status"], told.get("Statistics", {})
    error = status.get("AthenaError", {})
    return ExecutionState(
        state=status["State"],
        reason=status.get("StateChangeReason", "") or error.get("ErrorMessage", ""),
        category=error.get("ErrorCategory"),
        error_type=error.get("ErrorType"),
        retryable=bool(error.get("Retryable", False)),
        scanned_bytes=int(statistics.get("DataScannedInBytes", 0)),
        engine_ms=int(statistics.get("EngineExecutionTimeInMillis", 0)),
    )


def _read(found: Any, token: str | None) -> _Page:
    columns = _columns(found)
    rows = tuple(_values(row) for row in found.get("Rows", ()))
    if any(len(row) != len(columns) for row in rows):
        raise UnknownAnswerError(f"a row that does not have {len(columns)} values")
    return _Page(columns, rows, token)


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


@asynccontextmanager
async def open_athena(
    database: str, workgroup: str, output: str
) -> AsyncIterator[AthenaEngine]:
    """A client for the life of the service: one per request would ask for credentials each time."""
    try:
        client = open_client("athena")
        async with client as opened:
            yield AthenaEngine(opened, database, workgroup, output)
    except NoRegionError as error:
        raise ConfigError(f"no AWS region: set AWS_DEFAULT_REGION ({error})") from error


@contextmanager
def _translated(operation: str) -> Iterator[None]:
    """One call and the reading of its answer: ProblemError for a refusal, else TransientError."""
    with away(operation) as answer:
        try:
            yield
        except ClientError as error:
            if code_of(error) in _REFUSALS:
                told = error.response.get("Error", {}).get("Message", "")
                raise query_failed(clean(str(told))) from error
            raise
        answer.require_json()
