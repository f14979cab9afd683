"""The Glue API's operations on jobs and their runs."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from local_cloud.errors import AwsError, not_there
from local_cloud.jobs import definition, process
from local_cloud.jobs.run import JobRun
from local_cloud.jobs.runner import JobRunner, Surroundings
from local_cloud.jobs.slots import Slots
from local_cloud.jobs.spark import Install
from local_cloud.jobs.store import JobStore
from local_cloud.pages import page

Answer = dict[str, Any]


class Jobs:
    """Definitions and runs, kept under `root`. `new_id` makes ids of runs.

    Without Spark what is kept can be read and deleted; what would need Spark is refused.
    """

    def __init__(
        self,
        root: Path,
        around: Surroundings,
        slot_release_s: float,
        new_id: Callable[[], str],
    ) -> None:
        self._store = JobStore(root)
        self._desk = Slots(self._store, slot_release_s, around.now)
        self._runner = JobRunner(self._desk, self._store, around)
        self._now = around.now
        self._new_id = new_id
        self._install = around.install
        self._lock = threading.Lock()
        self._jobs = self._store.jobs()
        self.operations: dict[str, Callable[[Answer], Answer]] = {
            "CreateJob": self._create,
            "UpdateJob": self._update,
            "DeleteJob": self._delete,
            "GetJob": self._get,
            "GetJobs": self._list,
            "ListJobs": self._names,
            "BatchGetJobs": self._batch_get,
            "StartJobRun": self._start,
            "GetJobRun": self._get_run,
            "GetJobRuns": self._runs,
            "BatchStopJobRun": self._stop,
        }

    def log_of(self, run_id: str) -> bytes | None:
        """Everything a run printed, its two streams one after the other; None if unknown."""
        if self._desk.get(run_id) is None:
            return None
        folder = self._store.folder(run_id)
        parts = []
        for name in (process.STDOUT, process.STDERR):
            path = folder / name
            parts += [f"==== {name}\n".encode(), path.read_bytes() if path.exists() else b""]
        return b"".join(parts)

    def close(self, within_s: float) -> None:
        """Kill every run."""
        self._runner.close(within_s)

    def _create(self, request: Answer) -> Answer:
        definition.check(request, self._spark("CreateJob").packages)
        with self._lock:
            if request["Name"] in self._jobs:
                raise AwsError(
                    "AlreadyExistsException", f"Job {request['Name']} already exists"
                )
            self._keep({**request, "CreatedOn": self._now()})
        return {"Name": request["Name"]}

    def _update(self, request: Answer) -> Answer:
        """As in Glue, what the update leaves out goes back to its default (Glue API, UpdateJob)."""
        spark = self._spark("UpdateJob")
        with self._lock:
            old = self._job(request["JobName"])
            kept = {name: old[name] for name in ("Name", "CreatedOn", "Tags") if name in old}
            job = {**request["JobUpdate"], **kept}
            definition.check(job, spark.packages)
            self._keep(job)
        return {"JobName": old["Name"]}

    def _spark(self, operation: str) -> Install:
        if self._install is None:
            reason = "it was started without --spark-jars and --java-home"
            raise not_there("glue", operation, reason)
        return self._install

    def _keep(self, job: Answer) -> None:
        job = {**job, "LastModifiedOn": self._now()}
        self._store.put_job(job)
        self._jobs[job["Name"]] = job

    def tags_of(self, name: str) -> dict[str, str]:
        """The tags of a job."""
        return dict(self._job(name).get("Tags") or {})

    def retag(self, name: str, tags: dict[str, str]) -> None:
        """Replace the tags of a job."""
        with self._lock:
            job = {**self._job(name), "Tags": tags}
            self._store.put_job(job)
            self._jobs[name] = job

    def _delete(self, request: Answer) -> Answer:
        """Not an error when there is none, as in Glue (Glue API, DeleteJob)."""
        with self._lock:
            self._jobs.pop(request["JobName"], None)
            self._store.delete_job(request["JobName"])
        return {"JobName": request["JobName"]}

    def _job(self, name: str) -> Answer:
        job = self._jobs.get(name)
        if job is None:
            raise AwsError("EntityNotFoundException", f"Entity not found: job {name}")
        return job

    def _get(self, request: Answer) -> Answer:
        return {"Job": definition.to_api(self._job(request["JobName"]))}

    def _list(self, request: Answer) -> Answer:
        jobs, rest = page(self._sorted(), request, 100)
        return {"Jobs": [definition.to_api(job) for job in jobs], **rest}

    def _names(self, request: Answer) -> Answer:
        wanted = (request.get("Tags") or {}).items()
        jobs = [job for job in self._sorted() if wanted <= (job.get("Tags") or {}).items()]
        names, rest = page([job["Name"] for job in jobs], request, 100)
        return {"JobNames": names, **rest}

    def _batch_get(self, request: Answer) -> Answer:
        names = request["JobNames"]
        found = [definition.to_api(self._jobs[name]) for name in names if name in self._jobs]
        return {
            "Jobs": found,
            "JobsNotFound": [name for name in names if name not in self._jobs],
        }

    def _sorted(self) -> list[Answer]:
        with self._lock:
            return [self._jobs[name] for name in sorted(self._jobs)]

    def _start(self, request: Answer) -> Answer:
        packages = self._spark("StartJobRun").packages
        job = self._job(request["JobName"])
        # It may have been made while this state had another Spark.
        definition.check_version(job, packages.spark)
        if before := request.get("JobRunId"):
            old = self._run(job["Name"], before)
            request = {"Arguments": old.arguments, **request}
        run = definition.new_run(job, request, self._new_id(), self._now(), packages)
        queues = request.get("JobRunQueuingEnabled", job.get("JobRunQueuingEnabled", False))
        return {"JobRunId": self._runner.start(run, may_wait=bool(queues)).id}

    def _run(self, job: str, run_id: str) -> JobRun:
        run = self._desk.get(run_id)
        if run is None or run.job != job:
            raise AwsError(
                "EntityNotFoundException", f"Entity not found: run {run_id} of {job}"
            )
        return run

    def _get_run(self, request: Answer) -> Answer:
        return {"JobRun": self._run(request["JobName"], request["RunId"]).to_api()}

    def _runs(self, request: Answer) -> Answer:
        """Newest first (Glue API, GetJobRuns). A deleted job with runs still answers, as its
        history is kept."""
        runs = self._desk.of_job(request["JobName"])
        if not runs:
            self._job(request["JobName"])
        some, rest = page(runs, request, 200)
        return {"JobRuns": [run.to_api() for run in some], **rest}

    def _stop(self, request: Answer) -> Answer:
        job, stopped, errors = request["JobName"], [], []
        for run_id in request["JobRunIds"]:
            try:
                self._run(job, run_id)
                if not self._runner.stop(run_id):
                    raise AwsError("InvalidInputException", f"Run {run_id} has already ended")
            except AwsError as error:
                detail = {"ErrorCode": error.code, "ErrorMessage": error.message}
                errors.append({"JobName": job, "JobRunId": run_id, "ErrorDetail": detail})
            else:
                stopped.append({"JobName": job, "JobRunId": run_id})
        return {"SuccessfulSubmissions": stopped, "Errors": errors}
