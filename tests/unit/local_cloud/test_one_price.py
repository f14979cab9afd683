"""One truth of prices: the laptop's bill, the services and `coinlake cost` ask for the same."""

import re
from decimal import Decimal
from pathlib import Path

import pytest

from coinlake import prices
from etl_runner.config import Settings as EtlSettings
from etl_runner.core.runs import GlueRun
from local_cloud import bill
from query_api.config import AthenaSettings
from query_api.core.cost import dollars

ROOT = Path(__file__).resolve().parents[3]


def test_the_laptops_bill_has_aws_prices() -> None:
    theirs = {
        name: getattr(bill, name)
        for name in vars(bill)
        if name.isupper() and not name.startswith("_")
    }
    renamed = {"USD_PER_PUT": "USD_PER_PUT_CLASS", "USD_PER_GET": "USD_PER_GET_CLASS"}

    assert theirs
    assert theirs == {name: getattr(prices, renamed.get(name, name)) for name in theirs}


@pytest.mark.parametrize(
    "scanned", [0, 1, 9_999_999, 10_000_000, 10_000_001, 10 * 2**20, 10**12]
)
def test_a_query_costs_the_same_wherever_it_is_asked(scanned: int) -> None:
    billed, usd = bill.query_usd(scanned)

    assert billed == prices.billed_bytes(scanned)
    assert dollars(scanned, AthenaSettings().usd_per_tb) == round(Decimal(usd), 8)


def test_a_run_costs_the_same_wherever_it_is_asked() -> None:
    settings = EtlSettings.model_fields
    run = GlueRun("r", "SUCCEEDED", None, None, None, 5)

    dpu_seconds, _ = bill.run_usd(settings["dpu"].default, 5)

    assert settings["dpu_hour_usd"].default == prices.USD_PER_DPU_HOUR
    assert run.billed_s * settings["dpu"].default == dpu_seconds


def test_no_other_module_knows_a_price() -> None:
    knows = re.compile(
        r"^_?(USD_PER_\w+|\w*(?:QUERY|RUN|CRAWL)_FLOOR\w*|CRAWL_DPU)\b.* = [\d.]", re.M
    )
    places = [
        path.relative_to(ROOT).as_posix()
        for part in ("shared", "services", "tools", "local")
        for path in (ROOT / part).rglob("*.py")
        if knows.search(path.read_text())
    ]

    assert sorted(places) == [
        "local/cloud/src/local_cloud/bill.py",
        "shared/src/coinlake/prices.py",
    ]
