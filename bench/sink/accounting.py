"""Runs one program on one core and accounts for all of it: a process of its own, on purpose.

    python -m bench.sink.accounting --core 1 --limit-s 600 --log FILE -- PROGRAM ARGUMENT …

It adopts every orphan of the program, so that no child escapes the account, and prints one line of
JSON when all have ended. SIGTERM is passed on to the program.
"""

import argparse
import ctypes
import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

_SET_CHILD_SUBREAPER = 36
_SAMPLE_S = 0.1
_ORPHANS_GRACE_S = 10.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--core", type=int, required=True)
    parser.add_argument("--limit-s", type=float, required=True)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("command", nargs="+")
    told = parser.parse_args()
    if ctypes.CDLL(None, use_errno=True).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "this system cannot adopt orphans")
    began = time.monotonic()
    with told.log.open("ab") as log:
        child = subprocess.Popen(
            told.command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            preexec_fn=lambda: os.sched_setaffinity(0, {told.core}),
        )
    signal.signal(signal.SIGTERM, lambda *_: child.send_signal(signal.SIGTERM))
    peaks = _Peaks()
    in_time = _watch(child, peaks, began + told.limit_s)
    wall_s = time.monotonic() - began
    _end_orphans()
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    account = {
        "exit_code": child.returncode,
        "in_time": in_time,
        "wall_s": round(wall_s, 3),
        "user_s": round(spent.ru_utime, 3),
        "system_s": round(spent.ru_stime, 3),
        "peak_bytes": peaks.sum_bytes,
    }
    sys.stdout.write(json.dumps(account) + "\n")
    return 0


class _Peaks:
    """The largest sum of the peaks (VmHWM) of processes that lived at the same time."""

    def __init__(self) -> None:
        self.sum_bytes = 0

    def look(self) -> None:
        now = sum(peak_bytes(pid) for pid in descendants(os.getpid()))
        self.sum_bytes = max(self.sum_bytes, now)


def _watch(child: "subprocess.Popen[bytes]", peaks: _Peaks, deadline: float) -> bool:
    while child.poll() is None:
        if time.monotonic() > deadline:
            child.kill()
            child.wait()
            return False
        peaks.look()
        time.sleep(_SAMPLE_S)
    return True


def _end_orphans() -> None:
    """Wait for what the program left behind; what does not end by itself is ended."""
    deadline = time.monotonic() + _ORPHANS_GRACE_S
    while True:
        try:
            ended, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if ended == 0:
            if time.monotonic() > deadline:
                for pid in descendants(os.getpid()):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(_SAMPLE_S)


def descendants(ancestor: int) -> list[int]:
    """The processes below one, at this moment."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            parents[int(entry.name)] = _parent(entry)
    found: list[int] = []
    wave = {ancestor}
    while wave:
        wave = {pid for pid, parent in parents.items() if parent in wave}
        found.extend(wave)
    return found


def _parent(process: Path) -> int:
    try:
        stat = (process / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return int(stat.rpartition(")")[2].split()[1])


def peak_bytes(pid: int) -> int:
    """The peak of a process's memory (VmHWM); 0 where it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    for line in status.splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


if __name__ == "__main__":
    sys.exit(main())
