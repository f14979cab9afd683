"""SHA256SUMS: every file of a release by its hash, as `sha256sum --check` reads it."""

import hashlib
from pathlib import Path

NAME = "SHA256SUMS"


def text(folder: Path) -> str:
    """One line per file below the folder, by name."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != NAME)
    return "".join(
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder).as_posix()}\n"
        for path in files
    )


def write(folder: Path) -> None:
    """Write the file anew."""
    (folder / NAME).write_text(text(folder))
