"""The view `quality` over a real ledger, asked as Athena is asked."""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from coinlake.contracts.hours import Hour
from coinlake.contracts.ledger import LedgerEntry, RuleCount, ledger_key
from coinlake.contracts.quality import VIEW_COLUMNS
from tests.integration.coinlake_tools.in_process import coinlake
from tests.integration.coinlake_tools.test_provisioning import client
from tests.labs.ledger_entries import ledger_entry

HOUR, NEXT = Hour("2026-11-20", "07"), Hour("2026-11-20", "08")
GOOD = RuleCount("rates", "rate_id_usable", "validity", True, 40, 0)
BAD = RuleCount("rates", "rate_usd_positive", "range", False, 40, 10)
NOTHING = RuleCount("rates", "body", "validity", True, 0, 0)


def before_rules_were_counted(entry: LedgerEntry) -> bytes:
    raw = json.loads(entry.encode())
    del raw["quality"]
    return json.dumps(raw).encode() + b"\n"


@pytest.fixture(scope="module")
def lake(environ: Mapping[str, str]) -> Iterator[Mapping[str, str]]:
    assert coinlake(environ, "provision", "--all").code == 0
    s3 = client(environ, "s3")
    first = replace(ledger_entry("rates", HOUR), quality=(replace(BAD, failed=40),))
    second = replace(first, version=2, quality=(GOOD, BAD, NOTHING))
    old = ledger_entry("rates", NEXT)
    bodies = {
        ledger_key("rates", HOUR, 1): first.encode(),
        ledger_key("rates", HOUR, 2): second.encode(),
        ledger_key("rates", NEXT, 1): before_rules_were_counted(old),
    }
    for key, body in bodies.items():
        s3.put_object(Bucket="coinlake", Key=key, Body=body)
    yield environ
    for key in bodies:
        s3.delete_object(Bucket="coinlake", Key=key)


def asked(environ: Mapping[str, str], sql: str) -> list[list[str | None]]:
    athena = client(environ, "athena")
    query = athena.start_query_execution(
        QueryString=sql,
        QueryExecutionContext={"Database": "coinlake"},
        WorkGroup="coinlake",
    )["QueryExecutionId"]
    status: dict[str, Any] = {"State": "QUEUED"}
    while status["State"] in ("QUEUED", "RUNNING"):
        time.sleep(0.05)
        status = athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]
    assert status["State"] == "SUCCEEDED", status
    found = athena.get_query_results(QueryExecutionId=query)["ResultSet"]["Rows"]
    return [[value.get("VarCharValue") for value in row["Data"]] for row in found]


def test_a_row_for_each_rule_of_each_head(lake: Mapping[str, str]) -> None:
    head, *rows = asked(lake, "SELECT * FROM quality ORDER BY rule")

    assert head == [column.name for column in VIEW_COLUMNS]
    at = ["rates", "2026-11-20", "07", "2", "rates"]
    assert rows == [
        [*at, "body", "validity", "true", "0", "0", None],
        [*at, "rate_id_usable", "validity", "true", "40", "0", "0.0"],
        [*at, "rate_usd_positive", "range", "false", "40", "10", "0.25"],
    ]


def test_hours_that_counted_no_rules_can_be_told(lake: Mapping[str, str]) -> None:
    _, *rows = asked(
        lake,
        "SELECT feed, dt, hour FROM ledger_head WHERE cardinality(quality) IS NULL",
    )

    assert rows == [["rates", "2026-11-20", "08"]]


def test_the_columns_are_those_that_the_page_shows(lake: Mapping[str, str]) -> None:
    table = client(lake, "glue").get_table(DatabaseName="coinlake", Name="quality")["Table"]
    shown = [
        (one["Name"], one["Type"].partition("(")[0])
        for one in table["StorageDescriptor"]["Columns"]
    ]

    assert shown == [(column.name, column.type) for column in VIEW_COLUMNS]
