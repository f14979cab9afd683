"""doctor, lineage and certify over the real local cloud, as their pages say: block by block.

The hours of the lake are made by the job's own reading of raw objects and its own Parquet writer,
without a Spark for them.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import pyarrow as pa
import pytest
from botocore.config import Config

from coinlake.contracts.datasets import TABULAR, table_named
from coinlake.contracts.tables import TableSchema
from coinlake_kernel.parquet import parquet_bytes
from coinlake_kernel.schemas import file_schema
from coinlake_kernel.sorted_rows import SortedRows
from tests.e2e.terminal import blocks
from tests.integration.coinlake_tools.in_process import Said, coinlake
from tests.unit.coinlake_tools.published import BUCKET, DT, PublishedLake, a_day

pytestmark = [
    # pyspark 3.5 asks distutils for versions: the job's writer knows its transform.
    pytest.mark.filterwarnings("ignore:distutils Version classes:DeprecationWarning"),
    pytest.mark.needs("aws"),
    pytest.mark.needs("jq"),
]

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"


def file_of(table: str, rows: Sequence[dict[str, Any]]) -> bytes:
    """A Parquet object by the job's own writer."""
    schema = file_schema(table_named(table))
    full = [{name: row.get(name) for name in schema.names} for row in rows]
    made = SortedRows.of(pa.Table.from_pylist(full, schema), np.arange(len(rows)))
    return parquet_bytes(table, made, {"made": "test"})


@dataclass
class Shell:
    """Somebody who types what the pages say, with `coinlake` at hand and a lake."""

    folder: Path
    environ: dict[str, str]
    made: PublishedLake

    def types(self, block: str, code: int = 0) -> str:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", block],
            cwd=self.folder,
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == code, f"{block}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def coinlake(self, *arguments: str, told: str = "") -> Said:
        return coinlake(self.environ, *arguments, told=told, folder=self.folder)

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.environ["AWS_ENDPOINT_URL"],
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(s3={"addressing_style": "path"}),
        )


