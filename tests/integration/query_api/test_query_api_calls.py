"""What a question and a start of the real service ask of a real S3 and Athena, call by call."""

import time
from collections import Counter
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from coinlake_tools.operations import FEEDS, Pace, of_service
from tests.integration.query_api.conftest import Api, Cloud, StartApi
from tests.odd_answers import Plan, odd_proxy

A_QUESTION = Pace(raw_objects_per_hour=0.0, runs_per_hour=0.0, queries_per_day=24.0)


@pytest.fixture
def asked() -> Plan:
    """A plan without odd answers: it counts."""
    return Plan()


@pytest.fixture
def counted_api(cloud: Cloud, asked: Plan, start_api: StartApi) -> Iterator[Api]:
    at = urlsplit(cloud.endpoint)
    with odd_proxy((str(at.hostname), int(at.port or 0)), asked) as url:
        # The looks while nobody asks come with the start, and then not within this test.
        yield start_api(
            AWS_ENDPOINT_URL=url,
            QUERY_API_LEDGER_IDLE_S="86400",
            QUERY_API_KEY_STORE__LOOK_S="86400",
            QUERY_API_BUDGET__FLUSH_S="86400",
        )


def test_a_question_costs_what_the_list_of_operations_says(
    counted_api: Api, asked: Plan
) -> None:
    def counted() -> Counter[str]:
        return Counter({name: n for name, n in asked.asked.items() if "probe" not in name})

    # What the start looks at for the gauges is over once it is ready.
    deadline = time.monotonic() + 60
    while counted_api.ask("/readyz", None).status_code != 200:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    # The first question reads the entries, and finds how far back the newest hours lie.
    assert counted_api.ask("/v1/assets").status_code == 200
    before = counted()
    assert counted_api.ask("/v1/assets?limit=2").status_code == 200
    calls = counted() - before

    said = of_service("query-api")
    added = {
        name: said[name].per_hour(A_QUESTION) - said[name].idle
        for name in ("s3:ListObjectsV2", "athena:StartQueryExecution", "athena:GetQueryResults")
    }
    assert calls["LIST ledger"] + calls["LIST raw"] == added["s3:ListObjectsV2"]
    assert calls["Athena.StartQueryExecution"] == added["athena:StartQueryExecution"]
    assert calls["Athena.GetQueryResults"] == added["athena:GetQueryResults"]
    assert calls["GET ledger"] == 0
    assert {name for name in calls if not name.startswith("Athena.")} == {
        "LIST ledger",
        "LIST raw",
    }
    # At its start it looked no further than the newest hours: a few LISTs for each feed.
    assert before["LIST ledger"] <= 9 * FEEDS


def test_rows_beyond_athenas_page_are_one_more_call_of_s3(
    counted_api: Api, asked: Plan
) -> None:
    def ask(count: int) -> Counter[str]:
        before = Counter(asked.asked)
        sql = f"select n from unnest(sequence(1, {count})) as t(n) order by n"
        answer = counted_api.sql(sql)
        assert answer.json()["rows"] == [[n] for n in range(1, count + 1)]
        return Counter(asked.asked) - before

    few, more = ask(90), ask(900)

    assert few["Athena.GetQueryResults"] == more["Athena.GetQueryResults"] == 1
    assert (few["GET athena-results"], more["GET athena-results"]) == (0, 1)
