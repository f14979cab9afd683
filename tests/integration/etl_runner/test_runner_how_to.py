"""Somebody who reads `docs/how-to/mend-hours.md` and types what it says, on the real local cloud."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from coinlake.contracts.hours import Hour
from coinlake.contracts.ledger import LedgerEntry, curated_key
from tests.e2e.terminal import blocks
from tests.integration.etl_runner.conftest import BUCKET, Lake, Runner, Start, until
from tests.integration.etl_runner.test_runner_story import body, set_script

pytestmark = [
    pytest.mark.needs("aws"),
    pytest.mark.needs("jq"),
    pytest.mark.full_size,
    # Seven runs of Spark in a row.
    pytest.mark.timeout(900),
]

PAGE = Path(__file__).parents[3] / "docs/how-to/mend-hours.md"
# The hour of the page.
HOUR = Hour("2026-11-20", "09")


class Reader:
    """A terminal with `coinlake`, `aws` and `jq` at hand, and a page."""

    page = PAGE

    def __init__(self, lake: Lake, runner: Runner, folder: Path) -> None:
        self.folder = folder
        bin_first = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        here = {"PATH": bin_first, "ETL_RUNNER_URL": f"http://127.0.0.1:{runner.port}"}
        self.environ = lake.cloud.environ | here

    def types(self, section: str, block: int = 0, code: int = 0) -> str:
        return self.runs(blocks(self.page, section)[block], code)

    def runs(self, script: str, code: int = 0) -> str:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=self.folder,
            env=self.environ,
            capture_output=True,
            text=True,
        )
        assert done.returncode == code, f"{script}\n{done.stdout}{done.stderr}"
        return done.stdout


def versions(lake: Lake) -> list[LedgerEntry]:
    return lake.ledger("rates", HOUR)


def state(runner: Runner) -> str:
    return str(runner.hour("rates", HOUR).get("state"))


def rows(lake: Lake) -> list[str]:
    statement = f"SELECT rate_usd FROM rates WHERE dt = '{HOUR.dt}' AND hour = '{HOUR.hour}'"
    return sorted(str(row[0]) for row in lake.sql(statement))


def test_a_reader_mends_an_hour_of_each_kind(
    lake: Lake, start_runner: Start, tmp_path: Path
) -> None:
    lake.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    job = lake.glue.get_job(JobName="coinlake-rebuild")["Job"]
    runner = start_runner(ETL_RUNNER_PARK_AFTER="2", ETL_RUNNER_PARKED_BASE_S="86400")
    reader = Reader(lake, runner, tmp_path)
    _parked(lake, runner, reader, job)
    _gone(lake, runner, reader)
    _dropped(lake, reader)
    _rebuilt(lake, reader)


def _parked(lake: Lake, runner: Runner, reader: Reader, job: dict[str, Any]) -> None:
    script = b"raise RuntimeError('the disk is made of cheese')\n"
    lake.s3.put_object(Bucket=BUCKET, Key="jobs/broken.py", Body=script)
    set_script(lake, job, f"s3://{BUCKET}/jobs/broken.py")
    lake.land("rates", HOUR, [body(id="yen", rateUsd="1")])
    until(lambda: state(runner) == "parked")

    (found,) = json.loads(reader.types("Which hours need you")).items()
    set_script(lake, job, job["Command"]["ScriptLocation"])
    reader.types("An hour is parked")
    until(lambda: versions(lake))

    assert found[0] == "rates/2026-11-20/09"
    assert "made of cheese" in found[1]["message"]


def _gone(lake: Lake, runner: Runner, reader: Reader) -> None:
    second = lake.land("rates", HOUR, [body(id="yen", rateUsd="2")])
    until(lambda: len(versions(lake)) == 2)
    lake.s3.delete_object(Bucket=BUCKET, Key=second)
    until(lambda: state(runner) == "aside")

    found = reader.types("A raw object is gone", code=1)
    assert "input_gone" in found
    assert second in found
    assert len(rows(lake)) == 2

    reader.types("A raw object is gone", 1)
    until(lambda: state(runner) == "clean")
    assert len(versions(lake)) == 2

    lake.s3.delete_object(Bucket=BUCKET, Key=second)
    until(lambda: state(runner) == "aside")
    reader.types("A raw object is gone", 2)
    until(lambda: len(versions(lake)) == 3)
    assert len(rows(lake)) == 1
    assert second in {item.key for item in versions(lake)[1].inputs}


def _dropped(lake: Lake, reader: Reader) -> None:
    lake.glue.delete_partition(
        DatabaseName="coinlake", TableName="rates", PartitionValues=[HOUR.dt, HOUR.hour]
    )
    until(lambda: len(rows(lake)) == 1)
    assert "nothing differs" in reader.types("A partition was dropped")


def _rebuilt(lake: Lake, reader: Reader) -> None:
    before = lake.s3.head_object(Bucket=BUCKET, Key=curated_key("rates", HOUR))
    answer = json.loads(reader.types("Rebuild a day"))
    until(lambda: len(versions(lake)) == 4)

    assert "rates/2026-11-20/09" in answer["accepted"]
    assert "rates/2026-11-20/23" in answer["nothing_to_do"]
    assert versions(lake)[3].inputs == versions(lake)[2].inputs
    assert before["Metadata"]["version"] == "3"
