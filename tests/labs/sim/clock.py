"""An event loop in virtual time, whose processes can be frozen, thawed and killed.

A process is a context variable: every callback that was scheduled from its tasks belongs to it.
Callbacks of a frozen or killed process are put aside: a thawed one goes on with them, a killed
one runs no `finally` and says no farewell, as with SIGSTOP and SIGKILL. The loop does no I/O.
"""

import asyncio
import heapq
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar, copy_context
from typing import Any, Protocol, TypeVar, cast

T = TypeVar("T")


class Process:
    """Something that can be stopped and killed; `name` is for the timeline."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_frozen = False
        self.is_dead = False
        self.parked: list[asyncio.Handle] = []


_PROCESS: ContextVar[Process | None] = ContextVar("process", default=None)


class _Scheduled(Protocol):
    """What asyncio keeps of a callback; the names are private, so they are held to here."""

    _cancelled: bool
    _scheduled: bool
    _when: float
    _context: Context

    def _run(self) -> None: ...
    def __lt__(self, other: "_Scheduled") -> bool: ...


class SimLoop(asyncio.BaseEventLoop):
    """Time jumps to the next timer as soon as nothing is ready. `troubles` are lost errors."""

    _ready: deque[_Scheduled]
    _scheduled: list[_Scheduled]
    _stopping: bool

    def __init__(self) -> None:
        super().__init__()
        self._now_s = 0.0
        self.troubles: list[BaseException] = []
        self.thread_s: Callable[[], float] = lambda: 0.0005
        """How long a thread takes for its work."""
        self.set_exception_handler(self._hear)

    def time(self) -> float:
        return self._now_s

    def spawn(self, process: Process, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Start a task that belongs to a process, with everything that it will start."""
        context = copy_context()
        context.run(_PROCESS.set, process)
        return self.create_task(work, context=context)

    def thaw(self, process: Process) -> None:
        """SIGCONT: what was due meanwhile is due now."""
        process.is_frozen = process.is_dead = False
        for handle in process.parked:
            self._ready.append(cast(_Scheduled, handle))
        process.parked.clear()

    def run_in_executor(  # type: ignore[override]
        self, executor: object, work: Callable[..., T], *arguments: Any
    ) -> asyncio.Future[T]:
        """A thread of the process that asks: frozen and killed with it, and done in one piece."""
        done: asyncio.Future[T] = self.create_future()

        def run() -> None:
            try:
                found = work(*arguments)
            except BaseException as error:
                if not done.done():
                    done.set_exception(error)
            else:
                if not done.done():
                    done.set_result(found)

        self.call_later(self.thread_s(), run)
        return done

    def _run_once(self) -> None:
        self._advance()
        ready = self._ready
        for _ in range(len(ready)):
            handle = ready.popleft()
            if handle._cancelled:
                continue
            process = handle._context.get(_PROCESS)
            if process is None or not (process.is_frozen or process.is_dead):
                handle._run()
            else:
                process.parked.append(cast(asyncio.Handle, handle))

    def _advance(self) -> None:
        timers = self._scheduled
        while timers and timers[0]._cancelled:
            heapq.heappop(timers)._scheduled = False
        if not self._ready and not self._stopping:
            if not timers:
                raise RuntimeError("nothing is ready and nothing will ever be: a deadlock")
            self._now_s = max(self._now_s, timers[0]._when)
        while timers and timers[0]._when <= self._now_s:
            timer = heapq.heappop(timers)
            timer._scheduled = False
            self._ready.append(timer)

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """Cancelled timers leave when they come to the top."""

    def _write_to_self(self) -> None:
        """There is no other thread that would have to be woken."""

    def _process_events(self, event_list: list[Any]) -> None:
        """There is no I/O."""

    def _hear(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if error is not None:
            self.troubles.append(error)


def in_virtual_time(main: Callable[[SimLoop], Coroutine[Any, Any, None]]) -> None:
    """Run a coroutine to its end in a loop of its own."""
    loop = SimLoop()
    try:
        loop.run_until_complete(main(loop))
    finally:
        loop.close()
