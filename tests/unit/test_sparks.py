"""The Sparks that the job is tested on: their locks, their Glue, and that the job asks them nothing."""

import ast
import hashlib
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from coinlake.contracts.cloud import GLUE_VERSION
from local_cloud.jobs.definition import SPARK_OF_GLUE
from tests import sparks
from tests.campaign.rows import ROWS

ROOT = Path(__file__).resolve().parents[2]
JOB = ROOT / "services/etl-runner/job"


def locked(lock: Path) -> dict[str, str]:
    return dict(re.findall(r"^([\w.-]+)==(\S+)", lock.read_text(), re.MULTILINE))


@pytest.mark.parametrize("name", sparks.SPARKS)
def test_each_is_the_spark_of_its_glue(name: str) -> None:
    spark = sparks.SPARKS[name]

    assert spark.version.startswith(f"{name}.")
    assert SPARK_OF_GLUE[spark.glue] == name


def test_ours_is_that_of_the_glue_that_is_provisioned() -> None:
    assert sparks.SPARKS[sparks.OURS].glue == GLUE_VERSION


def test_the_other_lock_is_ours_but_for_pyspark() -> None:
    ours, other = (locked(sparks.SPARKS[name].lock) for name in ("3.5", "4.1"))

    assert {name for name in ours | other if ours.get(name) != other.get(name)} <= {
        "pyspark",
        "py4j",
    }
    assert ours["pyspark"] != other["pyspark"]


def test_the_job_takes_each_of_them_and_none_between() -> None:
    project = tomllib.loads((JOB / "pyproject.toml").read_text())["project"]
    (wanted,) = [
        requirement
        for requirement in map(Requirement, project["dependencies"])
        if requirement.name == "pyspark"
    ]

    assert all(wanted.specifier.contains(one.version) for one in sparks.SPARKS.values())
    assert not any(wanted.specifier.contains(one) for one in ("3.4.4", "4.0.2", "4.2.0"))


def test_of_many_commits_each_spark_has_its_half() -> None:
    commits = [hashlib.sha1(b"%d" % number).hexdigest()[:12] for number in range(200)]
    turns = [sparks.turn(commit) for commit in commits]

    assert set(turns) == sparks.SPARKS.keys()
    assert 80 < turns.count("4.1") < 120
    assert turns == [sparks.turn(f"{commit}-dirty") for commit in commits]


def test_the_page_of_compatibility_names_each() -> None:
    lines = (ROOT / "docs/reference/compatibility.md").read_text().splitlines()
    (row,) = [line for line in lines if line.startswith("| Spark ")]
    rows_of_glue = " ".join(line for line in lines if line.startswith("| Glue "))

    assert all(f" {one.version} " in row for one in sparks.SPARKS.values())
    assert all(f"| {one.glue} |" in rows_of_glue for one in sparks.SPARKS.values())


def test_the_campaign_runs_all_of_them() -> None:
    (row,) = [row for row in ROWS if row.id == "spark"]

    assert row.command == ("-m", "tests.sparks")


def test_the_job_asks_spark_for_no_value() -> None:
    """Values are typed by the kernel: no setting of Spark's SQL, such as ANSI casts, can matter."""
    taken = {
        f"{node.module}.{name.name}"
        for path in JOB.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pyspark")
        for name in node.names
    }
    plain = [
        name.name
        for path in JOB.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Import)
        for name in node.names
    ]

    assert taken == {"pyspark.SparkConf", "pyspark.SparkContext"}
    assert [name for name in plain if name.startswith("pyspark")] == []
