"""The project's own make targets, for tests that need what they make."""

import fcntl
import os
import subprocess

from tests.commit import ROOT
from tests.e2e.terminal import without_make


def make(target: str) -> None:
    """`make TARGET` in this checkout, one run at a time. Fails with what it said."""
    folder = ROOT / ".local"
    folder.mkdir(exist_ok=True)
    with (folder / f"{target}.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        done = subprocess.run(
            ["make", target],
            cwd=ROOT,
            env=without_make(os.environ),
            capture_output=True,
            text=True,
        )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
