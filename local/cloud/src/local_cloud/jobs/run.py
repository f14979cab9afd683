"""One run of a job: its value, its states, its size, and how the API shows it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from local_cloud.errors import AwsError

WAITING, STARTING, RUNNING, STOPPING = "WAITING", "STARTING", "RUNNING", "STOPPING"
SUCCEEDED, FAILED, STOPPED, TIMEOUT = "SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT"
ALIVE = frozenset({WAITING, STARTING, RUNNING, STOPPING})
# These hold one of the job's MaxConcurrentRuns; WAITING does not (Glue API, JobRun: JobRunState,
# StateDetail).
SEATED = frozenset({STARTING, RUNNING, STOPPING})

DPU_OF_WORKER = {"G.1X": 1.0, "G.2X": 2.0, "G.4X": 4.0, "G.8X": 8.0}
# Glue's default for a Spark job that names no size (Glue API, CreateJob: MaxCapacity); dear, so
# name one.
DEFAULT_DPU = 10.0
LEAST_WORKERS = 2
# Glue 5.0 and later: 480 minutes (Glue API, Job: Timeout).
DEFAULT_TIMEOUT_MIN = 480


@dataclass(frozen=True, slots=True)
class JobRun:
    """A run as it is kept. Times are seconds since 1970, `execution_s` seconds of running.

    `arguments` are those of StartJobRun, `resolved` what the script gets; `script`, `dpu`,
    `timeout_min`, `retries` and `limit` are frozen from the job when the run was accepted.
    """

    id: str
    job: str
    state: str
    started_on: float
    modified_on: float
    script: str
    arguments: dict[str, str]
    resolved: dict[str, str]
    shape: dict[str, Any]
    dpu: float
    timeout_min: int
    retries: int
    limit: int
    attempt: int = 0
    previous: str | None = None
    completed_on: float | None = None
    execution_s: int = 0
    error: str | None = None
    detail: str | None = None

    def to_api(self) -> dict[str, Any]:
        """The `JobRun` structure of GetJobRun."""
        answer = {
            "Id": self.id,
            "Attempt": self.attempt,
            "PreviousRunId": self.previous,
            "JobName": self.job,
            "StartedOn": self.started_on,
            "LastModifiedOn": self.modified_on,
            "CompletedOn": self.completed_on,
            "JobRunState": self.state,
            "Arguments": self.arguments,
            "ErrorMessage": self.error,
            "StateDetail": self.detail,
            "PredecessorRuns": [],
            "ExecutionTime": self.execution_s,
            "Timeout": self.timeout_min,
            "MaxCapacity": self.dpu,
            "AllocatedCapacity": int(self.dpu),
            "DPUSeconds": self.dpu * self.execution_s,
            "ExecutionClass": "STANDARD",
            "LogGroupName": "/aws-glue/jobs",
            **self.shape,
        }
        return {key: value for key, value in answer.items() if value is not None}

    def to_json(self) -> dict[str, Any]:
        """For the disk; `from_json` reads it back."""
        return asdict(self)


def from_json(kept: Mapping[str, Any]) -> JobRun:
    """A run from the disk; fields that a newer version wrote are left out."""
    known = {field.name for field in fields(JobRun)}
    return JobRun(**{key: value for key, value in kept.items() if key in known})


def capacity(spec: Mapping[str, Any]) -> float:
    """DPUs of a job or run from WorkerType and NumberOfWorkers, or MaxCapacity."""
    worker, number = spec.get("WorkerType"), spec.get("NumberOfWorkers")
    if worker is None and number is None:
        return float(spec.get("MaxCapacity") or spec.get("AllocatedCapacity") or DEFAULT_DPU)
    if spec.get("MaxCapacity") is not None:
        raise AwsError(
            "InvalidInputException",
            "Please do not set MaxCapacity with WorkerType and workers.",
        )
    if worker not in DPU_OF_WORKER:
        known = ", ".join(DPU_OF_WORKER)
        raise AwsError("InvalidInputException", f"WorkerType {worker} is not one of {known}")
    if number is None or number < LEAST_WORKERS:
        raise AwsError("InvalidInputException", f"a Spark job needs {LEAST_WORKERS} workers")
    return DPU_OF_WORKER[worker] * float(number)
