"""The cloud's page calls done what is declared done, and the engines do just that."""

import re
from pathlib import Path

import pytest

from local_cloud.fields import glue_catalog, glue_crawlers, glue_jobs, glue_quality, model
from tests.field_samples import SERVICES

PAGE = Path(__file__).parents[3] / "local/cloud/README.md"
SECTIONS = {
    "Glue jobs": ("glue", glue_jobs.OPERATIONS),
    "Glue crawlers": ("glue", glue_crawlers.OPERATIONS),
    "Glue data quality": ("glue", glue_quality.OPERATIONS),
    "Glue catalog": ("glue", glue_catalog.OPERATIONS),
    "Athena": ("athena", SERVICES["athena"].operations),
    "S3": ("s3", SERVICES["s3"].operations),
    "SQS": ("sqs", SERVICES["sqs"].operations),
    "STS": ("sts", SERVICES["sts"].operations),
    "IAM": ("iam", SERVICES["iam"].operations),
}


def _done(section: str, service: str) -> set[str]:
    """The names of operations in the first cell of the section's rows that say `done`."""
    text = PAGE.read_text().split(f"\n### {section}\n")[1].split("\n### ")[0]
    rows = [line.split("|") for line in text.splitlines() if line.startswith("|")]
    words = {
        word
        for cells in rows
        if len(cells) > 2 and cells[2].strip() == "done"
        for word in re.findall(r"\w+", cells[1])
    }
    return words & set(model.service(service).operation_names)


@pytest.mark.parametrize("section", SECTIONS)
def test_the_page_names_each_done_operation(section: str) -> None:
    service, operations = SECTIONS[section]

    assert _done(section, service) == set(operations)
