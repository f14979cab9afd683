"""Athena in our words: the only place that knows botocore's errors and Athena's shapes."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from typing import Any

from botocore.exceptions import ClientError, NoRegionError

from coinlake import logs
from coinlake.aws import open_client
from coinlake.errors import ConfigError, TransientError
from coinlake.outcomes import UnknownAnswerError, answered, away, code_of
from query_api.adapters.athena_answers import ResultPage, read_execution, read_page
from query_api.adapters.result_objects import Begun, ResultObjects
from query_api.adapters.row_blocks import first_rows
from query_api.adapters.workers import Workers
from query_api.core.answers import (
    ExecutionState,
    LostExecution,
    ResultColumn,
    ResultObject,
    Rows,
    text_rows,
)
from query_api.core.engine_errors import NoSlotError
from query_api.core.failures import clean
from query_api.core.problems import ProblemError, query_failed, result_gone
from query_api.core.statements import Statement

log = logs.get(__name__)

# Rows that come with Athena's own page: parsing as many of a hundred columns takes the loop 14 ms
# (measured, botocore 1.43: 1.4 us for a cell).
_FIRST_ROWS = 100
_REFUSALS = {"InvalidRequestException"}
_FULL = "CONCURRENT_QUERY_LIMIT_EXCEEDED"


@dataclass(frozen=True, slots=True)
class AthenaScope:
    """Where statements run, and the s3:// prefix of results where the workgroup enforces none."""

    database: str
    workgroup: str
    output: str


class AthenaEngine:
    """One workgroup and database. Every method raises TransientError while Athena is away."""

    def __init__(
        self, client: Any, scope: AthenaScope, objects: ResultObjects, workers: Workers
    ) -> None:
        self._client = client
        self._scope = scope
        self._objects = objects
        self._workers = workers

    @property
    def where(self) -> str:
        """All else that Athena compares when a token comes back: it must be in the token."""
        return f"{self._scope.workgroup} {self._scope.database} {self._scope.output}"

    async def start(self, statement: Statement, token: str) -> str:
        """Start a query and return its id; the same token gives the same query.

        Raises ProblemError where Athena refuses the statement.
        """
        request: dict[str, Any] = {
            "QueryString": statement.sql,
            "ClientRequestToken": token,
            "QueryExecutionContext": {"Database": self._scope.database},
            "WorkGroup": self._scope.workgroup,
            "ResultConfiguration": {"OutputLocation": self._scope.output},
        }
        if statement.parameters:
            request["ExecutionParameters"] = list(statement.parameters)
        with _translated("StartQueryExecution"):
            answer = await self._client.start_query_execution(**request)
            return str(answer["QueryExecutionId"])

    async def executions(
        self, ids: Sequence[str]
    ) -> Mapping[str, ExecutionState | LostExecution]:
        """How far up to 50 queries are; of each, or why Athena does not tell.

        One is asked for by GetQueryExecution, whose quota is another and five times as large
        (Athena user guide, "Service Quotas").
        """
        if len(ids) == 1:
            return {ids[0]: await self._execution(ids[0])}
        with _translated("BatchGetQueryExecution"):
            answer = await self._client.batch_get_query_execution(QueryExecutionIds=list(ids))
            told = {
                one["QueryExecutionId"]: read_execution(one)
                for one in answer["QueryExecutions"]
            }
            lost = {
                one["QueryExecutionId"]: LostExecution(
                    str(one.get("ErrorCode", "")), str(one.get("ErrorMessage", ""))
                )
                for one in answer.get("UnprocessedQueryExecutionIds", ())
            }
            if missing := [one for one in ids if one not in told and one not in lost]:
                raise UnknownAnswerError(f"an answer without {len(missing)} of {len(ids)} ids")
        return {**told, **lost}

    async def _execution(self, execution_id: str) -> ExecutionState | LostExecution:
        try:
            with _translated("GetQueryExecution"):
                answer = await self._client.get_query_execution(QueryExecutionId=execution_id)
                return read_execution(answer["QueryExecution"])
        except ProblemError as error:
            return LostExecution("InvalidRequestException", error.problem.detail)

    async def rows(self, execution_id: str, max_rows: int, location: str = "") -> Rows:
        """At most `max_rows` rows of a query that succeeded, and where the others are.

        A few come with Athena's own page, which tells the types too; more come from the result
        object, since a page of 1000 rows keeps the loop busy for 14 ms (measured, botocore 1.43);
        where that is, is asked where `location` does not say.
        Raises ProblemError where the object is gone, damaged or too large.
        """
        # With the labels, and one more, which tells whether there are more.
        page = await self._page(execution_id, min(_FIRST_ROWS, max_rows) + 2)
        if page.is_last or len(page.rows) > max_rows:
            return text_rows(
                page.columns,
                page.rows[:max_rows],
                truncated=len(page.rows) > max_rows,
                execution_id=execution_id,
            )
        begun, count = await asyncio.gather(
            self._begun(execution_id, page.columns, location), self._row_count(execution_id)
        )
        source = replace(begun.source, rows=count)
        return await first_rows(self._objects, self._workers, source, max_rows, begun.head)

    async def located(self, execution_id: str) -> ResultObject:
        """Where all rows of a query that succeeded are. Raises ProblemError as `rows` does."""
        page = await self._page(execution_id, 1)
        location, count = await asyncio.gather(
            self._location(execution_id), self._row_count(execution_id)
        )
        return await self._objects.described(
            ResultObject(execution_id, location, page.columns, etag="", size=0, rows=count)
        )

    async def _begun(
        self, execution_id: str, columns: tuple[ResultColumn, ...], location: str
    ) -> Begun:
        where = location or await self._location(execution_id)
        return await self._objects.begun(
            ResultObject(execution_id, where, columns, etag="", size=0)
        )

    async def _location(self, execution_id: str) -> str:
        with _translated("GetQueryExecution"):
            answer = await self._client.get_query_execution(QueryExecutionId=execution_id)
            return str(answer["QueryExecution"]["ResultConfiguration"]["OutputLocation"])

    async def _row_count(self, execution_id: str) -> int | None:
        """How many rows Athena says that the result has; it may not say (Athena API,
        GetQueryRuntimeStatistics: the row statistics come later, or never)."""
        try:
            with _translated("GetQueryRuntimeStatistics"):
                answer = await self._client.get_query_runtime_statistics(
                    QueryExecutionId=execution_id
                )
                told = answer["QueryRuntimeStatistics"].get("Rows", {})
                return int(told["OutputRows"]) if "OutputRows" in told else None
        except TransientError as error:
            # Only a second check of the rows hangs on it, and a count that is made otherwise.
            log.warning("row_count_unknown", reason=str(error))
            return None

    async def stop(self, execution_id: str) -> None:
        """End a query; fine where it has ended."""
        with _translated("StopQueryExecution"):
            await self._client.stop_query_execution(QueryExecutionId=execution_id)

    async def probe(self) -> None:
        """Whether the workgroup can be read; costs nothing."""
        with _translated("GetWorkGroup"):
            await self._client.get_work_group(WorkGroup=self._scope.workgroup)

    async def _page(self, execution_id: str, most: int) -> ResultPage:
        """The first page: at most `most` rows, of which the labels are one."""
        with _translated("GetQueryResults"), _result_gone():
            answer = await self._client.get_query_results(
                QueryExecutionId=execution_id, MaxResults=most
            )
            return read_page(answer["ResultSet"], is_last=answer.get("NextToken") is None)


