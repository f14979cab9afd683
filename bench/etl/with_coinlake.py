"""The job as it is, on a Spark of one core: all tables of the hour, from S3 to S3.

Says what its reading, its typing and its writing took, and which process needed it.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from pyspark import SparkConf, SparkContext

from bench.sink.accounting import descendants, peak_bytes
from coinlake.contracts.batches import JOB_VERSION, BatchHour, BatchInput, HourResult, Manifest
from coinlake_job import carry, lake
from coinlake_job.rebuild import rebuild

_TICKS = os.sysconf("SC_CLK_TCK")


def main() -> None:
    told = json.loads(Path(sys.argv[1]).read_text())
    inputs = tuple(BatchInput(*one) for one in told["inputs"])
    hour = BatchHour(told["feed"], told["dt"], told["hour"], 0, (), inputs)
    manifest = Manifest("bench", JOB_VERSION, "bench", 3_600_000, (hour,))
    batch = lake.Batch(told["bucket"], "bench", told["attempt"])
    began = time.monotonic()
    conf = (
        SparkConf().setMaster("local[1]").setAppName("bench").set("spark.ui.enabled", "false")
    )
    with SparkContext(conf=conf) as context:
        started, before = time.monotonic(), _cpu_s()
        result = rebuild(context, batch, manifest, partial(_timed, told["phases"]))
        spent = {who: cpu_s - before.get(who, 0.0) for who, cpu_s in _cpu_s().items()}
        figures = {
            "cpu_s": sum(spent.values()),
            "cpu_of": {name: round(cpu_s, 2) for name, cpu_s in spent.items()},
            "phases": json.loads(Path(told["phases"]).read_text()),
            "wall_s": time.monotonic() - started,
            "session_s": started - began,
            "peak_bytes": _peak_bytes(),
            "rows": next(f.rows for one in result.hours for f in one.files),
            "files": {file.table: file.key for one in result.hours for file in one.files},
        }
    sys.stdout.write(json.dumps(figures) + "\n")


def _timed(told: str, task: carry.Task) -> HourResult:
    """What `carry.rebuilt` does, with the CPU seconds of its parts."""
    parts = {"start": time.process_time()}

    def watched(name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        def watching(*arguments: Any) -> Any:
            began = time.process_time()
            made = work(*arguments)
            parts[name] = time.process_time() - began
            return made

        return watching

    carry.read = watched("read and type", carry.read)
    carry.stage = watched("write", carry.stage)
    result = carry.rebuilt(task)
    Path(told).write_text(json.dumps({name: round(cpu_s, 2) for name, cpu_s in parts.items()}))
    return result


def _own_processes() -> Iterator[tuple[int, str, list[str]]]:
    """Id, name and figures of this process and of all that it has started."""
    for pid in (os.getpid(), *descendants(os.getpid())):
        try:
            head, _, rest = Path(f"/proc/{pid}/stat").read_text().rpartition(")")
        except (FileNotFoundError, ProcessLookupError):
            continue
        yield pid, head.partition("(")[2], rest.split()


def _cpu_s() -> dict[str, float]:
    """CPU seconds of them, and of those of their children that have ended, by who it is."""
    total: dict[str, float] = {}
    for pid, name, figures in _own_processes():
        who = "jvm" if name == "java" else "driver" if pid == os.getpid() else "task"
        spent = sum(int(one) for one in figures[11:15]) / _TICKS
        total[who] = total.get(who, 0.0) + spent
    return total


def _peak_bytes() -> int:
    """The peak of the largest Python process: that of the task."""
    peaks = [peak_bytes(pid) for pid, name, _ in _own_processes() if name != "java"]
    return max(peaks, default=0)


if __name__ == "__main__":
    main()
