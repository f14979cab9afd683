"""F75, F76, F79: no secret in any output, no series of a client's making, a readiness that is true."""

import json
import re
import time
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.integration.query_api.conftest import (
    Answer,
    Api,
    Cloud,
    StartApi,
    key_item,
    until,
)

CANARIES = {
    "key": "canary-key-5f1e",
    "wrong": "canary-wrong-77aa",
    "literal": "canary-literal-90cd",
    "path": "canary-path-12ef",
    "value": "canary-value-34ab",
    "aws": "canary-aws-secret-56cd",
}


@pytest.fixture
def fail(cloud: Cloud) -> Iterator[Callable[..., None]]:
    """Sets the cloud's faults; none at the end."""

    def put(*rules: dict[str, Any]) -> None:
        body = json.dumps({"rules": rules}).encode()
        request = urllib.request.Request(f"{cloud.admin}/faults", body, method="PUT")
        urllib.request.urlopen(request, timeout=20).close()

    yield put
    put()


def outputs(api: Api) -> str:
    """All that the process has logged until now."""
    found = []
    while not api.process.lines.empty():
        found.append(api.process.lines.get())
    return "".join(found)


def test_no_secret_is_in_any_output_whatever_fails(
    start_api: StartApi, fail: Callable[..., None], cloud: Cloud
) -> None:
    key, wrong, literal = (CANARIES[name] for name in ("key", "wrong", "literal"))
    api = start_api(
        QUERY_API_KEYS=json.dumps([key_item("canary", "read,sql", key)]),
        AWS_SECRET_ACCESS_KEY=CANARIES["aws"],
        QUERY_API_LOG_LEVEL="debug",
        QUERY_API_LIMITS__SQL_DEADLINE_S="3",
        QUERY_API_LIMITS__TYPED_DEADLINE_S="3",
        QUERY_API_KEY_STORE__LOOK_S="0.3",
        QUERY_API_BUDGET__FLUSH_S="0.3",
    )
    statement = f"select count(*) from rates where rate_id = '{literal}'"
    asked: list[Callable[[], Answer]] = [
        lambda: api.ask("/v1/coverage", key),
        lambda: api.ask("/v1/coverage", wrong),
        lambda: api.ask("/v1/coverage", None, headers={"X-API-Key": wrong}),
        lambda: api.ask(f"/v1/assets/{CANARIES['path']}", key),
        lambda: api.ask(f"/v1/{CANARIES['path']}", key),
        lambda: api.ask(f"/v1/assets?limit={CANARIES['value']}", key),
        lambda: api.ask(f"/v1/queries/{CANARIES['path']}", key),
        lambda: api.ask("/v1/queries", key, "POST", body={"sql": statement, "wait": 5}),
        lambda: api.ask("/v1/queries?dry_run", key, "POST", body={"sql": statement}),
        lambda: api.ask("/v1/queries", key, "POST", body={"sql": f"select '{literal}' from"}),
        lambda: api.ask("/v1/queries", key, "POST", body={"sql": statement, "x": literal}),
        lambda: api.ask("/v1/queries", wrong, "POST", body={"sql": statement}),
        lambda: api.ask("/readyz", None),
        lambda: api.ask("/status", None),
        lambda: api.ask("/metrics", None),
    ]
    answers = []
    for rules in (
        [],
        [{"operation": "athena:*", "code": "InternalServerException", "status": 500}],
        [{"operation": "s3:*", "code": "SlowDown", "status": 503}],
        [{"operation": "glue:*", "code": "ThrottlingException", "status": 400}],
        [{"operation": "s3:PutObject", "code": "AccessDenied", "status": 403}],
        [{"operation": "s3:GetObject", "code": "AccessDenied", "status": 403}],
    ):
        fail(*rules)
        answers += [one() for one in asked]
        time.sleep(0.7)
    fail()
    api.process.end()

    told = outputs(api) + "".join(one.text + str(one.headers) for one in answers)
    s3 = cloud.client("s3")
    for one in s3.list_objects_v2(Bucket="coinlake", Prefix="query/").get("Contents", []):
        told += (
            one["Key"]
            + s3.get_object(Bucket="coinlake", Key=one["Key"])["Body"].read().decode()
        )
    assert "query_audit" in told
    assert "request_answered" in told
    assert [name for name, word in CANARIES.items() if word in told] == []
    # Nor is anything of the machine behind a failure.
    assert not re.search(r"Traceback|File \"", "".join(one.text for one in answers))
    assert {one.status_code for one in answers} <= {200, 202, 400, 401, 404, 422, 429, 503, 504}


def series(api: Api) -> set[str]:
    lines = api.ask("/metrics", None).text.splitlines()
    return {line.rsplit(" ", 1)[0] for line in lines if line and not line.startswith("#")}


@pytest.mark.full_size(but="100")
@pytest.mark.parametrize("of_each", [100, 2000])
def test_ten_thousand_different_inputs_make_no_series(
    start_api: StartApi, of_each: int
) -> None:
    api = start_api(QUERY_API_LIMITS__MAX_ROWS="10")
    kinds: list[Callable[[int], Any]] = [
        lambda n: api.ask(f"/v1/nothing-{n}"),
        lambda n: api.ask("/v1/coverage", f"key-{n}"),
        lambda n: api.ask(f"/v1/assets/as%01set-{n}"),
        lambda n: api.sql(f"select nothing_{n}(1) from rates"),
        lambda n: api.ask(f"/v1/coverage?name_{n}=1"),
    ]
    for one in kinds:
        one(of_each)
    api.ask("/v1/coverage")
    series(api)
    before = series(api)

    statuses = [{one(number).status_code for number in range(of_each)} for one in kinds]

    assert statuses == [{404}, {401}, {400}, {400}, {400}]
    assert series(api) == before


READY = {
    "athena": {"operation": "athena:*", "code": "InternalServerException", "status": 500},
    "s3": {"operation": "s3:*", "code": "SlowDown", "status": 503},
    "keys": {
        "operation": "s3:GetObject",
        "key_prefix": "coinlake/query/keys",
        "code": "AccessDenied",
        "status": 403,
    },
}


@pytest.mark.full_size(one_in=3)
@pytest.mark.parametrize("away", READY)
def test_readiness_names_what_is_away_and_liveness_stays(
    start_api: StartApi, fail: Callable[..., None], cloud: Cloud, away: str
) -> None:
    # Long where an answer is expected; where Athena is away it is waited for in vain.
    deadline_s = "5" if away == "athena" else "55"
    api = start_api(
        QUERY_API_KEY_STORE__LOOK_S="0.3", QUERY_API_LIMITS__TYPED_DEADLINE_S=deadline_s
    )

    def ready() -> Any:
        answer = api.ask("/readyz", None)
        return answer.status_code, answer.json()

    until(lambda: ready()[0] == 200, within_s=60)
    fail(READY[away])
    # Something that the next look has to read.
    if away == "keys":
        cloud.client("s3").put_object(Bucket="coinlake", Key="query/keys/new.json", Body=b"{}")
    until(lambda: ready()[0] == 503, within_s=60)
    told, alive = ready()[1], api.ask("/healthz", None)
    answer = api.ask("/v1/assets?limit=1")
    fail()
    until(lambda: ready()[0] == 200, within_s=60)
    until(lambda: api.ask("/v1/assets?limit=1").status_code == 200, within_s=60)

    reasons = json.dumps(told)
    assert away in reasons
    assert alive.status_code == 200
    # Keys that are known go on; what is away is told and not guessed.
    assert answer.status_code == (200 if away == "keys" else 503 if away == "s3" else 504)
