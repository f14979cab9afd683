"""File systems that are full."""

import os
from contextlib import suppress
from pathlib import Path


def fill(disk: Path, leave: int) -> Path:
    """Leave so many bytes of a file system; the file that takes the rest."""
    room, ballast = os.statvfs(disk), disk / "ballast"
    # Others write there too: that it is full is what was wanted.
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        left = max(0, room.f_bavail * room.f_frsize - leave)
        while left:
            left -= file.write(bytes(min(left, 1 << 20)))
    return ballast
