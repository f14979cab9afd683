"""A cloud for S3, the catalog and Athena needs neither pyspark nor Java, and nothing of coinlake."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from .conftest import Cloud, end, start_bare, until

_WITHOUT = """
import sys
from importlib.abc import MetaPathFinder
class Missing(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name in {"pyspark", "py4j", "coinlake"}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Missing())
from local_cloud.__main__ import main
main()
"""


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    monkeypatch.setenv("PATH", str(tmp_path))
    cloud = start_bare(tmp_path / "state", program=("-c", _WITHOUT))
    yield cloud
    assert end(cloud) == 0


def test_tables_are_made_and_read_and_only_jobs_are_refused(bare: Cloud) -> None:
    bare.s3.create_bucket(Bucket="lake")
    bare.s3.put_object(Bucket="lake", Key="t/one.json", Body=b'{"a": 1}\n{"a": 2}\n')
    athena = bare.client("athena")

    def run(sql: str) -> str:
        started = athena.start_query_execution(
            QueryString=sql, ResultConfiguration={"OutputLocation": "s3://lake/results/"}
        )
        told = {}

        def ended() -> bool:
            told.update(athena.get_query_execution(**started)["QueryExecution"]["Status"])
            return told["State"] in {"SUCCEEDED", "FAILED"}

        started = {"QueryExecutionId": started["QueryExecutionId"]}
        until(ended)
        assert told["State"] == "SUCCEEDED", told
        return str(started["QueryExecutionId"])

    run("CREATE DATABASE d")
    run(
        "CREATE EXTERNAL TABLE d.t (a int) ROW FORMAT SERDE "
        "'org.openx.data.jsonserde.JsonSerDe' LOCATION 's3://lake/t/'"
    )
    answer = athena.get_query_results(QueryExecutionId=run("SELECT sum(a) FROM d.t"))
    with pytest.raises(ClientError) as making:
        _make_job(bare)
    with pytest.raises(ClientError) as starting:
        bare.glue.start_job_run(JobName="job")

    assert answer["ResultSet"]["Rows"][1]["Data"] == [{"VarCharValue": "3"}]
    assert bare.glue.get_jobs()["Jobs"] == []
    for refused in (making, starting):
        assert refused.value.response["Error"]["Code"] == "UnsupportedOperationException"
        assert "--spark-jars" in refused.value.response["Error"]["Message"]


def _make_job(cloud: Cloud) -> None:
    cloud.glue.create_job(
        Name="job", Role="r", Command={"Name": "glueetl", "ScriptLocation": "s3://lake/job.py"}
    )