@asynccontextmanager
async def open_athena(
    scope: AthenaScope, objects: ResultObjects, workers: Workers
) -> AsyncIterator[AthenaEngine]:
    """A client for the life of the service: one per request would ask for credentials each time."""
    try:
        client = open_client("athena")
        async with client as opened:
            yield AthenaEngine(opened, scope, objects, workers)
    except NoRegionError as error:
        raise ConfigError(f"no AWS region: set AWS_DEFAULT_REGION ({error})") from error


@contextmanager
def _translated(operation: str) -> Iterator[None]:
    """One call and the reading of its answer: ProblemError for a refusal, else TransientError."""
    with away(operation) as answer:
        try:
            yield
        except ClientError as error:
            if _is_full(error):
                raise NoSlotError(f"{operation}: {answered(error)}") from error
            if code_of(error) in _REFUSALS:
                told = error.response.get("Error", {}).get("Message", "")
                raise query_failed(clean(str(told))) from error
            raise
        answer.require_json()


@contextmanager
def _result_gone() -> Iterator[None]:
    """A problem (410) where the result object is not there any more.

    Athena says so in words alone (InvalidRequestException: "Could not find results").
    """
    try:
        yield
    except ClientError as error:
        told = str(error.response.get("Error", {}).get("Message", ""))
        if code_of(error) in _REFUSALS and "could not find results" in told.lower():
            raise result_gone() from error
        raise


def _is_full(error: ClientError) -> bool:
    """Whether Athena has no slot, and not too many calls: the code alone does not tell.

    Reason has one value, and old answers leave it out (Athena API, TooManyRequestsException).
    """
    reason = error.response.get("Reason", _FULL)
    return code_of(error) == "TooManyRequestsException" and reason == _FULL
