"""The Glue job on aiobotocore."""

from collections.abc import Mapping, Sequence
from typing import Any

from etl_runner.adapters.aws import translated
from etl_runner.core.runs import GlueRun

# A page is enough: what is looked for started minutes ago, and the newest come first (Glue API,
# GetJobRuns).
_NEWEST = 50


class GlueJobRuns:
    """Runs of one Glue job."""

    def __init__(self, glue: Any, job_name: str) -> None:
        self._glue = glue
        self._job = job_name

    async def start(self, arguments: Mapping[str, str]) -> str:
        with translated("StartJobRun"):
            answer = await self._glue.start_job_run(
                JobName=self._job, Arguments=dict(arguments)
            )
            return str(answer["JobRunId"])

    async def get(self, run_id: str) -> GlueRun:
        with translated("GetJobRun"):
            answer = await self._glue.get_job_run(JobName=self._job, RunId=run_id)
            return _run(answer["JobRun"])

    async def recent(self) -> Sequence[GlueRun]:
        with translated("GetJobRuns"):
            answer = await self._glue.get_job_runs(JobName=self._job, MaxResults=_NEWEST)
            return [_run(item) for item in answer["JobRuns"]]

    async def stop(self, run_id: str) -> None:
        with translated("BatchStopJobRun"):
            await self._glue.batch_stop_job_run(JobName=self._job, JobRunIds=[run_id])


def _run(raw: Mapping[str, Any]) -> GlueRun:
    arguments = raw.get("Arguments") or {}
    return GlueRun(
        run_id=str(raw["Id"]),
        state=str(raw["JobRunState"]),
        batch_id=arguments.get("--batch_id"),
        attempt=arguments.get("--attempt"),
        message=raw.get("ErrorMessage"),
        execution_s=int(raw.get("ExecutionTime") or 0),
    )
