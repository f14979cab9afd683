"""Answers that no API gives: F49 a price of every type, F50 numbers that no double holds, F56 a crawl."""

from decimal import Decimal

import pytest

from coinlake.contracts.hours import Hour
from tests.faults.etl_runner.conftest import Fault, Worlds
from tests.labs.runners.glue import crawling, job_script, schemas
from tests.labs.runners.scripts import ENTRY, THROUGH_FLOATS
from tests.labs.runners.world import FEED, World

pytestmark = [pytest.mark.full_size, pytest.mark.timeout(1200)]
SPARK_S = 600
# By id: the price as it is in the answer, and what a table may say of it; None is the quarantine.
PRICES: dict[str, tuple[str, str | None]] = {
    "string": ('"1.0"', "1.0"),
    "number": ("1.0", "1.0"),
    "null": ("null", None),
    "object": ("{}", None),
    "array": ("[]", None),
    "of-400-digits": ("1e400", None),
    "not-a-number": ("NaN", None),
    "two-to-the-63": ("9223372036854775808", "9223372036854775808"),
    "of-35-digits": (
        '"12345678901234567.123456789012345678"',
        "12345678901234567.123456789012345678",
    ),
    "of-40-digits": ("1234567890123456789.123456789012345678901", None),
    "said-twice": ('"1","rateUsd":"2"', "2"),
}
DEEP = b"[" * 10_000


def _bodies(at: Hour) -> list[bytes | None]:
    prices = [
        b'{"data":[{"id":"%s","rateUsd":%s}],"timestamp":%d}'
        % (name.encode(), text.encode(), at.start_ms)
        for name, (text, _) in PRICES.items()
    ]
    # The same asset, with another type each time.
    flips = [
        b'{"data":[{"id":"flips","rateUsd":%s}],"timestamp":%d}' % (text.encode(), at.start_ms)
        for text in ('"1.0"', "1.0", "null", "{}", "[]")
    ]
    return [*prices, *flips, DEEP]


def _published(world: World, script: bytes) -> None:
    with job_script(world.lake, script), world.runner() as runner:
        runner.until(lambda: world.is_settled(runner), SPARK_S)
        runner.end()


def _prices(world: World, hour: Hour) -> dict[str, list[Decimal]]:
    found: dict[str, list[Decimal]] = {}
    where = f"WHERE dt = '{hour.dt}' AND hour = '{hour.hour}'"
    for name, price in world.lake.sql(f"SELECT rate_id, rate_usd FROM {FEED} {where}"):
        found.setdefault(name or "", []).append(Decimal(price or "NaN"))
    return found


EXPECTED = {
    name: [Decimal(price)] for name, (_, price) in PRICES.items() if price is not None
} | {"flips": [Decimal(1), Decimal(1)]}


def test_f49_f50_f56_each_value_is_exact_or_in_the_quarantine_and_no_type_flips(
    worlds: Worlds, fault: Fault
) -> None:
    """price "1.0" -> 1.0 -> null -> {} -> []; depth 10k, duplicate keys, 1e400, NaN, 2^63, 40-digit
    decimals; a crawl all along. Oracle: quarantine reasons, query type check, value round trip."""
    world = worlds({"04": [0, sum(len(prices) for prices in EXPECTED.values())]})
    (hour,) = world.hours
    before = schemas(world.lake)
    world.lake.land(FEED, hour, _bodies(hour))

    with world.read() as seen, crawling(world.lake) as crawls:
        _published(world, ENTRY)
    where = f"WHERE dt = '{hour.dt}' AND hour = '{hour.hour}'"
    aside = world.lake.sql(f"SELECT reason, raw FROM {FEED}_quarantine {where}")
    types = world.lake.sql(f"SELECT DISTINCT typeof(rate_usd) FROM {FEED} {where}")

    assert _prices(world, hour) == EXPECTED
    assert types == [["decimal(38,18)"]]
    texts = [raw or "" for reason, raw in aside if (reason or "").startswith("no usable")]
    put_aside = {name: text for name, (text, price) in PRICES.items() if price is None}
    for name, text in put_aside.items():
        assert [raw for raw in texts if name in raw and text in raw], (name, texts)
    assert len(texts) == len(put_aside) + 3
    assert [reason for reason, _ in aside if "nested too deep" in (reason or "")] != []
    assert len(aside) == len(texts) + 1
    assert {name: one for name, one in schemas(world.lake).items() if name in before} == before
    assert (crawls.failed, world.partial(seen)) == ([], [])
    fault("F49, F50, F56", f"{len(PRICES)} odd prices: exact, or aside with their text")


def test_f50_control_a_job_that_reads_numbers_as_doubles_changes_them(worlds: Worlds) -> None:
    world = worlds({"09": [0]})
    (hour,) = world.hours
    world.lake.land(FEED, hour, _bodies(hour))

    with job_script(world.lake, THROUGH_FLOATS), world.runner() as runner:
        runner.until(lambda: runner.hour(FEED, hour).get("version") == 1, SPARK_S)
        runner.end()

    assert _prices(world, hour) != EXPECTED
