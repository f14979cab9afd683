"""Which pages belong together: those of a feed that are polled for one tick."""


class FeedTicks:
    """Names the ticks of one feed; each page is polled by a loop of its own, at its own pace.

    Pages start together and have one interval, so those of a tick are due within moments. After a
    restart a page may have gone on from its own last tick; then it belongs to the tick it is
    nearest to.
    """

    def __init__(self, feed: str) -> None:
        self._feed = feed
        self._due_ms: int | None = None
        self._pages: set[str] = set()

    def id_of(self, page: str, due_ms: int, interval_ms: int) -> str:
        """The name of the tick that a page is due in: `assets-1795305600000`."""
        is_near = self._due_ms is not None and abs(due_ms - self._due_ms) * 2 < interval_ms
        if not is_near or page in self._pages:
            self._due_ms, self._pages = due_ms, set()
        self._pages.add(page)
        return f"{self._feed}-{self._due_ms}"
