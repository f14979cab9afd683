"""What all that take part do: told by a file what to read, they print one line of figures."""

import json
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Told:
    """`files` are raw objects, gzip of JSON lines; the table goes to `target`, a Parquet file."""

    files: list[str]
    target: str
    options: dict[str, Any]


def take_part(work: Callable[[Told], None]) -> None:
    """Do the work, and say what it cost after everything was imported."""
    told = Told(**json.loads(Path(sys.argv[1]).read_text()))
    cpu, wall = time.process_time(), time.monotonic()
    work(told)
    figures = {
        "cpu_s": time.process_time() - cpu,
        "wall_s": time.monotonic() - wall,
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }
    sys.stdout.write(json.dumps(figures) + "\n")
