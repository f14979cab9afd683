"""Starts the sink: `python -m s3_sink`."""

import asyncio
import os
import sys

from coinlake import lifecycle, logs
from coinlake.settings import load
from s3_sink.adapters import heap
from s3_sink.app import App
from s3_sink.config import Settings


async def main(stop: asyncio.Event) -> None:
    heap.give_back()
    settings = load(Settings, os.environ)
    logs.configure("s3-sink", settings.log_level)
    await App(settings).run(stop)


if __name__ == "__main__":
    sys.exit(lifecycle.run("s3-sink", main))
