"""What a month on AWS costs at us-east-1 list prices, from how often things happen and how old the lake is."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from coinlake import prices
from coinlake_tools.operations import (
    DAYS_PER_MONTH,
    HOURS_PER_MONTH,
    OPERATIONS,
    Billed,
    Pace,
)

__all__ = ["HOURS_PER_MONTH", "CostLine", "Plan", "estimate", "rendered", "total_usd"]


RUN_DPU = 2.0
"""Two workers of a DPU each, as the job is defined."""


@dataclass(frozen=True, slots=True)
class Plan(Pace):
    """A pace, and how much each thing takes. The defaults: one run per closed hour, one crawl a week.

    Stored bytes are those of the default feeds: raw about 0.7 GB a month, the tables as much again.
    """

    run_dpu: float = RUN_DPU
    crawl_dpu: float = prices.CRAWL_DPU
    query_bytes: float = 10e6
    stored_gb_per_month: float = 1.4


@dataclass(frozen=True, slots=True)
class CostLine:
    """One line of the estimate: what is billed, how much of it a month, US dollars."""

    item: str
    quantity: str
    usd: float


def estimate(plan: Plan) -> list[CostLine]:
    """The month's bill at the lake's age, line by line. The host is in `host_cost`."""
    runs = plan.runs_per_hour * HOURS_PER_MONTH
    run_hours = _run_hours(runs, plan.run_seconds, plan.run_dpu)
    crawls = plan.crawls_per_day * DAYS_PER_MONTH
    crawl_hours = crawls * max(plan.crawl_seconds, prices.CRAWL_FLOOR_S) / 3600 * plan.crawl_dpu
    queries = plan.queries_per_day * DAYS_PER_MONTH
    scanned_tb = queries * prices.billed_bytes(int(plan.query_bytes)) / prices.TB
    stored = plan.stored_gb_per_month * plan.age_months
    return [
        CostLine("Glue runs", f"{runs:.0f} runs, {run_hours:.1f} DPU-h", _dpu(run_hours)),
        CostLine(
            "Glue crawls", f"{crawls:.0f} crawls, {crawl_hours:.1f} DPU-h", _dpu(crawl_hours)
        ),
        CostLine(
            "Athena",
            f"{queries:.0f} queries, {scanned_tb:.2f} TB",
            scanned_tb * prices.USD_PER_TB_SCANNED,
        ),
        *request_lines(plan),
        CostLine("S3 storage", f"{stored:.1f} GB", stored * prices.USD_PER_S3_GB_MONTH),
    ]


def runs_usd(runs: float, seconds: float, dpu: float = RUN_DPU) -> float:
    """What so many Glue runs of so many seconds cost, in US dollars."""
    return _dpu(_run_hours(runs, seconds, dpu))


def request_lines(pace: Pace) -> list[CostLine]:
    """The requests of each service, and what is billed by the million."""
    lines = []
    for service in dict.fromkeys(one.service for one in OPERATIONS):
        put, get = (_monthly(pace, billed, service) for billed in (Billed.PUT, Billed.GET))
        if put or get:
            lines.append(
                CostLine(
                    f"S3 {service}",
                    f"{put:.0f} PUT/LIST, {get:.0f} GET/HEAD",
                    put * Billed.PUT.usd + get * Billed.GET.usd,
                )
            )
    for billed in (Billed.CATALOG, Billed.SNS):
        times = _monthly(pace, billed)
        usd = max(0.0, times - billed.free_a_month) * billed.usd
        lines.append(CostLine(billed.value, f"{times:.0f} requests, 1 million free", usd))
    return lines


def calls_table(plan: Pace) -> str:
    """The calls of an hour by operation, as a table of Markdown: idle, and at this pace."""
    idle = replace(plan, raw_objects_per_hour=0.0, runs_per_hour=0.0, queries_per_day=0.0)
    rows = [
        "| service | operation | billed as | idle | at the default pace |",
        "| --- | --- | --- | ---: | ---: |",
    ]
    for one in OPERATIONS:
        counts = (f"{one.per_hour(pace):.3g}" for pace in (idle, plan))
        rows.append(f"| {one.service} | `{one.name}` | {one.billed} | {' | '.join(counts)} |")
    return "\n".join(rows)


def ages_table(plan: Plan) -> str:
    """What a month costs without the host, by the age of the lake, as a table of Markdown."""
    rows = [
        "| month | S3 requests | S3 storage | Glue, Athena | per month |",
        "| ---: | ---: | ---: | ---: | ---: |",
    ]
    for months in (1, 12, 36):
        lines = estimate(replace(plan, age_months=months))
        stored = sum(line.usd for line in lines if line.item == "S3 storage")
        asked = sum(line.usd for line in lines if line.item.startswith("S3 ")) - stored
        rest = total_usd(lines) - stored - asked
        rows.append(
            f"| {months} | {asked:.2f} | {stored:.2f} | {rest:.2f} | {total_usd(lines):.2f} USD |"
        )
    return "\n".join(rows)


def total_usd(lines: Iterable[CostLine]) -> float:
    """The sum of the estimate."""
    return sum(line.usd for line in lines)


def rendered(lines: list[CostLine]) -> str:
    """The estimate as a table for people."""
    rows = [f"{line.item:<16} {line.quantity:<34} {line.usd:>9.2f} USD" for line in lines]
    rows.append(f"{'per month':<16} {'':<34} {total_usd(lines):>9.2f} USD")
    return "\n".join(rows)


def _monthly(pace: Pace, billed: Billed, service: str | None = None) -> float:
    return HOURS_PER_MONTH * sum(
        one.per_hour(pace)
        for one in OPERATIONS
        if one.billed is billed and service in (None, one.service)
    )


def _run_hours(runs: float, seconds: float, dpu: float) -> float:
    return runs * max(seconds, prices.RUN_FLOOR_S) / 3600 * dpu


def _dpu(hours: float) -> float:
    return hours * prices.USD_PER_DPU_HOUR
