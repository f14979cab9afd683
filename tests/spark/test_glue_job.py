"""The job as Glue's API runs it, in the Glue of this Spark: 5.1 is Spark 3.5, 6.0 is Spark 4.1."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from coinlake.contracts.batches import parse_result
from coinlake.contracts.ledger import manifest_key, result_key
from coinlake_job.lake import Batch
from coinlake_tools.bundle import installed_bundle
from coinlake_tools.resources import Lake, job_creation
from tests import sparks
from tests.integration.local_cloud.conftest import Cloud, end, start_bare
from tests.spark.batches import hours_of_casts, made_here, manifest, staged

BUCKET = "lake"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A cloud whose jobs run in the environment of these tests. The job needs no S3A jars."""
    java = Path(shutil.which("java") or pytest.fail("java is missing")).resolve()
    cloud = start_bare(
        tmp_path_factory.mktemp("state"),
        *("--spark-jars", str(tmp_path_factory.mktemp("jars"))),
        *("--java-home", str(java.parents[1]), "--python", sys.executable),
        *("--slot-release-s", "0"),
        program=("-m", "local_cloud"),
    )
    cloud.s3.create_bucket(Bucket=BUCKET)
    yield cloud
    assert end(cloud) == 0


def create_job(cloud: Cloud, glue: str) -> str:
    """The job as `coinlake provision` defines it, but for its Glue; its name."""
    lake = Lake(BUCKET, "coinlake", "arn:aws:iam::123456789012:role/glue")
    bundle = installed_bundle()
    cloud.s3.put_object(Bucket=BUCKET, Key=bundle.script_key, Body=bundle.script)
    cloud.s3.put_object(Bucket=BUCKET, Key=bundle.archive_key, Body=bundle.archive)
    cloud.glue.create_job(
        **job_creation(lake, bundle) | {"Name": f"job-{glue}", "GlueVersion": glue}
    )
    return f"job-{glue}"


@pytest.fixture(scope="module")
def job(cloud: Cloud) -> str:
    return create_job(cloud, sparks.asked().glue)


@pytest.mark.parametrize("setting", ["true", "false"])
def test_glue_stages_each_byte_as_the_kernel_makes_it(
    cloud: Cloud, job: str, setting: str
) -> None:
    batch = Batch(BUCKET, f"batch-{setting}", "a1")
    landed = hours_of_casts(cloud.s3, BUCKET)
    key = manifest_key(batch.batch_id)
    cloud.s3.put_object(Bucket=BUCKET, Key=key, Body=manifest(batch, landed).encode())
    arguments = {
        "--manifest": f"s3://{BUCKET}/{key}",
        "--batch_id": batch.batch_id,
        "--attempt": batch.attempt,
        "--conf": f"spark.sql.ansi.enabled={setting}",
    }

    run_id = cloud.glue.start_job_run(JobName=job, Arguments=arguments)["JobRunId"]
    run = cloud.ended(job, run_id)

    assert run["JobRunState"] == "SUCCEEDED", run
    assert run["GlueVersion"] == sparks.asked().glue
    stored = cloud.s3.get_object(Bucket=BUCKET, Key=result_key(batch.batch_id))["Body"].read()
    for one, done in zip(landed, parse_result(stored).hours, strict=True):
        assert staged(cloud.s3, BUCKET, done) == made_here(batch, one)


def test_a_job_of_the_other_glue_is_refused_by_name(cloud: Cloud) -> None:
    (other,) = [one for one in sparks.SPARKS.values() if one != sparks.asked()]

    with pytest.raises(ClientError) as refused:
        create_job(cloud, other.glue)

    said = f"Glue {other.glue} is Spark {other.version[:3]}; this cloud has Spark"
    assert f"{said} {sparks.asked().version}" in str(refused.value)
