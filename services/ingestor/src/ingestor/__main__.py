"""`python -m ingestor`: read the settings, run until told to stop."""

import asyncio
import os
import sys

from coinlake import lifecycle, logs
from coinlake.settings import load
from ingestor.app import run
from ingestor.config import Settings


async def _main(stop: asyncio.Event) -> None:
    settings = load(Settings, os.environ)
    logs.configure("ingestor", settings.log_level)
    await run(settings, stop)


if __name__ == "__main__":
    logs.configure("ingestor")
    sys.exit(lifecycle.run("ingestor", _main))
