"""The ingestor's process with a wall clock that a test moves: the file named by TEST_CLOCK_FILE
holds by how many milliseconds it is ahead."""

import asyncio
import os
import sys
from pathlib import Path

from coinlake import service
from ingestor.app import run
from ingestor.config import Settings
from ingestor.loop.clock import Clocks, wall_ms

AHEAD = Path(os.environ["TEST_CLOCK_FILE"])


def moved_ms() -> int:
    return wall_ms() + int(AHEAD.read_text())


async def _run(settings: Settings, stop: asyncio.Event) -> None:
    await run(settings, stop, Clocks(wall_ms=moved_ms))


if __name__ == "__main__":
    sys.exit(service.main("ingestor", Settings, _run))
