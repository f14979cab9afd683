"""A cloud whose objects live on another S3 server: here, a second cloud."""

from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError

from .conftest import Cloud


def test_runs_and_refusals_follow_the_other_s3(
    cloud: Cloud, clouds: Callable[..., Cloud]
) -> None:
    other = clouds("--s3-endpoint", cloud.endpoint)
    script = cloud.script("elsewhere", "import os\nprint(os.environ['AWS_ENDPOINT_URL_S3'])\n")
    other.glue.create_job(
        Name="elsewhere",
        Role="r",
        Command={"Name": "glueetl", "ScriptLocation": script},
        WorkerType="G.1X",
        NumberOfWorkers=2,
    )

    run_id = other.glue.start_job_run(JobName="elsewhere")["JobRunId"]
    run = other.ended("elsewhere", run_id)
    with pytest.raises(ClientError) as caught:
        other.s3.list_buckets()

    assert run["JobRunState"] == "SUCCEEDED", run
    assert cloud.endpoint in other.admin(f"/glue/runs/{run_id}/log").decode()
    assert cloud.endpoint in caught.value.response["Error"]["Message"]
