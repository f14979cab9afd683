"""The stack of one clone: brought up, looked at, taken down, one process at a time if wanted."""

import asyncio
import contextlib
import fcntl
import shutil
import signal
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from local_stack import broker, plan, preflight, processes, record, settings, starting, stopping
from local_stack.errors import StackError
from local_stack.paths import Paths
from local_stack.plan import Child
from local_stack.progress import ProgressLines
from local_stack.record import ApiSource, StackRecord


@dataclass(frozen=True, slots=True)
class Stack:
    """What every command works on."""

    paths: Paths
    environ: Mapping[str, str]
    progress: ProgressLines

    def read(self) -> StackRecord | None:
        """The record of what was started here, if anything."""
        return record.read(self.paths.record)

    def running(self) -> StackRecord:
        """The record of a stack that was started. Raises StackError where there is none."""
        known = self.read()
        if known is None or not known.processes:
            raise StackError("No stack of this clone was started; `make up` starts one.")
        return known

    def dead(self, known: StackRecord) -> list[str]:
        """The processes of the record that are gone."""
        return [name for name, each in known.processes.items() if not processes.alive(each)]

    def up(self, source: ApiSource, history_hours: int = 0) -> StackRecord:
        """Start everything and wait until it is ready. Stops all again where one part fails.

        A simulated market may have been there for some hours already: `local_stack.history`.
        """
        java = preflight.look(self.paths, self.environ, self.progress)
        with self._alone():
            self._discard()
            fresh = preflight.new_record(self.read(), source, self.environ)
            begun = replace(fresh, started_at_s=time.time(), history_hours=history_hours)
            book = _Book(self.paths, begun)
            steps = plan.steps(self.paths, book.record, java, self.environ)
            broker.write_properties(plan.broker_spec(self.paths, book.record, java))
            self.progress.say(f"starting; logs are in {self.paths.logs}")
            try:
                asyncio.run(starting.start_all(steps, self._log, book.started, self.progress))
                self._write_env(book.record)
            except BaseException:
                # Ctrl-C too: half a stack is of no use to anybody.
                with uninterrupted():
                    self._down(book.record)
                raise
        return book.record

    def down(self) -> bool:
        """Stop everything and discard its data. False where nothing was running."""
        with self._alone():
            known = self.read()
            if known is None or not known.processes:
                self._discard()
                return False
            self._down(known)
        return True

    def start(self, name: str) -> None:
        """Start one process that is not running, as `up` did."""
        known = self.running()
        process = known.processes.get(name)
        if process is not None and processes.alive(process):
            raise StackError(f"{name} is already running.")
        java = preflight.look(self.paths, self.environ, self.progress)
        steps = plan.steps(self.paths, known, java, self.environ)
        chosen = [step for step in steps if isinstance(step, Child) and step.name == name]
        if not chosen:
            raise StackError(_no_such(name, known))
        book = _Book(self.paths, known)
        asyncio.run(starting.start_all(chosen, self._log, book.started, self.progress))

    def stop(self, name: str) -> None:
        """Stop one process in good order (SIGTERM)."""
        stopping.stop_one(name, self._process(name), self.progress.say)

    def kill(self, name: str) -> None:
        """Kill one process (SIGKILL), as a power cut would."""
        process = self._process(name)
        processes.send(process, signal.SIGKILL)
        processes.wait_gone(process, 10)
        self.progress.say(f"{name} killed")

    def _process(self, name: str) -> processes.Running:
        known = self.running()
        if name not in known.processes:
            raise StackError(_no_such(name, known))
        if not processes.alive(known.processes[name]):
            raise StackError(
                f"{name} is not running: `.venv/bin/python -m local_stack start {name}`."
            )
        return known.processes[name]

    def _down(self, known: StackRecord) -> None:
        stopping.stop_all(known.processes, self.progress.say)
        record.save(self.paths.record, known.emptied())
        self.paths.env.unlink(missing_ok=True)
        self._discard(keep_logs=True)

    def _discard(self, *, keep_logs: bool = False) -> None:
        for folder in (self.paths.state, *(() if keep_logs else (self.paths.logs,))):
            shutil.rmtree(folder, ignore_errors=True)

    def _write_env(self, known: StackRecord) -> None:
        lines = [f"{name}={value}" for name, value in settings.exported(known).items()]
        self.paths.env.write_text("\n".join(lines) + "\n")
        self.paths.env.chmod(0o600)

    def _log(self, name: str) -> Path:
        return plan.log_of(self.paths, name)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """One `up` or `down` of this clone at a time."""
        self.paths.local.mkdir(parents=True, exist_ok=True)
        with (self.paths.local / "stack.lock").open("w") as held:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise StackError("Another `up` or `down` of this clone is at work.") from error
            yield


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Ctrl-C and SIGTERM wait: stopping half of the stack is worse than stopping it late."""
    both = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, signal.SIG_IGN) for number in both}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@dataclass(slots=True)
class _Book:
    """Writes down each process the moment it is started."""

    paths: Paths
    record: StackRecord

    def started(self, name: str, process: processes.Running) -> None:
        self.record = self.record.with_process(name, process)
        record.save(self.paths.record, self.record)


def _no_such(name: str, known: StackRecord) -> str:
    return f"There is no {name}; the stack has {', '.join(known.processes)}."
