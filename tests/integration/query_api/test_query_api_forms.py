"""Answers in each form and coding from the real service: what clients ask for is what they get."""

import csv
import gzip
import http.client
import io
import json
import zlib
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from tests.integration.query_api.conftest import Api

RANGE = "from=2026-11-22T09:00:00Z&to=2026-11-22T11:00:00Z"
MEDIA_TYPES = {
    "json": "application/json",
    "ndjson": "application/x-ndjson",
    "csv": "text/csv",
    "arrow": "application/vnd.apache.arrow.stream",
    "parquet": "application/vnd.apache.parquet",
}
TYPED = [
    "/v1/assets{}?limit=2",
    "/v1/assets/bitcoin/quotes{}?" + RANGE,
    "/v1/assets/bitcoin/candles{}?interval=5m&" + RANGE,
    "/v1/coverage{}",
]
Records = list[dict[str, Any]]


def fetch(
    api: Api, path: str, accept: str | None = None, coding: str | None = None, body: Any = None
) -> tuple[http.client.HTTPResponse, bytes]:
    """One request; the body as it came over the wire."""
    headers = {"Authorization": f"Bearer {api.sql_key}", "Content-Type": "application/json"}
    headers |= {"Accept": accept} if accept is not None else {}
    headers |= {"Accept-Encoding": coding} if coding is not None else {}
    client = http.client.HTTPConnection("127.0.0.1", api.port, timeout=60)
    try:
        sent = None if body is None else json.dumps(body)
        client.request("GET" if body is None else "POST", path, sent, headers)
        answer = client.getresponse()
        return answer, answer.read()
    finally:
        client.close()


def shown(value: Any) -> str | None:
    """A value as CSV shows it."""
    return (
        None if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    )


def from_csv(body: bytes) -> Records:
    return list(csv.DictReader(io.StringIO(body.decode(), newline="")))


def from_ndjson(body: bytes) -> Records:
    *rows, end = (json.loads(line) for line in body.splitlines())
    assert end["@end"]["rows"] == len(rows)
    return rows


READERS: dict[str, Callable[[bytes], Records]] = {
    "json": lambda body: list(json.loads(body)["data"]),
    "ndjson": from_ndjson,
    "csv": from_csv,
    "arrow": lambda body: pa.ipc.open_stream(body).read_all().to_pylist(),
    "parquet": lambda body: pq.read_table(io.BytesIO(body)).to_pylist(),
}


