"""What a query costs: scanned bytes, rounded as Athena bills them."""

from collections.abc import Iterable
from decimal import Decimal

from coinlake import prices


def total_dollars(scans: Iterable[int], usd_per_tb: Decimal) -> Decimal:
    """The price of several queries: the minimum counts for each."""
    return sum((dollars(scanned, usd_per_tb) for scanned in scans), Decimal(0))


def dollars(scanned_bytes: int, usd_per_tb: Decimal) -> Decimal:
    """The price of one query; one that was never run costs nothing and is not asked for."""
    billed = prices.billed_bytes(scanned_bytes)
    return (Decimal(billed) / prices.TB * usd_per_tb).quantize(Decimal("0.00000001"))
