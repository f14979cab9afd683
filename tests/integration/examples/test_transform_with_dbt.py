"""Somebody who reads `docs/how-to/transform-with-dbt.md` and types what stands there, block by block.

The tests of one lake tell one story, in order.
"""

import re
import time
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from coinlake.contracts.hours import HOUR_MS, Hour, hour_of
from tests.integration.local_cloud.conftest import Cloud, until
from tests.making import make

from .conftest import environ
from .dbt_project import PAGE, DbtReader
from .priced_lake import PricedLake, Prices

DAY_MS = 24 * HOUR_MS
NOW_MS = time.time_ns() // 1_000_000
TODAY_MS = NOW_MS - NOW_MS % DAY_MS
BEFORE_MS, YESTERDAY_MS = TODAY_MS - 2 * DAY_MS, TODAY_MS - DAY_MS
NEWEST = hour_of(NOW_MS - HOUR_MS)
_PENNY = Decimal("0.000000000000000001")

pytestmark = pytest.mark.timeout(600)


def day_of(at_ms: int) -> str:
    return hour_of(at_ms).dt


def market() -> dict[Hour, Prices]:
    """Answers of three days; one of just before midnight was received after it."""
    received = {
        hour_of(BEFORE_MS + 22 * HOUR_MS): [BEFORE_MS + 22 * HOUR_MS + 30_000],
        hour_of(BEFORE_MS + 23 * HOUR_MS): [BEFORE_MS + 23 * HOUR_MS + 5_000],
        hour_of(YESTERDAY_MS): [YESTERDAY_MS - 2_000, YESTERDAY_MS + 1_000],
        hour_of(YESTERDAY_MS + 12 * HOUR_MS): [
            YESTERDAY_MS + 12 * HOUR_MS + minute * 60_000 for minute in range(5)
        ],
        hour_of(TODAY_MS): [TODAY_MS, TODAY_MS + 60_000],
    }
    received.setdefault(NEWEST, [NEWEST.start_ms + 59 * 60_000])
    times = sorted(at_ms for some in received.values() for at_ms in some)
    return {
        hour: {at_ms: priced(times.index(at_ms)) for at_ms in some}
        for hour, some in received.items()
    }


def priced(step: int) -> dict[str, str]:
    """Prices that need all 18 places; the second asset has none at times."""
    bitcoin = Decimal(60_000 + (step * 37) % 101) + (step + 1) * _PENNY
    found = {"bitcoin": str(bitcoin), "ether": str(3_000 - step)}
    return found if step % 3 else {"bitcoin": str(bitcoin)}


Ohlc = dict[tuple[str, str], tuple[Decimal, ...]]


def by_hand(lake: Mapping[Hour, Prices]) -> Ohlc:
    """Day and asset, to open, high, low and close, from the answers themselves."""
    seen: dict[tuple[str, str], list[tuple[int, Decimal]]] = {}
    for answers in lake.values():
        for at_ms, prices in answers.items():
            for asset, price in prices.items():
                seen.setdefault((day_of(at_ms), asset), []).append((at_ms, Decimal(price)))
    made: Ohlc = {}
    for key, quotes in seen.items():
        prices_in_order = [price for _, price in sorted(quotes)]
        high, low = max(prices_in_order), min(prices_in_order)
        made[key] = (prices_in_order[0], high, low, prices_in_order[-1])
    return made


def by_day(lake: Mapping[Hour, Prices]) -> dict[str, int]:
    """How many hours of each day were published."""
    return dict(Counter(hour.dt for hour in lake))


