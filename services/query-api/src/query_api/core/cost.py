"""What a query costs: scanned bytes, rounded as Athena bills them."""

from collections.abc import Iterable
from decimal import Decimal

_MB = 1_000_000
_TB = Decimal(1_000_000_000_000)
# The minimum (Amazon Athena pricing); a query that was never run costs nothing.
_MINIMUM_BYTES = 10 * _MB


def total_dollars(scans: Iterable[int], usd_per_tb: Decimal) -> Decimal:
    """The price of several queries: the minimum counts for each."""
    return sum((dollars(scanned, usd_per_tb) for scanned in scans), Decimal(0))


def dollars(scanned_bytes: int, usd_per_tb: Decimal) -> Decimal:
    """The price of one query: up to whole megabytes, at least ten (Amazon Athena pricing)."""
    billed = max(_MINIMUM_BYTES, -(-scanned_bytes // _MB) * _MB)
    return (Decimal(billed) / _TB * usd_per_tb).quantize(Decimal("0.00000001"))
