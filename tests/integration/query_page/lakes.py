"""The local cloud of the page's tests and pictures, as a process of its own."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.integration.query_api.conftest import ROOT, Cloud, Process


@contextmanager
def open_cloud(state: Path) -> Iterator[Cloud]:
    """A cloud in which nothing is yet."""
    java = shutil.which("java")
    assert java is not None, "java is missing"
    command = [sys.executable, "-m", "local_cloud", "--state-dir", str(state)]
    command += ["--spark-jars", str(ROOT / ".local" / "jars" / "spark")]
    command += ["--java-home", str(Path(java).resolve().parents[1])]
    process = Process(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
    ready = process.event("ready")
    try:
        yield Cloud(
            f"http://127.0.0.1:{ready['port']}", f"http://127.0.0.1:{ready['admin_port']}"
        )
    finally:
        process.end()