class Story:
    """The lake, what was sent to it, and the reader who transforms it."""

    def __init__(self, cloud: Cloud, folder: Path, name: str) -> None:
        self._cloud = cloud
        self.lake = PricedLake(name, environ(cloud), cloud.s3, cloud.glue)
        self.sent = market()
        for hour, prices in self.sent.items():
            self.lake.publish(hour, prices)
        self.dbt = DbtReader(folder, environ(cloud), name)

    def made(self) -> Ohlc:
        """What `daily_ohlc` says."""
        rows = self.rows("SELECT day, asset_id, open, high, low, close FROM daily_ohlc")
        return {(day, asset): tuple(map(Decimal, prices)) for day, asset, *prices in rows}

    def hours_published(self) -> dict[str, int]:
        rows = self.rows("SELECT DISTINCT day, hours_published FROM daily_ohlc")
        return {day: int(hours) for day, hours in rows}

    def objects(self, day: str) -> dict[str, str]:
        """Key and ETag of each object of a day of `daily_ohlc`."""
        prefix = f"dbt/{self.dbt.schema}/daily_ohlc/day={day}/"
        found = self._cloud.s3.list_objects_v2(Bucket=self.lake.name, Prefix=prefix)
        return {one["Key"]: one["ETag"] for one in found.get("Contents", [])}

    def tables(self) -> list[str]:
        found = self._cloud.glue.get_tables(DatabaseName=self.dbt.schema)["TableList"]
        return sorted(table["Name"] for table in found)

    def rows(self, sql: str) -> list[list[str]]:
        athena = self._cloud.client("athena")
        id_ = athena.start_query_execution(
            QueryString=sql,
            QueryExecutionContext={"Database": self.dbt.schema},
            WorkGroup="coinlake",
        )["QueryExecutionId"]

        def execution() -> Any:
            return athena.get_query_execution(QueryExecutionId=id_)["QueryExecution"]

        until(lambda: execution()["Status"]["State"] not in ("QUEUED", "RUNNING"))
        assert execution()["Status"]["State"] == "SUCCEEDED", execution()["Status"]
        _, *found = athena.get_query_results(QueryExecutionId=id_)["ResultSet"]["Rows"]
        return [[cell["VarCharValue"] for cell in row["Data"]] for row in found]


@pytest.fixture(scope="module", autouse=True)
def _dbt_is_here() -> None:
    assert PAGE.block("Set up") == "make dbt\n"
    make("dbt")


