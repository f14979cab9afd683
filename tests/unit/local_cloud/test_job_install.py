"""Which Spark the jobs have, and what is refused for it."""

import sys
import time
from importlib.metadata import version
from pathlib import Path

import pytest

from local_cloud.bill import Bill
from local_cloud.clients import clients_for
from local_cloud.errors import AwsError
from local_cloud.faults import Faults
from local_cloud.jobs import definition
from local_cloud.jobs.installed import InstallError, Packages, check_jars, packages_of
from local_cloud.jobs.runner import Surroundings
from local_cloud.jobs.service import Jobs
from local_cloud.jobs.spark import Install

SPARK_3 = Packages({"pyspark": "3.5.9", "orjson": "3.13.0"}, "3.3.4")
SPARK_4 = Packages({"pyspark": "4.1.4"}, "3.4.2")
JOB = {
    "Command": {"Name": "glueetl", "ScriptLocation": "s3://b/s.py"},
    "WorkerType": "G.1X",
    "NumberOfWorkers": 2,
}


def without_packages(folder: Path) -> Path:
    python = folder / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n')
    python.chmod(0o755)
    return python


def test_a_python_says_what_it_has() -> None:
    found = packages_of(Path(sys.executable))

    assert found.spark == version("pyspark")
    assert found.has("Typing_Extensions", version("typing-extensions"))
    assert not found.has("orjson", "0.0.1")
    assert not found.has("no-such-package", None)
    assert found.hadoop is not None


def test_a_python_without_pyspark_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InstallError, match="has no pyspark: install it or name another"):
        packages_of(without_packages(tmp_path))


def test_a_python_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InstallError, match="does not start: No such file"):
        packages_of(tmp_path / "python")


def test_a_python_that_fails_is_refused_with_its_words(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho it is broken >&2\nexit 3\n")
    python.chmod(0o755)

    with pytest.raises(InstallError, match="does not start: it is broken"):
        packages_of(python)


def test_jars_of_another_hadoop_are_refused(tmp_path: Path) -> None:
    check_jars(tmp_path, SPARK_4)
    (tmp_path / "hadoop-aws-3.3.4.jar").touch()
    (tmp_path / "aws-java-sdk-bundle-1.12.262.jar").touch()

    check_jars(tmp_path, SPARK_3)
    with pytest.raises(
        InstallError, match=r"hadoop-aws 3\.3\.4, and pyspark 4\.1\.4 has Hadoop 3\.4\.2"
    ):
        check_jars(tmp_path, SPARK_4)


@pytest.mark.parametrize(
    ("glue", "packages"),
    [("5.0", SPARK_3), ("5.1", SPARK_3), ("6.0", SPARK_4), (None, SPARK_4)],
)
def test_a_job_runs_on_the_spark_of_its_glue(glue: str | None, packages: Packages) -> None:
    definition.check(JOB | ({"GlueVersion": glue} if glue else {}), packages)


@pytest.mark.parametrize(
    ("glue", "packages", "said"),
    [
        ("6.0", SPARK_3, r"Glue 6\.0 is Spark 4\.1; this cloud has Spark 3\.5\.9"),
        ("5.1", SPARK_4, r"Glue 5\.1 is Spark 3\.5; this cloud has Spark 4\.1\.4"),
        ("4.0", SPARK_3, r"Glue 4\.0 is Spark 3\.3; this cloud has Spark 3\.5\.9"),
        ("7.0", SPARK_4, r"GlueVersion 7\.0 is not one of 4\.0, 5\.0, 5\.1, 6\.0"),
    ],
)
def test_a_job_of_another_glue_is_refused_by_name(
    glue: str, packages: Packages, said: str
) -> None:
    with pytest.raises(AwsError, match=said):
        definition.check(JOB | {"GlueVersion": glue}, packages)


def jobs(root: Path, packages: Packages) -> Jobs:
    clients = clients_for("http://127.0.0.1:9", "http://127.0.0.1:9", "us-east-1", "a", "b")
    install = Install(Path(sys.executable), packages, root, root, "1g")
    around = Surroundings(clients, install, Bill(), Faults(), 60.0, time.time)
    return Jobs(root, around, 0.0, lambda: "jr_1")


def test_a_kept_job_is_refused_once_the_cloud_has_another_spark(tmp_path: Path) -> None:
    jobs(tmp_path, SPARK_3).operations["CreateJob"](JOB | {"Name": "j", "GlueVersion": "5.1"})

    later = jobs(tmp_path, SPARK_4)

    with pytest.raises(AwsError, match=r"Glue 5\.1 is Spark 3\.5"):
        later.operations["StartJobRun"]({"JobName": "j"})
    assert later.operations["GetJobRuns"]({"JobName": "j"})["JobRuns"] == []


def test_modules_are_looked_for_in_the_python_of_the_jobs() -> None:
    job = JOB | {"DefaultArguments": {"--additional-python-modules": "orjson==3.13.0"}}

    definition.check(job, SPARK_3)
    with pytest.raises(AwsError, match=r"orjson==3\.13\.0 is not there"):
        definition.check(job, SPARK_4)
