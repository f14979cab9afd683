"""Every odd answer to every call of Glue and Athena that runner and query service make."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest

from coinlake.aws import open_client
from coinlake.contracts.hours import Hour
from coinlake.errors import TransientError
from etl_runner.adapters.catalog import GlueCatalog
from etl_runner.adapters.jobs import GlueJobRuns
from query_api.adapters.athena import AthenaEngine, AthenaScope, open_athena
from query_api.adapters.result_objects import ResultObjects, open_result_objects
from query_api.adapters.workers import open_workers
from query_api.core.answers import Place, ResultColumn, ResultObject
from query_api.core.result_csv import Block
from query_api.core.statements import Statement
from tests.odd_answers import ODD, Plan

HOUR = Hour("2026-11-20", "07")
RESULT = ResultObject(
    "q", "s3://lake/results/q.csv", (ResultColumn("a", "varchar"),), etag="", size=0
)
Call = Callable[[], Awaitable[object]]


@pytest.fixture
async def objects(plan: Plan) -> AsyncIterator[ResultObjects]:
    async with open_result_objects(max_bytes=1000) as opened:
        yield opened


@pytest.fixture
async def athena(plan: Plan, objects: ResultObjects) -> AsyncIterator[AthenaEngine]:
    scope = AthenaScope("lake", "group", "s3://lake/results/")
    with open_workers(1) as workers:
        async with open_athena(scope, objects, workers) as opened:
            yield opened


async def read(objects: ResultObjects) -> list[Block]:
    """All of a result object that was described before."""
    source = replace(RESULT, etag="e1", size=100)
    return [block async for block in objects.blocks(source, Place(0, 0))]


@pytest.fixture
async def calls(
    plan: Plan, athena: AthenaEngine, objects: ResultObjects
) -> AsyncIterator[dict[str, Call]]:
    """Every call by name."""
    async with open_client("glue") as glue:
        jobs = GlueJobRuns(glue, "job")
        catalog = GlueCatalog(glue, "lake", "lake", "crawler", 0.01, 5.0)
        like = {"Columns": [], "Location": "s3://lake/"}
        yield {
            "StartJobRun": lambda: jobs.start({"--attempt": "1"}),
            "GetJobRun": lambda: jobs.get("jr_1"),
            "GetJobRuns": jobs.recent,
            "BatchStopJobRun": lambda: jobs.stop("jr_1"),
            "GetTable": lambda: catalog.columns("quotes"),
            "GetTable of register": lambda: catalog.register("quotes", [HOUR]),
            "BatchCreatePartition": lambda: catalog._create("quotes", like, [HOUR]),
            "GetCrawler": catalog.crawl,
            "StartQueryExecution": lambda: athena.start(Statement("SELECT 1"), "t" * 32),
            "GetQueryExecution": lambda: athena.executions(["q"]),
            "BatchGetQueryExecution": lambda: athena.executions(["q", "r"]),
            "GetQueryResults": lambda: athena.rows("q", 10),
            "GetObject of a result": lambda: objects.described(RESULT),
            "GetObject of a result's rows": lambda: read(objects),
            "StopQueryExecution": lambda: athena.stop("q"),
            "GetWorkGroup": athena.probe,
        }


async def test_an_odd_answer_is_dependency_away_and_nothing_else(
    calls: dict[str, Call], plan: Plan
) -> None:
    wrong: list[str] = []

    for name, call in calls.items():
        for odd in ODD:
            plan.always = odd
            try:
                wrong.append(f"{name}, {odd}: {await call()!r}")
            except TransientError:
                continue
            except Exception as error:
                wrong.append(f"{name}, {odd}: {error!r}")

    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("odd", ["page 200", "page 404", "page 502", "JSON page 200"])
async def test_the_reason_holds_the_first_bytes_of_the_answer(
    calls: dict[str, Call], plan: Plan, odd: str
) -> None:
    plan.always = odd

    # The bytes of an object are a stream, of which nothing is read where it is not the object.
    for call in (call for name, call in calls.items() if "GetObject" not in name):
        with pytest.raises(TransientError, match="<title>Sorry</title>"):
            await call()
