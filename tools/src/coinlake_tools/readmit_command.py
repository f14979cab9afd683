"""The command `readmit`: which hours are asked for, bucket and Kafka opened, and what is said."""

import argparse
import math
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from coinlake.errors import ConfigError
from coinlake.kafka import Producer, open_producer
from coinlake.s3 import open_store
from coinlake.settings import KafkaSettings, load
from coinlake_tools.published_hours import hours_named
from coinlake_tools.readmission import Readmission, Selection, summary
from coinlake_tools.settings import Settings

MAX_SKEW_S = 300.0
"""The default of `INGESTOR_POLL__MAX_SKEW_S`; a test compares."""


async def readmit(args: argparse.Namespace, settings: Settings) -> int:
    """`coinlake readmit`: 0 all was looked at, 1 something could not be read or sent."""
    if not (math.isfinite(args.max_skew_s) and args.max_skew_s >= 0):
        raise ConfigError(f"--max-skew-s must be a number of seconds, not {args.max_skew_s:g}")
    selection = Selection(
        hours_named(args.dt, args.hour),
        frozenset(args.feed),
        frozenset(args.reason),
        round(args.max_skew_s * 1_000),
    )
    async with open_store(settings.lake.bucket) as store, _producer(args.apply) as producer:
        readmission = Readmission(store, producer)
        async for line in readmission.run(selection):
            _say(line)
    for line in summary(readmission.outcome):
        _say(line)
    return readmission.outcome.exit_code


@asynccontextmanager
async def _producer(is_wanted: bool) -> AsyncIterator[Producer | None]:
    """Who only looks needs no Kafka."""
    if not is_wanted:
        yield None
        return
    kafka = load(KafkaSettings, os.environ)
    async with open_producer(kafka, "coinlake-readmit") as producer:
        yield producer


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
