"""Somebody who reads `docs/how-to/add-a-column.md` and types what it says, on the real local cloud.

Another contract is a checkout of its own before all others on Python's path: of the runner, of the
commands, and in the bundle of the job.
"""

import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from coinlake.contracts.cloud import CRAWLER
from coinlake.contracts.hours import Hour
from coinlake.contracts.ledger import LedgerEntry
from tests.e2e.terminal import blocks
from tests.integration.etl_runner.conftest import Cloud, Lake, Runner, Start, until
from tests.integration.etl_runner.test_runner_story import body

# Several runs of Spark in a row.
pytestmark = pytest.mark.timeout(600)

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs/how-to/add-a-column.md"
SOURCE = "shared/src/coinlake/contracts/datasets.py"
DT = "2026-11-20"
# No other test of the folder has exchanges in these hours.
OLD, NEW, SOUND, OTHER, ODD = (Hour(DT, f"{hour}") for hour in range(15, 20))


class Reader:
    """A shell in a checkout; its contract is that of the commands that are typed in it."""

    def __init__(self, cloud: Cloud, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(ROOT / "shared/src", folder / "shared/src")
        subprocess.run(["git", "init", "-q", str(folder)], check=True)
        self.environ = cloud.environ | {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(folder / "shared/src"),
        }

    def types(self, script: str) -> str:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=self.folder,
            env=self.environ,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
        return done.stdout

    def edit(self, before: str, after: str) -> None:
        source = self.folder / SOURCE
        text = source.read_text()
        assert text.count(before) == 1
        source.write_text(text.replace(before, after))

    @property
    def settings(self) -> dict[str, str]:
        return {"PYTHONPATH": self.environ["PYTHONPATH"]}


@pytest.fixture
def reader(cloud: Cloud, tmp_path: Path) -> Iterator[Reader]:
    folder = tmp_path / "checkout"
    folder.mkdir()
    yield Reader(cloud, folder)
    # The others of this folder have the contract as it is.
    again = [sys.executable, "-m", "coinlake_tools", "provision", "--job"]
    subprocess.run(again, env=cloud.environ, check=True, capture_output=True)


def exchange(name: str, **more: object) -> bytes:
    return body(exchangeId=name, rank="1", **more)


def sql_block(section: str) -> str:
    text = PAGE.read_text().split(f"\n## {section}\n")[1].split("\n## ")[0]
    (found,) = re.findall(r"```sql\n(.*?)```", text, re.S)
    return str(found)


def rows(lake: Lake, columns: str, *hours: Hour) -> list[list[str | None]]:
    names = ", ".join(f"'{hour.hour}'" for hour in hours)
    where = f"WHERE dt = '{DT}' AND hour IN ({names})"
    return lake.sql(f"SELECT {columns} FROM exchanges {where} ORDER BY exchange_id")


def columns(lake: Lake, database: str = "coinlake") -> dict[str, str]:
    found = lake.glue.get_table(DatabaseName=database, Name="exchanges")["Table"]
    return {one["Name"]: one["Type"] for one in found["StorageDescriptor"]["Columns"]}


def stop(runner: Runner) -> None:
    runner.process.terminate()
    assert runner.process.wait(20) == 0


def head(lake: Lake, hour: Hour) -> LedgerEntry:
    return until(lambda: lake.ledger("exchanges", hour))[-1]


def test_a_field_that_the_api_adds_is_announced_promoted_and_filled(
    lake: Lake, start_runner: Start, reader: Reader
) -> None:
    lake.land("exchanges", OLD, [exchange("a", trustScore="7.5"), exchange("b")])
    runner = start_runner()
    old = head(lake, OLD)
    before = columns(lake)
    _announced(lake, runner, old)
    stop(runner)

    _promoted(reader)
    reader.types(blocks(PAGE, "Deploy it")[0])
    lake.land("exchanges", NEW, [exchange("c", trustScore="8.25")])
    runner = start_runner(**reader.settings)
    new = head(lake, NEW)

    # Added at the end; no other column has changed.
    assert columns(lake) == before | {"trust_score": "decimal(38,18)"}
    assert list(columns(lake)) == [*before, "trust_score"]
    wanted = "exchange_id, trust_score, element_at(extra, 'trustScore')"
    assert rows(lake, wanted, OLD, NEW) == [
        ["a", None, "7.5"],
        ["b", None, None],
        ["c", "8.250000000000000000", None],
    ]
    assert (old.contract, new.contract, new.unknown_fields) == (1, 2, ())
    behind = lake.sql(sql_block("Fill the older hours"))
    assert [DT, OLD.hour] in behind
    assert [DT, NEW.hour] not in behind
    _filled(lake, runner, reader)
    assert columns(lake) == before | {"trust_score": "decimal(38,18)"}


def _announced(lake: Lake, runner: Runner, old: LedgerEntry) -> None:
    (told,) = old.unknown_fields
    assert (told.name, told.rows, told.example) == ("trustScore", 1, "7.5")
    assert told.first_seen_ms == told.last_seen_ms == OLD.start_ms + 1000
    ((feed, name, first, last, count, example),) = [
        row
        for row in lake.sql(sql_block("Which fields have no column"))
        if row[0] == "exchanges"
    ]
    assert (feed, name, count, example) == ("exchanges", "trustScore", "1", "7.5")
    assert first == last == f"{DT} 15:00:01.000"
    until(lambda: b"unknown_field" in runner.log.read_bytes())
    lines = [line for line in runner.log.read_text().splitlines() if "unknown_field" in line]
    assert [json.loads(line)["name"] for line in lines] == ["trustScore"]
    gauge = 'etl_runner_unknown_field_names{feed="exchanges"} 1.0'
    until(lambda: gauge in runner.get("/metrics"))


def _promoted(reader: Reader) -> None:
    only_told, written, _ = blocks(PAGE, "Promote it")
    source = (reader.folder / SOURCE).read_text()

    line, *rest = reader.types(only_told).splitlines()
    assert line == "trust_score trustScore amount"
    assert "1 hours of exchanges" in "\n".join(rest)
    assert " USD in 1 run(s)" in "\n".join(rest)
    assert (reader.folder / SOURCE).read_text() == source
    reader.types(written)
    assert f'            {line}"""' in (reader.folder / SOURCE).read_text()


def _filled(lake: Lake, runner: Runner, reader: Reader) -> None:
    reader.environ["ETL_RUNNER_URL"] = f"http://127.0.0.1:{runner.port}"
    dry, real = blocks(PAGE, "Fill the older hours")
    priced = reader.types(dry)
    assert re.match(r"\d+ hours of exchanges, .*: \d\.\d\d USD in 1 run\(s\) together", priced)
    assert len(lake.ledger("exchanges", OLD)) == 1

    accepted = json.loads(reader.types(real))["accepted"]
    assert {f"exchanges/{DT}/15", f"exchanges/{DT}/16"} <= set(accepted)
    until(lambda: len(lake.ledger("exchanges", OLD)) == 2)
    until(lambda: len(lake.ledger("exchanges", NEW)) == 2)
    wanted = "exchange_id, trust_score, element_at(extra, 'trustScore')"
    assert rows(lake, wanted, OLD, NEW) == [
        ["a", "7.500000000000000000", None],
        ["b", None, None],
        ["c", "8.250000000000000000", None],
    ]
    assert "trustScore" not in {row[1] for row in lake.sql("SELECT * FROM unknown_fields")}


def test_no_crawl_and_no_run_changes_the_type_of_a_column(
    lake: Lake, start_runner: Start, reader: Reader
) -> None:
    lake.land("exchanges", SOUND, [exchange("a", tradingPairs="3")])
    runner = start_runner()
    head(lake, SOUND)
    stop(runner)
    before = columns(lake)
    location = "s3://coinlake/curated/exchanges/"
    lake.glue.create_database(DatabaseInput={"Name": "erasing"})
    lake.glue.create_crawler(
        Name="erasing",
        Role="arn:aws:iam::123456789012:role/glue",
        DatabaseName="erasing",
        Targets={"S3Targets": [{"Path": location}]},
    )
    assert crawled(lake, "erasing")["Status"] == "SUCCEEDED"

    # By hand: a wider type, and one that nothing holds together with the table's.
    put(lake, ODD, rank=pa.array([2**40], pa.int64()), trading_pairs=pa.array([3], pa.int32()))
    wider, erased = crawled(lake, CRAWLER), crawled(lake, "erasing")
    types_by_hand, types_erased = columns(lake), columns(lake, database="erasing")
    put(lake, ODD, rank=pa.array(["first"]))
    clashing = crawled(lake, CRAWLER)
    types_of_clash = columns(lake)
    lake.s3.delete_object(Bucket="coinlake", Key=odd_key(ODD))

    # Control: the default policy takes what it finds.
    assert erased["Status"] == "SUCCEEDED"
    assert (before["rank"], types_erased["rank"]) == ("int", "bigint")
    assert wider["Status"] == "SUCCEEDED"
    assert types_by_hand == types_of_clash == before
    assert "column rank is" in clashing["ErrorMessage"]
    _run_of_another_type(lake, start_runner, reader)
    assert columns(lake) == before
    assert crawled(lake, CRAWLER)["Status"] == "SUCCEEDED"
    assert columns(lake) == before
    assert rows(lake, "exchange_id, rank, trading_pairs", SOUND) == [["a", "1", "3"]]


def _run_of_another_type(lake: Lake, start_runner: Start, reader: Reader) -> None:
    """Job and runner of a contract in which a type has changed, which no release can have."""
    reader.edit(
        "rank rank int\n            percent_total",
        "rank rank bigint\n            percent_total",
    )
    reader.types(blocks(PAGE, "Deploy it")[0])
    lake.land("exchanges", OTHER, [exchange("b")])
    runner = start_runner(**reader.settings)
    entry = head(lake, OTHER)
    alarm = 'etl_runner_alarms_total{reason="column_type_differs"}'
    told = runner.get("/metrics")
    stop(runner)

    (output,) = [one for one in entry.outputs if one.table == "exchanges"]
    made = pq.read_schema(io.BytesIO(lake.get(output.key)))
    assert made.field("rank").type == pa.int64()
    assert f"{alarm} 0.0" not in told
    assert alarm in told


def odd_key(hour: Hour) -> str:
    return f"curated/exchanges/{hour.path}/by-hand.parquet"


def put(lake: Lake, hour: Hour, **values: pa.Array) -> None:
    body = io.BytesIO()
    pq.write_table(pa.table({"exchange_id": pa.array(["odd"]), **values}), body)
    lake.s3.put_object(Bucket="coinlake", Key=odd_key(hour), Body=body.getvalue())


def crawled(lake: Lake, name: str) -> dict[str, Any]:
    lake.glue.start_crawler(Name=name)
    until(lambda: lake.glue.get_crawler(Name=name)["Crawler"]["State"] == "READY")
    last: dict[str, Any] = lake.glue.get_crawler(Name=name)["Crawler"]["LastCrawl"]
    return last
