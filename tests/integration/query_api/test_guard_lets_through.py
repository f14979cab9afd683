"""Questions that people ask: accepted, and answered with the rows that Athena gives without the guard."""

import json
import urllib.request
from pathlib import Path

import pytest

from query_api.core.guard import check
from query_api.core.information_schema import SCHEMA
from tests.integration.query_api.athena_rows import rows_of
from tests.integration.query_api.conftest import Api, Cloud

FILE = Path(__file__).with_name("legitimate.sql")
QUESTIONS = [
    line for line in FILE.read_text().splitlines() if line and not line.startswith("--")
]
# The local Athena has no information_schema: these are compared with the contract below.
OF_THE_LAKE = [sql for sql in QUESTIONS if SCHEMA not in sql]


def test_there_are_a_hundred_and_more() -> None:
    assert len(set(QUESTIONS)) >= 100


@pytest.mark.full_size(one_in=4)
@pytest.mark.parametrize("sql", OF_THE_LAKE)
def test_the_guard_changes_no_rows(cloud: Cloud, sql: str) -> None:
    athena = cloud.client("athena")

    asked = rows_of(athena, sql)
    sent = rows_of(athena, check(sql, "coinlake", 5000).sql)

    assert sent == asked
    assert len(asked) > 1


def test_a_share_goes_through_the_whole_service(api: Api) -> None:
    for sql in QUESTIONS[::12]:
        answer = api.sql(sql)

        assert answer.status_code == 200, (sql, answer.text)
        assert answer.json()["rows"], sql


def test_the_engine_looked_up_allowed_tables_alone(api: Api, cloud: Cloud) -> None:
    # The answers' own ids are the service's: the engine's executions are those since then.
    athena = cloud.client("athena")
    before = set(athena.list_query_executions(WorkGroup="coinlake")["QueryExecutionIds"])
    api.sql("select (select count(*) from rates) - count(*) from quotes")

    after = set(athena.list_query_executions(WorkGroup="coinlake")["QueryExecutionIds"])
    (mine,) = after - before
    with urllib.request.urlopen(f"{cloud.admin}/athena/queries/{mine}/tables") as answer:
        touched = json.load(answer)["tables"]

    assert touched == ["coinlake.quotes", "coinlake.rates"]


def test_information_schema_tells_the_lakes_tables_and_columns(api: Api) -> None:
    tables = api.sql(
        "select table_schema, table_name, table_type from information_schema.tables"
    )
    columns = api.sql(
        "select c.column_name, c.data_type, c.ordinal_position from "
        "awsdatacatalog.information_schema.columns c where c.table_name = 'rates' order by 3"
    )

    assert ["coinlake", "quotes", "BASE TABLE"] in tables.json()["rows"]
    assert ["coinlake", "candles", "VIEW"] in tables.json()["rows"]
    assert columns.json()["rows"][0][0] == "rate_id"
    assert columns.json()["rows"][-1][:2] == ["hour", "varchar"]