def as_json(value: Any) -> Any:
    """A value of a columnar form as JSON says it."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if hasattr(value, "isoformat"):
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return value


@pytest.fixture(scope="module")
def in_json(api: Api) -> dict[str, Any]:
    """The answers of the typed endpoints in JSON."""
    return {path: json.loads(fetch(api, path.format(""))[1]) for path in TYPED}


@pytest.mark.parametrize("form", MEDIA_TYPES)
@pytest.mark.parametrize("path", TYPED)
def test_typed_endpoints_give_the_same_rows_in_each_form(
    api: Api, in_json: dict[str, Any], path: str, form: str
) -> None:
    expected, meta = in_json[path]["data"], in_json[path]["meta"]

    answer, body = fetch(api, path.format("." + form), "text/html")

    assert expected
    assert answer.status == 200
    assert (answer.headers["Content-Type"] or "").split(";")[0] == MEDIA_TYPES[form]
    found = READERS[form](body)
    if form == "csv":
        assert found == [{k: shown(v) or "" for k, v in row.items()} for row in expected]
    else:
        assert [{k: as_json(v) for k, v in row.items()} for row in found] == expected
    for name in () if form == "json" else ("rows", "truncated", "watermark", "live"):
        value = meta[name]
        said = value if isinstance(value, str | None) else json.dumps(value)
        assert answer.headers["Coinlake-" + name] == said


@pytest.mark.parametrize("form", MEDIA_TYPES)
def test_the_form_may_be_asked_for_by_accept(api: Api, form: str) -> None:
    answer, body = fetch(api, "/v1/coverage", MEDIA_TYPES[form])

    assert (answer.headers["Content-Type"] or "").split(";")[0] == MEDIA_TYPES[form]
    assert answer.headers["Vary"] == "Accept, Accept-Encoding"
    assert {row["table"] for row in READERS[form](body)} >= {"quotes", "rates"}


@pytest.mark.parametrize("form", ["arrow", "parquet"])
def test_columnar_forms_have_the_meta_within(api: Api, form: str) -> None:
    answer, body = fetch(api, f"/v1/coverage.{form}")

    told = (
        pa.ipc.open_stream(body).schema.metadata
        if form == "arrow"
        else pq.read_metadata(io.BytesIO(body)).metadata
    )
    meta = json.loads(told[b"coinlake"])
    assert str(meta["rows"]) == answer.headers["Coinlake-Rows"]
    assert meta["dataset_version"] == answer.headers["Coinlake-Dataset-Version"]


@pytest.mark.parametrize("path", ["/v1/assets", "/v1/assets/bitcoin", "/v1/coverage"])
@pytest.mark.parametrize("accept", ["text/html", "application/xml, text/csv;q=0"])
def test_a_form_that_is_not_offered_is_406_with_those_that_are(
    api: Api, path: str, accept: str
) -> None:
    answer, body = fetch(api, path, accept)

    assert answer.status == 406
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert all(name in json.loads(body)["detail"] for name in MEDIA_TYPES.values())


def test_a_form_that_is_not_offered_starts_no_query(api: Api) -> None:
    answer, _ = fetch(api, "/v1/queries", "text/html", body={"sql": "select 1"})

    assert answer.status == 406


def test_an_unknown_extension_is_nothing(api: Api) -> None:
    assert fetch(api, "/v1/assets.xlsx")[0].status == 404
    # An id may have a dot.
    assert fetch(api, "/v1/assets/bitcoin.csv")[0].status == 404


@pytest.mark.parametrize("form", MEDIA_TYPES)
def test_sql_gives_its_rows_in_the_form_that_is_asked_for(api: Api, form: str) -> None:
    sql = "select asset_id, price_usd, name, extra, rank from quotes where hour = '10' order by 1, 2"

    answer, body = fetch(api, "/v1/queries", MEDIA_TYPES[form], body={"sql": sql, "wait": 20})

    assert answer.status == 200
    if form == "json":
        told = json.loads(body)
        names = [column["name"] for column in told["columns"]]
        found = [dict(zip(names, row, strict=True)) for row in told["rows"]]
    else:
        found = READERS[form](body)
        assert answer.headers["Coinlake-Rows"] == "5"
    ether = next(row for row in found if row["asset_id"] == "ether")
    assert as_json(ether["price_usd"]) == "0.000000000000000001"
    assert ether["name"] == ""
    # A map that is null is null, in CSV nothing.
    assert ether["extra"] == ("" if form == "csv" else None)
    if form == "csv":
        assert '"ether",0.000000000000000001,"",,' in body.decode()


def test_a_query_that_fails_is_a_problem_and_no_rows_in_any_form(api: Api) -> None:
    begun, told = fetch(
        api, "/v1/queries", body={"sql": "select no_such from quotes", "wait": 0}
    )
    where = json.loads(told).get("href", f"/v1/queries/{json.loads(told).get('id')}")

    answer, _ = fetch(api, where + ".csv?wait=20")
    in_json, body = fetch(api, where + "?wait=20")

    assert begun.status == 202
    assert answer.status == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (in_json.status, json.loads(body)["state"]) == (200, "FAILED")


def test_a_query_that_runs_is_202_in_json_whatever_is_asked_for(api: Api) -> None:
    answer, body = fetch(api, "/v1/queries", "text/csv", body={"sql": "select 1", "wait": 0})

    assert answer.status == 202
    assert json.loads(body)["state"] in ("QUEUED", "RUNNING")


DECODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.decompress,
    "deflate": zlib.decompress,
    "zstd": lambda body: zstandard.ZstdDecompressor().decompressobj().decompress(body),
}


@pytest.fixture(scope="module")
def some_rates(api: Api) -> str:
    """The path of a query with 300 rows."""
    answer = api.sql("select rate_id, rate_usd from rates order by rate_usd limit 300")
    return f"/v1/queries/{answer.json()['id']}"


@pytest.mark.parametrize("coding", DECODERS)
@pytest.mark.parametrize("form", ["json", "ndjson", "csv", "arrow"])
def test_bodies_are_compressed_for_who_can_read_that(
    api: Api, some_rates: str, form: str, coding: str
) -> None:
    plain, plain_body = fetch(api, f"{some_rates}.{form}")
    packed, packed_body = fetch(api, f"{some_rates}.{form}", coding=coding)

    assert plain.headers["Content-Encoding"] is None
    assert packed.headers["Content-Encoding"] == coding
    unpacked = DECODERS[coding](packed_body)
    if form != "json":
        assert READERS[form](unpacked) == READERS[form](plain_body)
    assert unpacked == plain_body
    assert len(packed_body) < len(plain_body)


def test_what_is_tiny_or_packed_already_is_sent_as_it_is(api: Api) -> None:
    tiny, _ = fetch(
        api, "/v1/queries", coding="gzip", body={"sql": "select 1 as one", "wait": 9}
    )
    parquet, _ = fetch(api, "/v1/coverage.parquet", coding="gzip")

    assert tiny.headers["Content-Encoding"] is None
    assert parquet.headers["Content-Encoding"] is None


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("cast('0001-01-01 00:00:00.000' as timestamp)", "0001-01-01T00:00:00.000Z"),
        ("timestamp '0987-06-05 04:03:02.001'", "0987-06-05T04:03:02.001Z"),
        ("date '0001-01-01'", "0001-01-01"),
        ("date_add('day', -1, date '0001-01-01')", "0000-12-31"),
        ("date_add('year', 8000, date '2026-11-22')", "+10026-11-22"),
        (
            "date_add('year', 8000, timestamp '2026-11-22 10:00:00')",
            "+10026-11-22T10:00:00.000Z",
        ),
        ("cast('ab' as char(5))", "ab   "),
        ("cast(null as varchar)", None),
        ("''", ""),
        ("1e0 / 0e0", "Infinity"),
        ("0e0 / 0e0", "NaN"),
        ("cast(2 as double) / 3", 0.6666666666666666),
        ("cast('9007199254740993' as bigint)", 9007199254740993),
        ("cast('1.000000000000000001' as decimal(38,18))", "1.000000000000000001"),
        ("extra", None),
    ],
)
def test_each_representation_is_that_of_the_value(
    api: Api, expression: str, value: Any
) -> None:
    answer = api.sql(f"select {expression} as found from quotes limit 1")

    assert answer.status_code == 200, answer.text
    assert answer.json()["rows"] == [[value]]
