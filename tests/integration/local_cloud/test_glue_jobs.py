"""Glue jobs: real processes, true states, true reasons."""

import io
import os
import signal
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError

from .conftest import JARS, Cloud, end, until

needs_jars = pytest.mark.skipif(
    not JARS.exists(), reason="NOT RUN: .local/jars/spark is missing (see local/pom.xml)"
)

SPARK = """
import os, subprocess, sys
from awsglue.job import Job
from awsglue.utils import getResolvedOptions
from pyspark.sql import SparkSession, functions as F
import rows

args = getResolvedOptions(sys.argv, ["JOB_NAME", "out"])
spark = SparkSession.builder.appName(args["JOB_NAME"]).getOrCreate()
job = Job(spark)
job.init(args["JOB_NAME"], args)
frame = spark.range(rows.COUNT).withColumn("price", F.lit("1.5").cast("decimal(38,18)"))
frame.coalesce(1).write.mode("overwrite").parquet(args["out"])
job.commit()
print("zone", spark.conf.get("spark.sql.session.timeZone"), spark.conf.get("spark.coinlake.x"))
mine = ["ps", "-ww", "-s", str(os.getsid(0)), "-o", "args="]
print(subprocess.run(mine, capture_output=True, text=True, check=True).stdout)
spark.stop()
"""
FAILS_IN_SPARK = """
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
spark.read.parquet("s3://coinlake/there/is/nothing/").count()
"""
# Writes its pid and its child's where the test finds them, and stays.
STAYS = """
import os, subprocess, time
child = subprocess.Popen(["sleep", "1000"])
print("pids", os.getpid(), child.pid, flush=True)
time.sleep(1000)
"""
QUICK = "print('quick')\n"


@needs_jars
def test_a_spark_script_writes_to_s3_and_only_then_the_run_has_succeeded(cloud: Cloud) -> None:
    library = io.BytesIO()
    with zipfile.ZipFile(library, "w") as file:
        file.writestr("rows.py", "COUNT = 7\n")
    cloud.s3.put_object(Bucket="coinlake", Key="jobs/rows.zip", Body=library.getvalue())
    defaults = {
        "--extra-py-files": "s3://coinlake/jobs/rows.zip",
        "--out": "s3://coinlake/overridden/",
        "--conf": "spark.coinlake.x=1 --conf spark.coinlake.y=2",
    }
    job = cloud.job("writes", SPARK, DefaultArguments=defaults)
    arguments = {"--out": "s3://coinlake/staging/spark/"}

    run_id = cloud.glue.start_job_run(JobName=job, Arguments=arguments)["JobRunId"]
    run = cloud.ended(job, run_id)

    log = cloud.admin(f"/glue/runs/{run_id}/log").decode()
    assert run["JobRunState"] == "SUCCEEDED", log
    assert run["Arguments"] == arguments
    assert run["ExecutionTime"] > 0
    assert run["DPUSeconds"] == 2 * run["ExecutionTime"]
    assert "zone UTC 1" in log
    # Spark's JVM is in its session; the lake's keys are on no command line of it.
    assert "org.apache.spark.deploy.SparkSubmit" in log
    assert "local-secret-key" not in log
    assert "local-access-key" not in log
    found = cloud.s3.list_objects_v2(Bucket="coinlake", Prefix="staging/spark/")["Contents"]
    keys = [one["Key"] for one in found if one["Key"].endswith(".parquet")]
    body = cloud.s3.get_object(Bucket="coinlake", Key=keys[0])["Body"].read()
    assert pq.read_table(io.BytesIO(body)).num_rows == 7


@needs_jars
def test_a_failure_inside_spark_is_the_error_message_of_the_run(cloud: Cloud) -> None:
    job = cloud.job("fails-in-spark", FAILS_IN_SPARK)

    run = cloud.ended(job, cloud.glue.start_job_run(JobName=job)["JobRunId"])

    assert run["JobRunState"] == "FAILED"
    assert "PATH_NOT_FOUND" in run["ErrorMessage"]


def test_a_script_that_raises_fails_with_its_own_words(cloud: Cloud) -> None:
    job = cloud.job("raises", "raise ValueError('the hour 2026-01-01 05 is too big')\n")

    run = cloud.ended(job, cloud.glue.start_job_run(JobName=job)["JobRunId"])

    assert run["JobRunState"] == "FAILED"
    assert run["ErrorMessage"] == "ValueError: the hour 2026-01-01 05 is too big"


def test_a_script_that_is_not_in_s3_fails_to_launch(cloud: Cloud) -> None:
    job = cloud.job("gone", QUICK)
    cloud.s3.delete_object(Bucket="coinlake", Key="jobs/gone.py")

    run = cloud.ended(job, cloud.glue.start_job_run(JobName=job)["JobRunId"])

    assert run["JobRunState"] == "FAILED"
    assert "s3://coinlake/jobs/gone.py" in run["ErrorMessage"]


def test_stopping_a_run_kills_its_process_and_its_children(cloud: Cloud) -> None:
    job = cloud.job("stopped", STAYS)
    run_id = cloud.glue.start_job_run(JobName=job)["JobRunId"]
    pids = _pids(cloud, run_id)

    answer = cloud.glue.batch_stop_job_run(JobName=job, JobRunIds=[run_id, "jr_none"])
    run = cloud.ended(job, run_id)

    assert answer["SuccessfulSubmissions"] == [{"JobName": job, "JobRunId": run_id}]
    assert answer["Errors"][0]["ErrorDetail"]["ErrorCode"] == "EntityNotFoundException"
    assert run["JobRunState"] == "STOPPED"
    until(lambda: not any(_alive(pid) for pid in pids))


