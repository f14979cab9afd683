"""Pages of one result through the real service: one snapshot, for whom it is, on any replica."""

import json
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pyarrow as pa
import pytest

from tests.integration.query_api.conftest import Answer, Api, Cloud, StartApi, published_lake

RATES = "select rate_id, rate_usd from rates order by rate_usd"
SECRET = "a secret of sixteen characters and more"


def next_of(answer: Answer) -> str | None:
    """The target of the Link, which in JSON is that of the meta too."""
    link = answer.headers["Link"]
    if link is None:
        return None
    target, _, relation = link.partition("; ")
    assert relation == 'rel="next"'
    return target.strip("<>")


def run(api: Api, sql: str = RATES, **more: Any) -> str:
    """The path of a query that has ended."""
    answer = api.sql(sql, **more)
    assert answer.status_code == 200, answer.text
    return f"/v1/queries/{answer.json()['id']}"


def followed(api: Api, start: str) -> list[Answer]:
    pages, at = [], start
    while at is not None:
        pages.append(api.ask(at, api.sql_key))
        assert pages[-1].status_code == 200, pages[-1].text
        at = next_of(pages[-1])  # type: ignore[assignment]
    return pages


@pytest.mark.parametrize("most", [700, 1000, 2999, 3000])
def test_the_pages_of_a_result_are_the_whole_of_it(api: Api, most: int) -> None:
    where = run(api, max_rows=1)

    pages = followed(api, f"{where}?max_rows={most}")

    rows = [row for page in pages for row in page.json()["rows"]]
    assert [row[0] for row in rows] == [f"rate-{number}" for number in range(3000)]
    assert len(pages) == -(-3000 // most)
    assert [page.json()["meta"]["truncated"] for page in pages] == [True] * (len(pages) - 1) + [
        False
    ]
    assert pages[-1].json()["meta"]["next"] is None
    for page in pages[:-1]:
        assert page.json()["meta"]["next"] == next_of(page)
        assert (
            page.json()["meta"]["dataset_version"]
            == pages[-1].json()["meta"]["dataset_version"]
        )


@pytest.mark.parametrize("form", ["ndjson", "csv"])
def test_a_link_goes_on_in_the_form_of_its_page(api: Api, form: str) -> None:
    where = run(api, max_rows=1)

    pages = followed(api, f"{where}.{form}?max_rows=1200")

    text = "".join(page.text for page in pages)
    assert [page.headers["Coinlake-Rows"] for page in pages] == ["1200", "1200", "600"]
    assert all(f'"rate-{number}"' in text for number in (0, 1199, 1200, 2399, 2400, 2999))


def test_a_small_result_has_pages_too(api: Api) -> None:
    where = run(api, "select asset_id from quotes order by 1", max_rows=3)

    pages = followed(api, where)

    assert [len(page.json()["rows"]) for page in pages] == [3, 3, 2]


def test_what_is_published_between_pages_changes_no_page(api: Api, cloud: Cloud) -> None:
    lake = published_lake()
    where = run(api, max_rows=1)
    first = api.ask(f"{where}?max_rows=1500", api.sql_key)

    lake.commit(cloud.client("s3"), "rates", lake.TEN, version=2, complete=False)
    try:
        second = api.ask(next_of(first) or "", api.sql_key)
    finally:
        cloud.client("s3").delete_object(
            Bucket="coinlake", Key=lake.ledger_key("rates", lake.TEN, 2)
        )

    rows = first.json()["rows"] + second.json()["rows"]
    assert [row[0] for row in rows] == [f"rate-{number}" for number in range(3000)]
    assert second.json()["meta"]["dataset_version"] == first.json()["meta"]["dataset_version"]
    assert second.json()["meta"]["watermark"] == first.json()["meta"]["watermark"]


def changed(link: str, **parts: str) -> str:
    asked = urlsplit(link)
    query = {name: values[0] for name, values in parse_qs(asked.query).items()}
    return f"{asked.path}?{urlencode({**query, **parts})}"


def test_a_cursor_is_of_use_to_its_key_and_its_query_alone(api: Api) -> None:
    where, other = run(api, max_rows=1), run(api, max_rows=1)
    link = next_of(api.ask(f"{where}?max_rows=10", api.sql_key)) or ""
    cursor = parse_qs(urlsplit(link).query)["cursor"][0]

    foreign = api.ask(link, api.other_key)
    elsewhere = api.ask(changed(link.replace(where, other)), api.sql_key)
    tampered = [
        api.ask(changed(link, cursor=text), api.sql_key)
        for text in (cursor[:-2] + "AA", "A" + cursor[1:], cursor + "A", "x", "")
    ]

    for answer in (foreign, elsewhere, *tampered):
        assert answer.status_code == 400
        assert answer.json()["type"] == "urn:coinlake:problem:bad_request"
        assert "rows" not in answer.json()


@pytest.mark.parametrize("most", ["0", "1000001", "x"])
def test_a_page_has_a_number_of_rows(api: Api, most: str) -> None:
    assert api.ask(f"{run(api)}?max_rows={most}", api.sql_key).status_code == 400


def test_replicas_with_one_secret_and_a_new_start_go_on_with_each_others_cursors(
    start_api: StartApi, api: Api
) -> None:
    first, second = (start_api(QUERY_API_CURSOR_SECRET=SECRET) for _ in range(2))
    page = first.ask(f"{run(first, max_rows=1)}.ndjson?max_rows=1000", first.sql_key)
    link = next_of(page) or ""

    there = followed(second, link)
    elsewhere = api.ask(link, api.sql_key)

    names = [json.loads(line) for page in there for line in page.text.splitlines()]
    found = [name["rate_id"] for name in names if "@end" not in name]
    assert found == [f"rate-{number}" for number in range(1000, 3000)]
    assert (
        there[0].headers["Coinlake-Dataset-Version"] == page.headers["Coinlake-Dataset-Version"]
    )
    assert elsewhere.status_code == 400, "it has another secret"


def result_key(cloud: Cloud, sql_end: str) -> str:
    """The key of the newest result whose statement has this in it."""
    athena = cloud.client("athena")
    ids = athena.list_query_executions(WorkGroup="coinlake")["QueryExecutionIds"][:50]
    found = athena.batch_get_query_execution(QueryExecutionIds=ids)["QueryExecutions"]
    newest = max(
        (one for one in found if sql_end in one["Query"]),
        key=lambda one: one["Status"]["SubmissionDateTime"],
    )
    location: str = newest["ResultConfiguration"]["OutputLocation"]
    return location.removeprefix("s3://coinlake/")


@pytest.mark.parametrize("what", ["deleted", "cut at a row", "replaced by as much"])
def test_a_result_that_is_lost_or_changed_is_told_and_never_a_short_page(
    api: Api, cloud: Cloud, what: str
) -> None:
    marker = {"deleted": 41, "cut at a row": 42, "replaced by as much": 43}[what]
    where = run(api, f"select rate_id, {marker} as marker from rates order by 1", max_rows=1)
    link = next_of(api.ask(f"{where}?max_rows=2000", api.sql_key)) or ""
    s3, key = cloud.client("s3"), result_key(cloud, f"{marker} as")
    body = s3.get_object(Bucket="coinlake", Key=key)["Body"].read()

    if what == "deleted":
        s3.delete_object(Bucket="coinlake", Key=key)
    elif what == "cut at a row":
        end = body[:-50].rindex(b"\n") + 1
        s3.put_object(Bucket="coinlake", Key=key, Body=body[:end])
    else:
        s3.put_object(Bucket="coinlake", Key=key, Body=body.replace(b"rate-7", b"rate-8"))
    answer = api.ask(link, api.sql_key)

    assert answer.status_code == 410
    assert answer.json()["type"] == "urn:coinlake:problem:result_gone"


def test_the_most_rows_of_a_result_end_its_pages_and_are_told(start_api: StartApi) -> None:
    api = start_api(QUERY_API_LIMITS__MAX_RESULT_ROWS="2500")
    where = run(api, max_rows=1)

    pages = followed(api, f"{where}?max_rows=1000")

    assert [len(page.json()["rows"]) for page in pages] == [1000, 1000, 500]
    assert pages[-1].json()["meta"]["truncated"] is True
    assert pages[-1].json()["meta"]["next"] is None


def test_an_arrow_page_says_where_the_next_is(api: Api) -> None:
    where = run(api, max_rows=1)
    page = api.ask_bytes(f"{where}.arrow?max_rows=10", api.sql_key)

    told = json.loads(pa.ipc.open_stream(page).schema.metadata[b"coinlake"])

    assert told["rows"] == 10
    assert (
        api.ask(told["next"].replace(".arrow", ""), api.sql_key).json()["rows"][0][0]
        == "rate-10"
    )
