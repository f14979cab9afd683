"""`python -m query_api`: settings from the environment, then the service until a signal."""

import asyncio
import os
import sys

from coinlake import logs
from coinlake.lifecycle import run as run_service
from coinlake.settings import load
from query_api.app import run
from query_api.config import Settings


async def _main(stop: asyncio.Event) -> None:
    settings = load(Settings, os.environ)
    logs.configure("query-api", settings.log_level)
    await run(settings, stop)


if __name__ == "__main__":
    logs.configure("query-api")
    sys.exit(run_service("query-api", _main))
