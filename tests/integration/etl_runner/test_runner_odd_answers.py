"""A runner whose S3 and Glue answer as nobody does: it tells, tries again, publishes once."""

import json
import random
from collections.abc import Iterator

import pytest

from coinlake.contracts.hours import Hour
from tests.integration.etl_runner.conftest import Cloud, Lake, Start, until
from tests.odd_answers import ODD, Plan, odd_proxy

S3_CALLS = (
    "LIST raw",
    "HEAD raw",
    "LIST ledger",
    "PUT batches",
    "GET batches",
    "GET staging",
    "PUT curated",
    "PUT ledger",
    "DELETE staging",
)
GLUE_CALLS = (
    "Glue.GetJobRuns",
    "Glue.StartJobRun",
    "Glue.GetJobRun",
    "Glue.GetTable",
    "Glue.BatchCreatePartition",
)
SOUND = {"DELETE staging": "bare 204", "HEAD raw": "body cut"}


def body(rate: str) -> bytes:
    data = [{"id": "euro", "symbol": "EUR", "rateUsd": rate}]
    return json.dumps({"data": data, "timestamp": 1_790_000_000_000}).encode()


@pytest.fixture
def plan() -> Plan:
    return Plan()


@pytest.fixture
def odd_url(cloud: Cloud, plan: Plan) -> Iterator[str]:
    with odd_proxy(("127.0.0.1", cloud.port), plan) as url:
        yield url


# A heartbeat closes every hour before its own: these hours are the first of the shared lake.
@pytest.mark.full_size
@pytest.mark.parametrize(
    ("operations", "hour", "seed"),
    [(S3_CALLS, "03", 1), (GLUE_CALLS, "04", 2)],
    ids=["S3", "Glue"],
)
def test_an_hour_is_published_once_behind_odd_answers_to_every_call(
    lake: Lake,
    start_runner: Start,
    plan: Plan,
    odd_url: str,
    operations: tuple[str, ...],
    hour: str,
    seed: int,
) -> None:
    rng = random.Random(seed)
    plan.due = {
        one: [rng.choice(sorted(set(ODD) - {SOUND.get(one, "")}))] for one in operations
    }
    chosen = {one: list(names) for one, names in plan.due.items()}
    at = Hour("2026-11-20", hour)
    lake.land("rates", at, [body("1.05")], complete_to_ms=at.end_ms)

    runner = start_runner(AWS_ENDPOINT_URL=odd_url)
    until(lambda: lake.ledger("rates", at), 240)
    until(lambda: runner.hour("rates", at).get("state") == "clean")
    until(lambda: plan.left(operations) == 0)

    (entry,) = lake.ledger("rates", at)
    mine = f"WHERE dt = '{at.dt}' AND hour = '{at.hour}'"
    assert lake.sql(f"SELECT rate_usd FROM rates {mine}") == [["1.050000000000000000"]]
    runs = lake.glue.get_job_runs(JobName="coinlake-rebuild")["JobRuns"]
    started = [run for run in runs if run["Arguments"]["--batch_id"] == entry.batch_id]
    assert [run["Id"] for run in started] == [entry.run_id], chosen
    assert runner.process.poll() is None


@pytest.mark.full_size
@pytest.mark.parametrize("operation", ["Glue.GetJobRuns", "LIST raw"])
def test_an_odd_answer_that_stays_is_told_with_its_first_bytes(
    lake: Lake,
    start_runner: Start,
    plan: Plan,
    odd_url: str,
    operation: str,
) -> None:
    at = Hour("2026-11-20", "05")
    lake.land("rates", at, [body("2")], complete_to_ms=at.end_ms)
    plan.due = {operation: ["page 200"] * 10_000}

    runner = start_runner(AWS_ENDPOINT_URL=odd_url)
    until(lambda: len(plan.played[operation]) >= 3)
    until(lambda: b"<title>Sorry</title>" in runner.log.read_bytes())
    plan.due = {}

    until(lambda: b'"event":"turn_failed"' in runner.log.read_bytes().replace(b": ", b":"))
    until(lambda: lake.ledger("rates", at), 200)
