"""The view `unknown_fields` over ledger entries of several hours and versions, by real SQL."""

import json
import time
from collections.abc import Mapping
from typing import Any

import pytest

from coinlake.contracts.hours import Hour
from coinlake.contracts.ledger import LedgerEntry, UnknownField, ledger_key
from query_api.core.guard import check
from tests.integration.coinlake_tools.in_process import coinlake
from tests.integration.coinlake_tools.test_provisioning import client
from tests.labs.ledger_entries import ledger_entry

DAY = "2026-11-20"


def _put(environ: Mapping[str, str], entry: LedgerEntry, body: bytes | None = None) -> None:
    key = ledger_key(entry.feed, entry.at, entry.version)
    client(environ, "s3").put_object(Bucket="coinlake", Key=key, Body=body or entry.encode())


def _asked(environ: Mapping[str, str], statement: str) -> list[list[str | None]]:
    athena = client(environ, "athena")
    asked = athena.start_query_execution(
        QueryString=check(statement, "coinlake", 100).sql, WorkGroup="coinlake"
    )["QueryExecutionId"]
    while True:
        told = athena.get_query_execution(QueryExecutionId=asked)["QueryExecution"]["Status"]
        if told["State"] not in ("QUEUED", "RUNNING"):
            break
        time.sleep(0.1)
    assert told["State"] == "SUCCEEDED", told
    rows = athena.get_query_results(QueryExecutionId=asked)["ResultSet"]["Rows"]
    return [[cell.get("VarCharValue") for cell in row["Data"]] for row in rows[1:]]


def _hour(name: str, *unknown: UnknownField, version: int = 1, feed: str = "assets") -> Any:
    return ledger_entry(feed, Hour(DAY, name), version=version, unknown_fields=unknown)


@pytest.fixture
def lake(environ: Mapping[str, str]) -> Mapping[str, str]:
    assert coinlake(environ, "provision", "--all").code == 0
    return environ


def test_every_key_without_a_column_is_a_row_with_its_first_time(
    lake: Mapping[str, str],
) -> None:
    base = Hour(DAY, "07").start_ms
    early = UnknownField("score", 3, "7.5", base + 1_500, base + 9_000)
    late = UnknownField("score", 2, "8", base + 3_600_500, base + 3_700_000)
    _put(lake, _hour("07", UnknownField("gone", 9, "x", base, base)))
    # Only the newest version of an hour counts.
    _put(lake, _hour("07", early, version=2))
    _put(lake, _hour("08", late, UnknownField("depth", 1, '{"a":[1]}', None, None)))
    _put(lake, _hour("08", UnknownField("score", 1, "z", base, base), feed="markets"))
    before = json.loads(_hour("09").encode())
    del before["unknown_fields"], before["contract"]
    _put(lake, _hour("09"), json.dumps(before).encode() + b"\n")

    rows = _asked(lake, "SELECT * FROM unknown_fields ORDER BY feed, name")

    assert rows == [
        ["assets", "depth", None, None, "1", "1", '{"a":[1]}'],
        [
            *("assets", "score", f"{DAY} 07:00:01.500", f"{DAY} 08:01:40.000"),
            *("5", "2", "7.5"),
        ],
        ["markets", "score", f"{DAY} 07:00:00.000", f"{DAY} 07:00:00.000", "1", "1", "z"],
    ]
