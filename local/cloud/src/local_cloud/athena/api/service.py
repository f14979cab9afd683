"""Athena's API: each operation as one method, everything else refused by name."""

import hashlib
import json
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from local_cloud.athena.api import metadata
from local_cloud.athena.api.executions import FINAL, History, QueryExecution
from local_cloud.athena.api.pages import ResultPages
from local_cloud.athena.api.pool import Pool
from local_cloud.athena.api.runner import StatementRunner
from local_cloud.athena.api.workgroups import PRIMARY, WorkGroups
from local_cloud.athena.engines.duck import DuckEngine
from local_cloud.athena.sql import queries, statements
from local_cloud.athena.sql.failures import QueryError
from local_cloud.athena.sql.names import CATALOG, folded
from local_cloud.athena.sql.queries import check_syntax
from local_cloud.athena.storage.catalog import CatalogClient
from local_cloud.athena.storage.lake import S3Lake
from local_cloud.bill import Bill
from local_cloud.clients import Clients
from local_cloud.errors import AwsError
from local_cloud.fields.athena import ATHENA
from local_cloud.fields.judge import Judge

MAX_QUERY_BYTES = 262_144
MAX_BATCH = 50
CTAS = "CREATE_TABLE_AS_SELECT"
Request = dict[str, Any]


class AthenaService:
    """The local Athena. `handle` may be called from many threads."""

    def __init__(
        self, clients: Clients, state_dir: Path, bill: Bill, active_queries: int = 200
    ) -> None:
        folder = state_dir / "athena"
        folder.mkdir(parents=True, exist_ok=True)
        self._catalog, lake = CatalogClient(clients.glue), S3Lake(clients.s3)
        self._history = History(folder / "executions", time.time())
        self._groups = WorkGroups(folder / "workgroups.json", time.time())
        self._engine = DuckEngine(self._catalog, lake)
        self._pool = Pool(
            StatementRunner(self._engine, self._catalog, lake), self._history, bill
        )
        self._active_queries = active_queries
        self._pages = ResultPages(lake)
        self._judge = Judge(ATHENA)
        self._operations: dict[str, Callable[[Request], Request]] = {
            "StartQueryExecution": self._start,
            "GetQueryExecution": self._get,
            "BatchGetQueryExecution": self._batch_get,
            "ListQueryExecutions": self._list,
            "StopQueryExecution": self._stop,
            "GetQueryResults": self._results,
            "GetQueryRuntimeStatistics": self._statistics,
            "CreateWorkGroup": self._create_group,
            "GetWorkGroup": lambda r: {"WorkGroup": self._groups.get(r.get("WorkGroup", ""))},
            "UpdateWorkGroup": self._update_group,
            "DeleteWorkGroup": self._delete_group,
            "ListWorkGroups": self._groups.listed,
            **metadata.operations(self._catalog),
        }

    def handle(self, operation: str, request: Request) -> Request:
        """Answer one call; AwsError with Athena's code where it cannot be done."""
        request = self._judge.check(operation, request)
        return self._operations[operation](request)

    def tables_of(self, query_id: str) -> list[str] | None:
        """The tables that a query looked up in the catalog, once it has ended; None if unknown."""
        found = self._history.find(query_id)
        return None if found is None else found.tables

    def close(self) -> None:
        """Cancel what runs and end the worker threads."""
        self._pool.close()
        self._engine.close()

    def _start(self, request: Request) -> Request:
        sql = request["QueryString"]
        if not sql.strip() or len(sql.encode()) > MAX_QUERY_BYTES:
            raise AwsError("InvalidRequestException", "queryString must have 1 to 262144 bytes")
        token = request.get("ClientRequestToken") or uuid.uuid4().hex
        group = request.get("WorkGroup") or PRIMARY
        if self._groups.get(group)["State"] != "ENABLED":
            raise AwsError("InvalidRequestException", f"WorkGroup {group} is disabled.")
        one = self._execution(sql, token, group, request)
        if not self._history.knows(group, token) and self._pool.active >= self._active_queries:
            # The quota counts those that are queued, too (Athena user guide, "Service Quotas").
            raise AwsError(
                "TooManyRequestsException",
                "You have exceeded the limit for the number of queries you can run concurrently.",
                reason="CONCURRENT_QUERY_LIMIT_EXCEEDED",
            )
        entered = self._history.add(one)
        if entered is one:
            self._pool.submit(one, self._groups.cutoff(group))
        return {"QueryExecutionId": entered.id}

    def _execution(self, sql: str, token: str, group: str, request: Request) -> QueryExecution:
        context = request.get("QueryExecutionContext") or {}
        if folded(context.get("Catalog", CATALOG)) != CATALOG:
            raise AwsError(
                "InvalidRequestException", "only the catalog AwsDataCatalog is there"
            )
        asked = request.get("ResultConfiguration") or {}
        output = self._groups.output(group, asked.get("OutputLocation"))
        parameters = list(request.get("ExecutionParameters") or [])
        try:
            statement, substatement = statements.kind(sql)
            check_syntax(sql, substatement)
        except QueryError as error:
            # What is no statement never becomes an execution; what is only not there FAILs.
            raise AwsError("InvalidRequestException", str(error)) from error
        if substatement == CTAS and self._groups.enforces_output(group):
            _refuse_external_location(sql)
        id_ = str(uuid.uuid4())
        return QueryExecution(
            id=id_,
            query=sql.strip().removesuffix(";"),
            workgroup=group,
            database=folded(context.get("Database", "default")),
            output=f"{output}{_result_name(id_, statement, substatement)}",
            statement=statement,
            substatement=substatement,
            submitted=time.time(),
            parameters=parameters,
            token=token,
            fingerprint=_fingerprint(request),
            bucket_owner=asked.get("ExpectedBucketOwner", ""),
        )

    def _get(self, request: Request) -> Request:
        return {"QueryExecution": self._history.get(_id(request)).described()}

    def _batch_get(self, request: Request) -> Request:
        found = [(id_, self._history.find(id_)) for id_ in request["QueryExecutionIds"]]
        missing = [
            {
                "QueryExecutionId": id_,
                "ErrorCode": "INVALID_QUERY_EXECUTION_ID",
                "ErrorMessage": f"Query execution {id_} was not found",
            }
            for id_, one in found
            if one is None
        ]
        return {
            "QueryExecutions": [one.described() for _, one in found if one is not None],
            "UnprocessedQueryExecutionIds": missing,
        }

    def _list(self, request: Request) -> Request:
        group = request.get("WorkGroup") or PRIMARY
        self._groups.get(group)
        size = min(int(request.get("MaxResults") or MAX_BATCH), MAX_BATCH)
        start = _token(request)
        ids = [one.id for one in self._history.of(group)]
        answer: Request = {"QueryExecutionIds": ids[start : start + size]}
        if start + size < len(ids):
            answer["NextToken"] = str(start + size)
        return answer

    def _stop(self, request: Request) -> Request:
        self._pool.stop(self._history.get(_id(request)))
        return {}

    def _results(self, request: Request) -> Request:
        one = self._history.get(_id(request))
        if one.state not in FINAL:
            raise AwsError(
                "InvalidRequestException",
                f"Query has not yet finished. Current state: {one.state}",
            )
        if one.state != "SUCCEEDED":
            raise AwsError(
                "InvalidRequestException",
                f"Query did not finish successfully. Final query state: {one.state}",
            )
        return self._pages.page(one, int(request.get("MaxResults") or 1000), _token(request))

    def _statistics(self, request: Request) -> Request:
        return {"QueryRuntimeStatistics": self._history.get(_id(request)).statistics()}

    def _create_group(self, request: Request) -> Request:
        self._groups.create(request, time.time())
        return {}

    def _update_group(self, request: Request) -> Request:
        self._groups.update(request)
        return {}

    def _delete_group(self, request: Request) -> Request:
        self._groups.delete(request, self._history)
        return {}