@pytest.fixture(scope="module")
def shell(environ: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Shell:
    here = {name: value for name, value in os.environ.items() if name[:4] != "AWS_"}
    bin_first = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    folder = tmp_path_factory.mktemp("shell")
    shell = Shell(folder, {**here, **environ, **bin_first}, a_day(file_of))
    # It is there already where the tests of provisioning came first.
    said = shell.coinlake(
        "provision", "--bucket", "--database", "--workgroup", "--ledger", "--tables"
    )
    assert said.code == 0, said.err
    _fill(shell)
    return shell


def _fill(shell: Shell) -> None:
    s3, glue = shell.client("s3"), shell.client("glue")
    for key, (body, metadata) in shell.made.objects.items():
        s3.put_object(Bucket=BUCKET, Key=key, Body=body, Metadata=metadata)
    for table in (table for one in TABULAR.values() for table in one.published):
        schema = table_named(table)
        glue.batch_create_partition(
            DatabaseName="coinlake",
            TableName=table,
            PartitionInputList=[
                {
                    "Values": list(one.values),
                    "StorageDescriptor": _storage(schema, one.location),
                }
                for one in shell.made.partitions
                if one.table == table
            ],
        )


def _storage(table: TableSchema, location: str) -> dict[str, Any]:
    serde = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
    return {
        "Columns": [{"Name": one.name, "Type": one.type} for one in table.columns],
        "Location": location,
        "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
        "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
        "SerdeInfo": {"SerializationLibrary": serde, "Parameters": {}},
    }


def sql(shell: Shell, statement: str) -> dict[str, Any]:
    """Athena's own answer to a statement."""
    athena = shell.client("athena")
    asked = athena.start_query_execution(
        QueryString=statement,
        QueryExecutionContext={"Database": "coinlake"},
        WorkGroup="coinlake",
    )["QueryExecutionId"]
    while True:
        execution = athena.get_query_execution(QueryExecutionId=asked)["QueryExecution"]
        if execution["Status"]["State"] not in {"QUEUED", "RUNNING"}:
            break
    assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"]
    answer = athena.get_query_results(QueryExecutionId=asked)
    return {"ResultSet": answer["ResultSet"]}


def test_the_page_on_what_differs_is_followed(shell: Shell) -> None:
    sound = shell.coinlake("doctor", "--dt", DT, "--feed", "rates")
    (drop,) = blocks(DOCS / "how-to/look-at-what-differs.md", "See it once")

    before, _, after = shell.types(drop).partition("exit code 1")

    assert (sound.code, "nothing differs" in sound.out) == (0, True)
    assert "partition_missing" in before
    page = "docs/how-to/look-at-what-differs.md#partition_missing"
    assert after.split() == ["partition_missing", "09", "rates", page]
    report = json.loads((shell.folder / "report.json").read_text())
    assert report["verdict"] == "differs"
    assert report["requests"]["glue:GetPartitions"] == 2
    # As the runner does it.
    _register_again(shell, "rates")


def _register_again(shell: Shell, table: str) -> None:
    (one,) = (one for one in shell.made.partitions if one.table == table)
    shell.client("glue").batch_create_partition(
        DatabaseName="coinlake",
        TableName=table,
        PartitionInputList=[
            {
                "Values": list(one.values),
                "StorageDescriptor": _storage(table_named(table), one.location),
            }
        ],
    )


def test_all_days_say_first_what_they_cost(shell: Shell) -> None:
    said = shell.coinlake("doctor", "--all")

    first, second, *_ = said.out.splitlines()
    assert (said.code, said.err) == (0, "")
    assert re.match(r"all 2 days: about \d+ ListObjectsV2, \d+ GetObject, ", first)
    assert second.startswith(f"{DT} to 2026-11-23: ")


def test_where_nothing_can_be_looked_at_it_says_so_and_never_that_nothing_differs(
    shell: Shell,
) -> None:
    refused = {**shell.environ, "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    elsewhere = {**shell.environ, "COINLAKE_BUCKET": "another"}

    for environ in (refused, elsewhere):
        said = Shell(shell.folder, environ, shell.made).coinlake("doctor", "--dt", DT)
        assert said.code == 2
        assert said.err.startswith("coinlake: ")
        assert "differs" not in said.out


def test_the_query_of_the_page_leads_from_a_row_to_its_object(shell: Shell) -> None:
    page = (DOCS / "how-to/trace-a-row.md").read_text()
    (query,) = re.findall(r"```sql\n(.*?)```", page, re.S)

    rows = sql(shell, query)["ResultSet"]["Rows"]
    header, *found = [[cell.get("VarCharValue") for cell in row["Data"]] for row in rows]

    told = [dict(zip(header, values, strict=True)) for values in found]
    assert [one["poll_id"] for one in told] == ["poll-1", "poll-2"]
    key = told[0]["raw_object"]
    assert key is not None
    there = shell.client("s3").head_object(Bucket=BUCKET, Key=key)
    assert told[0]["raw_etag"] == there["ETag"].strip('"')
    assert {(one["version"], one["batch_id"]) for one in told} == {("1", "b1")}


def test_the_commands_of_the_page_lead_from_a_row_to_its_bytes(shell: Shell) -> None:
    page = (DOCS / "how-to/trace-a-row.md").read_text()
    by_place, by_row = re.findall(r"```sh\n(.*?)```", page, re.S)

    place = shell.types(by_place)
    row = shell.types(by_row)

    assert '{"id": "bitcoin"' in place.splitlines()[-1]
    assert "values were not compared" in place
    compared = "asset_id, price_usd, kafka_offset, element_index, raw_object"
    said = next(line for line in row.splitlines() if line.startswith("values are"))
    assert sorted(said.split(": ")[1].split(", ")) == sorted(compared.split(", "))


def test_a_row_as_athena_gives_it_is_compared_whole(shell: Shell) -> None:
    for table in ("quotes", "quotes_quarantine"):
        row = sql(shell, f"SELECT * FROM {table} WHERE dt = '{DT}' LIMIT 1")

        said = shell.coinlake("lineage", "--table", table, "--row", "-", told=json.dumps(row))

        assert said.code == 0, said.out + said.err
        assert "poll_id" in next(
            line for line in said.out.splitlines() if line.startswith("values are")
        )


@pytest.fixture(scope="module")
def certificate(shell: Shell) -> Path:
    """Written as the how-to says."""
    (write,) = blocks(DOCS / "how-to/check-a-certificate.md", "Write one")
    shell.types(write)
    (file,) = (shell.folder / "certificates").iterdir()
    return file


def test_a_stranger_checks_a_certificate_with_the_pages_own_commands(
    shell: Shell, certificate: Path, tmp_path: Path
) -> None:
    stranger = Shell(tmp_path, shell.environ | {"CERTIFICATE": str(certificate)}, shell.made)
    check = blocks(DOCS / "reference/certificate.md", "Check it with standard tools")

    # One shell: later blocks use what earlier ones have found out.
    said = stranger.types("\n".join(check))

    assert said.endswith("rates\trates\t2\tdown\n")
    files = [path for path in (tmp_path / "lake").rglob("*") if path.is_file()]
    assert str(len(files)) in said.split()

    # Controls: one byte more in an object, one row more in the certificate.
    one = next(path for path in files if path.suffix == ".gz")
    one.write_bytes(one.read_bytes() + b"x")
    assert "FAILED" in stranger.types(check[2], code=1)
    forged = tmp_path / certificate.name
    forged.write_bytes(certificate.read_bytes().replace(b'"rows":3', b'"rows":4'))
    stranger.environ["CERTIFICATE"] = str(forged)
    stranger.types(check[0], code=1)


def test_the_certificate_is_checked_by_the_command(shell: Shell, certificate: Path) -> None:
    (check,) = blocks(DOCS / "how-to/check-a-certificate.md", "Check one")

    assert f"the lake is as certified by {certificate.name}" in shell.types(check)
