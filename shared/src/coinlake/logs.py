"""Logs: structlog, JSON unless a person reads along on a terminal."""

import io
import json
import logging
import sys
from typing import Any, TextIO, cast

import structlog

_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


class PatientStream(io.TextIOBase):
    """A stream whose failures stop no work: a log on a full disk costs lines, which are counted.

    Nothing is buffered: what could not be written must not come up again at the exit.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        # Standard error's own file, past its buffers; where tests hold it there is none.
        self._file: Any = getattr(getattr(stream, "buffer", None), "raw", None)
        self._lost = 0

    def write(self, text: str) -> int:
        """Write a line, or count it as lost; what was lost is said before the next one."""
        said = {"event": "log_lines_lost", "level": "warning", "lines": self._lost}
        try:
            self._put(f"{json.dumps(said)}\n{text}" if self._lost else text)
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
            left = left[self._file.write(left) :]


def configure(service: str, level: str = "info") -> None:
    """Set logging up for this process; libraries' own logging goes the same way."""
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
        processors=[*shared, renderer],
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
    # Libraries speak up from warnings on: their info lines are not units of our work.
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)


def get(name: str) -> structlog.typing.FilteringBoundLogger:
    """A logger that tells where a line came from."""
    return cast(structlog.typing.FilteringBoundLogger, structlog.get_logger(module=name))
