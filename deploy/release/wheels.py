"""Builds the wheels and, from them, the bundle of the Glue job: the same commit, the same bytes."""

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from hatchling.build import build_wheel

from deploy.release.errors import ReleaseError
from deploy.release.version import PACKAGES

# Runs with the wheels' own code, so that the bundle is the one that `coinlake provision` of this
# release uploads; what it needs of them is standard library only.
_BUNDLED = ("coinlake-", "coinlake_tools-", "coinlake_kernel-", "coinlake_job-")
_BUNDLE = """\
import pathlib, sys
from coinlake_tools.bundle import installed_bundle
bundle, folder = installed_bundle(), pathlib.Path(sys.argv[1])
for key, body in ((bundle.script_key, bundle.script), (bundle.archive_key, bundle.archive)):
    path = folder / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
print(bundle.digest)
"""


def build(tree: Path, committed_s: int, folder: Path) -> list[Path]:
    """The wheels of all packages of an exported tree, each with LICENSE and NOTICE in it."""
    folder.mkdir(parents=True, exist_ok=True)
    target = str(folder.resolve())
    for package in PACKAGES:
        for name in ("LICENSE", "NOTICE"):
            shutil.copy(tree / name, tree / package / name)
        with chdir(tree / package), _time(committed_s):
            build_wheel(target)
    return sorted(folder.glob("*.whl"))


def bundle(wheels: list[Path], folder: Path) -> str:
    """Write the two objects of the Glue job below the folder by their keys; the digest."""
    with TemporaryDirectory(prefix="coinlake-bundle-") as scratch:
        for wheel in wheels:
            if wheel.name.startswith(_BUNDLED):
                with zipfile.ZipFile(wheel) as packed:
                    packed.extractall(scratch)
        done = subprocess.run(
            [sys.executable, "-S", "-c", _BUNDLE, str(folder.resolve())],
            # Not beside the code: an import would leave bytecode there.
            env={"PYTHONPATH": scratch, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
        )
    if done.returncode != 0:
        raise ReleaseError(f"the job was not packed: {done.stderr.strip()}")
    return done.stdout.strip()


@contextmanager
def _time(committed_s: int) -> Iterator[None]:
    # The time of every file in a wheel, by the convention that hatchling follows.
    before = os.environ.get("SOURCE_DATE_EPOCH")
    os.environ["SOURCE_DATE_EPOCH"] = str(committed_s)
    try:
        yield
    finally:
        if before is None:
            del os.environ["SOURCE_DATE_EPOCH"]
        else:
            os.environ["SOURCE_DATE_EPOCH"] = before
