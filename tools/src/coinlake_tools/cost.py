"""What a month on AWS costs at us-east-1 list prices, from how often things happen.

The prices and least bills are those of the pages AWS Glue, Amazon Athena and Amazon S3 pricing.
"""

from dataclasses import dataclass

HOURS_PER_MONTH = 730
DAYS_PER_MONTH = HOURS_PER_MONTH / 24
USD_PER_DPU_HOUR = 0.44
RUN_FLOOR_S = 60
# AWS's own pages disagree on a crawl's least bill (1 or 10 minutes); the dearer one is taken.
CRAWL_FLOOR_S = 600
USD_PER_PUT = 0.005 / 1000
USD_PER_TB_SCANNED = 5.0
QUERY_FLOOR_BYTES = 10 * 10**6


@dataclass(frozen=True, slots=True)
class Plan:
    """How often things happen. The defaults: one run per closed hour, one crawl a day."""

    runs_per_hour: float = 1.0
    run_seconds: float = 120.0
    run_dpu: float = 2.0
    crawls_per_day: float = 1.0
    crawl_seconds: float = 90.0
    crawl_dpu: float = 1.0
    queries_per_day: float = 1_000.0
    query_bytes: float = 10e6
    raw_objects_per_hour: float = 300.0


@dataclass(frozen=True, slots=True)
class CostLine:
    """One line of the estimate: what is billed, how much of it a month, US dollars."""

    item: str
    quantity: str
    usd: float


def estimate(plan: Plan) -> list[CostLine]:
    """The month's bill, line by line. The host and the stored bytes are in `host_cost`."""
    runs = plan.runs_per_hour * HOURS_PER_MONTH
    run_hours = runs * max(plan.run_seconds, RUN_FLOOR_S) / 3600 * plan.run_dpu
    crawls = plan.crawls_per_day * DAYS_PER_MONTH
    crawl_hours = crawls * max(plan.crawl_seconds, CRAWL_FLOOR_S) / 3600 * plan.crawl_dpu
    queries = plan.queries_per_day * DAYS_PER_MONTH
    scanned_tb = queries * max(plan.query_bytes, QUERY_FLOOR_BYTES) / 1e12
    puts = plan.raw_objects_per_hour * HOURS_PER_MONTH
    return [
        CostLine("Glue runs", f"{runs:.0f} runs, {run_hours:.1f} DPU-h", _dpu(run_hours)),
        CostLine(
            "Glue crawls", f"{crawls:.0f} crawls, {crawl_hours:.1f} DPU-h", _dpu(crawl_hours)
        ),
        CostLine(
            "Athena",
            f"{queries:.0f} queries, {scanned_tb:.2f} TB",
            scanned_tb * USD_PER_TB_SCANNED,
        ),
        CostLine("S3 raw PUTs", f"{puts:.0f} requests", puts * USD_PER_PUT),
    ]


def total_usd(lines: list[CostLine]) -> float:
    """The sum of the estimate."""
    return sum(line.usd for line in lines)


def rendered(lines: list[CostLine]) -> str:
    """The estimate as a table for people."""
    rows = [f"{line.item:<14} {line.quantity:<30} {line.usd:>9.2f} USD" for line in lines]
    rows.append(f"{'per month':<14} {'':<30} {total_usd(lines):>9.2f} USD")
    return "\n".join(rows)


def _dpu(hours: float) -> float:
    return hours * USD_PER_DPU_HOUR
