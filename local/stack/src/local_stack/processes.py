"""Processes that outlive their starter: spawned detached, known by pid and start time."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from local_stack.errors import StackError

_POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class Running:
    """A process that was started. `started` tells it from a later one with the same pid."""

    pid: int
    started: str


def spawn(argv: Sequence[str], environ: Mapping[str, str], log: Path) -> Running:
    """Start a process in a session of its own, its output appended to `log`."""
    log.parent.mkdir(parents=True, exist_ok=True)
    append = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    try:
        pid = os.posix_spawn(
            argv[0],
            list(argv),
            dict(environ),
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, str(log), append, 0o644),
                (os.POSIX_SPAWN_DUP2, 1, 2),
            ],
            setsid=True,  # Ctrl-C in the terminal is for the stack, which stops them in order
            setsigdef=[signal.SIGINT, signal.SIGTERM, signal.SIGPIPE],
        )
    except OSError as error:
        raise StackError(f"{argv[0]} cannot be started: {error.strerror}.") from error
    return Running(pid, _started(pid) or "")


def alive(process: Running) -> bool:
    """Whether this very process runs (a zombie does not, a later one with its pid is not it)."""
    _reap(process.pid)
    return _started(process.pid) == process.started != ""


def send(process: Running, number: signal.Signals) -> None:
    """Signal the process if it is still the one that was started."""
    if alive(process):
        try:
            os.kill(process.pid, number)
        except ProcessLookupError:
            return  # it ended between the look and the signal: what was wanted


def stop(process: Running, grace_s: float) -> bool:
    """SIGTERM, then SIGKILL after `grace_s`. True where SIGTERM was enough."""
    send(process, signal.SIGTERM)
    if wait_gone(process, grace_s):
        return True
    send(process, signal.SIGKILL)
    wait_gone(process, 10)
    return False


def wait_gone(process: Running, timeout_s: float) -> bool:
    """Wait until the process has ended. False when it has not in time."""
    deadline = time.monotonic() + timeout_s
    while alive(process):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_S)
    return True


def last_lines(log: Path, count: int = 12) -> str:
    """The end of a log, for people; empty where there is none."""
    try:
        text = log.read_text(errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.splitlines()[-count:])


def _reap(pid: int) -> None:
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return  # not our child: started by an earlier `up`, reaped by init


def _started(pid: int) -> str | None:
    """When the process was started, in the system's own words; None where it is not alive."""
    if sys.platform != "linux":
        return _started_by_ps(pid)
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name, in brackets, may hold anything; after it come state (field 3), number of
    # threads (20) and start time (22), proc_pid_stat(5). A killed JVM's first thread is a zombie
    # while the others still hold its ports.
    fields = stat.rpartition(")")[2].split()
    state, threads, started = fields[0], int(fields[17]), fields[19]
    return None if state in "ZX" and threads <= 1 else started


def _started_by_ps(pid: int) -> str | None:
    answer = subprocess.run(
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True
    )
    state, _, started = answer.stdout.strip().partition(" ")
    return None if not state or state.startswith("Z") else started.strip()