def _result_name(id_: str, statement: str, substatement: str) -> str:
    """ "Find query output files in Amazon S3" in Athena's user guide: queries that write data
    elsewhere have no result object, and their other objects are named after the bare id."""
    if substatement == CTAS:
        return f"tables/{id_}"
    if substatement in ("UNLOAD", "INSERT"):
        return id_
    return f"{id_}.csv" if statement == statements.DML else f"{id_}.txt"


def _refuse_external_location(sql: str) -> None:
    """ "Considerations and limitations for CTAS queries": an enforced output location decides."""
    try:
        table = queries.create_table_as(sql)
    except QueryError:
        # It FAILs by the name of what it asks for, when it is run.
        return
    if table is not None and "external_location" in table.properties:
        raise AwsError(
            "InvalidRequestException",
            "The Create Table As Select query failed because it was submitted with an "
            "'external_location' property to an Athena Workgroup that enforces a centralized "
            "output location for all queries. Please remove the 'external_location' property "
            "and resubmit the query.",
        )


def _id(request: Request) -> str:
    return str(request.get("QueryExecutionId") or "")


def _token(request: Request) -> int:
    text = request.get("NextToken") or "0"
    if not text.isdigit():
        raise AwsError("InvalidRequestException", "Invalid pagination token")
    return int(text)


def _fingerprint(request: Request) -> str:
    """What must be equal for a repeated token to mean the same query."""
    said = {key: value for key, value in request.items() if key != "ClientRequestToken"}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
