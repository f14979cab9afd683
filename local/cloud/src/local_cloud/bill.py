"""What the work done here would have cost on AWS, at us-east-1 list prices.

Prices, floors and roundings are those of the pages AWS Glue, Amazon S3 and Amazon Athena pricing.
"""

from dataclasses import dataclass
from threading import Lock
from typing import Any

USD_PER_DPU_HOUR = 0.44
# Spark runs (Glue 2.0 and later) are billed by the second with this floor.
RUN_FLOOR_S = 60
# AWS's page and its readers disagree on a crawl's floor (1 or 10 minutes); we take the dearer.
CRAWL_FLOOR_S = 600
# The service chooses it; AWS's own example of a crawl takes two (AWS Glue pricing).
CRAWL_DPU = 2.0
USD_PER_PUT = 0.005 / 1000
USD_PER_GET = 0.0004 / 1000
USD_PER_TB_SCANNED = 5.0
TB = 10**12
# Athena rounds up to the megabyte, with ten of them as the least for one query. They are decimal: the
# least limit of a query is 10000000 (Athena API, WorkGroupConfiguration: BytesScannedCutoffPerQuery).
MB = 10**6
QUERY_FLOOR_BYTES = 10 * MB


@dataclass(slots=True)
class BillLine:
    """One item of the bill: how much of it, and what that costs in US dollars."""

    quantity: float = 0.0
    usd: float = 0.0


class Bill:
    """Adds up charges from many threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._lines: dict[tuple[str, str], BillLine] = {}

    def charge(self, service: str, item: str, quantity: float, usd: float) -> None:
        """Add `quantity` of `item` (its name tells the unit) for `usd` dollars."""
        with self._lock:
            line = self._lines.setdefault((service, item), BillLine())
            line.quantity += quantity
            line.usd += usd

    def summary(self) -> dict[str, Any]:
        """`{"total_usd": …, "services": {service: {"usd": …, "items": {item: {…}}}}}`."""
        with self._lock:
            lines = {key: (line.quantity, line.usd) for key, line in self._lines.items()}
        services: dict[str, Any] = {}
        for (service, item), (quantity, usd) in sorted(lines.items()):
            entry = services.setdefault(service, {"usd": 0.0, "items": {}})
            entry["usd"] += usd
            entry["items"][item] = {"quantity": quantity, "usd": usd}
        return {
            "total_usd": sum(entry["usd"] for entry in services.values()),
            "services": services,
        }


def run_usd(dpu: float, seconds: float) -> tuple[float, float]:
    """Billed DPU-seconds of one Spark run that took `seconds`, and their price."""
    dpu_seconds = dpu * max(seconds, RUN_FLOOR_S)
    return dpu_seconds, dpu_seconds / 3600 * USD_PER_DPU_HOUR


def crawl_usd(seconds: float) -> tuple[float, float]:
    """Billed DPU-seconds of one crawl that took `seconds`, and their price."""
    dpu_seconds = CRAWL_DPU * max(seconds, CRAWL_FLOOR_S)
    return dpu_seconds, dpu_seconds / 3600 * USD_PER_DPU_HOUR


def evaluation_usd(dpu: float, seconds: float) -> tuple[float, float]:
    """Billed DPU-seconds of one evaluation of data quality, and their price (AWS Glue pricing, "Data
    Quality": by the second, with a floor of a minute)."""
    return run_usd(dpu, seconds)


def query_usd(scanned_bytes: int) -> tuple[int, float]:
    """Billed bytes of one query that read `scanned_bytes`, and their price."""
    billed = max(-(-scanned_bytes // MB) * MB, QUERY_FLOOR_BYTES)
    return billed, billed / TB * USD_PER_TB_SCANNED
