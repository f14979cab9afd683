"""Tells the person what happens: elapsed time, what is done, what is waited for."""

import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TextIO

_QUIET_S = 5.0


@dataclass(slots=True)
class ProgressLines:
    """Lines on a stream. On a terminal the line of what is waited for is written over."""

    out: TextIO = field(default_factory=lambda: sys.stdout)
    clock: Callable[[], float] = time.monotonic
    _start: float = field(init=False)
    _said: str = field(init=False, default="")
    _said_at: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        self._start = self._said_at = self.clock()

    @property
    def elapsed_s(self) -> float:
        """Seconds since the beginning."""
        return self.clock() - self._start

    def say(self, line: str) -> None:
        """A line that stays."""
        self._write(f"{self._stamp()} {line}\n")
        self._said_at = self.clock()

    def block(self, text: str) -> None:
        """Lines that stay, without a time."""
        self._write(f"{text}\n")

    def live(self, line: str) -> None:
        """What is true just now: written over on a terminal, now and then elsewhere."""
        if self.out.isatty():
            # A line that wraps could not be written over.
            width = shutil.get_terminal_size().columns - 1
            self.out.write(f"\r\x1b[K{f'{self._stamp()} {line}'[:width]}")
            self.out.flush()
            self._said = line
        elif self.clock() - self._said_at >= _QUIET_S:
            self.say(line)

    def _stamp(self) -> str:
        return f"[{self.elapsed_s:6.1f} s]"

    def _write(self, text: str) -> None:
        if self._said:
            self.out.write("\r\x1b[K")
            self._said = ""
        self.out.write(text)
        self.out.flush()
