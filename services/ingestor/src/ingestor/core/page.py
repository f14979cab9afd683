"""What one poll asks for: a feed and one page of it."""

from dataclasses import dataclass
from urllib.parse import urlencode

from ingestor.core.feeds import Feed


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a feed. `limit` None asks without paging parameters (`/rates` has none)."""

    feed: Feed
    limit: int | None = None
    offset: int = 0

    @property
    def query(self) -> str:
        """The query string without its question mark; empty where the route takes none."""
        if self.limit is None:
            return ""
        return urlencode({"limit": self.limit, "offset": self.offset})

    @property
    def key(self) -> str:
        """The page's name, the Kafka key of its answers: `assets?limit=100&offset=0`."""
        return f"{self.feed.name}?{self.query}" if self.query else self.feed.name

    def url(self, base_url: str) -> str:
        """Where the page is asked for. The API key is never a part of it."""
        address = base_url.rstrip("/") + self.feed.route
        return f"{address}?{self.query}" if self.query else address


def pages(feed: Feed, limit: int | None, count: int) -> tuple[Page, ...]:
    """The first `count` pages of a feed; a feed without paging has one page at most."""
    if limit is None:
        return (Page(feed),) if count else ()
    return tuple(Page(feed, limit, number * limit) for number in range(count))
