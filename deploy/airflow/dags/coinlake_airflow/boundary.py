"""The last task: the live views read from the tables up to the newest closed hour."""

from collections.abc import Collection, Mapping

from coinlake.contracts.datasets import ELEMENTS
from etl_runner.core.hours import Hours
from etl_runner.loop.live import LiveViews
from etl_runner.steps import find

from .config import Settings
from .lake import Lake

MOST_DAYS = 10
"""Days of a feed that are listed for one step; the boundary of an older lake takes several."""


async def advance(lake: Lake, settings: Settings, now_ms: int) -> None:
    """Bring the views of every feed up to what is published, as a runner does after each batch."""
    hours = Hours()
    unlisted: Mapping[str, Collection[str]] = {
        feed: await _listed(lake, feed, hours, now_ms) for feed in ELEMENTS
    }
    views = LiveViews(
        lake.views,
        lake.parts.lake,
        hours,
        unlisted.__getitem__,
        int(settings.max_skew_s * 1000),
        lake.parts.metrics,
    )
    await views.advance(now_ms)


async def _listed(lake: Lake, feed: str, hours: Hours, now_ms: int) -> list[str]:
    """List the days from the boundary on; those that were not."""
    since = await lake.views.boundary(feed)
    dates = await lake.parts.lake.dates(feed)
    behind = [dt for dt in dates if since is None or dt >= since.dt]
    for dt in behind[:MOST_DAYS]:
        for one in await find(lake.parts, feed, dt):
            hours.committed(one.hour, one.head, now_ms)
            hours.listed(one.hour, one.inputs, now_ms)
            hours.set_aside(one.hour, None if one.trouble is None else one.trouble.said)
    return behind[MOST_DAYS:]
