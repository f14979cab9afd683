"""Late and odd: values of a past hour and of no sense at all; a run that fails."""

import re
import urllib.request
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from tests.e2e.conftest import Lake
from tests.e2e.odd import DT, HOUR, PAST_MS, TOPIC, asset, body


def _hour(lake: Lake) -> Any:
    return lake.status("ETL_RUNNER")["hours"].get(f"assets/{DT}/{HOUR}", {})


def test_values_of_a_past_hour_are_in_sql_by_themselves(
    lake: Lake, odd_values: list[bytes], settled: None, measured: Callable[[str], None]
) -> None:
    landed = min(_written(lake, f"raw/{TOPIC}/dt={DT}/hour={HOUR}/"))
    published = min(_written(lake, f"ledger/feed=assets/dt={DT}/hour={HOUR}/"))

    measured(f"a landed object was in SQL after {(published - landed).seconds} s (limit 60)")
    rows = lake.sql(
        f"select asset_id, price_usd, change_24h_pct, poll_id from quotes "
        f"where dt='{DT}' and hour='{HOUR}' order by asset_id"
    ).rows
    assert [row[0] for row in rows] == ["beside-it", "number", "odd-rank", "plain", "pretty"]
    assert {row[0]: row[1] for row in rows}["plain"] == "2.000000001000000000"
    assert {row[0]: row[1] for row in rows}["number"] == "7.000000000000000000"
    assert {row[0]: row[2] for row in rows}["plain"] == "-0.0000001200000000000000000000"
    assert {row[3] for row in rows} == {None}


def test_what_cannot_be_typed_is_null_and_keeps_its_text(
    lake: Lake, odd_values: list[bytes], settled: None
) -> None:
    (row,) = lake.sql(
        "select rank, supply, change_24h_pct, element_at(extra, 'rank'), "
        "element_at(extra, 'supply'), element_at(extra, 'change_24h_pct') "
        f"from quotes where dt='{DT}' and hour='{HOUR}' and asset_id='odd-rank'"
    ).rows

    assert row[:3] == (None, None, None)
    assert row[3] == "first"
    assert row[5] == "n/a"


def test_what_cannot_be_a_row_is_in_quarantine_with_its_reason(
    lake: Lake, odd_values: list[bytes], settled: None
) -> None:
    rows = lake.sql(
        "select reason, raw, kafka_offset from quotes_quarantine "
        f"where dt='{DT}' and hour='{HOUR}'"
    ).rows

    # Not JSON, empty, the sunset notice: records. The object as a price: one element.
    assert len(rows) == 4
    assert all(reason for reason, _, _ in rows)
    assert any(raw == "this is no JSON" for _, raw, _ in rows)


@pytest.mark.full_size
def test_a_rebuild_makes_the_same_rows_once(
    lake: Lake, odd_values: list[bytes], settled: None
) -> None:
    where = f"where dt='{DT}' and hour='{HOUR}'"
    before = lake.sql(
        f"select asset_id, price_usd, kafka_offset from quotes {where} order by 3, 1"
    )
    versions = len(lake.keys(f"ledger/feed=assets/dt={DT}/hour={HOUR}/"))

    lake.http(
        f"{lake.env['ETL_RUNNER_URL']}/v1/rebuild",
        {"feed": "assets", "dt": DT, "hour": HOUR},
    )
    lake.wait(
        "a newer version of the hour",
        lambda: len(lake.keys(f"ledger/feed=assets/dt={DT}/hour={HOUR}/")) > versions,
    )

    after = lake.sql(
        f"select asset_id, price_usd, kafka_offset from quotes {where} order by 3, 1"
    )
    assert after.rows == before.rows


@pytest.mark.full_size
def test_the_same_answer_twice_is_one_answer(
    lake: Lake, odd_values: list[bytes], settled: None
) -> None:
    where = f"where dt='{DT}' and hour='{HOUR}' and asset_id='plain'"

    lake.produce(TOPIC, [odd_values[0]], PAST_MS)
    lake.settle(("assets", DT, HOUR))

    assert lake.sql(f"select count(*) from quotes {where}").one == "1"
    lake.wait("the count of duplicates", lambda: _hour(lake).get("duplicates") == 1, 30)


@pytest.mark.full_size
def test_a_script_that_raises_is_a_failed_run_with_its_message(
    lake: Lake, odd_values: list[bytes], settled: None
) -> None:
    bucket = lake.env["COINLAKE_BUCKET"]
    glue = lake.client("glue")
    location = glue.get_job(JobName="coinlake-rebuild")["Job"]["Command"]["ScriptLocation"]
    key = location.removeprefix(f"s3://{bucket}/")
    good = lake.get(key)
    lake.s3.put_object(Bucket=bucket, Key=key, Body=b"raise RuntimeError('no luck today')\n")

    try:
        lake.produce(TOPIC, [body(asset("after-the-failure"))], PAST_MS)
        lake.wait("the failure's true message", lambda: "no luck today" in str(_failures(lake)))
        runs = glue.get_job_runs(JobName="coinlake-rebuild")["JobRuns"]
        assert any(
            run["JobRunState"] == "FAILED" and "no luck today" in run["ErrorMessage"]
            for run in runs
        )
        metrics = _text(f"{lake.env['ETL_RUNNER_URL']}/metrics")
        assert re.search(
            r'etl_runner_runs_total\{outcome="failed"\} [1-9]', metrics, re.IGNORECASE
        )
        log = (lake.stack.paths.logs / "etl_runner.log").read_text()
        assert "no luck today" in log
    finally:
        lake.s3.put_object(Bucket=bucket, Key=key, Body=good)

    _retry_parked(lake)
    lake.wait(
        "the hour is tried again",
        lambda: (
            lake.sql(
                f"select count(*) from quotes where dt='{DT}' and hour='{HOUR}' "
                "and asset_id='after-the-failure'"
            ).one
            == "1"
        ),
    )


def _written(lake: Lake, prefix: str) -> list[datetime]:
    """When each object under a prefix was written, as S3 tells it."""
    listed = lake.s3.list_objects_v2(Bucket=lake.env["COINLAKE_BUCKET"], Prefix=prefix)
    return [item["LastModified"] for item in listed["Contents"]]


def _failures(lake: Lake) -> list[Any]:
    return [hour.get("message") for hour in lake.status("ETL_RUNNER")["hours"].values()]


def _retry_parked(lake: Lake) -> None:
    for name, hour in lake.status("ETL_RUNNER")["hours"].items():
        if hour["state"] == "parked":
            feed, dt, at = name.split("/")
            lake.http(
                f"{lake.env['ETL_RUNNER_URL']}/v1/retry", {"feed": feed, "dt": dt, "hour": at}
            )


def _text(url: str) -> str:
    with urllib.request.urlopen(url, timeout=30) as response:
        text: str = response.read().decode()
    return text
