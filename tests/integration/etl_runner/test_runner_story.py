"""Raw objects become tables: published, registered, committed, rebuilt, retried."""

import io
import json
from decimal import Decimal
from typing import Any

import pyarrow.parquet as pq
import pytest

from coinlake.contracts.hours import Hour
from coinlake.contracts.ledger import curated_key
from tests.integration.etl_runner.conftest import Lake, Start, until

HOUR = Hour("2026-11-20", "07")
PROMISED = HOUR.end_ms + 60_000


def assets(price: str, **more: Any) -> bytes:
    entry = {"id": "bitcoin", "rank": "1", "symbol": "BTC", "priceUsd": price, "tokens": {}}
    envelope = {"timestamp": HOUR.start_ms + 500, "data": [entry | more]}
    return json.dumps(envelope).encode()


def body(**entry: Any) -> bytes:
    return json.dumps({"data": [entry], "timestamp": HOUR.start_ms + 500}).encode()


# The whole stack's tests see the same with answers that were polled.
@pytest.mark.full_size
def test_landed_objects_of_all_feeds_are_in_sql_and_a_late_one_makes_version_two(
    lake: Lake, start_runner: Start
) -> None:
    first = assets("87711.199999999997089617", maxSupply=None)
    lake.land("assets", HOUR, [first, first, None, b"no json"], complete_to_ms=PROMISED)
    lake.land("rates", HOUR, [body(id="euro", symbol="EUR", rateUsd="1.05")])
    lake.land("exchanges", HOUR, [body(exchangeId="binance", socket=True, updated=1)])
    lake.land("markets", HOUR, [body(exchangeId="x", baseId="b", quoteId="q", priceUsd="2")])
    runner = start_runner()

    until(lambda: all(lake.ledger(feed, HOUR) for feed in ("assets", "rates", "markets")))
    until(lambda: lake.ledger("exchanges", HOUR))
    entry = lake.ledger("assets", HOUR)[0]
    # Other stories have their own hours in the same lake.
    mine = f"WHERE dt = '{HOUR.dt}' AND hour = '{HOUR.hour}'"
    rows = lake.sql(f"SELECT asset_id, price_usd, max_supply, rank FROM quotes {mine}")

    assert rows == [["bitcoin", "87711.199999999997089617", None, "1"]]
    assert lake.sql(f"SELECT rate_usd FROM rates {mine}") == [["1.050000000000000000"]]
    reasons = lake.sql(f"SELECT reason FROM quotes_quarantine {mine}")
    assert (reasons[0][0] or "").startswith("not JSON")
    assert (entry.counts.records, entry.counts.usable, entry.counts.duplicates) == (4, 1, 1)
    assert (entry.complete, entry.closed_by) == (True, "heartbeat")
    assert lake.ledger("rates", HOUR)[0].closed_by == "age"
    assert entry.billed_seconds >= 60
    assert entry.run_id.startswith("jr_")
    # Batches of other stories are theirs: one that was left by its runner is the lifecycle's.
    until(lambda: lake.keys(f"staging/{entry.batch_id}/") == [])

    lake.land("assets", HOUR, [assets("2", surprise=[1])], complete_to_ms=PROMISED)
    until(lambda: len(lake.ledger("assets", HOUR)) == 2)
    second = lake.ledger("assets", HOUR)[1]
    found = lake.sql(f"SELECT price_usd FROM quotes {mine} ORDER BY 1")

    assert [Decimal(row[0] or "NaN") for row in found] == [
        Decimal(2),
        Decimal("87711.199999999997089617"),
    ]
    assert (second.version, second.counts.unknown_fields) == (2, 1)
    assert len(lake.ledger("rates", HOUR)) == 1
    # The ledger is the commit; what the runner tells of it follows a moment later.
    until(lambda: runner.hour("assets", HOUR)["version"] == 2)
    until(lambda: runner.hour("assets", HOUR)["state"] == "clean")
    assert runner.hour("assets", HOUR)["duplicates"] == 1
    assert runner.get("/status")["totals"]["curated_rows"]["quotes"] == 2
    counted = 'etl_runner_hours_published_total{feed="assets"} 2.0'
    until(lambda: counted in runner.get("/metrics"))
    published = lake.s3.head_object(Bucket="coinlake", Key=curated_key("quotes", HOUR))
    assert published["Metadata"]["version"] == "2"
    table = pq.read_table(io.BytesIO(lake.get(curated_key("quotes", HOUR))))
    assert dict(table.column("extra").to_pylist()[0]) in ({}, {"surprise": "[1]"})


@pytest.mark.full_size
def test_a_script_that_raises_fails_with_its_message_and_the_hour_is_tried_again(
    lake: Lake, start_runner: Start
) -> None:
    hour = Hour("2026-11-20", "09")
    good = lake.glue.get_job(JobName="coinlake-rebuild")["Job"]
    script = "raise RuntimeError('the disk is made of cheese')\n"
    lake.s3.put_object(Bucket="coinlake", Key="jobs/broken.py", Body=script.encode())
    set_script(lake, good, "s3://coinlake/jobs/broken.py")
    lake.land("rates", hour, [body(id="yen", rateUsd="0.0066")])
    runner = start_runner(ETL_RUNNER_PARK_AFTER="2")

    parked = until(
        lambda: (told := runner.hour("rates", hour)).get("state") == "parked" and told
    )
    told = runner.get("/metrics")
    set_script(lake, good, good["Command"]["ScriptLocation"])
    again = runner.post("/v1/retry", {"feed": "rates", "dt": hour.dt, "hour": hour.hour})
    until(lambda: lake.ledger("rates", hour))

    assert "the disk is made of cheese" in parked["message"]
    assert parked["failures"] == 2
    assert 'etl_runner_runs_total{outcome="failed"} 2.0' in told
    assert b"the disk is made of cheese" in runner.log.read_bytes()
    assert again == 202
    assert runner.hour("rates", hour)["failures"] == 0


@pytest.mark.full_size
def test_two_runners_at_once_publish_each_hour_once(lake: Lake, start_runner: Start) -> None:
    hour = Hour("2026-11-20", "11")
    for n in range(3):
        lake.land("rates", hour, [body(id="euro", rateUsd=f"1.{n}")])
    start_runner()
    start_runner()

    until(lambda: lake.ledger("rates", hour))
    lake.land("rates", hour, [body(id="euro", rateUsd="2")])
    until(lambda: len(lake.ledger("rates", hour)) == 2)
    statement = f"SELECT rate_usd FROM rates WHERE hour = '{hour.hour}' ORDER BY rate_usd"

    assert [Decimal(row[0] or "NaN") for row in lake.sql(statement)] == [
        Decimal("1.0"),
        Decimal("1.1"),
        Decimal("1.2"),
        Decimal(2),
    ]
    assert [entry.version for entry in lake.ledger("rates", hour)] == [1, 2]


def set_script(lake: Lake, job: dict[str, Any], location: str) -> None:
    kept = ("Role", "DefaultArguments", "GlueVersion", "WorkerType", "NumberOfWorkers")
    update = {name: job[name] for name in kept}
    update["Command"] = job["Command"] | {"ScriptLocation": location}
    update["ExecutionProperty"] = {"MaxConcurrentRuns": 1}
    lake.glue.update_job(JobName="coinlake-rebuild", JobUpdate=update)
