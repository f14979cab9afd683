"""Real processes: only the one that was started is signalled, and its end is seen."""

import os
import signal
import sys
from pathlib import Path

import pytest

from local_stack import processes
from local_stack.errors import StackError
from local_stack.processes import Running

ENVIRON = {"PATH": os.environ["PATH"]}
SLEEPS = "import time\nprint('up', flush=True)\ntime.sleep(600)"
DEAF = (
    "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "print('up', flush=True)\ntime.sleep(600)"
)


def started(code: str, log: Path) -> Running:
    process = processes.spawn([sys.executable, "-c", code], ENVIRON, log)
    while "up" not in processes.last_lines(log):
        assert processes.alive(process)
    return process


def test_a_process_ends_on_sigterm_and_its_end_is_seen(tmp_path: Path) -> None:
    process = started(SLEEPS, tmp_path / "log")

    by_sigterm = processes.stop(process, 10)

    assert by_sigterm
    assert not processes.alive(process)


def test_a_process_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    process = started(DEAF, tmp_path / "log")

    by_sigterm = processes.stop(process, 0.2)

    assert not by_sigterm
    assert not processes.alive(process)


def test_a_later_process_with_the_same_pid_is_left_alone(tmp_path: Path) -> None:
    process = started(SLEEPS, tmp_path / "log")
    stranger = Running(process.pid, "another start time")

    processes.send(stranger, signal.SIGKILL)

    assert not processes.alive(stranger)
    assert processes.alive(process)
    processes.stop(process, 10)


def test_ctrl_c_in_the_terminal_does_not_reach_a_started_process(tmp_path: Path) -> None:
    process = started(SLEEPS, tmp_path / "log")

    assert os.getsid(process.pid) == process.pid
    processes.stop(process, 10)


def test_what_cannot_be_started_is_named(tmp_path: Path) -> None:
    with pytest.raises(StackError, match=r"no-such-program cannot be started"):
        processes.spawn([str(tmp_path / "no-such-program")], ENVIRON, tmp_path / "log")
