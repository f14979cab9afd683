"""A statement asked of the local Athena itself, past the query service."""

import time
from typing import Any


def ended(athena: Any, sql: str, workgroup: str = "coinlake") -> Any:
    """Run a statement; the execution once it has ended."""
    begun = athena.start_query_execution(
        QueryString=sql, WorkGroup=workgroup, QueryExecutionContext={"Database": "coinlake"}
    )
    deadline = time.monotonic() + 60
    while True:
        found = athena.get_query_execution(QueryExecutionId=begun["QueryExecutionId"])
        execution = found["QueryExecution"]
        if execution["Status"]["State"] in ("SUCCEEDED", "FAILED", "CANCELLED"):
            return execution
        assert time.monotonic() < deadline, "this query never ends"
        time.sleep(0.02)


def rows_of(athena: Any, sql: str) -> list[list[str | None]]:
    """Names and rows of a statement that succeeds, the names first."""
    execution = ended(athena, sql)
    assert execution["Status"]["State"] == "SUCCEEDED", (sql, execution["Status"])
    pages = athena.get_paginator("get_query_results").paginate(
        QueryExecutionId=execution["QueryExecutionId"]
    )
    return [
        [cell.get("VarCharValue") for cell in row["Data"]]
        for page in pages
        for row in page["ResultSet"]["Rows"]
    ]
