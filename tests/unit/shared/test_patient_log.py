"""A log that cannot be written stops no work, and says later how much is missing."""

import errno
import io
import json

from coinlake.logs import PatientStream


class Disk(io.StringIO):
    """A stream on a disk that is full now and then."""

    is_full = False

    def write(self, text: str) -> int:
        if self.is_full:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(text)


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


def test_what_is_written_goes_past_the_buffers_of_a_real_file() -> None:
    class Raw(io.RawIOBase):
        written = b""

        def write(self, data: object) -> int:
            piece = bytes(data)[:3]  # type: ignore[call-overload]
            self.written += piece
            return len(piece)

        def writable(self) -> bool:
            return True

    file = Raw()
    stream = PatientStream(io.TextIOWrapper(io.BufferedWriter(file)))

    stream.write("l\u00e4ngere Zeile\n")

    assert file.written.decode() == "l\u00e4ngere Zeile\n"
