"""Hours with which nothing may be done: said once each time, counted at each look."""

from coinlake import logs
from etl_runner.core.batch import Trouble
from etl_runner.core.hours import FeedHour, Hours
from etl_runner.metrics import EtlMetrics

log = logs.get(__name__)


def set_aside(
    metrics: EtlMetrics, hours: Hours, hour: FeedHour, trouble: Trouble | None
) -> None:
    """Put the hour aside, or back; others do not wait for it."""
    is_news = hours.set_aside(hour, None if trouble is None else trouble.said)
    if trouble is None:
        return
    metrics.alarms.labels(reason=trouble.reason).inc()
    if is_news:
        log.error("hour_set_aside", hour=str(hour), reason=trouble.reason, said=trouble.said)
