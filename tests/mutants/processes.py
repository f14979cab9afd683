"""Tests in a process of their own, within a time: a new one, or a fork that has the libraries."""

import importlib
import os
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

# A pytest of its own imports these for three seconds of each trial; a fork has them. Nothing of
# the project is among them, nor a pytest plugin, whose assertions pytest wants to rewrite.
LIBRARIES = (
    "pytest",
    "hypothesis",
    "aiohttp.web",
    "aiokafka",
    "aiobotocore.session",
    "orjson",
    "prometheus_client",
    "pydantic_settings",
    "structlog",
)
# hypothesis has a plugin of the same name, which is then imported already.
ALREADY_IMPORTED = ("-W", "ignore::pytest.PytestAssertRewriteWarning")
NOT_STARTED = 70  # EX_SOFTWARE: the fork failed before pytest had an answer
Ended = tuple[str, int | None]  # what it printed, its exit code; None where it hung


def spawned(command: Sequence[str], home: Path, first: Path, seconds: float) -> Ended:
    """A command with a folder first on Python's path."""
    process = subprocess.Popen(
        command,
        cwd=home,
        env=os.environ | _environment(first),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        return process.communicate(timeout=seconds)[0], process.returncode
    except subprocess.TimeoutExpired:
        return "", None
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def forked(arguments: Sequence[str], home: Path, first: Path, seconds: float) -> Ended:
    """The same for pytest, without the time that its libraries take to import."""
    for library in LIBRARIES:
        importlib.import_module(library)
    with tempfile.TemporaryFile() as output:
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            _be_pytest(arguments, home, first, output.fileno())
        code = _waited(child, seconds)
        output.seek(0)
        return output.read().decode(errors="replace"), code


def _be_pytest(arguments: Sequence[str], home: Path, first: Path, output: int) -> None:
    """The child's whole life; it never returns into the parent's work."""
    code = NOT_STARTED
    try:
        os.setsid()
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.chdir(home)
        os.environ.update(_environment(first))
        sys.path.insert(0, str(first))
        sys.dont_write_bytecode = True
        code = int(importlib.import_module("pytest").main([*ALREADY_IMPORTED, *arguments]))
        sys.stdout.flush()
    except BaseException:
        os.write(2, traceback.format_exc().encode())
    finally:
        os._exit(code)


def _waited(child: int, seconds: float) -> int | None:
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def _environment(first: Path) -> dict[str, str]:
    return {"PYTHONPATH": str(first), "PYTHONDONTWRITEBYTECODE": "1"}
