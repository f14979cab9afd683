"""Stopping in mid-start, failing in mid-start: nothing is left behind."""

import asyncio
import io
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from local_stack import processes
from local_stack.plan import Child
from local_stack.progress import ProgressLines
from local_stack.starting import start_all


def stack(folder: Path, *words: str, **variables: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-u", "-m", "local_stack", "--folder", str(folder), *words],
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def left_of(folder: Path) -> list[str]:
    listed = subprocess.run(["ps", "-eo", "args="], capture_output=True, text=True).stdout
    return [line for line in listed.splitlines() if str(folder) in line]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_start_stops_what_it_had_started(
    tmp_path: Path, number: signal.Signals
) -> None:
    with stack(tmp_path, "up") as starting:
        assert starting.stdout is not None
        for line in starting.stdout:
            # The broker is starting now, and others with it.
            if "kafka-format done" in line:
                break
        starting.send_signal(number)
        said = starting.stdout.read()

    assert starting.returncode == 130, said
    assert json.loads((tmp_path / "stack.json").read_text())["processes"] == {}
    assert left_of(tmp_path) == []
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_right_after_a_spawn_does_not_lose_the_process(
    tmp_path: Path, number: signal.Signals
) -> None:
    written_down: dict[str, processes.Running] = {}
    child = Child("sleeper", ("/bin/sleep", "60"), {}, needs=(), ready=lambda: "never")

    def started(name: str, process: processes.Running) -> None:
        # The worst moment: the process runs and no note of it exists yet.
        signal.raise_signal(number)
        written_down[name] = process

    # As the command line has it: both raise, wherever the interpreter happens to be.
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            asyncio.run(
                start_all(
                    [child], lambda name: tmp_path / name, started, ProgressLines(io.StringIO())
                )
            )
    finally:
        signal.signal(signal.SIGTERM, before)

    assert processes.alive(written_down["sleeper"])
    assert processes.stop(written_down["sleeper"], 5.0)


def test_a_taken_port_is_named_before_anything_starts(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = min(taken.getsockname()[1], 65_000)

        with stack(tmp_path, "up", STACK_FIRST_PORT=str(port)) as starting:
            said, _ = starting.communicate()

    assert starting.returncode == 1
    assert f"Port {port} is taken" in said
    assert not (tmp_path / "stack.json").exists()


def test_down_without_a_stack_is_fine(tmp_path: Path) -> None:
    with stack(tmp_path, "down") as down:
        said, _ = down.communicate()

    assert down.returncode == 0
    assert "nothing was running" in said


def test_a_command_for_one_process_needs_a_stack(tmp_path: Path) -> None:
    with stack(tmp_path, "kill", "s3_sink") as killing:
        said, _ = killing.communicate()

    assert killing.returncode == 1
    assert "No stack of this clone was started" in said
