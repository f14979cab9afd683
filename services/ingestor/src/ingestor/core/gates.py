"""When polling pauses: a refused key, a rate limit, a page that fails."""

from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from ingestor.core.gaps import Cause

# A server may say anything; polling once a day shows when it has changed its mind.
MAX_RETRY_AFTER_MS = 86_400_000


def retry_after_ms(header: str | None, now_ms: int) -> int | None:
    """How long `Retry-After` asks to wait: seconds or an HTTP date; None where it makes no sense.

    One in the past is 0, never negative.
    """
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        # Digits without end are no number of seconds, and int() of them is slow.
        wait = int(text) * 1_000 if len(text) < 10 else MAX_RETRY_AFTER_MS
    else:
        try:
            wait = int(parsedate_to_datetime(text).timestamp() * 1_000) - now_ms
        except (ValueError, OverflowError):
            return None
    return min(max(0, wait), MAX_RETRY_AFTER_MS)


@dataclass(slots=True)
class KeyGate:
    """What the API key may do. It is one for all pages: a refusal stops all of them.

    While refused, one poll each `probe_ms` is let through to see whether it works again.
    """

    probe_ms: int
    refused: bool = False
    _next_probe_ms: int = 0
    _limited_until_ms: int = 0

    def closed(self, now_ms: int) -> Cause | None:
        """Why no poll may go out now. Letting a probe through uses it up."""
        if self.refused:
            if now_ms < self._next_probe_ms:
                return Cause.KEY_REFUSED
            self._next_probe_ms = now_ms + self.probe_ms
            return None
        return Cause.RATE_LIMITED if now_ms < self._limited_until_ms else None

    def refuse(self, now_ms: int) -> bool:
        """The key was refused; True where that is news."""
        news = not self.refused
        self.refused = True
        self._next_probe_ms = now_ms + self.probe_ms
        return news

    def accept(self) -> bool:
        """The key was taken; True where that is news."""
        news = self.refused
        self.refused = False
        return news

    def limit(self, until_ms: int) -> None:
        """The API said: slower. A later answer never shortens the wait."""
        self._limited_until_ms = max(self._limited_until_ms, until_ms)


@dataclass(slots=True)
class PageGate:
    """Failures in a row of one page, and when it may be tried again."""

    failures: int = 0
    not_before_ms: int = 0

    def closed(self, now_ms: int) -> Cause | None:
        return Cause.BACKOFF if now_ms < self.not_before_ms else None

    def failed(self, now_ms: int, wait_ms: int) -> None:
        """One more failure: nothing is asked before `wait_ms` are over."""
        self.failures += 1
        self.not_before_ms = now_ms + wait_ms

    def worked(self) -> None:
        self.failures = 0
        self.not_before_ms = 0
