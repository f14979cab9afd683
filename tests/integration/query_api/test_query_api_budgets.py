"""Budgets, the dry run's refusals and the audit line through the real service."""

import hashlib
import json
import re
import secrets
from typing import Any

import pytest

from tests.integration.query_api.conftest import (
    OTHER_KEY,
    READ_KEY,
    SQL_KEY,
    Api,
    Cloud,
    StartApi,
    key_item,
    until,
)
from tests.integration.query_api.queries import endless, executions

COUNT = "select count(rate_usd) as n from rates where dt = '2026-11-22'"


# Names of this file's own: services of other files still write what the usual ones have spent.
OWN = secrets.token_hex(4)
KEYS = [
    key_item(f"reader-{OWN}", "read", READ_KEY),
    key_item(f"analyst-{OWN}", "read,sql", SQL_KEY),
    key_item(f"other-{OWN}", "sql", OTHER_KEY),
]


def budget(day: int, minute: int = 10**12, **more: str) -> dict[str, str]:
    return {
        "QUERY_API_KEYS": json.dumps(KEYS),
        "QUERY_API_BUDGET__DAY_BYTES": str(day),
        "QUERY_API_BUDGET__MINUTE_BYTES": str(minute),
        "QUERY_API_BUDGET__FLUSH_S": "0.2",
        **more,
    }


def left(answer: Any, bucket: str = "day") -> int:
    found = re.search(rf'"{bucket}";r=(\d+);t=\d+', answer.headers["RateLimit"])
    assert found is not None
    return int(found[1])


@pytest.fixture
def fresh(cloud: Cloud) -> None:
    """No key has spent anything."""
    s3 = cloud.client("s3")
    for one in s3.list_objects_v2(Bucket="coinlake", Prefix="query/spending/").get(
        "Contents", []
    ):
        s3.delete_object(Bucket="coinlake", Key=one["Key"])


@pytest.mark.usefixtures("fresh")
def test_a_spent_budget_is_429_with_the_balance_and_survives_a_restart(
    start_api: StartApi,
) -> None:
    first = start_api(**budget(15_000_000))
    # Another question each time: an answer that is kept costs nothing.
    answers = [first.sql(f"{COUNT} and rate_usd > {number}") for number in range(3)]
    kept = first.sql(f"{COUNT} and rate_usd > 0")
    # Another key has a budget of its own.
    other = first.ask("/v1/queries", first.other_key, "POST", body={"sql": COUNT, "wait": 20})
    assert first.process.end() == 0
    again = start_api(**budget(15_000_000)).sql(f"{COUNT} and rate_usd > 3")

    assert [one.status_code for one in answers] == [200, 200, 429]
    # The second began with five megabytes left, and ran whole.
    assert left(answers[0]) in range(5_000_000, 5_100_000)
    assert [left(answers[1]), left(answers[2])] == [0, 0]
    problem = answers[2].json()
    assert problem["type"] == "urn:coinlake:problem:over_budget"
    # Five megabytes of debt at 15 a day.
    assert int(answers[2].headers["Retry-After"]) in range(28_000, 28_801)
    assert answers[2].headers["RateLimit-Policy"].startswith('"day";q=15000000;qu=')
    assert (other.status_code, kept.status_code) == (200, 200)
    assert again.status_code == 429


@pytest.mark.usefixtures("fresh")
def test_typed_endpoints_and_those_without_a_key_pay_too(start_api: StartApi) -> None:
    api = start_api(
        QUERY_API_ANONYMOUS_READ="true",
        QUERY_API_BUDGET__ANONYMOUS_DAY_BYTES="5000000",
        **budget(10**12),
    )

    free = api.ask("/v1/coverage", None)
    paid = api.ask("/v1/assets?limit=3", None)
    refused = api.ask("/v1/assets?limit=4", None)
    still_free = api.ask("/v1/coverage", None)
    keyed = api.ask("/v1/assets?limit=4")

    statuses = [one.status_code for one in (free, paid, refused, still_free, keyed)]
    assert statuses == [200, 200, 429, 200, 200]
    assert left(free) == 5_000_000


@pytest.mark.usefixtures("fresh")
def test_a_cancelled_query_is_charged(start_api: StartApi) -> None:
    api = start_api(**budget(10**9))
    begun = api.sql(endless(), wait=0)
    where = begun.headers["Location"]
    until(lambda: api.ask(where, api.sql_key).json()["state"] == "RUNNING")

    api.ask(where, api.sql_key, "DELETE")
    until(lambda: api.ask(where, api.sql_key).json()["state"] == "CANCELLED")

    assert left(api.ask(where, api.sql_key)) in range(990_000_000, 991_000_000)


