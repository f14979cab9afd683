"""A disk that fails under a process that runs: strace answers its fsync with EIO."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_ATTACH_S = 60.0
_SYNC = "fsync,fdatasync,sync_file_range,msync"


@contextmanager
def syncs_fail(pid: int, trace: Path) -> Iterator[None]:
    """From now on no thread of the process can sync anything to its disk.

    Each failed call is a line with `(INJECTED)` in `trace`. Skips where nobody may be traced.
    """
    strace = shutil.which("strace")
    assert strace is not None, "the test needs the mark `needs('strace')`"
    said = trace.with_suffix(".stderr")
    followed = ("-f", "-p", str(pid), "-o", str(trace))
    with said.open("wb") as stderr:
        tracer = subprocess.Popen(
            [strace, *followed, "-e", f"trace={_SYNC}", "-e", f"inject={_SYNC}:error=EIO"],
            stderr=stderr,
        )
    try:
        _until_attached(tracer, said)
        yield
    finally:
        tracer.terminate()  # it lets go of the process, if that still lives
        tracer.wait(30)


def _until_attached(tracer: "subprocess.Popen[bytes]", said: Path) -> None:
    deadline = time.monotonic() + _ATTACH_S
    while "attached" not in (text := said.read_text()):
        if "not permitted" in text:
            pytest.skip("NOT RUN: needs leave to trace processes")
        assert tracer.poll() is None, text
        assert time.monotonic() < deadline, f"strace does not attach: {text}"
        time.sleep(0.05)
