"""Queries of the service's workgroup: one that does not end, and what becomes of those begun."""

import json

from tests.integration.query_api.conftest import SQL_KEY, Cloud


def endless(mark: str = "") -> str:
    """A count of 3000 ** 4 rows, which no machine that runs these tests ends by itself.

    Left joins, because DuckDB reads those in the written order and holds 3000 rows of each; of
    four cross joins it makes two and holds one of them, nine million rows: more memory than the
    local Athena gives a query, so on an idle machine it *failed* after a second and a half.
    `mark` makes it another question, which shares no answer with the rest.
    """
    return (
        f"select count(*), '{mark}' as mark from rates a left join rates b on true "
        "left join rates c on true left join rates d on true"
    )


def post(sql: str) -> bytes:
    """A request on the wire that waits for the end of this statement."""
    body = json.dumps({"sql": sql, "wait": 30})
    return (
        f"POST /v1/queries HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {SQL_KEY}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def executions(cloud: Cloud) -> list[str]:
    """All queries that the workgroup was ever asked, the newest first."""
    listed = cloud.client("athena").get_paginator("list_query_executions")
    pages = listed.paginate(WorkGroup="coinlake")
    return [id_ for page in pages for id_ in page["QueryExecutionIds"]]


def states(cloud: Cloud, newest: int | None = 50) -> dict[str, str]:
    """State by query id, of the newest queries of the workgroup; None for all of them."""
    athena, ids, found = cloud.client("athena"), executions(cloud)[:newest], dict[str, str]()
    for at in range(0, len(ids), 50):
        told = athena.batch_get_query_execution(QueryExecutionIds=ids[at : at + 50])
        found |= {
            one["QueryExecutionId"]: one["Status"]["State"] for one in told["QueryExecutions"]
        }
    return found


def alive(cloud: Cloud) -> list[str]:
    """The queries that somebody still pays for, of all of the workgroup."""
    told = states(cloud, None).items()
    return [id_ for id_, state in told if state in ("QUEUED", "RUNNING")]
