"""Starts the steps of a plan, each as soon as what it needs is there, and waits for all."""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from local_stack import processes
from local_stack.errors import StackError
from local_stack.plan import Child, Errand, Step
from local_stack.processes import Running
from local_stack.progress import ProgressLines

READY_TIMEOUT_S = 90.0
_POLL_S = 0.1
_INTERRUPTED = "interrupted"

LogOf = Callable[[str], Path]
Started = Callable[[str, Running], None]
"""Told each process at once, so that a later command can stop what we started."""


async def start_all(
    planned: Iterable[Step], log_of: LogOf, started: Started, progress: ProgressLines
) -> None:
    """Start every step; the rest is left running where one fails or somebody interrupts.

    Raises StackError for the first that fails, KeyboardInterrupt after SIGINT or SIGTERM.
    """
    starter = _Starter(list(planned), log_of, started, progress)
    try:
        with _cancelled_by_signals():
            await starter.run()
    except BaseExceptionGroup as group:
        raise _first(group) from group


@contextlib.contextmanager
def _cancelled_by_signals() -> Iterator[None]:
    """SIGINT and SIGTERM cancel this task at its next await.

    A handler that raises does so between any two instructions: also between a process and the
    note of it, and then nobody would ever stop that process.
    """
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        loop.add_signal_handler(number, task.cancel, _INTERRUPTED)
    try:
        yield
    except asyncio.CancelledError as cancelled:
        if _INTERRUPTED in cancelled.args:
            raise KeyboardInterrupt from cancelled
        raise
    finally:
        for number, handler in before.items():
            loop.remove_signal_handler(number)
            signal.signal(number, handler)


class _Starter:
    def __init__(
        self, planned: list[Step], log_of: LogOf, started: Started, progress: ProgressLines
    ) -> None:
        self._planned = planned
        self._log_of = log_of
        self._started = started
        self._progress = progress
        self._done = {step.name: asyncio.Event() for step in planned}
        self._waiting: dict[str, str] = {}

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for step in self._planned:
                group.create_task(self._step(step))

    async def _step(self, step: Step) -> None:
        for need in step.needs:
            # A single service is started again among others that run already.
            if need in self._done:
                await self._done[need].wait()
        begun = self._progress.elapsed_s
        if isinstance(step, Errand):
            await self._errand(step)
        else:
            await self._child(step)
        self._waiting.pop(step.name, None)
        word = "done" if isinstance(step, Errand) else "ready"
        self._progress.say(f"{step.name} {word} ({self._progress.elapsed_s - begun:.1f} s)")
        self._done[step.name].set()

    async def _errand(self, step: Errand) -> None:
        log = self._log_of(step.name)
        log.parent.mkdir(parents=True, exist_ok=True)
        self._wait_for(step.name, "running")
        with log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                *step.argv,
                env=dict(step.env),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        try:
            code = await process.wait()
        except asyncio.CancelledError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            raise
        if code != 0:
            raise StackError(_failed(step.name, f"failed with exit code {code}", log))

    async def _child(self, step: Child) -> None:
        log = self._log_of(step.name)
        process = processes.spawn(step.argv, step.env, log)
        self._started(step.name, process)
        async with asyncio.timeout(READY_TIMEOUT_S) as deadline:
            await self._until_ready(step, process, log, deadline)

    async def _until_ready(
        self, step: Child, process: Running, log: Path, deadline: asyncio.Timeout
    ) -> None:
        reason: str | None = "no answer yet"
        try:
            while reason is not None:
                reason = await asyncio.to_thread(step.ready)
                # Looked at after the answer: somebody else may answer on a port that we lost.
                if not processes.alive(process):
                    raise StackError(_failed(step.name, "ended while it was starting", log))
                if reason is not None:
                    self._wait_for(step.name, reason)
                    await asyncio.sleep(_POLL_S)
        except asyncio.CancelledError:
            if not deadline.expired():
                raise
            said = f"was not ready after {READY_TIMEOUT_S:.0f} s ({reason})"
            raise StackError(_failed(step.name, said, log)) from None

    def _wait_for(self, name: str, reason: str) -> None:
        self._waiting[name] = reason
        waits = ", ".join(f"{name} ({why})" for name, why in self._waiting.items())
        self._progress.live(f"waiting for {waits}")


def _failed(name: str, what: str, log: Path) -> str:
    return f"{name} {what}; its log {log} ends:\n{processes.last_lines(log)}"


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    first = group.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
