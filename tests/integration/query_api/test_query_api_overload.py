"""A busy Athena and busy clients: both throttles, lost replies, other parties, floods. Each with its control."""

import asyncio
import json
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest

from coinlake.outcomes import trouble_of
from query_api.adapters.athena import AthenaEngine, AthenaScope, open_athena
from query_api.adapters.result_objects import open_result_objects
from query_api.adapters.workers import open_workers
from query_api.core.engine_errors import NoSlotError
from query_api.core.problems import ProblemError
from query_api.core.statements import Statement
from tests.integration.query_api.conftest import Api, Cloud, StartApi, until
from tests.integration.query_api.queries import alive, endless, executions

CLOSED = "from=2026-11-22T09:00:00Z&to=2026-11-22T10:00:00Z"


@contextmanager
def faults(cloud: Cloud, *rules: dict[str, Any]) -> Iterator[None]:
    """Athena's faults for the length of a block."""

    def put(given: list[dict[str, Any]]) -> None:
        body = json.dumps({"rules": given}).encode()
        urllib.request.urlopen(
            urllib.request.Request(f"{cloud.admin}/faults", body, method="PUT")
        ).close()

    put(list(rules))
    try:
        yield
    finally:
        put([])


def fired(cloud: Cloud) -> dict[str, int]:
    with urllib.request.urlopen(f"{cloud.admin}/faults") as answer:
        return dict(json.loads(answer.read())["fired"])


def throttled(api: Api, kind: str) -> float:
    name = f'query_api_athena_throttled_total{{kind="{kind}"}}'
    lines = api.ask("/metrics", None).text.splitlines()
    return float(next(line.split()[1] for line in lines if line.startswith(name)))


@asynccontextmanager
async def opened_athena() -> AsyncIterator[AthenaEngine]:
    """The service's client, in this process."""
    scope = AthenaScope("coinlake", "coinlake", "s3://coinlake/athena-results/")
    with open_workers(1) as workers:
        async with (
            open_result_objects(1_000_000) as objects,
            open_athena(scope, objects, workers) as athena,
        ):
            yield athena


START, LOOK = "athena:StartQueryExecution", "athena:GetQueryExecution"
RATE = {"code": "ThrottlingException", "status": 400}
SLOTS = {"code": "TooManyRequestsException", "status": 400}


@pytest.mark.parametrize(
    ("operation", "fault", "kind"),
    [(START, RATE, "rate"), (START, SLOTS, "concurrency"), (LOOK, RATE, "rate")],
    ids=["starts", "slots", "looks"],
)
def test_f58_throttles_are_waited_out_and_told_apart(
    start_api: StartApi, cloud: Cloud, operation: str, fault: dict[str, Any], kind: str
) -> None:
    api = start_api()
    before = set(executions(cloud))

    with faults(cloud, {"operation": operation, "count": 4, **fault}):
        answer = api.ask(f"/v1/assets/bitcoin/quotes?{CLOSED}&limit=7")
        played = fired(cloud)

    assert answer.status_code == 200
    assert played[operation] == 4
    assert len(set(executions(cloud)) - before) == 1
    other = {"rate": "concurrency", "concurrency": "rate"}[kind]
    assert (throttled(api, kind), throttled(api, other)) == (4, 0)


def test_f58_without_end_it_ends_at_the_deadline_and_starts_nothing(
    start_api: StartApi, cloud: Cloud
) -> None:
    api = start_api(QUERY_API_LIMITS__TYPED_DEADLINE_S="1")
    before = set(executions(cloud))

    with faults(cloud, {"operation": START, **SLOTS}):
        answer = api.ask(f"/v1/assets/bitcoin/quotes?{CLOSED}&limit=8")

    assert answer.status_code == 504
    assert set(executions(cloud)) == before


def test_f59_a_lost_reply_starts_nothing_twice(start_api: StartApi, cloud: Cloud) -> None:
    api = start_api()
    before = set(executions(cloud))

    with faults(cloud, {"operation": START, "lose_reply": True, "count": 3}):
        answer = api.ask(f"/v1/assets/bitcoin/quotes?{CLOSED}&limit=9")

    assert answer.status_code == 200
    assert len(set(executions(cloud)) - before) == 1


