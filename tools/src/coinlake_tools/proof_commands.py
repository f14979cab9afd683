"""The commands that hold the lake against itself and only read it: doctor, lineage, certify."""

import argparse
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson

from coinlake.contracts.datasets import TABULAR
from coinlake.differences import Difference
from coinlake.errors import CoinlakeError, ConfigError, PreconditionFailedError
from coinlake.s3 import open_store
from coinlake_tools import certificate, doctor, doctor_report, lake_requests, lineage
from coinlake_tools.certifying import Certifier
from coinlake_tools.lake_catalog import GlueCatalog, open_catalog
from coinlake_tools.lake_day import DayReader
from coinlake_tools.lake_requests import CountingStore
from coinlake_tools.lineage_row import Asked, Row, asked_of, row_of
from coinlake_tools.settings import Settings

# More lines would hide the first, which tells most.
_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Lake:
    """Bucket and catalog, opened, and what was asked of them so far."""

    store: CountingStore
    catalog: GlueCatalog
    settings: Settings

    @property
    def reader(self) -> DayReader:
        return DayReader(self.store, self.catalog)

    @property
    def requests(self) -> Counter[str]:
        return self.store.requests + Counter({lake_requests.PARTITIONS: self.catalog.requests})

    @property
    def certifier(self) -> Certifier:
        lake = self.settings.lake
        return Certifier(self.store, self.reader, lake.bucket, lake.database)


async def examine(args: argparse.Namespace, settings: Settings) -> int:
    """`coinlake doctor`: 0 nothing that anybody must see to, 1 something; it raises where it cannot look."""
    now_ms = time.time_ns() // 1_000_000
    feeds = list(dict.fromkeys(args.feed)) or list(TABULAR)
    judgement = doctor.Judgement(now_ms, args.patience, args.raw_expires)
    async with _lake(settings) as lake:
        days, strange = await _days(args, lake, feeds, now_ms)
        bucket = settings.lake.bucket
        found = await doctor.diagnose(lake.reader, bucket, days, feeds, judgement)
        found.add(strange)
        requests = lake.requests
    if args.json:
        report = doctor_report.body(found, requests)
        _write(Path(args.json), orjson.dumps(report, option=orjson.OPT_INDENT_2))
    for line in doctor_report.lines(found):
        _say(line)
    _say(f"asked {lake_requests.told(requests)}")
    return found.exit_code


async def _days(
    args: argparse.Namespace, lake: Lake, feeds: list[str], now_ms: int
) -> tuple[list[str], list[Difference]]:
    """The days to look at, and what is already known to be of no day."""
    if not args.all:
        if args.dt:
            return [doctor.day_named(args.dt)], []
        return doctor.last_days(now_ms, args.days), []
    whole = await doctor.WholeLake().read(lake.reader, feeds)
    expected = lake_requests.of_days(len(whole.days), feeds)
    _say(f"all {len(whole.days)} days: about {lake_requests.told(expected)}")
    return whole.days, whole.strange


async def trace(args: argparse.Namespace, settings: Settings) -> int:
    """`coinlake lineage`: 0 all of it fits together, 1 something does not."""
    asked = _asked(args)
    async with _lake(settings) as lake:
        found = await lineage.traced(lake.store, asked)
    for line in lineage.lines(found):
        _say(line)
    return 1 if found.wrong else 0


async def certify(args: argparse.Namespace, settings: Settings) -> int:
    """`coinlake certify`: 0 written, or as certified; 1 refused, or it differs."""
    if args.check:
        return await _check(Path(args.check), settings)
    if not args.dt:
        raise ConfigError("choose --dt YYYY-MM-DD or --check FILE")
    dt = doctor.day_named(args.dt)
    async with _lake(settings) as lake:
        made = await lake.certifier.certificate(dt)
        for said in made["wrong"][:_SHOWN]:
            _say(f"wrong: {said}")
        if made["wrong"] and not args.even_so:
            left = len(made["wrong"])
            _say(f"no certificate of {dt}: {left} reasons; --even-so writes one that has them")
            return 1
        body = certificate.encoded(made)
        name = certificate.name_of(dt, body)
        if args.out:
            where = Path(args.out) / name
            _write(where, body)
            _say(f"{where}")
        else:
            _say(await _stored(lake.store, name, body))
        _say(f"asked {lake_requests.told(lake.requests)}")
    return 0


async def _check(file: Path, settings: Settings) -> int:
    """Is the file what its name says, and the lake what the file says?"""
    body = _read(file)
    try:
        wrong = list(certificate.wrong_with_the_file(file.name, body))
        certified = certificate.parsed(body)
    except ValueError as error:
        raise ConfigError(f"{file}: {error}") from error
    dt = doctor.day_named(str(certified.get("dt")))
    async with _lake(settings) as lake:
        now = await lake.certifier.certificate(dt)
        wrong += certificate.compared(certified, now)
        requests = lake.requests
    for said in wrong[:_SHOWN]:
        _say(f"differs: {said}")
    if len(wrong) > _SHOWN:
        _say(f"… and {len(wrong) - _SHOWN} more")
    whole = (
        ""
        if certified.get("complete") is True
        else ", which says itself that it is not complete"
    )
    _say(f"the lake is {'not ' if wrong else ''}as certified by {file.name}{whole}")
    _say(f"asked {lake_requests.told(requests)}")
    return 1 if wrong else 0


async def _stored(store: CountingStore, name: str, body: bytes) -> str:
    """Where the certificate is in the bucket. It is only created: its name is its content."""
    key = f"{certificate.CERTIFICATES_PREFIX}{name}"
    try:
        await store.put(key, body, if_none_match=True, content_type="application/json")
    except PreconditionFailedError:
        if await store.get(key) != body:
            raise CoinlakeError(f"{key} has other bytes than its name says") from None
    return key


def _asked(args: argparse.Namespace) -> Asked:
    if args.row:
        told = sys.stdin.buffer.read() if args.row == "-" else _read(Path(args.row))
        row: Row = row_of(told)
        return asked_of(args.table, row)
    if not args.raw_object or args.offset is None:
        raise ConfigError("choose --raw-object KEY and --offset N, or --row FILE")
    return Asked(args.table, args.raw_object, args.offset, args.element)


@asynccontextmanager
async def _lake(settings: Settings) -> AsyncIterator[Lake]:
    async with AsyncExitStack() as opened:
        store = await opened.enter_async_context(open_store(settings.lake.bucket))
        catalog = await opened.enter_async_context(open_catalog(settings.lake.database))
        yield Lake(CountingStore(store), catalog, settings)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error


def _write(path: Path, body: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
