"""Somebody who follows `docs/how-to/read-fresh-prices.md` beside a stack that polls."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import Lake
from tests.e2e.terminal import ROOT, blocks

pytestmark = pytest.mark.needs("jq")

PAGE = ROOT / "docs" / "how-to" / "read-fresh-prices.md"


def typed(lake: Lake, section: str, block: int = 0) -> str:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", blocks(PAGE, section)[block]],
        env={**lake.env, "PATH": path},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_reader_has_prices_of_the_open_hour(lake: Lake) -> None:
    latest = json.loads(typed(lake, "Ask"))
    sides = {row[0]: row for row in map(json.loads, typed(lake, "Ask", 1).splitlines())}

    assert latest["live"] is True
    assert float(latest["price"]) > 0
    assert sides[True][1] > 0
    assert str(sides[True][2]) >= latest["from"][:10]
    assert 'feed="assets"' in typed(lake, "Where the boundary is")


def test_a_reader_sees_what_freshness_costs(lake: Lake) -> None:
    hourly, often = typed(lake, "What freshness costs").split("per month")[:2]

    assert "730 runs" in hourly
    assert "8760 runs" in often
