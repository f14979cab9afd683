"""A local cloud with a folder of its own forgets nothing: killed and started again, it says the same."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest

ROOT = Path(__file__).parents[3]
TABLE = {
    "Name": "quotes",
    "TableType": "EXTERNAL_TABLE",
    "PartitionKeys": [{"Name": "dt", "Type": "string"}],
    "StorageDescriptor": {
        "Columns": [{"Name": "price_usd", "Type": "decimal(38,18)"}],
        "Location": "s3://coinlake/curated/quotes/",
        "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.X"},
    },
    "Parameters": {"classification": "parquet"},
}
JOB = {
    "Name": "coinlake-rebuild",
    "Role": "r",
    "Command": {"Name": "glueetl", "ScriptLocation": "s3://coinlake/jobs/entry.py"},
    "WorkerType": "G.1X",
    "NumberOfWorkers": 2,
}
CRAWLER = {
    "Name": "coinlake-curated",
    "Role": "r",
    "DatabaseName": "coinlake",
    "Targets": {"S3Targets": [{"Path": "s3://coinlake/curated/quotes/"}]},
}


def test_catalog_jobs_crawlers_and_workgroups_outlive_a_sigkill(tmp_path: Path) -> None:
    with _cloud(tmp_path) as port:
        glue, athena = _client("glue", port), _client("athena", port)
        glue.create_database(DatabaseInput={"Name": "coinlake"})
        glue.create_table(DatabaseName="coinlake", TableInput=TABLE)
        for day in ("2026-11-20", "2026-11-21", "2026-11-22"):
            glue.create_partition(
                DatabaseName="coinlake", TableName="quotes", PartitionInput=_partition(day, "1")
            )
        glue.update_partition(
            DatabaseName="coinlake",
            TableName="quotes",
            PartitionValueList=["2026-11-21"],
            PartitionInput=_partition("2026-11-21", "2"),
        )
        glue.delete_partition(
            DatabaseName="coinlake", TableName="quotes", PartitionValues=["2026-11-20"]
        )
        with pytest.raises(glue.exceptions.AlreadyExistsException):
            glue.create_database(DatabaseInput={"Name": "coinlake"})
        glue.create_job(**JOB)
        glue.create_crawler(**CRAWLER)
        athena.create_work_group(Name="coinlake", Configuration={})
        before = _told(port)

    with _cloud(tmp_path) as port:
        after = _told(port)

    assert after == before
    assert [partition["Values"] for partition in after["partitions"]] == [
        ["2026-11-21"],
        ["2026-11-22"],
    ]
    assert after["partitions"][0]["Parameters"] == {"version": "2"}


@pytest.mark.full_size
def test_a_last_line_that_a_crash_cut_short_is_dropped_and_the_rest_stays(
    tmp_path: Path,
) -> None:
    with _cloud(tmp_path) as port:
        _client("glue", port).create_database(DatabaseInput={"Name": "coinlake"})
    with (tmp_path / "catalog.jsonl").open("a") as journal:
        journal.write('{"operation": "CreateDatabase", "requ')

    with _cloud(tmp_path) as port:
        glue = _client("glue", port)
        glue.create_database(DatabaseInput={"Name": "second"})
    with _cloud(tmp_path) as port:
        databases = _client("glue", port).get_databases()["DatabaseList"]

    assert {database["Name"] for database in databases} == {"coinlake", "second"}


def _partition(day: str, version: str) -> dict[str, Any]:
    return {
        "Values": [day],
        "StorageDescriptor": {"Location": f"s3://coinlake/curated/quotes/dt={day}/"},
        "Parameters": {"version": version},
    }


def _told(port: int) -> dict[str, Any]:
    glue, athena = _client("glue", port), _client("athena", port)
    table = glue.get_table(DatabaseName="coinlake", Name="quotes")["Table"]
    partitions = glue.get_partitions(DatabaseName="coinlake", TableName="quotes")["Partitions"]
    keys = ("Name", "PartitionKeys", "StorageDescriptor", "Parameters", "TableType")
    return {
        "table": {key: table[key] for key in keys},
        "partitions": sorted(
            (
                {key: one[key] for key in ("Values", "StorageDescriptor", "Parameters")}
                for one in partitions
            ),
            key=lambda one: str(one["Values"]),
        ),
        "job": glue.get_job(JobName=JOB["Name"])["Job"],
        "crawler": {
            key: value
            for key, value in glue.get_crawler(Name=CRAWLER["Name"])["Crawler"].items()
            if key in CRAWLER
        },
        "workgroup": athena.get_work_group(WorkGroup="coinlake")["WorkGroup"],
    }


def _client(service: str, port: int) -> Any:
    return boto3.client(
        service,
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


@contextmanager
def _cloud(state: Path) -> Iterator[int]:
    """A cloud over `state` that is killed at the end, as by a power cut."""
    java = Path(shutil.which("java") or pytest.fail("java is missing")).resolve()
    command = [sys.executable, "-m", "local_cloud", "--state-dir", str(state)]
    command += ["--spark-jars", str(ROOT / ".local/jars/spark")]
    command += ["--java-home", str(java.parents[1])]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield int(json.loads(process.stdout.readline())["port"])
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
