"""Repeated log lines: which is written, which is counted, and what is said of those counted."""

import re
from dataclasses import dataclass, field

# What differs between two lines that say the same: hex of eight digits or more, and any digits.
_VARYING = re.compile(r"0x[0-9a-fA-F]+|(?<![0-9a-zA-Z])[0-9a-fA-F]{8,}(?![0-9a-zA-Z])|\d+")
_KEPT_CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class LogLine:
    """A log line without its time. `source` is its logger, `text` everything else it says."""

    source: str
    level: str
    text: str


@dataclass(frozen=True, slots=True)
class Repeated:
    """Lines that were not written, the first words of them, and for how long they came."""

    source: str
    level: str
    text: str
    times: int
    seconds: float


@dataclass(frozen=True, slots=True)
class FoldingLimits:
    """Within `window_s`, `texts` lines of one template, which differ in numbers, are written.

    The others bound memory: `words` texts of a template are remembered, and `templates`.
    """

    window_s: float = 60.0
    texts: int = 20
    words: int = 1000
    templates: int = 1000


@dataclass(slots=True)
class _Window:
    """One template's lines since `opened_s`; `texts` are hashes, for texts may be long."""

    opened_s: float
    text: str
    texts: set[int] = field(default_factory=set)
    folded: int = 0
    last_s: float = 0.0


class Folding:
    """Each line is written or counted, never both. `now_s` is monotonic."""

    def __init__(self, limits: FoldingLimits) -> None:
        self._limits = limits
        # Oldest first: windows are as long as each other, so they end in this order.
        self._windows: dict[tuple[str, str, str], _Window] = {}

    def is_written(self, line: LogLine, now_s: float, *, each_text: bool = False) -> bool:
        """Whether to write a line; with `each_text` whatever was not said word for word.

        Call `ended` first: it makes room.
        """
        key = (line.source, line.level, template(line.text))
        window = self._windows.get(key)
        if window is None:
            window = self._windows[key] = _Window(now_s, line.text[:_KEPT_CHARACTERS])
        seen = hash(line.text)
        is_new = seen not in window.texts
        if is_new and (each_text or len(window.texts) < self._limits.texts):
            if len(window.texts) < self._limits.words:
                window.texts.add(seen)
            return True
        window.folded += 1
        window.last_s = now_s
        return False

    def ended(self, now_s: float) -> list[Repeated]:
        """Close the windows that are over, and the oldest where there are too many."""
        over: list[tuple[str, str, str]] = []
        for key, window in self._windows.items():
            is_over = now_s - window.opened_s >= self._limits.window_s
            if not is_over and len(self._windows) - len(over) < self._limits.templates:
                break
            over.append(key)
        return self._closed(over)

    def rest(self) -> list[Repeated]:
        """Close all windows: nothing more is to come."""
        return self._closed(list(self._windows))

    def next_end_s(self) -> float | None:
        """When the first window ends that has something to say; None where none has."""
        opened = (window.opened_s for window in self._windows.values() if window.folded)
        first_s = next(opened, None)
        return None if first_s is None else first_s + self._limits.window_s

    def __len__(self) -> int:
        return len(self._windows)

    def _closed(self, keys: list[tuple[str, str, str]]) -> list[Repeated]:
        said = []
        for key in keys:
            window = self._windows.pop(key)
            if window.folded:
                seconds = window.last_s - window.opened_s
                said.append(Repeated(key[0], key[1], window.text, window.folded, seconds))
        return said


def template(text: str) -> str:
    """What lines have in common that differ only in numbers."""
    return _VARYING.sub("#", text)[:_KEPT_CHARACTERS]
