"""File systems that are full."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest


@contextmanager
def small_disk(folder: Path, megabytes: int, inodes: int = 0) -> Iterator[Path]:
    """A file system of our own; the test is skipped, and says so, where none can be mounted.

    It takes so many files and folders, its own root too; 0 for the kernel's choice.
    """
    folder.mkdir()
    size = f"size={megabytes}m" + (f",nr_inodes={inodes}" if inodes else "")
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(folder)],
        capture_output=True,
    )
    if made.returncode != 0:
        pytest.skip("NOT RUN: needs root and tmpfs")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(disk: Path, leave: int) -> Path:
    """Leave so many bytes of a file system; the file that takes the rest."""
    room, ballast = os.statvfs(disk), disk / "ballast"
    # Others write there too: that it is full is what was wanted.
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        left = max(0, room.f_bavail * room.f_frsize - leave)
        while left:
            left -= file.write(bytes(min(left, 1 << 20)))
    return ballast
