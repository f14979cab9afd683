"""Ad-hoc SQL through the real service: values, waiting, cancelling, leaving, limits."""

import socket
from typing import Any

import pytest

from tests.integration.query_api.conftest import (
    Api,
    Cloud,
    StartApi,
    until,
)
from tests.integration.query_api.queries import endless, post, states


def test_values_have_their_types(api: Api) -> None:
    answer = api.sql(
        "select asset_id, name, rank, price_usd, max_supply, source_ts, rank > 1 as low, "
        "1e0 as one from quotes where dt = '2026-11-22' and hour = '10' and asset_id = 'ether'"
    ).json()

    assert answer["state"] == "SUCCEEDED"
    assert answer["rows"] == [
        ["ether", "", 2, "0.000000000000000001", None, "2026-11-22T10:07:00.000Z", True, 1.0]
    ]
    assert [c["type"] for c in answer["columns"]][2:6] == [
        "integer",
        "decimal(38,18)",
        "decimal(38,18)",
        "timestamp",
    ]
    assert answer["meta"]["scanned_bytes"] > 0
    assert answer["meta"]["newest_received"] == "2026-11-22T10:07:01.000Z"
    assert answer["meta"]["watermark"] == "2026-11-22T10:06:30.000Z"


@pytest.mark.parametrize(
    ("where", "count"),
    [
        ("rate_id like 'rate-1%'", 1111),
        ("rate_id not like 'rate-1%'", 1889),
        ("rate_id not like 'rate_1!%' escape '!'", 3000),
        ("rate_id not in ('rate-1', 'rate-2')", 2998),
        ("rate_usd is not null and rate_id not between 'rate-1' and 'rate-2'", 1888),
    ],
)
def test_not_is_read_where_it_stands_in_a_predicate(api: Api, where: str, count: int) -> None:
    # rate-0 to rate-2999: it once counted those that the pattern takes.
    answer = api.sql(f"select count(*) from rates where {where}").json()

    assert answer["rows"] == [[count]]


def test_rows_beyond_a_page_come_whole_and_beyond_the_cap_are_cut(api: Api) -> None:
    whole = api.sql("select rate_id from rates order by rate_usd", max_rows=5000).json()
    cut = api.sql("select rate_id from rates order by rate_usd", max_rows=1500).json()

    assert [row[0] for row in whole["rows"]] == [f"rate-{n}" for n in range(3000)]
    assert whole["meta"]["truncated"] is False
    assert cut["rows"] == whole["rows"][:1500]
    assert cut["meta"]["truncated"] is True


def test_a_slow_query_is_fetched_by_id_and_cancelled(api: Api, cloud: Cloud) -> None:
    begun = api.sql(endless(), wait=0)
    where = begun.headers["Location"]
    until(lambda: api.ask(where, api.sql_key).json()["state"] == "RUNNING")

    foreign = api.ask(where, api.other_key)
    foreign_cancel = api.ask(where, api.other_key, "DELETE")
    deleted = api.ask(where, api.sql_key, "DELETE")
    after = api.ask(where, api.sql_key)

    assert begun.status_code == 202
    assert foreign.status_code == foreign_cancel.status_code == 404
    assert deleted.json()["state"] == "CANCELLED"
    assert after.json()["problem"]["type"] == "urn:coinlake:problem:cancelled"
    until(lambda: "RUNNING" not in states(cloud).values())


def test_a_query_that_ends_later_gives_its_rows_by_id(api: Api) -> None:
    begun = api.sql("select count(*) as n from rates", wait=0)

    answer = api.ask(begun.headers["Location"] + "?wait=20", api.sql_key)

    assert answer.status_code == 200
    assert answer.json()["rows"] == [[3000]]


def test_a_client_that_leaves_stops_its_query(api: Api, cloud: Cloud) -> None:
    before = set(states(cloud))
    with socket.create_connection(("127.0.0.1", api.port)) as client:
        client.sendall(post(endless()))
        until(lambda: set(states(cloud)) - before)
        mine = (set(states(cloud)) - before).pop()
        until(lambda: states(cloud)[mine] == "RUNNING")

    until(lambda: states(cloud)[mine] == "CANCELLED")


def test_a_statement_that_athena_refuses_is_the_clients_fault(api: Api) -> None:
    answer = api.sql("select no_such_column from quotes")

    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:coinlake:problem:query_failed"
    assert "no_such_column" in answer.json()["detail"].lower()
    assert "s3://" not in answer.text


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("drop table quotes", "sql_statement"),
        ("select * from information_schema.schemata", "sql_table"),
        ('select "$path" from quotes', "sql_name"),
        ("select 1; select 2", "sql_statements"),
        ("select 1 union " * 300 + "select 1", "sql_too_complex"),
    ],
)
def test_the_guard_refuses_before_athena_is_asked(
    api: Api, cloud: Cloud, sql: str, kind: str
) -> None:
    before = set(states(cloud))

    answer = api.sql(sql)

    assert answer.status_code == 400
    assert answer.json()["type"] == f"urn:coinlake:problem:{kind}"
    assert set(states(cloud)) == before


