"""The commands that look at the raw zone and mend it: audit, repair, abandon, epoch."""

import argparse
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import orjson

from coinlake import lifecycle, logs
from coinlake.errors import ConfigError
from coinlake.s3 import open_store
from coinlake.settings import HttpSettings, KafkaSettings, load
from coinlake.store import ObjectStore
from coinlake_tools import auditor
from coinlake_tools import repair as mending
from coinlake_tools.audit import Audit, Verdict
from coinlake_tools.chain_marks import Marks
from coinlake_tools.lake_log import LakeLog, open_lake_log
from coinlake_tools.settings import Settings

# More lines would hide the first, which tells most.
_SHOWN = 50


async def audit(args: argparse.Namespace, settings: Settings) -> int:
    """`coinlake audit`: 0 proven, 1 differs; what cannot be looked at is raised."""
    async with _lake(settings) as (store, log):
        looking = Audit(
            store, log, deep=args.deep, wait_s=args.wait, raw_expires=args.raw_expires
        )
        verdict = await looking.run(args.topic, _say)
    if args.json:
        _write(Path(args.json), orjson.dumps(verdict.body(), option=orjson.OPT_INDENT_2))
    for one in verdict.findings[:_SHOWN]:
        where = "" if one.partition is None else f"-{one.partition} epoch {one.epoch}"
        _say(f"{one.kind}: {one.topic}{where}: {one.key or ''} {one.text}")
    if len(verdict.findings) > _SHOWN:
        _say(f"… and {len(verdict.findings) - _SHOWN} more")
    _say("proven" if verdict.is_proven else f"differs: {len(verdict.findings)} findings")
    return 0 if verdict.is_proven else 1


def keep_auditing(args: argparse.Namespace, settings: Settings) -> int:
    """`coinlake audit --every S`: until SIGTERM; the exit code."""
    host, _, port = str(args.listen).rpartition(":")
    if not port.isdecimal() or not host:
        raise ConfigError(f"--listen must be HOST:PORT, not {args.listen}")
    http = HttpSettings(host=host, port=int(port))

    async def look() -> Verdict:
        async with _lake(settings) as (store, log):
            looking = Audit(
                store, log, deep=args.deep, wait_s=args.wait, raw_expires=args.raw_expires
            )
            return await looking.run(args.topic, lambda _: None)

    logs.configure("auditor")
    return lifecycle.run("auditor", lambda stop: auditor.run(look, args.every, http, stop))


async def repair(args: argparse.Namespace, settings: Settings) -> int:
    """`coinlake repair`: 0 all is there, 1 something is missing (dry run) or differs."""
    if not 0 <= args.start < args.stop:
        raise ConfigError(f"invalid range: [{args.start}, {args.stop})")
    async with _lake(settings) as (store, log):
        lines = await mending.repair(
            store, log, args.topic, args.partition, (args.start, args.stop), args.cut,
            dry_run=args.dry_run,
        )  # fmt: skip
    for line in lines:
        _say(line)
    return 1 if any(line.startswith(("missing", "differs")) for line in lines) else 0


async def abandon(args: argparse.Namespace, settings: Settings) -> None:
    """`coinlake abandon`: write a marker; the sinks go on behind it."""
    async with _lake(settings) as (store, log):
        marks = Marks(store, log, args.group)
        key = await marks.abandon(args.topic, args.partition, args.stop, args.reason)
    _say(f"wrote {key}: the sinks may be started again")


async def epoch(args: argparse.Namespace, settings: Settings) -> None:
    """`coinlake epoch raise`: begin a new epoch."""
    async with _lake(settings) as (store, log):
        marks = Marks(store, log, args.group)
        made = await marks.raise_epoch(args.topic, args.reason, time.time_ns() // 1_000_000)
    _say(f"epoch {made.number} of {made.topic} from {dict(made.origins)}")


@asynccontextmanager
async def _lake(settings: Settings) -> AsyncIterator[tuple[ObjectStore, LakeLog]]:
    kafka = load(KafkaSettings, os.environ)
    async with open_store(settings.lake.bucket) as store, open_lake_log(kafka) as log:
        yield store, log


def _write(path: Path, body: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
