"""The commands that look at the raw zone and mend it: audit, repair, abandon, epoch."""

import argparse
import asyncio
import math
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
from coinlake.service import require_address
from coinlake.settings import HttpSettings, KafkaSettings, load
from coinlake.store import ObjectStore
from coinlake_tools import auditor
from coinlake_tools import repair as mending
from coinlake_tools.audit import PROVEN_AGAIN_A_DAY, Audit
from coinlake_tools.audit_verdict import Verdict
from coinlake_tools.chain_marks import Marks
from coinlake_tools.lake_log import LakeLog, open_lake_log
from coinlake_tools.settings import Settings

# More lines would hide the first, which tells most.
_SHOWN = 50
_LAST_PORT = 65_535
_DAY_S = 86_400.0


async def audit(args: argparse.Namespace, settings: Settings) -> int:
    """`coinlake audit`: 0 proven, 1 differs; what cannot be looked at is raised."""
    async with _lake(settings) as (store, log):
        verdict = await _auditing(store, log, args).run(args.topic, _say)
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
    """`coinlake audit --every S`: until SIGTERM; the exit code, 2 where it cannot listen."""
    http = listening(args.listen)

    async def look() -> Verdict:
        async with _lake(settings) as (store, log):
            return await _auditing(store, log, args).run(args.topic, lambda _: None)

    async def start(stop: asyncio.Event) -> None:
        await require_address(http)
        await auditor.run(look, args.every, http, stop)

    logs.configure("auditor")
    return lifecycle.run("auditor", start)


def listening(address: str) -> HttpSettings:
    """The address that `--listen` names. Raises ConfigError where it is none."""
    host, _, port = address.rpartition(":")
    if not (host and port.isascii() and port.isdigit() and int(port) <= _LAST_PORT):
        raise ConfigError(f"--listen wants HOST:PORT, not {address}")
    return HttpSettings(host=host, port=int(port))


async def repair(args: argparse.Namespace, settings: Settings) -> int:
    """`coinlake repair`: 0 all is there, 1 something is missing (dry run) or differs."""
    if not 0 <= args.start < args.stop:
        raise ConfigError(f"no such range: [{args.start}, {args.stop})")
    async with _lake(settings) as (store, log):
        lines = await mending.repair(
            store,
            log,
            args.topic,
            args.partition,
            (args.start, args.stop),
            args.cut,
            dry_run=args.dry_run,
        )
    for line in lines:
        _say(line)
    return 1 if any(line.startswith(("missing", "differs")) for line in lines) else 0


async def abandon(args: argparse.Namespace, settings: Settings) -> None:
    """`coinlake abandon`: write a marker; the sinks go on behind it."""
    async with _lake(settings) as (store, log):
        marks = Marks(store, log, args.group)
        key = await marks.abandon(args.topic, args.partition, args.stop, args.reason)
    _say(f"marked {key}: the sinks may be started")


async def epoch(args: argparse.Namespace, settings: Settings) -> None:
    """`coinlake epoch raise`: begin a new epoch."""
    async with _lake(settings) as (store, log):
        marks = Marks(store, log, args.group)
        made = await marks.raise_epoch(args.topic, args.reason, time.time_ns() // 1_000_000)
    _say(f"epoch {made.number} of {made.topic} from {dict(made.origins)}")


def _auditing(store: ObjectStore, log: LakeLog, args: argparse.Namespace) -> Audit:
    """By hand everything is proven anew, again and again only what can have changed."""
    is_full = args.full or not (args.every or args.remembered)
    every_s = args.every or _DAY_S
    return Audit(
        store,
        log,
        deep=args.deep,
        wait_s=args.wait,
        raw_expires=args.raw_expires,
        again=None if is_full else math.ceil(PROVEN_AGAIN_A_DAY * every_s / _DAY_S),
    )


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