@pytest.mark.usefixtures("fresh")
def test_a_statement_that_cannot_fit_is_refused_before_it_costs(
    start_api: StartApi, cloud: Cloud
) -> None:
    api = start_api(**budget(1000))
    before = executions(cloud)
    refused = api.sql(COUNT)
    dry = api.ask("/v1/queries?dry_run", api.sql_key, "POST", body={"sql": COUNT}).json()

    assert refused.status_code == 422
    assert refused.json()["type"] == "urn:coinlake:problem:over_budget"
    assert dry["problem"]["type"] == "urn:coinlake:problem:over_budget"
    assert dry["estimate"]["scanned_bytes"] > 1000
    assert dry["estimate"]["usd"] == "0.00005000"
    assert executions(cloud) == before


@pytest.mark.parametrize("where", ["query", "body"])
def test_a_dry_run_starts_and_charges_nothing(api: Api, where: str) -> None:
    path = "/v1/queries?dry_run=true" if where == "query" else "/v1/queries"
    body = {"sql": COUNT} | ({"dry_run": True} if where == "body" else {})

    told = api.ask(path, api.sql_key, "POST", body=body)
    ran = api.sql(COUNT).json()

    assert told.status_code == 200
    assert told.json()["problem"] is None
    assert told.json()["tables"] == ["rates"]
    estimate = told.json()["estimate"]
    assert estimate["tables"][0]["columns"] == ["rate_usd"]
    assert ran["meta"]["scanned_bytes"] == estimate["scanned_bytes"]
    assert ran["meta"]["estimated_bytes"] == estimate["scanned_bytes"]
    assert ran["meta"]["estimate_is_upper_bound"] is False


@pytest.mark.parametrize(("most", "status"), [(10, 422), (10**9, 200)])
def test_a_request_may_bound_its_own_bytes(api: Api, most: int, status: int) -> None:
    answer = api.sql(COUNT, max_scan_bytes=most)

    assert answer.status_code == status
    if status == 422:
        assert answer.json()["type"] == "urn:coinlake:problem:over_budget"
        assert "max_scan_bytes of 10" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("select rate_id from rates limit 3", "LIMIT"),
        ("select rate_id from rates where substr(dt, 1, 4) = '2026'", "partition keys"),
        ("select a.rate_id from rates a join rates b on a.rate_id = b.rate_id", "join"),
    ],
)
def test_what_cannot_be_known_is_called_an_upper_bound(api: Api, sql: str, why: str) -> None:
    body = {"sql": sql}

    told = api.ask("/v1/queries?dry_run", api.sql_key, "POST", body=body).json()["estimate"]
    ran = api.sql(sql).json()

    assert told["is_upper_bound"] is True
    assert any(why in one for one in told["why_less"])
    assert told["scanned_bytes"] >= ran["meta"]["scanned_bytes"]


def test_dry_run_is_true_or_false(api: Api) -> None:
    answer = api.ask("/v1/queries?dry_run=yes", api.sql_key, "POST", body={"sql": COUNT})

    assert answer.status_code == 400


# ---- the audit line -----------------------------------------------------------------------------


def test_each_query_has_an_audit_line_without_its_text(start_api: StartApi) -> None:
    api = start_api()
    secret_word = "canary-in-a-literal"

    ran = api.sql(f"select count(*) as n from rates where rate_id <> '{secret_word}'")
    line = api.process.event("query_audit")
    api.sql(f"select nonsense('{secret_word}')")
    refused = api.process.event("query_audit")
    api.ask("/v1/assets?limit=2")
    typed = api.process.event("query_audit")

    assert (line["key"], line["outcome"], line["tables"]) == ("analyst", "succeeded", ["rates"])
    assert line["scanned_bytes"] == ran.json()["meta"]["scanned_bytes"]
    assert (line["billed_bytes"], line["usd"]) == (10_000_000, "0.00005000")
    assert re.fullmatch(r"[0-9a-f]{64}", line["statement_sha256"])
    assert line["query_id"]
    assert (refused["key"], refused["outcome"]) == ("analyst", "sql_function")
    assert (
        refused["statement_sha256"]
        == hashlib.sha256(f"select nonsense('{secret_word}')".encode()).hexdigest()
    )
    assert (typed["key"], typed["tables"]) == ("reader", ["quotes_live"])
    assert secret_word not in json.dumps([line, refused, typed])
