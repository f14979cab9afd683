"""One sink as a process, and what the kernel says of its memory."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_stack.ports import HOST, free_ports

_STOP_S = 60.0


class SinkFailedError(Exception):
    """The sink ended, or said something that it should not."""


@dataclass
class MeasuredSink:
    """A running sink. Sizes in bytes."""

    process: "subprocess.Popen[bytes]"
    port: int
    log: Path
    peak: int = 0

    def resident(self) -> int:
        """What it has now (VmRSS); remembers the peak (VmHWM) on the way."""
        told = dict(
            line.split(":", 1)
            for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        )
        if self.process.poll() is not None or "VmHWM" not in told:
            said = self.log.read_text(errors="replace")[-2000:]
            raise SinkFailedError(f"the sink ended with {self.process.poll()}:\n{said}")
        self.peak = max(self.peak, _bytes(told["VmHWM"]))
        return _bytes(told["VmRSS"])

    def is_ready(self) -> bool:
        try:
            return self._get("/readyz") is not None
        except OSError:
            return False

    def status(self) -> dict[str, Any]:
        return dict(json.loads(self._get("/status")))

    def metrics(self) -> dict[str, float]:
        """Each metric's sum over its labels."""
        sums: dict[str, float] = {}
        for line in self._get("/metrics").decode().splitlines():
            if not line.startswith("#"):
                name, value = line.rsplit(" ", 1)
                name = name.split("{", 1)[0]
                sums[name] = sums.get(name, 0.0) + float(value)
        return sums

    def _get(self, path: str) -> bytes:
        with urllib.request.urlopen(f"http://{HOST}:{self.port}{path}", timeout=10) as answer:
            body: bytes = answer.read()
        return body

    def stop(self) -> float:
        """SIGTERM, and wait; seconds until it was gone."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        if self.process.wait(_STOP_S) != 0:
            raise SinkFailedError(f"the sink ended with {self.process.returncode}")
        return time.monotonic() - began


@contextmanager
def run_sink(environ: Mapping[str, str], log: Path) -> Iterator[MeasuredSink]:
    """A sink for the length of a block."""
    (port,) = free_ports(1)
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "s3_sink"],
            env={"PATH": os.environ["PATH"], **environ, "S3_SINK_HTTP__PORT": str(port)},
            stdout=stream,
            stderr=stream,
        )
    try:
        yield MeasuredSink(process, port, log)
    finally:
        process.kill()
        process.wait()


def _bytes(told: str) -> int:
    return int(told.split()[0]) * 1024
