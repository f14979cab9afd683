"""Every client of `make bench-query` gets the same rows, and the report is whole. No speed is asserted."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from bench.query.programs.looking import looked_at
from bench.query.rows import FORMATS, PEERS

ROOT = Path(__file__).resolve().parents[2]
SIZES = (10, 3000)


@pytest.mark.timeout(1200)
def test_every_client_gets_the_same_rows_and_the_report_is_whole(tmp_path: Path) -> None:
    figures = tmp_path / "query.json"
    command = [sys.executable, "-m", "bench.query", "--rounds", "1", "--small", "3"]
    command += ["--rows", *map(str, SIZES), "--json", str(figures)]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(figures.read_text())
    for rows, size in zip(SIZES, report["sizes"], strict=True):
        assert [one["client"] for one in size] == [*PEERS, *FORMATS]
        seen = [each["seen"] for one in size for each in (*one["first"], *one["again"])]
        assert seen == [seen[0]] * len(seen)
        assert seen[0]["rows"] == rows
        assert seen[0]["offsets"] == rows * (rows - 1) // 2
        for one in size:
            assert all(one[name] > 0 for name in ("wall_s", "again_s", "cpu_s", "peak_bytes"))
    assert [lag["samples"] > 0 for lag in report["lag_ms"]] == [True] * len(SIZES)
    assert report["own_time"]["own"]["count"] == 3


ROW = ["asset-7", "A7", None, "1.5", "2", "-0.25", "2026-11-22T10:00:00.123Z", 7]


def test_the_same_rows_look_the_same_in_any_clients_types() -> None:
    at = datetime(2026, 11, 22, 10, 0, 0, 123_000, UTC)
    typed = [
        "asset-7",
        "A7",
        float("nan"),
        Decimal("1.500"),
        Decimal(2),
        Decimal("-0.2500"),
        at,
        "7",
    ]

    assert looked_at([ROW]) == looked_at([typed])


@pytest.mark.parametrize(
    "other",
    [
        [],
        [ROW, ROW],
        [[*ROW[:2], 8, *ROW[3:]]],
        [[*ROW[:3], "1.500000000000000001", *ROW[4:]]],
        [[*ROW[:6], "2026-11-22T10:00:00.124Z", 7]],
        [[*ROW[:-1], 8]],
    ],
)
def test_other_rows_look_otherwise(other: list[list[object]]) -> None:
    assert looked_at(other) != looked_at([ROW])
