"""`python -m tests.journal_damage`: 1,000 answers, one bit flipped at each of 2,000 places, and so on."""

import argparse
import asyncio
import logging
import os
import random
import shutil
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog

from ingestor.adapters.journal import open_journal
from ingestor.core.entries import Outgoing, TickMark, TickOutcome
from ingestor.core.schedule import Tick
from tests.journal_damage.ways import WAYS

ENTRIES = 1_000
TIMES = {
    "flipped": 2_000,
    "zeroed": 200,
    "cut_out": 200,
    "missing": 100,
    "doubled": 100,
    "foreign": 60,
    "unreadable": 60,
}
_TOPICS = (("coincap.assets.v1", "assets"), ("coincap.rates.v1", "rates"))


async def write(folder: Path, entries: int) -> None:
    """So many answers of two topics, a failed tick here and there; the first ten were sent."""
    async with open_journal(folder, max_bytes=10**9) as journal:
        for number in range(entries):
            topic, feed = _TOPICS[number % 2]
            tick = TickMark(feed, f"{feed}?limit=1", Tick(number, 1_000), TickOutcome.USABLE)
            value = b"answer %d " % number + bytes(number % 300)
            await journal.add(Outgoing(topic, b"k", value, (), 1_000 + number), tick)
            if number % 7 == 0:
                await journal.mark(
                    TickMark(feed, f"{feed}?limit=1", Tick(number, 500), TickOutcome.FAILED)
                )
        for topic, _ in _TOPICS:
            for _ in range(5):
                head = journal.progress.head(topic)
                assert head is not None
                await journal.sent(head)


async def values(folder: Path) -> tuple[set[bytes], set[str], set[int]]:
    """What would be sent, and the names and numbers that are told; one more answer is taken."""
    async with open_journal(folder, max_bytes=10**9) as journal:
        found = {(await journal.read(one)).value or b"" for one in journal.progress.pending}
        tick = TickMark("assets", "assets?limit=1", Tick(10**6, 500), TickOutcome.USABLE)
        await journal.add(Outgoing("coincap.assets.v1", b"k", b"next", (), 1), tick)
        troubles = {one.name for one in journal.recovery.troubles}
        return found, troubles, {one.number for one in journal.holes}


def tried(original: Path, expected: set[bytes], way: str, seed: int) -> list[str]:
    """One damage of one copy; what is not as promised."""
    rng = random.Random(f"{way}-{seed}")
    with TemporaryDirectory(prefix="journal-damage-") as scratch:
        folder = Path(scratch) / "journal"
        shutil.copytree(original, folder, copy_function=_linked)
        paths = sorted(one for one in folder.iterdir() if one.is_file() and one.stat().st_size)
        own = [one for one in paths if one.stem.isdecimal()]
        path = rng.choice([one for one in own if way == "flipped" or one.suffix == ".record"])
        _make_own(path)
        hit = WAYS[way](path, rng)
        try:
            found, names, holes = asyncio.run(values(folder))
        except Exception as error:  # a start that fails is the worst of all
            return [f"{way} {seed} {path.name}: the journal does not open: {error!r}"]
        lost = expected - found
        wrong = []
        if found - expected:
            wrong.append(f"{len(found - expected)} answers that nobody gave")
        if len(lost) > hit.may_be_lost:
            wrong.append(f"{len(lost)} answers are lost by one damage")
        told = hit.path.name in names or int(path.stem) in holes
        if (lost or hit.must_be_told) and not told:
            wrong.append("nothing is told")
        return [f"{way} {seed} {path.name}: {one}" for one in wrong]


def _linked(source: str, target: str) -> str:
    """A thousand links are made faster than a thousand copies; what is written to is copied."""
    if source.endswith(".record"):
        os.link(source, target)
        return target
    return str(shutil.copy2(source, target))


def _make_own(path: Path) -> None:
    data = path.read_bytes()
    path.unlink()
    path.write_bytes(data)


def _quiet() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


def main() -> int:
    """0 where each damage cost at most the answer that it hit, and was told."""
    parser = argparse.ArgumentParser(prog="python -m tests.journal_damage", description=__doc__)
    parser.add_argument("--entries", type=int, default=ENTRIES)
    parser.add_argument("--share", type=float, default=1.0, help="of the places (default 1)")
    parser.add_argument("--seed", type=int, default=0)
    wanted = parser.parse_args()
    _quiet()
    began, wrong, done = time.monotonic(), 0, 0
    with TemporaryDirectory(prefix="journal-") as scratch:
        original = Path(scratch)
        asyncio.run(write(original, wanted.entries))
        expected = asyncio.run(_expected(original))
        with ProcessPoolExecutor(os.cpu_count(), initializer=_quiet) as pool:
            for way, seed, found in _all(pool, original, expected, wanted.share, wanted.seed):
                done += 1
                wrong += bool(found)
                for line in found:
                    _say(line)
                if done % 200 == 0:
                    _say(f"  {done} done, at {way} {seed}, {time.monotonic() - began:.0f} s")
        if asyncio.run(_expected(original)) != expected:
            raise AssertionError("a damage of a copy has reached the journal itself")
    _say(
        f"{wanted.entries} answers, {done} damages from seed {wanted.seed}: {wrong} cost more than "
        f"what they hit, or were not told; {time.monotonic() - began:.0f} s"
    )
    return 1 if wrong else 0


async def _expected(folder: Path) -> set[bytes]:
    async with open_journal(folder, max_bytes=10**9) as journal:
        return {(await journal.read(one)).value or b"" for one in journal.progress.pending}


def _all(
    pool: ProcessPoolExecutor, original: Path, expected: set[bytes], share: float, seed: int
) -> Iterator[tuple[str, int, list[str]]]:
    for way, times in TIMES.items():
        seeds = range(seed, seed + max(1, int(times * share)))
        one = partial(tried, original, expected, way)
        yield from (
            (way, at, found) for at, found in zip(seeds, pool.map(one, seeds), strict=True)
        )


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
