"""Every writer of `make bench-sink` stores everything, and the report is whole. No speed is asserted."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.sink.peers import WRITERS

ROOT = Path(__file__).resolve().parents[2]
FIGURES = (
    "wall_s",
    "cpu_s",
    "start_cpu_s",
    "mb_per_cpu_s",
    "peak_mb",
    "objects",
    "stored_mb",
)


@pytest.mark.needs("versitygw")
@pytest.mark.timeout(2400)
def test_every_writer_stores_everything_and_the_report_is_whole(tmp_path: Path) -> None:
    figures = tmp_path / "sink.json"
    command = [sys.executable, "-m", "bench.sink", "--size", "1200,50000", "--megabytes", "60"]

    done = subprocess.run(
        [*command, "--json", str(figures)], cwd=ROOT, capture_output=True, text=True
    )

    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(figures.read_text())
    assert [size["size"] for size in report["sizes"]] == [1200, 50_000]
    for size in report["sizes"]:
        assert [one["writer"] for one in size["writers"]] == list(WRITERS)
        assert [one["verdict"] for one in size["writers"]] == ["all, once"] * len(WRITERS)
        for one in size["writers"]:
            assert all(one[name] > 0 for name in FIGURES), one
            assert sum(run["lines"] for run in one["runs"]) == size["values"]
        assert set(size["ratios"]) == set(WRITERS) - {"coinlake"}
