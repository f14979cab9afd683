"""A sink as a process, run as in production: `python -m s3_sink` with an environment."""

import asyncio
import json
import os
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass
class SinkProcess:
    """One sink, run as in production: `python -m s3_sink` with an environment."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}") as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def status(self) -> dict[str, Any]:
        try:
            return dict(json.loads(self.get("/status")[1]))
        except OSError:
            return {"partitions": {}, "totals": {}}

    @property
    def is_ready(self) -> bool:
        try:
            return self.get("/readyz")[0] == 200
        except OSError:
            return False  # not listening yet

    def partition(self, name: str) -> dict[str, Any]:
        return dict(self.status()["partitions"].get(name, {}))

    def metric(self, name: str) -> float:
        try:
            lines = self.get("/metrics")[1].splitlines()
        except OSError:
            return 0.0  # not listening yet
        pattern = re.compile(rf"{name}(\{{.*\}})? ")
        return sum(float(line.split()[-1]) for line in lines if pattern.match(line))

    async def until(self, condition: Callable[[], object], timeout_s: float = 40.0) -> None:
        """Wait for a condition, and show the sink's log where it never comes true."""
        deadline = time.monotonic() + timeout_s
        while not condition():
            alive = self.process.poll() is None
            if time.monotonic() > deadline or not alive:
                raise AssertionError(
                    f"alive={alive} status={self.status()}\n{self.log.read_text()[-4000:]}"
                )
            await asyncio.sleep(0.05)

    def lines(self, event: str) -> list[dict[str, Any]]:
        """Its log lines with this event."""
        parsed = [
            json.loads(text) for text in self.log.read_text().splitlines() if text[:1] == "{"
        ]
        return [line for line in parsed if line.get("event") == event]

    def memory_bytes(self, name: str) -> int:
        """A figure of the kernel's about its memory (proc(5), status): VmRSS, VmHWM."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        line = next(line for line in lines if line.startswith(f"{name}:"))
        return int(line.split()[1]) * 1024

    def rss_bytes(self) -> int:
        """Resident memory now."""
        pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def cpu_s(self) -> float:
        """CPU seconds, user and system, so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(30)
