"""The ingestor's journal beside SQLite: what a flipped bit costs, bytes and time of an entry.

`python -m bench.journal` writes the same answers into both, flips one bit at each of many seeded
places of a copy, opens it again and counts what is not there any more, or is there changed.
"""

import asyncio
import random
import shutil
import sqlite3
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from coinlake import logs
from ingestor.adapters.journal import open_journal
from ingestor.core.entries import Outgoing, TickMark, TickOutcome
from ingestor.core.schedule import Tick

ENTRIES, FLIPS, VALUE_BYTES, SEED = 300, 200, 30_000, 7
Read = Callable[[Path], set[bytes]]


def answers() -> list[bytes]:
    """Values of an answer's size, each different."""
    rng = random.Random(SEED)
    return [rng.randbytes(VALUE_BYTES) for _ in range(ENTRIES)]


def write_journal(folder: Path) -> None:
    asyncio.run(_write_journal(folder))


async def _write_journal(folder: Path) -> None:
    async with open_journal(folder, max_bytes=10**9) as journal:
        for number, value in enumerate(answers()):
            mark = TickMark("assets", "assets", Tick(number, 1_000), TickOutcome.USABLE)
            await journal.add(Outgoing("coincap.assets.v1", b"assets", value, (), number), mark)


def read_journal(folder: Path) -> set[bytes]:
    return asyncio.run(_read_journal(folder))


async def _read_journal(folder: Path) -> set[bytes]:
    async with open_journal(folder, max_bytes=10**9) as journal:
        return {(await journal.read(one)).value for one in journal.progress.pending}


def write_sqlite(folder: Path) -> None:
    with sqlite3.connect(folder / "journal.sqlite") as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        database.execute("CREATE TABLE entries (number INTEGER PRIMARY KEY, value BLOB)")
        for value in answers():
            database.execute("INSERT INTO entries (value) VALUES (?)", (value,))
            database.commit()
    database.close()


def read_sqlite(folder: Path) -> set[bytes]:
    found = set()
    database = sqlite3.connect(folder / "journal.sqlite")
    try:
        # Row by row: one that cannot be read does not end the others.
        for number in range(1, ENTRIES + 1):
            try:
                row = database.execute(
                    "SELECT value FROM entries WHERE number = ?", (number,)
                ).fetchone()
            except sqlite3.DatabaseError:
                continue
            if row is not None:
                found.add(bytes(row[0]))
    finally:
        database.close()
    return found


def flipped(folder: Path, rng: random.Random) -> None:
    """One bit of all the bytes of a folder."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    sizes = [path.stat().st_size for path in files]
    (hit,) = rng.choices(files, sizes)
    data = bytearray(hit.read_bytes())
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    hit.write_bytes(data)


def measured(write: Callable[[Path], None], read: Read) -> str:
    """What comes of it, in a line."""
    with TemporaryDirectory() as place:
        whole = Path(place) / "whole"
        whole.mkdir()
        began = time.perf_counter()
        write(whole)
        each_ms = (time.perf_counter() - began) / ENTRIES * 1_000
        size = sum(path.stat().st_size for path in whole.rglob("*") if path.is_file())
        good = set(answers())
        lost, changed, worst = 0, 0, 0
        for number in range(FLIPS):
            copy = Path(place) / "copy"
            shutil.copytree(whole, copy)
            flipped(copy, random.Random(number))
            found = read(copy)
            gone = len(good - found)
            lost, worst, changed = lost + gone, max(worst, gone), changed + len(found - good)
            shutil.rmtree(copy)
    return (
        f"{each_ms:.2f} ms and {size / ENTRIES / VALUE_BYTES:.3f} bytes a byte for an entry;"
        f" {FLIPS} flipped bits: {lost} entries lost, {worst} at most by one bit,"
        f" {changed} given changed without a word"
    )


def main() -> None:
    logs.configure("bench", "error")
    for name, write, read in (
        ("journal", write_journal, read_journal),
        ("SQLite ", write_sqlite, read_sqlite),
    ):
        sys.stdout.write(f"{name} {measured(write, read)}\n")


if __name__ == "__main__":
    main()