def test_a_run_over_its_timeout_is_killed_and_says_so(cloud: Cloud) -> None:
    job = cloud.job("slow", STAYS, Timeout=1)
    run_id = cloud.glue.start_job_run(JobName=job)["JobRunId"]
    pids = _pids(cloud, run_id)

    run = cloud.ended(job, run_id)

    assert run["JobRunState"] == "TIMEOUT"
    until(lambda: not any(_alive(pid) for pid in pids))


def test_one_run_too_many_is_refused_or_waits_for_its_turn(cloud: Cloud) -> None:
    job = cloud.job("narrow", STAYS)
    first = cloud.glue.start_job_run(JobName=job)["JobRunId"]

    with pytest.raises(cloud.glue.exceptions.ConcurrentRunsExceededException):
        cloud.glue.start_job_run(JobName=job)
    second = cloud.glue.start_job_run(JobName=job, JobRunQueuingEnabled=True)["JobRunId"]
    waiting = cloud.run(job, second)
    cloud.glue.batch_stop_job_run(JobName=job, JobRunIds=[first])
    cloud.ended(job, first)
    until(lambda: cloud.run(job, second)["JobRunState"] == "RUNNING")
    cloud.glue.batch_stop_job_run(JobName=job, JobRunIds=[second])

    assert waiting["JobRunState"] == "WAITING"
    assert waiting["StateDetail"]
    assert cloud.ended(job, second)["JobRunState"] == "STOPPED"


def test_runs_are_listed_newest_first_in_pages_with_their_arguments(cloud: Cloud) -> None:
    job = cloud.job("listed", QUICK, ExecutionProperty={"MaxConcurrentRuns": 3})
    for number in range(3):
        cloud.glue.start_job_run(JobName=job, Arguments={"--batch_id": str(number)})

    pages = cloud.glue.get_paginator("get_job_runs").paginate(
        JobName=job, PaginationConfig={"PageSize": 2}
    )
    batches = [[run["Arguments"]["--batch_id"] for run in page["JobRuns"]] for page in pages]

    assert batches == [["2", "1"], ["0"]]


@pytest.mark.full_size
def test_a_failed_run_is_retried_as_often_as_the_job_says(cloud: Cloud) -> None:
    job = cloud.job("retried", "raise RuntimeError('again')\n", MaxRetries=1)
    first = cloud.glue.start_job_run(JobName=job)["JobRunId"]
    second = f"{first}_attempt_1"

    until(lambda: second in [run["Id"] for run in _runs(cloud, job)])
    run = cloud.ended(job, second)

    assert (run["Attempt"], run["PreviousRunId"]) == (1, first)
    assert run["JobRunState"] == "FAILED"
    assert len(_runs(cloud, job)) == 2


@pytest.mark.parametrize(
    "more",
    [
        {"GlueVersion": "6.0"},
        {"NumberOfWorkers": 1},
        {"ExecutionClass": "FLEX"},
        {"DefaultArguments": {"--job-bookmark-option": "job-bookmark-enable"}},
    ],
)
def test_a_job_that_could_not_run_as_meant_is_refused(
    cloud: Cloud, more: dict[str, Any]
) -> None:
    with pytest.raises(cloud.glue.exceptions.InvalidInputException):
        cloud.job("refused", QUICK, **more)


def test_after_a_kill_the_history_is_there_and_no_process_is(
    clouds: Callable[..., Cloud],
) -> None:
    cloud = clouds()
    cloud.s3.create_bucket(Bucket="coinlake")
    cloud.glue.create_database(DatabaseInput={"Name": "coinlake"})
    job = cloud.job("survives", STAYS, Description="kept")
    run_id = cloud.glue.start_job_run(JobName=job, Arguments={"--a": "1"})["JobRunId"]
    pids = _pids(cloud, run_id)

    os.kill(cloud.process.pid, signal.SIGKILL)
    cloud.process.wait()
    until(lambda: not any(_alive(pid) for pid in pids))
    again = clouds()

    run = again.run(job, run_id)
    assert run["JobRunState"] == "FAILED"
    assert "local cloud ended" in run["ErrorMessage"]
    assert run["Arguments"] == {"--a": "1"}
    assert again.glue.get_job(JobName=job)["Job"]["Description"] == "kept"
    assert again.glue.get_database(Name="coinlake")["Database"]["Name"] == "coinlake"


def test_sigterm_ends_the_cloud_and_its_runs_in_time(clouds: Callable[..., Cloud]) -> None:
    cloud = clouds()
    cloud.s3.create_bucket(Bucket="coinlake")
    job = cloud.job("ends", STAYS)
    pids = _pids(cloud, cloud.glue.start_job_run(JobName=job)["JobRunId"])

    code = end(cloud)

    assert code == 0
    until(lambda: not any(_alive(pid) for pid in pids))


def _runs(cloud: Cloud, job: str) -> list[dict[str, Any]]:
    runs: list[dict[str, Any]] = cloud.glue.get_job_runs(JobName=job)["JobRuns"]
    return runs


def _pids(cloud: Cloud, run_id: str) -> list[int]:
    """What STAYS printed, read through the admin port."""

    def line() -> str:
        log = cloud.admin(f"/glue/runs/{run_id}/log").decode()
        return next((one for one in log.splitlines() if one.startswith("pids ")), "")

    until(line)
    return [int(word) for word in line().split()[1:]]


def _alive(pid: int) -> bool:
    """Whether a process runs; one that nobody has reaped yet is dead."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def test_an_unknown_job_is_not_found(cloud: Cloud) -> None:
    with pytest.raises(ClientError) as caught:
        cloud.glue.start_job_run(JobName="none")

    assert caught.value.response["Error"]["Code"] == "EntityNotFoundException"
