"""What Athena fails at, by real failures: each with its own problem, in the client's terms."""

import io
import random
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.integration.query_api.conftest import Api, Cloud, StartApi

HOUR = "curated/quotes/dt=2026-11-22/hour=10/"
INSIDE = ("s3://", "coinlake/curated", "part-", "notes.csv", "arn:", "Traceback", "botocore")


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("select 1 / (rank - rank) from quotes", "Division by zero"),
        ("select cast(asset_id as bigint) from quotes", "cast to bigint: bitcoin"),
        ("select cast('s3://mine/x' as bigint) from quotes", "cannot be cast"),
        ("select cast('Bytes scanned limit NoSuchKey' as bigint) from quotes", "NoSuchKey"),
        ("select no_such_column from quotes", "no_such_column"),
        ("select rank + asset_id from quotes", "rank|Cannot apply operator|'\\+'"),
        ("select (select rank from quotes) from quotes", "multiple rows"),
        ("select element_at(array[1], 0) from quotes", "SQL array indices start at 1"),
        ("select date_parse('x', '%Y') from quotes", "x"),
        ("select abs(asset_id) from quotes", "abs"),
        ("select cast(power(2, 70) as bigint) from quotes", "BIGINT|Out of range|out of range"),
    ],
)
def test_what_is_wrong_in_the_statement_is_told_to_its_author(
    api: Api, sql: str, said: str
) -> None:
    answer = api.sql(sql)

    assert answer.status_code == 422, answer.text
    problem = answer.json()
    assert problem["type"] == "urn:coinlake:problem:query_failed"
    assert any(one in problem["detail"] for one in said.replace("\\", "").split("|")), problem
    assert not [one for one in INSIDE if one in answer.text]


@pytest.fixture
def stray(cloud: Cloud) -> Iterator[Any]:
    """Puts an object beside those of an hour, and takes it away again."""
    s3, put = cloud.client("s3"), []

    def beside(name: str, body: bytes) -> None:
        s3.put_object(Bucket="coinlake", Key=HOUR + name, Body=body)
        put.append(HOUR + name)

    yield beside
    for key in put:
        s3.delete_object(Bucket="coinlake", Key=key)


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("notes.csv", b"asset,note\nbitcoin,mine\n"),
        ("broken.parquet", b"PAR1" + b"\x00" * 100 + b"PAR1"),
        ("short.parquet", b"PAR1"),
        ("NoSuchKey.json", b'{"was": "deleted or replaced", "Status Code": 404}'),
    ],
)
def test_an_object_that_is_no_part_of_the_table_is_not_called_a_republish(
    api: Api, stray: Any, name: str, body: bytes
) -> None:
    stray(name, body)

    answers = [
        api.sql("select count(asset_id) from quotes"),
        api.ask("/v1/assets/bitcoin/quotes?from=2026-11-22T10:00:00Z&to=2026-11-22T11:00:00Z"),
    ]

    for answer in answers:
        assert answer.status_code == 502, answer.text
        assert answer.json()["type"] == "urn:coinlake:problem:data_unreadable"
        assert answer.headers.get("Retry-After") is None
        assert name not in answer.text
        assert not [one for one in INSIDE if one in answer.text]


def test_once_the_object_is_gone_there_are_answers_again(api: Api, stray: Any) -> None:
    del stray

    answer = api.sql("select count(asset_id) from quotes")

    assert answer.status_code == 200


def test_a_lasting_failure_is_not_asked_twice(api: Api, cloud: Cloud, stray: Any) -> None:
    stray("notes.csv", b"mine")
    athena = cloud.client("athena")
    before = set(athena.list_query_executions(WorkGroup="coinlake")["QueryExecutionIds"])

    api.sql("select count(asset_id) as once from quotes")

    after = set(athena.list_query_executions(WorkGroup="coinlake")["QueryExecutionIds"])
    assert len(after - before) == 1


def test_a_query_that_reads_too_much_is_told_so(
    cloud: Cloud, start_api: StartApi, stray: Any
) -> None:
    cloud.client("athena").create_work_group(
        Name="narrow",
        Configuration={
            "ResultConfiguration": {"OutputLocation": "s3://coinlake/athena-results/"},
            "BytesScannedCutoffPerQuery": 10_000_000,
        },
    )
    chance, body = random.Random(17), io.BytesIO()
    ids = [chance.randbytes(32).hex() for _ in range(200_000)]
    pq.write_table(pa.table({"asset_id": ids}), body, compression="none")
    stray("more.parquet", body.getvalue())
    api = start_api(QUERY_API_ATHENA__WORKGROUP="narrow")

    answer = api.sql("select count(distinct asset_id) from quotes")

    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:coinlake:problem:scan_limit_exceeded"
