"""Glue's rules for arguments: which value wins, and which ones the script sees."""

import re
import shlex
from collections.abc import Mapping

from local_cloud.errors import AwsError
from local_cloud.jobs.installed import Packages

# The limit of all arguments of one run ("Using job parameters in AWS Glue jobs").
LIMIT_BYTES = 260 * 1024
# Read by Glue itself. The script gets them too, as in Glue, where parse_known_args drops them
# (awslabs/aws-glue-libs, awsglue/utils.py: getResolvedOptions).
EXTRA_PY_FILES = "--extra-py-files"
CONF = "--conf"
BOOKMARK = "--job-bookmark-option"
# Glue's own parameters ("Using job parameters in AWS Glue jobs") that would change what runs or
# what it writes, and that nothing here carries out. Those about metrics and logs go to CloudWatch,
# which is not there; they change no run.
REFUSED = {
    "--python-modules-installer-option": "packages come with the Python of this cloud",
    "--extra-jars": "jars come with --spark-jars of this cloud",
    "--user-jars-first": "jars come with --spark-jars of this cloud",
    "--use-postgres-driver": "jars come with --spark-jars of this cloud",
    "--extra-files": "only --extra-py-files are fetched",
    "--scriptLocation": "the job's Command says where its script is",
    "--class": "only Python scripts run here",
    "--customer-driver-env-vars": "a run has an environment of its own",
    "--customer-executor-env-vars": "a run has an environment of its own",
    "--datalake-formats": "Iceberg, Hudi and Delta are not in this cloud",
    "--enable-glue-datacatalog": "Spark has no catalog here; read and write by path",
    "--enable-lakeformation-fine-grained-access": "Lake Formation is not there",
    "--enable-auto-scaling": "a run has a fixed size here",
    "--executor-cores": "a run has a fixed size here",
    "--enable-spark-ui": "no event logs are written",
    "--spark-event-logs-path": "no event logs are written",
    "--write-shuffle-files-to-s3": "shuffles stay on the disk",
    "--write-shuffle-spills-to-s3": "shuffles stay on the disk",
}
LANGUAGE = "--job-language"
MODULES = "--additional-python-modules"
_PINNED = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)(?:==([^=,\s]+))?")


def resolved(
    defaults: Mapping[str, str], given: Mapping[str, str], fixed: Mapping[str, str]
) -> dict[str, str]:
    """NonOverridableArguments over the run's Arguments over DefaultArguments.

    (Glue API, StartJobRun: Arguments; Job: NonOverridableArguments.)
    """
    return {**defaults, **given, **fixed}


def check(arguments: Mapping[str, str], packages: Packages) -> None:
    """Refuse what Glue refuses (size) and what the packages of the jobs cannot carry out."""
    size = sum(len(key.encode()) + len(value.encode()) for key, value in arguments.items())
    if size > LIMIT_BYTES:
        raise AwsError("InvalidInputException", f"arguments have {size} bytes of {LIMIT_BYTES}")
    # A key may come with or without its dashes.
    arguments = {f"--{key.removeprefix('--')}": value for key, value in arguments.items()}
    for name, reason in REFUSED.items():
        if arguments.get(name) not in (None, "", "false"):
            raise AwsError("InvalidInputException", f"{name} is not there: {reason}")
    for module in filter(None, map(str.strip, arguments.get(MODULES, "").split(","))):
        if not _is_here(module, packages):
            raise AwsError(
                "InvalidInputException",
                f"{MODULES}: {module} is not there: packages come with the Python of this cloud",
            )
    if arguments.get(LANGUAGE, "python") != "python":
        raise AwsError("InvalidInputException", f"{LANGUAGE}: only python runs here")
    if arguments.get(BOOKMARK, "job-bookmark-disable") != "job-bookmark-disable":
        raise AwsError("InvalidInputException", "job bookmarks are not there in this cloud")


def _is_here(module: str, packages: Packages) -> bool:
    """Whether pip would have nothing to do for it, in the Python that runs the scripts."""
    pinned = _PINNED.fullmatch(module)
    return pinned is not None and packages.has(pinned[1], pinned[2])


def command_line(job: str, run_id: str, arguments: Mapping[str, str]) -> list[str]:
    """What follows the script's name: `--JOB_NAME`, `--JOB_RUN_ID`, then every argument.

    A key may come with or without its dashes. A flag without value has an empty one.
    """
    line = ["--JOB_NAME", job, "--JOB_RUN_ID", run_id]
    for key, value in sorted(arguments.items()):
        line.append(key if key.startswith("--") else f"--{key}")
        if value != "":
            line.append(value)
    return line


def extra_files(arguments: Mapping[str, str]) -> list[str]:
    """The S3 URIs of `--extra-py-files`."""
    return [uri.strip() for uri in arguments.get(EXTRA_PY_FILES, "").split(",") if uri.strip()]


def spark_conf(arguments: Mapping[str, str]) -> dict[str, str]:
    """`--conf` in Glue's way: `a=1 --conf b=2`, one string with more of itself inside.

    (As Glue's users write it; the developer guide has no form for several.)
    """
    settings = {}
    for word in shlex.split(arguments.get(CONF, "")):
        if word == CONF:
            continue
        key, equals, value = word.partition("=")
        if not equals:
            raise AwsError("InvalidInputException", f"--conf needs key=value, got {word!r}")
        settings[key] = value
    return settings
