"""The dry run against what the engine then read: never less, and at most 1.3 times as much."""

import json
from pathlib import Path

import pytest

from tests.integration.query_api.conftest import Api, Cloud, StartApi, neighbour

CORPUS = [
    line
    for line in Path(__file__).with_name("estimate_corpus.sql").read_text().splitlines()
    if line and not line.startswith("--")
]


@pytest.fixture(scope="module")
def lake(cloud: Cloud, start_api: StartApi) -> Api:
    made = neighbour("estimate_lake")
    made.publish(cloud.client("s3"), cloud.client("glue"))
    return start_api(COINLAKE_BUCKET=made.NAME, COINLAKE_DATABASE=made.NAME)


def test_the_corpus_is_a_hundred_legitimate_queries() -> None:
    assert len(CORPUS) >= 100
    assert len(set(CORPUS)) == len(CORPUS)


@pytest.mark.full_size(one_in=4)
@pytest.mark.parametrize("sql", CORPUS)
def test_an_estimate_is_never_less_and_at_most_a_third_more(lake: Api, sql: str) -> None:
    told = lake.ask("/v1/queries?dry_run=true", lake.sql_key, "POST", body={"sql": sql}).json()
    ran = lake.sql(sql, max_rows=10_000).json()

    assert ran.get("state") == "SUCCEEDED", ran
    actual, estimate = ran["meta"]["scanned_bytes"], told["estimate"]
    assert ran["meta"]["estimated_bytes"] == estimate["scanned_bytes"]
    assert actual <= estimate["scanned_bytes"]
    assert estimate["scanned_bytes"] <= 1.3 * actual, json.dumps(estimate)
