"""A pytest plugin that writes down which lines of a service each test runs, and how long it takes."""

import json
import os
import sys
import threading
import time
from collections.abc import Generator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

# What runs while modules are imported belongs to every test.
IMPORT = "import"
SOURCE, REPORT = "MUTANTS_SOURCE", "MUTANTS_REPORT"


class Tracer:
    """The lines seen since the last `take`."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._seen: set[tuple[str, int]] = set()

    def on(self) -> None:
        threading.settrace(self._enter)
        sys.settrace(self._enter)

    def off(self) -> None:
        sys.settrace(None)
        threading.settrace(None)

    def take(self) -> list[tuple[str, int]]:
        seen, self._seen = self._seen, set()
        return sorted(seen)

    def _enter(self, frame: FrameType, event: str, argument: Any) -> Any:
        if not frame.f_code.co_filename.startswith(self._source):
            return None
        self._seen.add((frame.f_code.co_filename, frame.f_lineno))
        return self._line

    def _line(self, frame: FrameType, event: str, argument: Any) -> Any:
        self._seen.add((frame.f_code.co_filename, frame.f_lineno))
        return self._line


class Plugin:
    """Keeps what the tracer saw, test by test."""

    def __init__(self, tracer: Tracer, report: Path) -> None:
        self._tracer, self._report = tracer, report
        self._lines: dict[str, list[tuple[str, int]]] = {}
        self._seconds: dict[str, float] = {}

    def pytest_collection_finish(self) -> None:
        self._tracer.off()
        self._lines[IMPORT] = self._tracer.take()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        began = time.monotonic()
        self._tracer.on()
        try:
            return (yield)
        finally:
            self._tracer.off()
            self._lines[item.nodeid] = self._tracer.take()
            self._seconds[item.nodeid] = time.monotonic() - began

    def pytest_sessionfinish(self) -> None:
        self._report.write_text(json.dumps({"lines": self._lines, "seconds": self._seconds}))


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    # Before the first conftest, which imports the service already.
    tracer = Tracer(os.environ[SOURCE])
    early_config.pluginmanager.register(Plugin(tracer, Path(os.environ[REPORT])))
    tracer.on()
