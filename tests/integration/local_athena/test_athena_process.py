"""boto3 against the real process: catalog, query, results, over one port."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from .conftest import quotes


@pytest.fixture
def endpoint(tmp_path: Path) -> Iterator[str]:
    # No Spark is started here, so its folders may be empty.
    command = [sys.executable, "-m", "local_cloud", "--port", "0", "--admin-port", "0"]
    command += ["--state-dir", str(tmp_path), "--spark-jars", str(tmp_path)]
    command += ["--java-home", os.environ.get("JAVA_HOME", str(tmp_path))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            ready = json.loads(process.stdout.readline())
            yield f"http://127.0.0.1:{ready['port']}"
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(15) == 0


def _client(service: str, endpoint: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="local-access-key",
        aws_secret_access_key="local-secret-key",
    )


def _run(athena: Any, sql: str, *parameters: str) -> Any:
    more = {"ExecutionParameters": list(parameters)} if parameters else {}
    id_ = athena.start_query_execution(
        QueryString=sql,
        QueryExecutionContext={"Database": "coinlake"},
        WorkGroup="coinlake",
        **more,
    )["QueryExecutionId"]
    while True:
        execution = athena.get_query_execution(QueryExecutionId=id_)["QueryExecution"]
        if execution["Status"]["State"] not in ("QUEUED", "RUNNING"):
            return execution


def _make_quotes(s3: Any, glue: Any, athena: Any) -> None:
    """A table with ten rows: bitcoin, ethereum and so on in turn."""
    s3.create_bucket(Bucket="lake")
    glue.create_database(DatabaseInput={"Name": "coinlake"})
    athena.create_work_group(
        Name="coinlake",
        Configuration={"ResultConfiguration": {"OutputLocation": "s3://lake/athena-results/"}},
    )
    s3.put_object(Bucket="lake", Key="q/dt=a/hour=01/part-0.parquet", Body=quotes("01"))
    _run(
        athena,
        "CREATE EXTERNAL TABLE quotes (asset_id string, price_usd decimal(38,18)) "
        "PARTITIONED BY (dt string, hour string) STORED AS PARQUET LOCATION 's3://lake/q/'",
    )
    assert _run(athena, "MSCK REPAIR TABLE quotes")["Status"]["State"] == "SUCCEEDED"


def _rows(athena: Any, sql: str) -> list[list[str | None]]:
    """Data rows of a query that must succeed."""
    execution = _run(athena, sql)
    assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"]
    found = athena.get_query_results(QueryExecutionId=execution["QueryExecutionId"])
    rows = found["ResultSet"]["Rows"][1:]
    return [[cell.get("VarCharValue") for cell in row["Data"]] for row in rows]


def test_boto3_creates_a_table_and_queries_it(endpoint: str) -> None:
    s3, glue, athena = (_client(name, endpoint) for name in ("s3", "glue", "athena"))
    _make_quotes(s3, glue, athena)

    execution = _run(
        athena, "SELECT max(price_usd) / ? FROM quotes WHERE hour = ?", "2", "'01'"
    )
    failed = _run(athena, "SELECT hour + 1 FROM quotes")

    pages = athena.get_paginator("get_query_results").paginate(
        QueryExecutionId=execution["QueryExecutionId"]
    )
    rows = [row["Data"] for page in pages for row in page["ResultSet"]["Rows"]]
    assert rows[1] == [{"VarCharValue": "5000.666666666666666667"}]
    assert execution["Statistics"]["DataScannedInBytes"] > 0
    assert failed["Status"]["AthenaError"]["ErrorCategory"] == 2
    assert "Cannot apply operator: varchar + integer" in failed["Status"]["StateChangeReason"]
    with pytest.raises(athena.exceptions.InvalidRequestException):
        athena.start_query_execution(QueryString="SELEC", WorkGroup="coinlake")
    for client in (s3, glue, athena):
        client.close()


def test_boto3_gets_what_was_once_wrong(endpoint: str) -> None:
    s3, glue, athena = (_client(name, endpoint) for name in ("s3", "glue", "athena"))
    _make_quotes(s3, glue, athena)

    found = {sql: _rows(athena, sql) for sql in ONCE_WRONG}

    assert found == ONCE_WRONG
    for client in (s3, glue, athena):
        client.close()


# As a Trino 476 answers; how Athena prints it.
ONCE_WRONG: dict[str, list[list[str | None]]] = {
    "SELECT count(*) FROM quotes WHERE asset_id LIKE 'bit%'": [["5"]],
    "SELECT count(*) FROM quotes WHERE asset_id NOT LIKE 'bit%'": [["5"]],
    "SELECT DISTINCT asset_id FROM quotes WHERE asset_id NOT LIKE 'bit%'": [["ethereum"]],
    "SELECT DISTINCT asset_id FROM quotes WHERE NOT asset_id LIKE 'bit%'": [["ethereum"]],
    "SELECT date '0001-01-01', timestamp '0999-12-31 00:00:00'": [
        ["0001-01-01", "0999-12-31 00:00:00.000"]
    ],
    "SELECT interval '90' minute, interval '-15' month": [["0 01:30:00.000", "-1-3"]],
    "SELECT nan() = nan(), array[1, null] = array[1, 2]": [["false", None]],
    'SELECT json_format(json_parse(\'{"b": 1.0, "a": [1]}\'))': [['{"a":[1],"b":1.0}']],
    "SELECT 1_000, 0x1F, 0b101, 0o17": [["1000", "31", "5", "15"]],
}
