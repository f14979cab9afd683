"""What the lake has cost, by service and day: what coinlake itself can know of AWS's bill."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from coinlake import prices
from coinlake.contracts.hours import HOUR_MS, hour_of
from query_api.core.days import DAY_MS

# Two workers of a DPU each, as the job is defined (tools: resources.py, cost.py; a test compares).
RUN_DPU = 2
_MONTH_DAYS = 30


@dataclass(frozen=True, slots=True)
class BilledRun:
    """A Glue run that published something: when it committed first, and the seconds that were billed."""

    run_id: str
    committed_ms: int
    billed_s: int


def glue_by_day(runs: Iterable[BilledRun]) -> dict[str, tuple[int, Decimal]]:
    """Runs and dollars of each day. A run that published several hours is billed once."""
    first: dict[str, BilledRun] = {}
    for run in runs:
        known = first.get(run.run_id)
        if known is None or run.committed_ms < known.committed_ms:
            first[run.run_id] = run
    days: defaultdict[str, tuple[int, Decimal]] = defaultdict(lambda: (0, Decimal(0)))
    for run in first.values():
        day = hour_of(run.committed_ms).dt
        count, usd = days[day]
        days[day] = (count + 1, usd + run_usd(run.billed_s))
    return dict(days)


def run_usd(billed_s: int) -> Decimal:
    """Dollars of a run of so many billed seconds."""
    rate = Decimal(str(prices.USD_PER_DPU_HOUR)) * RUN_DPU / 3600
    return Decimal(max(billed_s, prices.RUN_FLOOR_S)) * rate


def cost_lines(
    days: list[str],
    glue: Mapping[str, tuple[int, Decimal]],
    athena: Mapping[str, tuple[int, Decimal]],
) -> list[dict[str, Any]]:
    """A line per day with each service's count and dollars."""
    nothing = (0, Decimal(0))
    return [
        {
            "day": day,
            "services": [
                _line("glue", *glue.get(day, nothing)),
                _line("athena", *athena.get(day, nothing)),
            ],
            "usd": _usd(glue.get(day, nothing)[1] + athena.get(day, nothing)[1]),
        }
        for day in days
    ]


def forecast_usd(lines: list[dict[str, Any]], elapsed_ms: int) -> str | None:
    """A month at the pace of the last day and a bit; None before there is an hour to go by."""
    if elapsed_ms < HOUR_MS // 60:
        return None
    spent = sum((Decimal(line["usd"]) for line in lines), Decimal(0))
    return _usd(spent / Decimal(elapsed_ms) * DAY_MS * _MONTH_DAYS)


def _line(service: str, count: int, usd: Decimal) -> dict[str, Any]:
    return {"service": service, "count": count, "usd": _usd(usd)}


def _usd(usd: Decimal) -> str:
    return f"{usd:.6f}"
