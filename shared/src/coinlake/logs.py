"""Logs: structlog, JSON unless a person reads along on a terminal; what repeats is folded."""

import atexit
import io
import json
import logging
import select
import sys
import threading
import time
from typing import Any, TextIO, cast

import structlog

from coinlake.folding import Folding, FoldingLimits, LogLine, Repeated

_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
# Info lines are one for each unit of work: none of them is another's repetition.
_FOLDED_LEVELS = {"warning", "error", "critical"}
_NOT_TOLD_AGAIN = {"event", "level", "module", "service"}


class PatientStream(io.TextIOBase):
    """A stream that stops no work: a log that cannot be written costs lines, which are counted.

    A full disk and a closed pipe raise; a pipe that nobody reads would hold the writer for ever
    (moby#31540), so each piece waits for room, and not for long. Nothing is buffered: what could
    not be written must not come up again at the exit.
    """

    def __init__(self, stream: TextIO, patience_s: float = 0.2) -> None:
        self._stream = stream
        # Standard error's own file, past its buffers (PYTHONUNBUFFERED leaves none of them); where
        # somebody holds it in memory there is none.
        buffer = getattr(stream, "buffer", None)
        raw = getattr(buffer, "raw", buffer)
        self._file = raw if isinstance(raw, io.FileIO) else None
        self._room = select.poll()
        if self._file is not None:
            self._room.register(self._file, select.POLLOUT)
        self._patience_s = patience_s
        self._lost = 0
        self._is_torn = False
        self._lock = threading.Lock()

    def write(self, text: str) -> int:
        """Write a line, or count it as lost; what was lost is said before the next one."""
        with self._lock:
            said = {"event": "log_lines_lost", "level": "warning", "lines": self._lost}
            line = f"{json.dumps(said)}\n{text}" if self._lost else text
            try:
                self._put(f"\n{line}" if self._is_torn else line)
            except OSError:
                self._lost += 1
            else:
                self._lost = 0
        return len(text)

    def _put(self, text: str) -> None:
        if self._file is None:
            self._stream.write(text)
            self._stream.flush()
            return
        left = memoryview(text.encode(errors="backslashreplace"))
        while left:
            self._await_room()
            # What has room for a byte has room for so many, pipe(7).
            left = left[self._file.write(left[: select.PIPE_BUF]) :]
            self._is_torn = bool(left)

    def _await_room(self) -> None:
        """Raise OSError where nobody reads; who did not read the last line is not waited for."""
        if not self._room.poll(0 if self._lost else self._patience_s * 1_000):
            raise BlockingIOError("nobody reads the log")


class Fold(logging.Filter):
    """Lets a line through or counts it; a thread says how many were counted when it is time.

    A processor of structlog for our own lines, a filter of logging for those of libraries.
    """

    def __init__(self, service: str, limits: FoldingLimits | None = None) -> None:
        super().__init__()
        self._service = service
        self._folding = Folding(limits or FoldingLimits())
        self._lock = threading.Lock()
        self._has_folded = threading.Event()
        self._is_over = threading.Event()
        threading.Thread(target=self._keep_time, name="log-fold", daemon=True).start()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to write a library's line."""
        raised = record.exc_info[1] if record.exc_info else None
        text = record.getMessage() if raised is None else f"{record.getMessage()} {raised!r}"
        return self._passes(LogLine(record.name, record.levelname.lower(), text))

    def __call__(
        self, _logger: Any, _method: str, said: structlog.typing.EventDict
    ) -> structlog.typing.EventDict:
        """Let one of our own lines through, or drop it."""
        level = str(said.get("level"))
        if level not in _FOLDED_LEVELS or said["event"] == "lines_repeated":
            return said
        told = {key: value for key, value in said.items() if key not in _NOT_TOLD_AGAIN}
        text = f"{said['event']} {json.dumps(told, default=repr)}"
        # Of ours an error names what it is about: only the very same words repeat it.
        line = LogLine(str(said.get("module")), level, text)
        if not self._passes(line, each_text=level != "warning"):
            raise structlog.DropEvent
        return said

    def flush(self) -> None:
        """Say all that was counted: nothing more is to come."""
        with self._lock:
            repeated = self._folding.rest()
        self._say(repeated)

    def end(self) -> None:
        """Flush, and end the thread."""
        self._is_over.set()
        self._has_folded.set()
        self.flush()

    def _passes(self, line: LogLine, *, each_text: bool = False) -> bool:
        now_s = time.monotonic()
        with self._lock:
            repeated = self._folding.ended(now_s)
            is_written = self._folding.is_written(line, now_s, each_text=each_text)
        self._say(repeated)
        if not is_written:
            self._has_folded.set()
        return is_written

    def _keep_time(self) -> None:
        """A log that has fallen silent must not keep a count to itself."""
        while not self._is_over.is_set():
            self._has_folded.wait()
            with self._lock:
                end_s = self._folding.next_end_s()
                if end_s is None:
                    self._has_folded.clear()
                    continue
            if self._is_over.wait(max(0.0, end_s - time.monotonic())):
                return
            with self._lock:
                repeated = self._folding.ended(time.monotonic())
            self._say(repeated)

    def _say(self, repeated: list[Repeated]) -> None:
        for one in repeated:
            structlog.get_logger(module=one.source).log(
                logging.getLevelName(one.level.upper()),
                "lines_repeated",
                service=self._service,
                line=one.text,
                times=one.times,
                seconds=round(one.seconds, 1),
            )


_FOLD: Fold | None = None


def configure(service: str, level: str = "info") -> None:
    """Set logging up for this process; libraries' own logging goes the same way."""
    global _FOLD
    if _FOLD is not None:
        _FOLD.end()
        atexit.unregister(_FOLD.end)
    fold = _FOLD = Fold(service)
    atexit.register(fold.end)
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    terminal, stream = sys.stderr.isatty(), PatientStream(sys.stderr)
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer() if terminal else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        # Before the time is on the line.
        processors=[*shared[:2], fold, *shared[2:], renderer],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.WriteLoggerFactory(file=cast(TextIO, stream)),
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.bind_contextvars(service=service)
    formatter = structlog.stdlib.ProcessorFormatter(
        processor=renderer, foreign_pre_chain=shared
    )
    handler = logging.StreamHandler(cast(TextIO, stream))
    handler.setFormatter(formatter)
    handler.addFilter(fold)
    # Libraries speak up from warnings on: their info lines are not units of our work.
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)


def flush() -> None:
    """Say how many lines were folded, for a process that is about to end without an exit."""
    if _FOLD is not None:
        _FOLD.flush()


def get(name: str) -> structlog.typing.FilteringBoundLogger:
    """A logger that tells where a line came from."""
    return cast(structlog.typing.FilteringBoundLogger, structlog.get_logger(module=name))
