"""Faults, names of S3 operations, pages and the bill."""

import pytest
from werkzeug.test import EnvironBuilder

from local_cloud import bill, faults
from local_cloud.errors import AwsError
from local_cloud.faults import Faults
from local_cloud.pages import page
from local_cloud.wire import s3_request


def test_a_counted_fault_fires_that_often() -> None:
    rules = Faults()
    rules.put(faults.parsed({"rules": [{"operation": "s3:*", "code": "SlowDown", "count": 2}]}))

    fired = [rules.draw("s3:PutObject") is not None for _ in range(3)]

    assert fired == [True, True, False]
    assert rules.draw("glue:StartJobRun") is None


def test_a_fault_keeps_to_its_prefix() -> None:
    rules = Faults()
    rule = {"operation": "s3:PutObject", "key_prefix": "b/raw/", "lose_reply": True}
    rules.put(faults.parsed({"rules": [rule]}))

    assert rules.draw("s3:PutObject", "b/curated/x") is None
    assert rules.draw("s3:PutObject", "b/raw/x") is not None


@pytest.mark.parametrize(
    "body",
    [
        None,
        {},
        {"rules": [{}]},
        {"rules": [{"operation": "s3:*"}]},
        {"rules": [{"operation": "s3:*", "codes": "x"}]},
    ],
)
def test_rules_that_say_nothing_are_refused(body: object) -> None:
    with pytest.raises(ValueError, match=r"rule|expected|unknown"):
        faults.parsed(body)


@pytest.mark.parametrize(
    ("method", "path", "query", "name"),
    [
        ("PUT", "/b/k/x", "", "PutObject"),
        ("PUT", "/b", "", "CreateBucket"),
        ("GET", "/b", "list-type=2&prefix=raw", "ListObjectsV2"),
        ("POST", "/b/k", "uploads", "CreateMultipartUpload"),
        ("PUT", "/b/k", "partNumber=1&uploadId=u", "UploadPart"),
        ("POST", "/b", "delete", "DeleteObjects"),
        ("HEAD", "/b/k", "", "HeadObject"),
        ("GET", "/", "", "ListBuckets"),
    ],
)
def test_s3_requests_have_their_api_names(
    method: str, path: str, query: str, name: str
) -> None:
    request = EnvironBuilder(path=path, method=method, query_string=query).get_environ()

    assert s3_request.read(request).operation == name


def test_pages_follow_each_other_and_strange_tokens_are_refused() -> None:
    first, token = page([1, 2, 3], {"MaxResults": 2}, 100)
    second, rest = page([1, 2, 3], {"MaxResults": 2, **token}, 100)

    assert (first, second, rest) == ([1, 2], [3], {})
    with pytest.raises(AwsError):
        page([1], {"NextToken": "%%%"}, 100)


def test_floors_make_small_work_dear() -> None:
    dpu_seconds, usd = bill.run_usd(2, 5)

    assert dpu_seconds == 120
    assert round(usd, 4) == 0.0147
    assert bill.query_usd(1)[0] == 10 * 10**6


def test_the_bill_adds_up() -> None:
    sheet = bill.Bill()
    sheet.charge("s3", "put class requests", 1, 0.5)
    sheet.charge("s3", "put class requests", 2, 0.25)

    summary = sheet.summary()

    assert summary["total_usd"] == 0.75
    assert summary["services"]["s3"]["items"]["put class requests"]["quantity"] == 3
