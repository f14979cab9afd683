"""Moves the boundary of the live views: the last step of publishing."""

from collections.abc import Callable, Collection

from coinlake import logs
from coinlake.contracts.datasets import DATASETS, ELEMENTS
from coinlake.contracts.hours import Hour
from coinlake.errors import NotFoundError, TransientError
from coinlake.views.live import before_raw, live_views
from etl_runner.core.hours import Hours
from etl_runner.core.live_boundary import boundary
from etl_runner.core.ports import ViewCatalog
from etl_runner.loop.lake import LakeReader
from etl_runner.metrics import EtlMetrics

log = logs.get(__name__)


class LiveViews:
    """Replaces the live views of a feed when the boundary between tables and raw zone has moved.

    A boundary that is behind costs scanned bytes and no rows, so nothing waits for it: what could not
    be replaced is tried again with the next batch or pass. Any runner can do it, also beside another.
    """

    def __init__(
        self,
        views: ViewCatalog,
        lake: LakeReader,
        hours: Hours,
        unlisted: Callable[[str], Collection[str]],
        max_skew_ms: int,
        metrics: EtlMetrics,
    ) -> None:
        self._views = views
        self._lake = lake
        self._hours = hours
        self._unlisted = unlisted
        self._max_skew_ms = max_skew_ms
        self._metrics = metrics
        self._at: dict[str, Hour] = {}

    async def advance(self, now_ms: int) -> None:
        """Bring the views of every feed up to what is published. Raises nothing."""
        for feed in ELEMENTS:
            try:
                await self._advance(feed, now_ms)
            except (TransientError, NotFoundError) as error:
                # Nobody knows which of the views were replaced.
                self._at.pop(feed, None)
                self._metrics.live_failures.inc()
                log.warning("live_views_not_moved", feed=feed, reason=str(error))

    async def _advance(self, feed: str, now_ms: int) -> None:
        since = self._at.get(feed)
        if since is None:
            since = await self._views.boundary(feed)
            is_known = since is not None
            since = since or await self._before_raw(feed, now_ms)
        else:
            is_known = True
        wanted = boundary(feed, since, self._hours.known(), self._unlisted(feed))
        if wanted != since or not is_known:
            for view in live_views(DATASETS[feed], wanted, self._max_skew_ms):
                await self._views.replace(view)
            log.info("live_views_moved", feed=feed, dt=wanted.dt, hour=wanted.hour)
        self._at[feed] = wanted
        self._metrics.live_boundary_seconds.labels(feed=feed).set(wanted.end_ms / 1000)

    async def _before_raw(self, feed: str, now_ms: int) -> Hour:
        days = [Hour(day, "00").start_ms for day in await self._lake.dates(feed)]
        return before_raw(days[:1], now_ms)
