"""Queries of the service's workgroup: one that does not end, and what becomes of those begun."""

from tests.integration.query_api.conftest import Cloud


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


def states(cloud: Cloud) -> dict[str, str]:
    """State by query id, of the 50 newest queries of the workgroup."""
    athena = cloud.client("athena")
    ids = athena.list_query_executions(WorkGroup="coinlake")["QueryExecutionIds"][:50]
    if not ids:
        return {}
    found = athena.batch_get_query_execution(QueryExecutionIds=ids)["QueryExecutions"]
    return {item["QueryExecutionId"]: item["Status"]["State"] for item in found}


def alive(cloud: Cloud) -> list[str]:
    """The queries that somebody still pays for, of all of the workgroup."""
    athena = cloud.client("athena")
    ids, more = list[str](), dict[str, str]()
    while True:
        page = athena.list_query_executions(WorkGroup="coinlake", **more)
        ids += page["QueryExecutionIds"]
        if "NextToken" not in page:
            break
        more = {"NextToken": page["NextToken"]}
    found = list[str]()
    for at in range(0, len(ids), 50):
        told = athena.batch_get_query_execution(QueryExecutionIds=ids[at : at + 50])
        found += [
            one["QueryExecutionId"]
            for one in told["QueryExecutions"]
            if one["Status"]["State"] in ("QUEUED", "RUNNING")
        ]
    return found
