"""What the DAGs say of Airflow stands in the file that they name, in the version that is locked."""

import re

import pytest

from tests.e2e.terminal import ROOT
from tests.integration.airflow.environment import DAGS, VENV, made

LOCK = (ROOT / "requirements/airflow.txt").read_text()
# What a source is called, the package of the lock, and where its files are below `airflow/`.
PACKAGES = {
    "Airflow": ("apache-airflow-core", ""),
    "Task SDK": ("apache-airflow-task-sdk", "sdk/definitions/"),
    "provider amazon": ("apache-airflow-providers-amazon", "providers/amazon/aws/"),
}
_SOURCE = re.compile(
    r"\((Airflow|Task SDK|provider amazon) ([\d.]+),\s+([\w/]+\.py):\s+(\w+)\)"
)
TEXTS = {file.name: file.read_text() for file in DAGS.rglob("*.py")}
NAMED = sorted(
    {
        found
        for text in TEXTS.values()
        for found in _SOURCE.findall(re.sub(r"\n\s*(# )?", " ", text))
    }
)


def test_the_sources_are_found() -> None:
    assert {name for name, *_ in NAMED} == set(PACKAGES)


@pytest.mark.parametrize(("name", "version", "file", "what"), NAMED)
def test_a_source_is_of_the_locked_version_and_says_it(
    name: str, version: str, file: str, what: str
) -> None:
    package, below = PACKAGES[name]
    made()
    (site,) = VENV.glob("lib/python3*/site-packages")

    assert re.search(rf"^{package}=={re.escape(version)}\.", LOCK, re.M)
    assert re.search(rf"\b{what}\b", (site / "airflow" / below / file).read_text())
