"""Starts the etl-runner."""

import asyncio
import os
import sys

from coinlake import logs
from coinlake.lifecycle import run
from coinlake.settings import load
from etl_runner import app
from etl_runner.config import Settings


async def main(stop: asyncio.Event) -> None:
    """Read the settings once and run."""
    settings = load(Settings, os.environ)
    logs.configure("etl-runner", settings.log_level)
    await app.run(settings, stop)


if __name__ == "__main__":
    logs.configure("etl-runner")
    sys.exit(run("etl-runner", main))
