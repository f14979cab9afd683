"""Up to which hour the live views read the tables; what is behind it they read from the raw zone."""

from collections.abc import Collection, Iterable

from coinlake.contracts.hours import HOUR_MS, UNKNOWN_HOUR, Hour, hour_of
from etl_runner.core.tracked import FeedHour, Tracked

# By which an hour counts as closed, see `plan.closed_by`.
_CLOSED = ("heartbeat", "age")


def boundary(
    feed: str,
    since: Hour,
    known: Iterable[tuple[FeedHour, Tracked]],
    unlisted: Collection[str],
) -> Hour:
    """The newest closed hour of a feed before which every hour with raw objects is in the tables.

    `since` is where the boundary is: it never goes back. `unlisted` are days with raw objects of which
    nobody knows what is in them yet; it stays before them. An hour that was closed and got late objects
    holds nothing up: its rows are there, and the late ones come with its rebuild.
    """
    behind = [
        (hour.at, tracked)
        for hour, tracked in known
        if hour.feed == feed and hour.at > since and hour.at != UNKNOWN_HOUR
    ]
    stops = [at for at, tracked in behind if _is_missing(tracked)]
    stops += [Hour(day, "00") for day in unlisted if day > since.dt]
    stops += [_next(since)] if since.dt in unlisted else []
    closed = [at for at, tracked in behind if _is_closed(tracked)]
    return max((at for at in closed if not stops or at < min(stops)), default=since)


def _is_missing(tracked: Tracked) -> bool:
    """Whether the raw zone has answers of the hour that no table has, and no late ones."""
    if not tracked.inputs and tracked.aside is None:
        return False
    return not _is_closed(tracked) and (tracked.head is None or tracked.differs)


def _is_closed(tracked: Tracked) -> bool:
    return tracked.head is not None and tracked.head.closed_by in _CLOSED


def _next(hour: Hour) -> Hour:
    return hour_of(hour.start_ms + HOUR_MS)
