"""query-api whose Athena and S3 answer as nobody does: asked again, or told as away, never as done."""

import random
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.integration.query_api.conftest import (
    Api,
    Cloud,
    StartApi,
    until,
)
from tests.odd_answers import ODD, Plan, odd_proxy

ATHENA_CALLS = (
    "Athena.StartQueryExecution",
    "Athena.GetQueryExecution",
    "Athena.GetQueryResults",
)


@pytest.fixture
def plan() -> Plan:
    return Plan()


@pytest.fixture
def odd_api(cloud: Cloud, plan: Plan, start_api: StartApi) -> Iterator[Api]:
    """A service of the test's own whose endpoint is the plan's."""
    at = urlsplit(cloud.endpoint)
    with odd_proxy((str(at.hostname), int(at.port or 0)), plan) as url:
        yield start_api(AWS_ENDPOINT_URL=url, QUERY_API_LIMITS__TYPED_DEADLINE_S="20")


def _ready(api: Api) -> tuple[int, str]:
    answer = api.ask("/readyz", None)
    return answer.status_code, answer.text


def test_a_query_behind_odd_answers_to_every_call_is_answered_rightly(
    odd_api: Api, plan: Plan, api: Api
) -> None:
    rng = random.Random(3)
    # A reply that is lost is asked for anew with the same token, so it stays one query.
    plan.due = {one: rng.sample(sorted(ODD), 4) for one in ATHENA_CALLS}

    answer = odd_api.ask("/v1/assets")

    assert answer.status_code == 200
    assert answer.json()["data"] == api.ask("/v1/assets").json()["data"]
    assert plan.left(ATHENA_CALLS) == 0


@pytest.mark.full_size(but="page 200")
@pytest.mark.parametrize("odd", ["page 200", "JSON list 200", "empty 200", "page 404"])
def test_a_page_in_athenas_place_is_not_ready_and_goes_by_itself(
    odd_api: Api, plan: Plan, odd: str
) -> None:
    until(lambda: _ready(odd_api)[0] == 200, within_s=60)
    plan.due = {"Athena.GetWorkGroup": [odd] * 10_000, "LIST ledger": [odd] * 10_000}

    until(lambda: _ready(odd_api)[0] == 503, within_s=60)
    told = _ready(odd_api)[1]
    refused = odd_api.ask("/v1/coverage")
    plan.due = {}
    until(lambda: _ready(odd_api)[0] == 200, within_s=60)

    assert "answer 200" in told or "answer 404" in told
    assert refused.status_code == 503
    assert odd_api.ask("/v1/coverage").json()["data"]


def test_a_ledger_entry_that_a_gateway_hides_is_no_hour_that_is_not_there(
    odd_api: Api, plan: Plan
) -> None:
    plan.due = {"GET ledger": ["page 404", "bare 404", "static page 200", "body cut"]}

    refused = [odd_api.ask("/v1/coverage").status_code for _ in range(4)]
    until(lambda: odd_api.ask("/v1/coverage").status_code == 200, within_s=60)
    rows = odd_api.ask("/v1/coverage").json()["data"]

    assert 503 in refused
    assert {row["table"] for row in rows} >= {"quotes"}
