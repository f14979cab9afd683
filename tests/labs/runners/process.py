"""Runners as processes, forked where the service is imported already; with a rule dropped, if told.

A case of the proof starts two of them; most of a start would be imports. What runs is the service's
own `main`, with an environment and a standard error of its own.
"""

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

from etl_runner.__main__ import main
from tests.integration.etl_runner.conftest import Runner
from tests.labs.runners.rules import RULES

_FORKED = multiprocessing.get_context("forkserver")
_FORKED.set_forkserver_preload(["etl_runner.app", "tests.labs.runners.process"])


def _serve(environ: dict[str, str], log: str, without: str | None) -> None:
    os.environ.clear()
    os.environ.update(environ)
    stream = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(stream, 2)
    if without is not None:
        RULES[without]()
    sys.exit(main())


@dataclass
class ForkedRunner(Runner):
    """A runner that was forked; what it tells over HTTP is as of any."""

    forked: BaseProcess

    def listening(self) -> bool:
        assert self.forked.is_alive(), self.log.read_text()[-2000:]
        try:
            self.get("/healthz")
        except OSError:
            return False
        return True

    def send(self, number: signal.Signals) -> None:
        assert self.forked.pid is not None
        os.kill(self.forked.pid, number)

    def end(self) -> None:
        """As systemd ends it; it has 20 s, and leaves in good order."""
        self.send(signal.SIGTERM)
        self.forked.join(20)
        assert self.forked.exitcode == 0, self.log.read_text()[-3000:]

    def killed(self) -> None:
        """Killed, if nobody has done so yet."""
        self.forked.kill()
        self.forked.join(20)

    def until(self, condition: Callable[[], object], within_s: float = 150) -> None:
        """Wait until `condition` is true; shows the log where it never is."""
        deadline = time.monotonic() + within_s
        while not condition():
            assert self.forked.is_alive(), self.log.read_text()[-4000:]
            assert time.monotonic() < deadline, self.log.read_text()[-4000:]
            time.sleep(0.05)


def forked_runner(
    environ: dict[str, str], port: int, log: Path, without: str | None = None
) -> ForkedRunner:
    """A runner, listening."""
    log.touch()
    forked = _FORKED.Process(target=_serve, args=(environ, str(log), without), daemon=True)
    forked.start()
    runner = ForkedRunner(None, port, log, forked)  # type: ignore[arg-type]
    runner.until(runner.listening, 60)
    return runner
