"""Stopping in mid-start, failing in mid-start: nothing is left behind."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest


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