async def test_f59_a_token_that_comes_with_another_statement_is_an_error(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in cloud.environ.items():
        monkeypatch.setenv(name, value)
    token = "t" * 32
    async with opened_athena() as athena:
        first = await athena.start(Statement("select 59"), token)
        same = await athena.start(Statement("select 59"), token)
        with pytest.raises(ProblemError, match="Idempotent"):
            await athena.start(Statement("select 60"), token)
        # The control: with another token each it is two queries.
        other = await athena.start(Statement("select 59"), token[::-1] + "u")

    assert first == same != other


def test_f60_a_query_that_somebody_else_stops_is_asked_once_more_and_then_told(
    start_api: StartApi, cloud: Cloud
) -> None:
    api = start_api()
    athena = cloud.client("athena")
    begun = api.sql(endless("f60"), wait=0)
    where = begun.headers["Location"]
    stopped = set[str]()
    for _ in range(2):
        until(lambda: set(alive(cloud)) - stopped)
        (found,) = set(alive(cloud)) - stopped
        athena.stop_query_execution(QueryExecutionId=found)
        stopped.add(found)
    until(lambda: api.ask(where, api.sql_key).status_code == 200)
    answer = api.ask(where, api.sql_key).json()

    assert len(stopped) == 2
    assert answer["state"] == "CANCELLED"
    assert answer["problem"]["type"] == "urn:coinlake:problem:cancelled"
    assert alive(cloud) == []


@pytest.mark.full_size(but="5 s")
@pytest.mark.parametrize("seconds", [5, 60], ids=["5 s", "60 s"])
def test_f77_a_flood_is_refused_with_a_time_and_gone_afterwards(
    start_api: StartApi, cloud: Cloud, seconds: int
) -> None:
    api = start_api(
        QUERY_API_LIMITS__MAX_RUNNING="2",
        QUERY_API_LIMITS__MAX_QUEUED="4",
        QUERY_API_LIMITS__KEPT_ANSWER_BYTES="0",
    )
    over = threading.Event()
    seen: Counter[int] = Counter()
    waits = set[str | None]()

    def flood(number: int) -> None:
        turn = 0
        while not over.is_set():
            turn += 1
            # Each of them another question: nothing of it can be shared.
            limit = 1 + (number * 251 + turn) % 10_000
            answer = api.ask(f"/v1/assets/bitcoin/quotes?{CLOSED}&limit={limit}")
            seen[answer.status_code] += 1
            if answer.status_code == 429:
                waits.add(answer.headers["Retry-After"])

    with ThreadPoolExecutor(50) as pool:
        asked = [pool.submit(flood, number) for number in range(50)]
        time.sleep(seconds)
        alive_meanwhile = api.ask("/healthz", None).status_code
        queued = api.ask("/status", None).json()["queries"]["active"]
        over.set()
    for one in asked:
        one.result()
    until(lambda: api.ask(f"/v1/assets/bitcoin/quotes?{CLOSED}").status_code == 200)

    assert set(seen) <= {200, 429}
    assert seen[200] > 0
    assert seen[429] > 0
    assert all(wait is not None and int(wait) > 0 for wait in waits)
    assert alive_meanwhile == 200
    assert queued <= 6
    until(lambda: not alive(cloud))


def test_the_two_throttles_are_two_errors() -> None:
    # What botocore makes of Athena's answers (Athena API, TooManyRequestsException).
    from botocore.exceptions import ClientError

    from query_api.adapters.athena import _translated

    def said(code: str, **more: str) -> ClientError:
        about: Any = {"Error": {"Code": code, "Message": "m"}, **more}
        about["ResponseMetadata"] = {"HTTPStatusCode": 400}
        return ClientError(about, "StartQueryExecution")

    full = said("TooManyRequestsException", Reason="CONCURRENT_QUERY_LIMIT_EXCEEDED")
    with pytest.raises(NoSlotError), _translated("StartQueryExecution"):
        raise full
    for other in (said("ThrottlingException"), said("TooManyRequestsException", Reason="NEW")):
        with pytest.raises(Exception, match="m") as raised, _translated("StartQueryExecution"):
            raise other
        assert not isinstance(raised.value, NoSlotError)
    assert trouble_of(said("ThrottlingException")).value == "throttled"


async def test_a_real_quota_says_that_there_is_no_slot(
    small_cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud = small_cloud
    for name, value in cloud.environ.items():
        monkeypatch.setenv(name, value)
    statement = Statement(endless("quota"))
    async with opened_athena() as athena:
        first = await athena.start(statement, "a" * 32)
        with pytest.raises(NoSlotError):
            await athena.start(statement, "b" * 32)
        # A token that is known is no new query.
        assert await athena.start(statement, "a" * 32) == first
        await athena.stop(first)
        await asyncio.to_thread(until, lambda: not alive(cloud))
        second = await athena.start(statement, "b" * 32)
        await athena.stop(second)

    assert first != second
