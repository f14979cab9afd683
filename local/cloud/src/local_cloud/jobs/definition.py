"""What a job definition may say here, and the run that it makes."""

from collections.abc import Mapping
from typing import Any

from local_cloud.errors import AwsError
from local_cloud.jobs import arguments, run
from local_cloud.jobs.installed import Packages
from local_cloud.jobs.run import JobRun

# Spark of each Glue version (developer guide, "AWS Glue versions"); a version runs only where its
# Spark is installed.
SPARK_OF_GLUE = {"4.0": "3.3", "5.0": "3.5", "5.1": "3.5", "6.0": "4.1"}
SHAPE = ("WorkerType", "NumberOfWorkers", "GlueVersion")


def check(job: Mapping[str, Any], packages: Packages) -> None:
    """Refuse what AWS would refuse or what this cloud cannot run as it is meant."""
    command = job.get("Command") or {}
    if command.get("Name") != "glueetl":
        raise _invalid("Command.Name is missing: only glueetl (Spark) is there")
    if not command.get("ScriptLocation"):
        raise _invalid("Command.ScriptLocation is missing")
    run.capacity(job)
    check_version(job, packages.spark)
    if _limit(job) < 1:
        raise _invalid("MaxConcurrentRuns must be at least 1")
    fixed, defaults = job.get("NonOverridableArguments"), job.get("DefaultArguments")
    arguments.check(arguments.resolved(defaults or {}, {}, fixed or {}), packages)


def check_version(job: Mapping[str, Any], spark_version: str) -> None:
    """Refuse a job of a Glue whose Spark is not the one that is here."""
    glue = job.get("GlueVersion")
    if glue is None:
        return
    spark = SPARK_OF_GLUE.get(glue)
    if spark is None:
        raise _invalid(f"GlueVersion {glue} is not one of {', '.join(SPARK_OF_GLUE)}")
    if not spark_version.startswith(f"{spark}."):
        raise _invalid(f"Glue {glue} is Spark {spark}; this cloud has Spark {spark_version}")


def to_api(job: Mapping[str, Any]) -> dict[str, Any]:
    """The `Job` structure of GetJob, defaults filled in."""
    return {
        "ExecutionProperty": {"MaxConcurrentRuns": _limit(job)},
        "MaxRetries": 0,
        "Timeout": run.DEFAULT_TIMEOUT_MIN,
        "MaxCapacity": run.capacity(job),
        "AllocatedCapacity": int(run.capacity(job)),
        "ExecutionClass": "STANDARD",
        "JobMode": "SCRIPT",
        "JobRunQueuingEnabled": False,
        **{key: value for key, value in job.items() if key != "Tags"},
    }


def new_run(
    job: Mapping[str, Any],
    request: Mapping[str, Any],
    run_id: str,
    now: float,
    packages: Packages,
) -> JobRun:
    """The run that StartJobRun asks for. `request` may override size and timeout."""
    given = dict(request.get("Arguments") or {})
    resolved = arguments.resolved(
        job.get("DefaultArguments") or {}, given, job.get("NonOverridableArguments") or {}
    )
    arguments.check(resolved, packages)
    arguments.spark_conf(resolved)
    sizes = ("WorkerType", "NumberOfWorkers", "MaxCapacity", "AllocatedCapacity")
    sized = request if any(name in request for name in sizes) else job
    shape = {"GlueVersion": job.get("GlueVersion")} | {
        name: sized[name] for name in SHAPE if name in sized
    }
    return JobRun(
        id=run_id,
        job=job["Name"],
        state=run.STARTING,
        started_on=now,
        modified_on=now,
        script=job["Command"]["ScriptLocation"],
        arguments=given,
        resolved=resolved,
        shape=shape,
        dpu=run.capacity(sized),
        timeout_min=int(
            request.get("Timeout") or job.get("Timeout") or run.DEFAULT_TIMEOUT_MIN
        ),
        retries=int(job.get("MaxRetries") or 0),
        limit=_limit(job),
        previous=request.get("JobRunId"),
    )


def _limit(job: Mapping[str, Any]) -> int:
    return int((job.get("ExecutionProperty") or {}).get("MaxConcurrentRuns", 1))


def _invalid(message: str) -> AwsError:
    return AwsError("InvalidInputException", message)