@pytest.fixture(scope="module")
def story(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Story:
    return Story(cloud, tmp_path_factory.mktemp("clone"), "daily")


def test_every_block_of_the_page_is_run() -> None:
    sections = re.findall(r"^## (.*?)$(.*?)(?=^## |\Z)", PAGE.text, re.M | re.S)

    blocks = {name: text.count("```sh\n") for name, text in sections if "```" in text}

    # The second block of the first only sets the variables, which are set here.
    assert blocks == {
        "Set up": 2,
        "Build": 2,
        "Build again": 2,
        "See whether the lake is fresh": 1,
        "Read the documentation": 1,
    }


def test_a_first_build_makes_every_day_exactly(story: Story) -> None:
    told = story.dbt.follows("Build")

    assert "daily_ohlc: 3 days to build" in told
    assert story.made() == by_hand(story.sent)
    assert set(story.dbt.outcomes().values()) == {"success", "pass"}
    assert story.hours_published() == by_day(story.sent)


def test_a_second_build_makes_nothing_anew(story: Story) -> None:
    days = [day_of(at_ms) for at_ms in (BEFORE_MS, YESTERDAY_MS, TODAY_MS)]
    before = {day: story.objects(day) for day in days}

    told = story.dbt.follows("Build again")

    assert "daily_ohlc: 0 days to build" in told
    assert {day: story.objects(day) for day in days} == before
    assert all(len(objects) == 1 for objects in before.values())
    assert story.made() == by_hand(story.sent)


def test_an_hour_that_was_rebuilt_makes_its_day_anew_and_no_other(story: Story) -> None:
    rebuilt, untouched = day_of(BEFORE_MS), day_of(YESTERDAY_MS)
    kept, replaced = story.objects(untouched), story.objects(rebuilt)
    late = hour_of(BEFORE_MS + 22 * HOUR_MS)
    story.sent[late] = {**story.sent[late], late.start_ms + 45_000: {"bitcoin": "70000.5"}}
    story.lake.publish(late, story.sent[late], version=2)

    told = story.dbt.follows("Build again")

    assert "daily_ohlc: 1 days to build" in told
    assert story.made() == by_hand(story.sent)
    assert story.made()[rebuilt, "bitcoin"][1] == Decimal("70000.5")
    assert story.objects(untouched) == kept
    assert not story.objects(rebuilt).keys() & replaced.keys()
    compiled = story.dbt.project / "target/compiled/coinlake/models/marts/daily_ohlc.sql"
    assert f"dt in ('{rebuilt}')" in compiled.read_text()


@pytest.mark.full_size
def test_an_hour_at_midnight_makes_both_of_its_days_anew(story: Story) -> None:
    midnight = hour_of(YESTERDAY_MS)
    just_before = YESTERDAY_MS - 1_000
    story.sent[midnight] = {**story.sent[midnight], just_before: {"bitcoin": "1.5"}}
    story.lake.publish(midnight, story.sent[midnight], version=2)

    told = story.dbt.follows("Build again")

    assert "daily_ohlc: 2 days to build" in told
    assert story.made() == by_hand(story.sent)
    assert story.made()[day_of(BEFORE_MS), "bitcoin"][3] == Decimal("1.5")


@pytest.mark.full_size
def test_the_documentation_has_every_model_and_source_with_its_columns(story: Story) -> None:
    story.dbt.follows("Read the documentation")

    catalog = story.dbt.written("catalog.json")
    assert catalog["errors"] is None
    assert len(catalog["nodes"]) == 5
    assert len(catalog["sources"]) == 3
    columns = [
        column
        for one in (*catalog["nodes"].values(), *catalog["sources"].values())
        for column in one["columns"].values()
    ]
    assert len(columns) > 80
    ohlc = catalog["nodes"]["model.coinlake.daily_ohlc"]["columns"]
    assert ohlc["high"]["type"] == "decimal(38,18)"
    assert ohlc["high"]["comment"].startswith("US dollars")


@pytest.mark.full_size
def test_a_lake_that_lives_is_fresh(story: Story) -> None:
    told = story.dbt.follows("See whether the lake is fresh")

    assert "PASS freshness of coinlake.quotes" in told


@pytest.mark.full_size
def test_the_movers_can_be_shown(story: Story) -> None:
    told = story.dbt.follows("Build", 1)

    assert re.search(rf"{day_of(TODAY_MS)} \| bitcoin", told), told


@pytest.mark.full_size
@pytest.mark.parametrize(
    ("version", "operation", "prefix", "is_kept"),
    [
        pytest.param(2, "s3:PutObject", "daily/dbt/", True, id="while rows are written"),
        pytest.param(3, "s3:DeleteObjects", "daily", True, id="before rows are deleted"),
        pytest.param(4, "glue:BatchDeletePartition", "", False, id="before the drop"),
        pytest.param(
            5, "glue:BatchCreatePartition", "", False, id="before the partition is added"
        ),
    ],
)
def test_a_build_that_breaks_off_leaves_no_wrong_row_and_the_next_one_mends_it(
    cloud: Cloud, story: Story, version: int, operation: str, prefix: str, is_kept: bool
) -> None:
    before, day = story.made(), day_of(YESTERDAY_MS)
    late = hour_of(YESTERDAY_MS + 12 * HOUR_MS)
    more = {late.start_ms + version * 600_000: {"bitcoin": f"{version}.25"}}
    story.sent[late] = {**story.sent[late], **more}
    story.lake.publish(late, story.sent[late], version)
    refused = {"operation": operation, "key_prefix": prefix, "code": "AccessDenied"}

    cloud.admin("/faults", "PUT", {"rules": [{**refused, "status": 403}]})
    done = story.dbt.types(PAGE.block("Build again"))
    cloud.admin("/faults", "DELETE")
    meanwhile = story.made()
    story.dbt.follows("Build again")

    assert done.returncode == 1
    assert "injected fault" in done.stdout
    assert meanwhile == {
        key: prices for key, prices in before.items() if is_kept or key[0] != day
    }
    assert story.made() == by_hand(story.sent)


@pytest.mark.full_size
def test_a_full_refresh_makes_the_same_rows_and_removes_what_no_partition_has(
    story: Story,
) -> None:
    before = story.made()

    told = story.dbt.follows("Build again", 1)

    assert "daily_ohlc: 3 days to build" in told
    assert story.made() == before
    assert len(story.objects(day_of(YESTERDAY_MS))) == 1
    assert not [name for name in story.tables() if "tmp" in name]


def row(hour: Hour, **said: Any) -> dict[str, Any]:
    """A partial candle as no job makes it."""
    at_ms = hour.start_ms
    usual = {
        "asset_id": "bitcoin",
        "minute": at_ms,
        "open": Decimal(10),
        "high": Decimal(12),
        "low": Decimal(9),
        "close": Decimal(11),
        "quotes": 2,
        "first_source_ts": at_ms,
        "last_source_ts": at_ms + 1,
        "volume_24h_usd": None,
    }
    return {**usual, **said}


@pytest.fixture(scope="module")
def wrong(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Story:
    return Story(cloud, tmp_path_factory.mktemp("clone"), "wrong")


@pytest.mark.full_size(but="high")
@pytest.mark.parametrize(
    ("said", "rows", "red"),
    [
        (
            "high",
            [{"high": Decimal("10.999999999999999999")}],
            "stg_coinlake__candles_1m_within_high_and_low",
        ),
        (
            "twice",
            [{}, {}],
            "unique_combination_stg_coinlake__candles_1m_asset_id___minute___dt__hour",
        ),
    ],
    ids=["high", "twice"],
)
def test_wrong_rows_turn_a_test_red_and_are_not_built_upon(
    wrong: Story, said: str, rows: list[dict[str, Any]], red: str
) -> None:
    hour = hour_of(YESTERDAY_MS + 12 * HOUR_MS)
    wrong.lake.put_rows(hour, "candles_1m", [row(hour, **one) for one in rows])

    done = wrong.dbt.types(PAGE.block("Build again"))

    assert done.returncode == 1
    outcomes = wrong.dbt.outcomes()
    assert outcomes[red] == "fail"
    assert [name for name, one in outcomes.items() if one in ("fail", "error")] == [red]
    assert outcomes["daily_ohlc"] == "skipped"
    assert "daily_ohlc" not in wrong.tables()


@pytest.mark.full_size
def test_control_the_same_rows_without_the_fault_are_green(wrong: Story) -> None:
    hour = hour_of(YESTERDAY_MS + 12 * HOUR_MS)
    wrong.lake.put_rows(hour, "candles_1m", [row(hour)])

    wrong.dbt.follows("Build again")

    assert wrong.made()[day_of(YESTERDAY_MS), "bitcoin"][2] == Decimal(9)


@pytest.mark.full_size
def test_a_lake_that_stands_still_is_not_fresh(
    cloud: Cloud, tmp_path_factory: pytest.TempPathFactory
) -> None:
    lake = PricedLake("still", environ(cloud), cloud.s3, cloud.glue)
    old = hour_of(NOW_MS - 8 * HOUR_MS)
    lake.publish(old, {old.start_ms: priced(1)})
    dbt = DbtReader(tmp_path_factory.mktemp("clone"), environ(cloud), "still")

    done = dbt.types(PAGE.block("See whether the lake is fresh"))

    assert done.returncode == 1
    assert "ERROR STALE freshness of coinlake.quotes" in done.stdout
