"""Packs what a host installs: deploy/, the sources that it can build images of, and its images by digest."""

import gzip
import io
import re
import tarfile
from collections.abc import Mapping
from pathlib import Path

FOLDERS = ("deploy", "docs", "local", "services", "shared", "sql", "tools")
FILES = (
    ".dockerignore",
    "CHANGELOG.md",
    "LICENSE",
    "NOTICE",
    "README.md",
    "SECURITY.md",
    "VERSION",
)
IMAGES_ENV = "deploy/ec2/host/images.env"
OURS = ("INGESTOR_IMAGE", "S3_SINK_IMAGE", "ETL_RUNNER_IMAGE", "QUERY_API_IMAGE", "TOOLS_IMAGE")
"""The images that the host runs and that this project builds."""

_BY_DIGEST = re.compile(r"^([^@\s]+@)?sha256:[0-9a-f]{64}$")


def contents(tree: Path) -> dict[str, Path]:
    """The files of the archive by their names in it."""
    files = [tree / name for name in FILES]
    files += sorted((tree / "requirements").glob("*.txt"))
    for folder in FOLDERS:
        files += sorted(path for path in (tree / folder).rglob("*") if path.is_file())
    return {path.relative_to(tree).as_posix(): path for path in files}


def pack(files: Mapping[str, tuple[bytes, bool]], time_s: int) -> bytes:
    """A tar.gz that depends on names, bytes, the bit for execution and the time alone."""
    packed = io.BytesIO()
    with (
        gzip.GzipFile(filename="", fileobj=packed, mode="wb", mtime=time_s) as compressed,
        tarfile.open(fileobj=compressed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for name in sorted(files):
            body, executable = files[name]
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime = len(body), time_s
            entry.mode = 0o755 if executable else 0o644
            archive.addfile(entry, io.BytesIO(body))
    return packed.getvalue()


def read(tree: Path) -> dict[str, tuple[bytes, bool]]:
    """The archive's files with their bytes, and whether each is executable."""
    return {
        name: (path.read_bytes(), bool(path.stat().st_mode & 0o100))
        for name, path in contents(tree).items()
    }


def images_env(example: str, ours: Mapping[str, str], given: str) -> tuple[str, list[str]]:
    """The host's list of images, and the names in it that no digest is known of.

    `example` names them all, other people's by digest. `ours` are those that were pushed; without
    any of them and without lines of `given` (a file like the result) the host builds ours itself.
    """
    theirs = dict(re.findall(r"^([A-Z0-9_]+)=(\S+)$", given, re.MULTILINE))
    pinned = dict(re.findall(r"^([A-Z0-9_]+)=(\S+)$", example, re.MULTILINE))
    known = {**pinned, **theirs, **ours}
    names = re.findall(r"^([A-Z0-9_]+_IMAGE)=", example, re.MULTILINE)
    on_host = theirs.get("BUILD_ON_HOST") == "yes" or not any(name in known for name in OURS)
    if ours:
        on_host = False
    lines = ["# Made by `make release` or `make push`."]
    if on_host:
        lines.append("BUILD_ON_HOST=yes")
        lines += [f"PYTHON_IMAGE={theirs['PYTHON_IMAGE']}"] if "PYTHON_IMAGE" in theirs else []
    missing = []
    for name in names:
        image = "" if on_host and name in OURS else known.get(name, "")
        lines.append(f"{name}={image}")
        if not _BY_DIGEST.match(image) and not (on_host and name in OURS):
            missing.append(name)
    return "\n".join([*lines, ""]), missing