@pytest.mark.parametrize(
    ("key", "status"), [(None, 401), ("wrong", 401), ("read-key", 403), ("sql-key", 200)]
)
def test_sql_needs_a_key_of_its_scope(api: Api, key: str | None, status: int) -> None:
    answer = api.ask("/v1/queries", key, "POST", body={"sql": "select 1"})

    assert answer.status_code == status


@pytest.mark.parametrize(
    "body", [{}, {"sql": 1}, {"sql": "select 1", "x": 1}, [], {"sql": "select 1", "wait": 999}]
)
def test_a_wrong_body_is_400(api: Api, body: Any) -> None:
    answer = api.ask("/v1/queries", api.sql_key, "POST", body=body)

    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_large_body_is_413_and_large_headers_are_refused(api: Api) -> None:
    large = api.ask("/v1/queries", api.sql_key, "POST", body={"sql": "x" * 100_000})
    headers = api.ask("/v1/assets", api.read_key, headers={"X-Large": "x" * 20_000})

    assert large.status_code == 413
    assert headers.status_code == 400


def test_beyond_the_queue_comes_429_with_retry_after(start_api: StartApi, cloud: Cloud) -> None:
    api = start_api(QUERY_API_LIMITS__MAX_RUNNING="1", QUERY_API_LIMITS__MAX_QUEUED="1")
    # Two different ones: the same would be one query.
    first, second = api.sql(endless(), wait=0), api.sql(endless("second"), wait=0)

    third = api.sql("select 1", wait=0)
    typed = api.ask("/v1/assets")
    for held in (first, second):
        api.ask(held.headers["Location"], api.sql_key, "DELETE")
    free = api.sql("select 1")

    assert third.status_code == typed.status_code == 429
    assert int(third.headers["Retry-After"]) > 0
    assert free.status_code == 200
    until(lambda: "RUNNING" not in states(cloud).values())


def test_a_query_beyond_its_deadline_is_stopped(start_api: StartApi, cloud: Cloud) -> None:
    api = start_api(QUERY_API_LIMITS__SQL_DEADLINE_S="1")

    answer = api.sql(endless())

    assert answer.status_code == 504
    assert answer.json()["type"] == "urn:coinlake:problem:deadline_exceeded"
    until(lambda: "RUNNING" not in states(cloud).values())


def test_a_stopped_service_stops_its_queries_and_exits_clean(
    start_api: StartApi, cloud: Cloud
) -> None:
    api = start_api()
    where = api.sql(endless(), wait=0).headers["Location"]
    until(lambda: api.ask(where, api.sql_key).json()["state"] == "RUNNING")

    code = api.process.end()

    assert code == 0
    until(lambda: "RUNNING" not in states(cloud).values())


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        (
            "select count(*) from quotes where source_ts >= timestamp '2026-11-22 10:07:00'",
            [[3]],
        ),
        (
            "with newest as (select asset_id, max_by(price_usd, received_ts) as price "
            "from coinlake.quotes where dt = '2026-11-22' group by 1) "
            "select asset_id, price from newest where asset_id = 'gone'",
            [["gone", "3.000000000000000000"]],
        ),
        (
            "select date_trunc('hour', source_ts) as at, count(*) filter (where rank = 1) "
            "from quotes where asset_id <> 'gone' group by 1 order by 1",
            [["2026-11-22T09:00:00.000Z", 3], ["2026-11-22T10:00:00.000Z", 2]],
        ),
        (
            "select c.asset_id, sum(c.quotes) from candles_1m c "
            "join (select distinct asset_id from quotes) q on q.asset_id = c.asset_id group by 1",
            [["bitcoin", 5]],
        ),
        ("select 7 / 2, cast(1 as decimal(38,18)) / 3", [[3, "0.333333333333333333"]]),
        (
            "select asset_id, row_number() over (order by price_usd desc) from quotes "
            "where hour = '10' order by 2 limit 1",
            [["bitcoin", 1]],
        ),
    ],
)
def test_what_the_guard_sends_means_what_was_written(
    api: Api, sql: str, rows: list[list[Any]]
) -> None:
    answer = api.sql(sql)

    assert answer.json().get("rows") == rows, answer.text
