"""Packs the Glue job: its entry script, and a zip of the job with its kernel and contracts."""

import hashlib
import io
import zipfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from coinlake.contracts.cloud import JOBS_PREFIX
from coinlake.errors import ConfigError

JOB_PACKAGE, KERNEL_PACKAGE = "coinlake_job", "coinlake_kernel"
ENTRY = "entry.py"
# Zips keep local times; a constant one makes equal sources equal bytes.
_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Bundle:
    """The two objects of a job version. Their keys hold their hash: a run never sees a mix."""

    script: bytes
    archive: bytes

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.script + self.archive).hexdigest()[:16]

    @property
    def script_key(self) -> str:
        return f"{JOBS_PREFIX}{self.digest}/{ENTRY}"

    @property
    def archive_key(self) -> str:
        return f"{JOBS_PREFIX}{self.digest}/{JOB_PACKAGE}.zip"


def installed_bundle() -> Bundle:
    """The bundle of the packages that are installed here. Raises ConfigError without them."""
    job, shared = _folder(JOB_PACKAGE), _folder("coinlake")
    files = {"coinlake/__init__.py": shared / "__init__.py"}
    files |= _sources("coinlake/contracts", shared / "contracts")
    files |= _sources(KERNEL_PACKAGE, _folder(KERNEL_PACKAGE))
    files |= _sources(JOB_PACKAGE, job)
    return Bundle(_entry(job).read_bytes(), pack(_read(files)))


def pack(files: dict[str, bytes]) -> bytes:
    """A zip of the files that depends on their names and bytes only."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), files[name])
    return packed.getvalue()


def _read(files: dict[str, Path]) -> dict[str, bytes]:
    return {name: path.read_bytes() for name, path in files.items()}


def _sources(package: str, folder: Path) -> dict[str, Path]:
    return {
        f"{package}/{path.relative_to(folder).as_posix()}": path
        for path in folder.rglob("*.py")
    }


def _folder(package: str) -> Path:
    # Found, not imported: tools depend on `coinlake` only, and the job imports Spark.
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ConfigError(f"the package {package} is not installed, so it cannot be uploaded")
    return Path(spec.origin).parent


def _entry(job: Path) -> Path:
    entry = job / ENTRY
    if not entry.is_file():
        raise ConfigError(f"the job has no entry script {entry}")
    return entry
