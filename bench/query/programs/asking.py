"""What all that take part do: a question a line on stdin, a line of figures for each on stdout.

Imports, sessions and connections are made before the first question and are in no figure. What came is
looked at after the clock has stopped.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow

from bench.query.programs.looking import looked_at

Ask = Callable[[str, int], Any]
"""The rows of a statement, as the client gives them; the second says how many there are at most."""


def take_part(ask: Ask) -> None:
    """Answer questions until there are no more."""
    # Arrow imports pandas at its first array, for 150 ms.
    pyarrow.array([0])
    _say({"ready": True})
    for line in sys.stdin:
        question = json.loads(line)
        _say(_answered(ask, question["sql"], question["rows"]))


def _answered(ask: Ask, sql: str, rows: int) -> dict[str, Any]:
    before = _forget_the_peak()
    cpu, wall = time.process_time(), time.monotonic()
    found = ask(sql, rows)
    figures = {
        "wall_s": time.monotonic() - wall,
        "cpu_s": time.process_time() - cpu,
        "peak_bytes": _kib("VmHWM") * 1024,
        "held_before_bytes": before,
    }
    return figures | {"seen": looked_at(found)}


def _forget_the_peak() -> int:
    """Begin a new peak of resident memory (proc(5), clear_refs: 5); bytes held now."""
    Path("/proc/self/clear_refs").write_text("5")
    return _kib("VmRSS") * 1024


def _kib(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    (line,) = [line for line in lines if line.startswith(f"{name}:")]
    return int(line.split()[1])


def _say(told: dict[str, Any]) -> None:
    os.write(1, json.dumps(told).encode() + b"\n")
