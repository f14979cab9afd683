"""What the demo shows at its end, as text. Pure."""

from collections.abc import Mapping
from typing import Any

from coinlake_tools import cost
from local_stack import settings, tables
from local_stack.counts import StageCounts
from local_stack.lake import StatementRows
from local_stack.record import StackRecord

_MONTH_S = cost.HOURS_PER_MONTH * 3600


def answers(prices: StatementRows, candles: StatementRows) -> str:
    """The newest prices and candles, with what Athena read for them."""
    return "\n".join(
        [
            f"Newest prices, by Athena SQL ({prices.scanned_bytes:,} bytes scanned; shown here with 8 places of 18)",
            tables.table(prices.columns, prices.rows),
            "",
            f"Their newest one-minute candles ({candles.scanned_bytes:,} bytes scanned)",
            tables.table(candles.columns, candles.rows),
        ]
    )


def stages(counts: Mapping[str, StageCounts], sql_rows: int, seconds: float) -> str:
    """The count at each stage."""
    return "\n".join(
        [
            "What came how far",
            tables.stages(counts),
            f"count(*) of quotes in SQL: {sql_rows:,}",
            f"first SQL answer {seconds:.1f} s after the start of the first process",
        ]
    )


def money(bill: Mapping[str, Any], elapsed_s: float) -> str:
    """What AWS would have charged for this, and for a month of it."""
    total = float(bill.get("total_usd", 0.0))
    services = bill.get("services", {})
    parts = ", ".join(f"{name} {float(each['usd']):.4f}" for name, each in services.items())
    month = total / elapsed_s * _MONTH_S if elapsed_s > 0 else 0.0
    hourly = cost.total_usd(cost.estimate(cost.Plan()))
    return (
        f"On AWS this would have cost {total:.4f} USD in {elapsed_s:.0f} s ({parts}).\n"
        f"A month at this hurry (a Spark run every few seconds): {month:,.0f} USD; "
        f"at one run per closed hour: {hourly:,.0f} USD (`coinlake cost`)."
    )


def page(record: StackRecord) -> str:
    """Where a person looks first."""
    return f"Open {settings.url(record, 'query_api')}/ in a browser: prices, where they come from, SQL."


def places(record: StackRecord) -> str:
    """Where to look."""
    rows = [
        ("the page", f"{settings.url(record, 'query_api')}/"),
        ("prices", f"{settings.url(record, 'query_api')}/v1/assets"),
        ("coverage", f"{settings.url(record, 'query_api')}/v1/coverage"),
        ("the HTTP API", f"{settings.url(record, 'query_api')}/openapi.json"),
        *(
            (f"metrics of {name}", f"{settings.url(record, name)}/metrics")
            for name in ("ingestor", "s3_sink", "etl_runner", "query_api")
        ),
        ("the bill", f"{settings.url(record, 'cloud_admin')}/bill"),
    ]
    if record.source.base_url is None:
        served = f"{settings.url(record, 'simulator_admin')}/ledger/summary"
        rows.append(("what the simulator served", served))
    return "\n".join(["Where to look", *(f"  {name:<26} {where}" for name, where in rows)])
