"""CPU and memory of a process with all its children, from the kernel's own account (proc(5))."""

import os
from contextlib import suppress
from pathlib import Path

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def family(pid: int) -> list[int]:
    """The process and all that came from it and still live."""
    found = [pid]
    for parent in found:
        for tasks in Path(f"/proc/{parent}/task").glob("*/children"):
            with suppress(FileNotFoundError, ProcessLookupError):
                found += [int(child) for child in tasks.read_text().split()]
    return found


def cpu_s(pid: int) -> float:
    """CPU seconds, user and system, of the family until now, with children that have ended."""
    total = 0.0
    for member in family(pid):
        with suppress(FileNotFoundError, ProcessLookupError):
            # Fields 14 to 17, counted behind the name, which may hold anything.
            told = Path(f"/proc/{member}/stat").read_text().rpartition(")")[2].split()
            total += sum(int(ticks) for ticks in told[11:15]) * _TICK_S
    return total


def forget_peaks(pid: int) -> None:
    """Begin new peaks of resident memory (proc(5), clear_refs: 5)."""
    for member in family(pid):
        with suppress(FileNotFoundError, ProcessLookupError):
            Path(f"/proc/{member}/clear_refs").write_text("5")


def peak_bytes(pid: int) -> int:
    """The sum of the family's peaks since they were forgotten: not less than was held at once."""
    return sum(_peak_kib(member) for member in family(pid)) * 1024


def _peak_kib(pid: int) -> int:
    with suppress(FileNotFoundError, ProcessLookupError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    return 0
