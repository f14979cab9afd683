"""When polling pauses: a refused key, a rate limit, a page that fails.

Moments are those of a steady clock: no wall clock that is set makes a pause longer. One odd answer
pauses its own page; what pauses all pages was said twice, with nothing accepted in between.
"""

from dataclasses import dataclass, field

from coinlake.contracts.missed_ticks import Cause
from ingestor.core.http_dates import http_date_ms

# A server may say anything: beyond a day it is no number that means something.
MAX_RETRY_AFTER_MS = 86_400_000
# So long does the word of one answer count for all pages; and a page waits that is refused twice.
FIRST_PAUSE_MS = 60_000


def retry_after_ms(header: str | None, now_ms: int) -> int | None:
    """How long `Retry-After` asks to wait: seconds or an HTTP date; None where it makes no sense.

    One in the past is 0, never negative. `now_ms` is the time on the clock that the date is of.
    """
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        # Digits without end are no number of seconds, and int() of them is slow.
        wait = int(text) * 1_000 if len(text) < 10 else MAX_RETRY_AFTER_MS
    else:
        until_ms = http_date_ms(text)
        if until_ms is None:
            return None
        wait = until_ms - now_ms
    return min(max(0, wait), MAX_RETRY_AFTER_MS)


@dataclass(frozen=True, slots=True)
class Pause:
    """What a refusal or a limit does. `is_news`: nobody was told of it yet."""

    ms: int
    for_all: bool
    is_news: bool = True


@dataclass(slots=True)
class KeyGate:
    """What the API key may do. It is one for all `pages`: a refusal of two stops all of them.

    While refused, one poll each `probe_ms` is let through to see whether it works again.
    """

    probe_ms: int
    pages: int = 1
    refused: bool = False
    _refused_on: set[str] = field(default_factory=set)
    _next_probe_ms: int = 0
    _last_refused: str | None = None
    _limits: int = 0
    _limited_until_ms: int = 0
    _is_limit_sure: bool = False

    def closed(self, page: str, now_ms: int) -> Cause | None:
        """Why no poll may go out now. Letting a probe through uses it up."""
        if self.refused:
            # Another page first: this one alone may be what is refused.
            is_turn = page != self._last_refused or self.pages == 1
            at_ms = self._next_probe_ms if is_turn else self._next_probe_ms + self.probe_ms
            if now_ms < at_ms:
                return Cause.KEY_REFUSED
            self._next_probe_ms = now_ms + self.probe_ms
            return None
        return Cause.RATE_LIMITED if now_ms < self._limited_until_ms else None

    def refuse(self, page: str, now_ms: int) -> Pause:
        """The key was refused on a page. It is for all where another look says the same."""
        is_second = bool(self._refused_on - {page}) or (
            self.pages == 1 and page in self._refused_on
        )
        self._refused_on.add(page)
        self._last_refused = page
        news = is_second and not self.refused
        self.refused = self.refused or is_second
        if self.refused:
            self._next_probe_ms = now_ms + self.probe_ms
        return Pause(self.probe_ms, self.refused, news)

    def accept(self) -> bool:
        """The key was taken on some page; True where that is news."""
        news = self.refused
        self.refused = False
        self._refused_on.clear()
        self._last_refused = None
        self._limits = 0
        self._is_limit_sure = False
        return news

    def limit(self, wait_ms: int, now_ms: int) -> Pause:
        """The API said: slower. All wait; for long only where it says so a second time.

        A later answer never shortens the wait.
        """
        self._limits += 1
        is_sure = self._limits > 1
        most_ms = self.probe_ms if is_sure else min(self.probe_ms, FIRST_PAUSE_MS)
        wait_ms = min(wait_ms, most_ms)
        is_longer = now_ms + wait_ms > self._limited_until_ms
        if is_longer:
            self._limited_until_ms = now_ms + wait_ms
        self._is_limit_sure = self._is_limit_sure or (is_sure and wait_ms > FIRST_PAUSE_MS)
        return Pause(wait_ms, is_sure, is_longer)

    def still_limited(self, wait_ms: int, now_ms: int) -> None:
        """The process before was told to wait so long."""
        if wait_ms > 0:
            self._limits, self._is_limit_sure = 1, True
            self._limited_until_ms = now_ms + min(wait_ms, self.probe_ms)

    def limited_ms(self, now_ms: int) -> int:
        """How long all pages wait yet since the API said twice, for long, that it is too much."""
        return max(0, self._limited_until_ms - now_ms) if self._is_limit_sure else 0


@dataclass(slots=True)
class PageGate:
    """Failures and refusals in a row of one page, and when it may be tried again."""

    failures: int = 0
    refusals: int = 0
    not_before_ms: int = 0

    @property
    def is_refused(self) -> bool:
        """Whether the API refused the page a second time too, whatever it says of others."""
        return self.refusals > 1

    def closed(self, now_ms: int) -> Cause | None:
        if now_ms >= self.not_before_ms:
            return None
        return Cause.PAGE_REFUSED if self.is_refused else Cause.BACKOFF

    def waits_ms(self, now_ms: int) -> int:
        """How long nothing is asked yet."""
        return max(0, self.not_before_ms - now_ms)

    def failed(self, now_ms: int, wait_ms: int) -> None:
        """One more failure: nothing is asked before `wait_ms` are over."""
        self.failures += 1
        self.not_before_ms = now_ms + wait_ms

    def refused(self, now_ms: int, soon_ms: int, longest_ms: int) -> int:
        """One more refusal: looked at a second time soon, then more and more rarely; the wait."""
        self.refusals += 1
        rarely_ms = FIRST_PAUSE_MS * 2 ** min(self.refusals - 2, 16) if self.is_refused else 0
        wait_ms = min(longest_ms, max(soon_ms, rarely_ms))
        self.not_before_ms = now_ms + wait_ms
        return wait_ms

    def worked(self) -> None:
        self.failures = 0
        self.refusals = 0
        self.not_before_ms = 0
