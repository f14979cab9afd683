"""Logs: structlog, JSON unless a person reads along on a terminal."""

import logging
import sys
from typing import cast

import structlog

_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def configure(service: str, level: str = "info") -> None:
    """Set logging up for this process; libraries' own logging goes the same way."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    terminal = sys.stderr.isatty()
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer() if terminal else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.bind_contextvars(service=service)
    formatter = structlog.stdlib.ProcessorFormatter(
        processor=renderer, foreign_pre_chain=shared
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    # Libraries speak up from warnings on: their info lines are not units of our work.
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)


def get(name: str) -> structlog.typing.FilteringBoundLogger:
    """A logger that tells where a line came from."""
    return cast(structlog.typing.FilteringBoundLogger, structlog.get_logger(module=name))
