"""Reads the lock files: what each image is made of, by version and hash."""

import re
from dataclasses import dataclass
from pathlib import Path

IMAGES = (
    "ingestor",
    "s3-sink",
    "etl-runner",
    "query-api",
    "tools",
    "simulator",
    "local-cloud",
)
"""The images that hold Python packages; each has the lock `requirements/<name>.txt`."""


@dataclass(frozen=True, slots=True)
class Locked:
    """One package of a lock; `hashes` are SHA-256 in hex of the files it may be made of."""

    name: str
    version: str
    hashes: tuple[str, ...]


def parse(text: str) -> list[Locked]:
    """The packages of a lock file, in its order."""
    joined = re.sub(r"\\\n", " ", text)
    return [_locked(line) for line in joined.splitlines() if line and line[0] not in "# "]


def read(root: Path, lock: str) -> list[Locked]:
    """The packages of `requirements/<lock>.txt`."""
    return parse((root / "requirements" / f"{lock}.txt").read_text())


def shipped(root: Path) -> dict[Locked, tuple[str, ...]]:
    """Every package that is in an image, with the images that it is in."""
    found: dict[Locked, list[str]] = {}
    for image in IMAGES:
        for locked in read(root, image):
            found.setdefault(locked, []).append(image)
    return {
        locked: tuple(images)
        for locked, images in sorted(found.items(), key=lambda item: item[0].name)
    }


def canonical(name: str) -> str:
    """A package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _locked(line: str) -> Locked:
    requirement = line.split()[0]
    name, version = requirement.split("==")
    hashes = tuple(re.findall(r"--hash=sha256:([0-9a-f]{64})", line))
    return Locked(canonical(name.split("[")[0]), version, hashes)
