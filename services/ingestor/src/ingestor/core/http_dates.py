"""Moments in HTTP headers, as `Date` and `Retry-After` tell them."""

from datetime import UTC
from email.utils import parsedate_to_datetime


def http_date_ms(text: str) -> int | None:
    """The moment of an HTTP date; None where it is none.

    Each of the three forms that a recipient must read is in UTC (RFC 9110, 5.6.7), but that of
    asctime names no zone, and email.utils gives it as local time (urllib3/urllib3#1896).
    """
    try:
        moment = parsedate_to_datetime(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return int(moment.timestamp() * 1_000)
    except (ValueError, OverflowError):
        return None
