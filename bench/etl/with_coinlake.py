"""The job as it is, on a Spark of one core: all tables of the hour, from S3 to S3.

Says what its reading, its typing and its writing took, and which process needed it.
"""

import gc
import json
import os
import resource
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from pyspark import SparkConf, SparkContext

from coinlake.contracts.batches import JOB_VERSION, BatchHour, BatchInput, HourResult, Manifest
from coinlake_job import carry, lake
from coinlake_job.rebuild import rebuild
from coinlake_job.result import hour_result

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
            "files": {file.table: file.key for one in result.hours for file in one.files},
        }
    sys.stdout.write(json.dumps(figures) + "\n")


def _timed(told: str, task: carry.Task) -> HourResult:
    """What `carry.rebuilt` does, with the CPU seconds of its parts."""
    marks = [time.process_time()]
    s3 = lake.client()
    gc.disable()
    typed = carry.read(s3, task)
    gc.enable()
    marks.append(time.process_time())
    files = carry.stage(s3, task, typed)
    marks.append(time.process_time())
    parts = {
        "start": marks[0],
        "read and type": marks[1] - marks[0],
        "write": marks[2] - marks[1],
    }
    Path(told).write_text(json.dumps({name: round(cpu_s, 2) for name, cpu_s in parts.items()}))
    return hour_result(task.hour, typed, files)


def _own_processes() -> Iterator[tuple[str, str, list[str]]]:
    """Id, name and figures of this process and of all that it has started: they are one session."""
    session = str(os.getsid(0))
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            head, _, rest = (entry / "stat").read_text().rpartition(")")
        except (FileNotFoundError, ProcessLookupError):
            continue
        figures = rest.split()
        if figures[3] == session:
            yield entry.name, head.partition("(")[2], figures


def _cpu_s() -> dict[str, float]:
    """CPU seconds of them, and of those of their children that have ended, by who it is."""
    total: dict[str, float] = {}
    for pid, name, figures in _own_processes():
        who = "jvm" if name == "java" else "driver" if pid == str(os.getpid()) else "task"
        spent = sum(int(one) for one in figures[11:15]) / _TICKS
        total[who] = total.get(who, 0.0) + spent
    return total


def _peak_bytes() -> int:
    """The peak of the largest Python process: that of the task."""
    peaks = [resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024]
    for pid, name, _ in _own_processes():
        if name != "java":
            status = Path(f"/proc/{pid}/status").read_text()
            peaks += [
                int(line.split()[1]) * 1024
                for line in status.splitlines()
                if line.startswith("VmHWM:")
            ]
    return max(peaks)


main()
