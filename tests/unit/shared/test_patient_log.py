"""A log that cannot be written stops no work, and says later how much is missing."""

import errno
import fcntl
import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TextIO

import pytest

from coinlake.lifecycle import EXIT_STUCK
from coinlake.logs import PatientStream


class Disk(io.StringIO):
    """A stream on a disk that is full now and then."""

    is_full = False

    def write(self, text: str) -> int:
        if self.is_full:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(text)


# A service whose loop stands still, which its watchdog says before it ends the process.
STUCK = """
import time
from coinlake import logs
from coinlake.lifecycle import Pulse, watchdog
{guard}
logs.configure("stuck", "debug")
for number in range(1_000):
    logs.get("test").info("talk", number=number, text="x" * 100)
with watchdog(Pulse(limit_s=0.1), interval_s=0.05):
    time.sleep(60)
"""


UNGUARDED = "logs.PatientStream._await_room = lambda self: None"


@pytest.fixture
def pipe() -> Iterator[tuple[int, TextIO]]:
    """The reading end of a pipe of one page, and its writing end as a standard error is opened."""
    read, write = os.pipe()
    fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, 4096)
    os.set_blocking(read, False)
    with os.fdopen(write, "w") as stream:
        yield read, stream
    os.close(read)


def _all_of(read: int) -> str:
    """What is in a pipe now."""
    pieces = []
    with suppress(BlockingIOError):
        while piece := os.read(read, 65_536):
            pieces.append(piece)
    return b"".join(pieces).decode()


def test_lines_that_were_lost_are_counted_and_said_before_the_next_one() -> None:
    disk = Disk()
    stream = PatientStream(disk)

    stream.write("one\n")
    disk.is_full = True
    stream.write("two\n")
    stream.write("three\n")
    disk.is_full = False
    stream.write("four\n")
    stream.write("five\n")

    first, said, *rest = disk.getvalue().splitlines()
    assert (first, rest) == ("one", ["four", "five"])
    assert json.loads(said) == {"event": "log_lines_lost", "level": "warning", "lines": 2}


def test_a_standard_error_in_memory_has_its_lines() -> None:
    memory = io.BytesIO()
    held = io.TextIOWrapper(memory)

    PatientStream(held).write("one\n")

    assert memory.getvalue() == b"one\n"


@pytest.mark.parametrize("has_buffer", [True, False])
def test_what_is_written_goes_past_the_buffers_of_a_real_file(
    tmp_path: Path, has_buffer: bool
) -> None:
    class Short(io.FileIO):
        """A file that takes three bytes at a time."""

        def write(self, data: object) -> int:
            return super().write(bytes(data)[:3])  # type: ignore[call-overload]

    file = Short(tmp_path / "log", "wb")
    with io.TextIOWrapper(io.BufferedWriter(file) if has_buffer else file) as held:
        PatientStream(held).write("l\u00e4ngere Zeile\n")

    assert (tmp_path / "log").read_text() == "l\u00e4ngere Zeile\n"


@pytest.mark.parametrize("length", [100, 5_000])
def test_a_reader_that_reads_nothing_holds_nobody_up(
    pipe: tuple[int, TextIO], length: int
) -> None:
    read, standard_error = pipe
    stream = PatientStream(standard_error, patience_s=0.05)

    for number in range(100):
        stream.write(f"{number} {'x' * length}\n")
    whole = _all_of(read).count("x\n")
    stream.write("again\n")

    *torn, said, again = _all_of(read).splitlines()
    assert (json.loads(said)["lines"], again) == (100 - whole, "again")
    assert not any(torn)


def test_a_writer_that_does_not_look_for_room_is_held_up(pipe: tuple[int, TextIO]) -> None:
    read, standard_error = pipe
    writer = threading.Thread(target=standard_error.write, args=("x" * 50_000,), daemon=True)

    writer.start()
    writer.join(0.5)

    assert writer.is_alive()
    while writer.is_alive():
        _all_of(read)


def test_what_is_read_late_is_not_lost(pipe: tuple[int, TextIO]) -> None:
    read, standard_error = pipe
    stream = PatientStream(standard_error, patience_s=30.0)
    writer = threading.Thread(target=stream.write, args=("x" * 50_000,))

    writer.start()
    got = ""
    while writer.is_alive():
        got += _all_of(read)

    assert got + _all_of(read) == "x" * 50_000


@pytest.mark.long
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(("guard", "code"), [("", EXIT_STUCK), (UNGUARDED, None)])
def test_a_watchdog_ends_a_process_whose_log_nobody_reads(
    pipe: tuple[int, TextIO], guard: str, code: int | None, unbuffered: str
) -> None:
    _, standard_error = pipe
    command = [sys.executable, "-c", STUCK.format(guard=guard)]
    environment = os.environ | {"PYTHONUNBUFFERED": unbuffered}

    with subprocess.Popen(command, stderr=standard_error, env=environment) as process:
        try:
            ended: int | None = process.wait(2.0 if guard else 30.0)
        except subprocess.TimeoutExpired:
            ended = None
            process.kill()

    assert ended == code
