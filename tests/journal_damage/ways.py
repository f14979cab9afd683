"""What a disk does to a file, and what may be lost by it: that file's answer and nothing else."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Hit:
    """A file that was changed: its answers may be lost, `names` must be told of.

    Where the file is gone altogether its name cannot be told, its number is.
    """

    path: Path
    may_be_lost: bool
    must_be_told: bool = True


def flipped(path: Path, rng: random.Random) -> Hit:
    """One bit."""
    data = bytearray(path.read_bytes())
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    path.write_bytes(data)
    return Hit(path, True)


def zeroed(path: Path, rng: random.Random) -> Hit:
    """A range of bytes, as after a crash that lost a block."""
    data = bytearray(path.read_bytes())
    start = rng.randrange(len(data))
    stop = rng.randrange(start, len(data)) + 1
    same = bytes(data[start:stop]) == bytes(stop - start)
    data[start:stop] = bytes(stop - start)
    path.write_bytes(data)
    return Hit(path, not same, not same)


def cut_out(path: Path, rng: random.Random) -> Hit:
    """A range of bytes is missing, at the end or inside."""
    data = path.read_bytes()
    start = rng.randrange(len(data))
    stop = rng.randrange(start, len(data)) + 1
    path.write_bytes(data[:start] + data[stop:])
    return Hit(path, True)


def missing(path: Path, rng: random.Random) -> Hit:
    """The whole file."""
    path.unlink()
    return Hit(path, True)


def doubled(path: Path, rng: random.Random) -> Hit:
    """A copy under another number."""
    copy = path.with_name(f"{rng.randrange(5_000, 900_000):012d}{path.suffix}")
    copy.write_bytes(path.read_bytes())
    return Hit(copy, False)


def foreign(path: Path, rng: random.Random) -> Hit:
    """Somebody's file under a name of ours, or of nobody's."""
    name = rng.choice(
        (f"{rng.randrange(5_000, 900_000):012d}.record", "notes.txt", "core.1234")
    )
    (path.parent / name).write_bytes(rng.randbytes(rng.randrange(1, 200)))
    return Hit(path.parent / name, False)


def unreadable(path: Path, rng: random.Random) -> Hit:
    """It cannot be opened as a file."""
    path.unlink()
    path.mkdir()
    return Hit(path, True)


WAYS: dict[str, Callable[[Path, random.Random], Hit]] = {
    one.__name__: one
    for one in (flipped, zeroed, cut_out, missing, doubled, foreign, unreadable)
}
