"""File systems that are full."""

import os
from pathlib import Path


def fill(disk: Path, leave: int) -> Path:
    """Leave so many bytes of a file system; the file that takes the rest."""
    room = os.statvfs(disk)
    ballast = disk / "ballast"
    ballast.write_bytes(bytes(max(0, room.f_bavail * room.f_frsize - leave)))
    return ballast
