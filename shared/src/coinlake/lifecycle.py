"""How every service starts, stays alive and stops."""

import asyncio
import os
import signal
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from coinlake import logs
from coinlake.errors import ConfigError

log = logs.get(__name__)

EXIT_CONFIG = 2
EXIT_STUCK = 70
_STOPPING = (signal.SIGTERM, signal.SIGINT)


def _never() -> str | None:
    return None


class Pulse:
    """The loop's heartbeat: `beat` at each turn; old means stuck.

    `stuck` gives a reason where the loop turns and only a restart may help. That something is away
    is none: a process that waits for it waits no better for being restarted.
    """

    def __init__(
        self,
        limit_s: float,
        clock: Callable[[], float] = time.monotonic,
        stuck: Callable[[], str | None] = _never,
    ) -> None:
        self.limit_s = limit_s
        self._clock = clock
        self._last = clock()
        self._stuck = stuck

    def beat(self) -> None:
        """Say that the loop has turned."""
        self._last = self._clock()

    @property
    def age_s(self) -> float:
        """Seconds since the last turn."""
        return self._clock() - self._last

    @property
    def trouble(self) -> str | None:
        """Why the process should be restarted; None while it lives."""
        if self.age_s > self.limit_s:
            return f"the loop has not turned for {self.age_s:.0f} s"
        return self._stuck()

    @property
    def alive(self) -> bool:
        return self.trouble is None


@contextmanager
def watchdog(pulse: Pulse, interval_s: float = 1.0) -> Iterator[None]:
    """End the process when the pulse stops: Docker does not restart what is merely unhealthy.

    (moby/moby #28400.)
    """
    done = threading.Event()

    def watch() -> None:
        while not done.wait(interval_s):
            if (trouble := pulse.trouble) is not None:
                age_s = round(pulse.age_s, 1)
                log.error("loop_stuck", age_s=age_s, limit_s=pulse.limit_s, reason=trouble)
                logs.flush()
                sys.stderr.flush()
                os._exit(EXIT_STUCK)

    thread = threading.Thread(target=watch, name="watchdog", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def run(service: str, main: Callable[[asyncio.Event], Awaitable[None]]) -> int:
    """Run a service until SIGTERM or SIGINT sets `stop` and `main` returns; the exit code.

    0 after a clean stop, 2 with one sentence where the configuration is wrong, 1 otherwise. For
    the last thing that a process does: from then on it hears neither signal.
    """
    try:
        asyncio.run(_until_stopped(main))
    except Exception as error:
        return _explained(service, error)
    log.info("service_stopped")
    return 0


def _explained(service: str, error: Exception) -> int:
    first = _first(error)
    if isinstance(first, ConfigError):
        log.error("service_misconfigured", reason=str(first))
        sys.stderr.write(f"{service}: {first}\n")
        return EXIT_CONFIG
    log.error("service_failed", exc_info=error)
    return 1


async def _until_stopped(main: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    # Not the loop's own handlers: it would take them back when it closes, and a second signal in
    # the moment that the interpreter takes to go would make a clean end a death.
    for number in _STOPPING:
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))
    try:
        await main(stop)
    finally:
        for number in _STOPPING:
            signal.signal(number, signal.SIG_IGN)


def _first(error: BaseException) -> BaseException:
    """The first leaf of what a TaskGroup raised."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


async def sleep_or_stop(stop: asyncio.Event, seconds: float) -> bool:
    """Wait for `seconds` or until `stop` is set; True where it is time to stop."""
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return False
    return True
