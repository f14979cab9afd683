"""Writers of one Iceberg table commit through UpdateTable's VersionId, and none is lost."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.local_cloud.conftest import Cloud, end, start
from tests.released_clients import run

PROGRAMS = Path(__file__).parent / "programs"
MANY, FEW = 32, 8


def _written(cloud: Cloud, writers: int) -> dict[str, Any]:
    program = PROGRAMS / "iceberg_writers.py"
    told: dict[str, Any] = json.loads(run(program, cloud.port, str(writers), within_s=400))
    return told


# Seconds of work; the limit is for a machine that does much else.
@pytest.mark.timeout(450)
@pytest.mark.full_size(but=FEW)
@pytest.mark.parametrize("writers", [FEW, MANY])
def test_of_many_pyiceberg_writers_at_once_none_is_lost(cloud: Cloud, writers: int) -> None:
    told = _written(cloud, writers)

    assert told["rows"] == list(range(writers))
    assert told["snapshots"] == writers
    # They did get in each other's way.
    assert told["attempts"] > writers


@pytest.mark.full_size
def test_without_the_comparison_writers_that_were_told_they_committed_are_lost(
    tmp_path: Path,
) -> None:
    program = str(PROGRAMS / "cloud_without_comparison.py")
    cloud = start(tmp_path / "state", program=(program,))
    cloud.s3.create_bucket(Bucket="lake")

    told = _written(cloud, FEW)

    assert end(cloud) == 0
    # The program ends only when each of them was told so.
    assert len(told["rows"]) < FEW
