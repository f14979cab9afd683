"""The fields of the operations on jobs and their runs."""

from local_cloud.fields.declaration import Fields, fields
from local_cloud.jobs.run import DPU_OF_WORKER

OPERATIONS = frozenset(
    [
        "CreateJob",
        "UpdateJob",
        "DeleteJob",
        "GetJob",
        "GetJobs",
        "ListJobs",
        "BatchGetJobs",
        "StartJobRun",
        "GetJobRun",
        "GetJobRuns",
        "BatchStopJobRun",
    ]
)
_PAGE = "NextToken MaxResults"
_KEPT = (
    "Description ExecutionProperty Command DefaultArguments NonOverridableArguments MaxRetries "
    "AllocatedCapacity Timeout MaxCapacity GlueVersion NumberOfWorkers JobRunQueuingEnabled"
)
_VALUES = {
    # A size is what a run costs and tells; each run has the same two cores here.
    "WorkerType": tuple(DPU_OF_WORKER),
    "ExecutionClass": ("STANDARD",),
    "JobMode": ("SCRIPT",),
}
_NEUTRAL = {
    "Role": "no policy is enforced",
    "LogUri": "reserved for future use, says the API reference",
}
_REFUSED = {
    "Connections": "connections are not there",
    "SecurityConfiguration": "nothing here is encrypted",
    "NotificationProperty": "nobody would be notified",
    "CodeGenConfigurationNodes": "visual jobs are not there",
    "SourceControlDetails": "no repository is read or written",
    "MaintenanceWindow": "streaming jobs are not there",
}

SHAPES: dict[str, Fields] = {
    "CreateJobRequest": fields(
        f"Name Tags {_KEPT}", values=_VALUES, neutral=_NEUTRAL, refused=_REFUSED
    ),
    "UpdateJobRequest": fields("JobName JobUpdate"),
    "JobUpdate": fields(_KEPT, values=_VALUES, neutral=_NEUTRAL, refused=_REFUSED),
    "JobCommand": fields(
        "ScriptLocation",
        values={"Name": ("glueetl",), "PythonVersion": ("3",)},
        refused={"Runtime": "Ray is not there"},
    ),
    "ExecutionProperty": fields("MaxConcurrentRuns"),
    "DeleteJobRequest": fields("JobName"),
    "GetJobRequest": fields("JobName"),
    "GetJobsRequest": fields(_PAGE),
    "ListJobsRequest": fields(f"{_PAGE} Tags"),
    "BatchGetJobsRequest": fields("JobNames"),
    "StartJobRunRequest": fields(
        "JobName JobRunQueuingEnabled JobRunId Arguments AllocatedCapacity Timeout MaxCapacity "
        "NumberOfWorkers",
        values={"WorkerType": tuple(DPU_OF_WORKER), "ExecutionClass": ("STANDARD",)},
        refused={
            "SecurityConfiguration": "nothing here is encrypted",
            "NotificationProperty": "nobody would be notified",
            "ExecutionRoleSessionPolicy": "no policy is enforced, so none can narrow a role",
        },
    ),
    "GetJobRunRequest": fields(
        "JobName RunId",
        neutral={"PredecessorsIncluded": "without triggers no run has a predecessor"},
    ),
    "GetJobRunsRequest": fields(f"JobName {_PAGE}"),
    "BatchStopJobRunRequest": fields("JobName JobRunIds"),
}
