"""The doctor over a lake in memory: what it finds, what it says, and that it never says too much."""

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest

from coinlake.contracts.datasets import TABULAR
from coinlake.contracts.ledger import curated_key, ledger_key
from coinlake.differences import Kind, PartitionSeen, Remedy
from coinlake.errors import ConfigError, TransientError, Trouble
from coinlake_tools import doctor_report, lake_requests
from coinlake_tools.doctor import WholeLake, day_named, last_days
from coinlake_tools.lake_requests import GET, HEAD, LIST, PUT, CountingStore
from tests.labs.bucket import Bucket, BucketStore, Faults
from tests.unit.coinlake_tools.proven import NOW_MS, Proven, at_once, proven
from tests.unit.coinlake_tools.published import DT, NEXT_DT, NINE, TEN, answer, bitcoin

PAGE = Path(__file__).parents[3] / doctor_report.PAGE
HOURS = 3_600_000
Answer = TypeVar("Answer")


@pytest.fixture
async def lake() -> Proven:
    return await proven()


async def test_of_a_sound_lake_it_says_that_nothing_differs(lake: Proven) -> None:
    found = await lake.doctor()

    assert (found.counts, found.hours, found.exit_code) == ({}, 3, 0)
    assert list(doctor_report.lines(found)) == [
        f"{DT}: 3 hours of feeds looked at",
        "nothing differs",
    ]
    assert not lake.requests[PUT]


async def test_each_fault_behind_its_back_is_found_and_a_person_is_called(lake: Proven) -> None:
    lake.delete(lake.keys("raw/coincap.assets.v1/dt=2026-11-22/hour=09/")[0])
    lake.alter(curated_key("quotes", TEN), b"by hand")
    lake.delete(curated_key("rates", NINE))
    lake.alter(ledger_key("assets", TEN, 3), b"{}")
    lake.catalog.registered.pop(0)

    found = await lake.doctor()

    assert found.counts == {
        Kind.INPUT_GONE: 1,
        Kind.PARTITION_MISSING: 1,
        # The head of ten cannot be read, so nothing of that hour is judged.
        Kind.HEAD_UNREADABLE: 1,
        Kind.LEDGER_GAP: 1,
        Kind.OBJECT_GONE: 1,
    }
    assert (found.exit_code, found.must_be_seen_to) == (1, 5)
    said = list(doctor_report.lines(found))
    assert said[-1] == "somebody must see to 5"
    assert said[2].startswith("head_unreadable")
    assert not any("nothing differs" in line for line in said)


async def test_late_data_is_normal_for_a_while_and_then_no_more(lake: Proven) -> None:
    lake.made.land("assets", NINE, answer(NINE, bitcoin(priceUsd="8")))
    lake.made.land("assets", NINE, None)
    for key, (body, metadata) in lake.made.objects.items():
        lake.store.bucket.put(key, body, metadata)
    written_ms = max(one.last_modified_ms for one in lake.store.bucket.objects.values())

    soon = await lake.doctor(now_ms=written_ms + 1)
    late = await lake.doctor(now_ms=written_ms + 6 * HOURS + 1)

    assert soon.counts == {Kind.NOT_YET_IN_TABLES: 1}
    assert (soon.exit_code, late.exit_code) == (0, 1)
    assert list(doctor_report.lines(soon))[-1] == "nothing that anybody must see to"
    assert "for over 6 hours" in list(doctor_report.lines(late))[2]


async def test_what_is_being_published_is_no_fault(lake: Proven) -> None:
    lake.alter(curated_key("quotes", NINE), b"the next one", version="2", batch_id="b2")

    found = await lake.doctor(now_ms=0)

    assert (found.counts, found.exit_code) == ({Kind.UNDER_WAY: 1}, 0)


class _At(Faults):
    """A network on which something happens just before one of the requests."""

    def __init__(self, number: int, happens: Callable[[], None]) -> None:
        super().__init__()
        self.number = number
        self._happens = happens

    async def ask(self, what: str, apply: Callable[[], Answer]) -> Answer:
        self.number -= 1
        if self.number == 0:
            self._happens()
        return await super().ask(what, apply)


async def test_a_sink_and_a_runner_at_work_at_any_moment_of_the_look_are_no_fault() -> None:
    """Late data lands, is published as the next version and committed, before any of the requests."""
    network, number, told = _At(0, lambda: None), 0, set[Kind]()
    while network.number <= 0:
        lake, number = await proven(), number + 1
        network = _At(number, partial(_late_data_is_published, lake))
        lake.counting = CountingStore(BucketStore(lake.store.bucket, network), at_once)

        found = await lake.doctor(feeds=("rates",), now_ms=0)

        assert (found.exit_code, found.must_be_seen_to) == (0, 0), (number, found.found)
        told |= set(found.counts)

    assert number > 5
    assert told == {Kind.NOT_YET_IN_TABLES, Kind.UNDER_WAY}


def _late_data_is_published(lake: Proven) -> None:
    lake.made.land("rates", NINE, answer(NINE, {"id": "euro", "rateUsd": "2"}))
    lake.made.publish("rates", NINE)
    for key, (body, metadata) in lake.made.objects.items():
        lake.store.bucket.put(key, body, metadata)


async def test_where_it_cannot_look_it_says_nothing_of_what_is_there(lake: Proven) -> None:
    lake.catalog.is_down = True

    with pytest.raises(TransientError, match="GetPartitions"):
        await lake.doctor()

    lake.catalog.is_down = False
    lake.counting = CountingStore(BucketStore(Bucket(), Faults(is_down=True)), at_once)
    with pytest.raises(TransientError, match="LIST"):
        await lake.doctor()


class _Throttled(Faults):
    """Every third request is refused once, with this trouble."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__()
        self._trouble = trouble
        self.number = 0

    async def ask(self, what: str, apply: Callable[[], Answer]) -> Answer:
        self.number += 1
        if self.number % 3 == 0:
            raise TransientError(f"{what}: 503 SlowDown", self._trouble)
        return await super().ask(what, apply)


async def test_a_request_that_fails_once_is_asked_again_and_one_that_is_denied_is_not(
    lake: Proven,
) -> None:
    throttled = _Throttled(Trouble.THROTTLED)
    lake.counting = CountingStore(BucketStore(lake.store.bucket, throttled), at_once)

    found = await lake.doctor()

    assert (found.counts, found.hours) == ({}, 3)
    # As it is billed: what failed counts too.
    assert sum(lake.requests.values()) == throttled.number

    denied = _Throttled(Trouble.DENIED)
    lake.counting = CountingStore(BucketStore(lake.store.bucket, denied), at_once)
    with pytest.raises(TransientError, match="SlowDown"):
        await lake.doctor()
    assert denied.number == 3


async def test_a_listing_of_many_pages_is_whole_also_where_a_page_is_asked_again() -> None:
    lake, throttled = await proven(), _Throttled(Trouble.SERVER)
    names = [f"curated/quotes/dt={DT}/hour=09/{n:05}.parquet" for n in range(2500)]
    for name in names:
        lake.alter(name, b"x")
    store = CountingStore(BucketStore(lake.store.bucket, throttled), at_once)

    listed = [one.key async for one in store.list(f"curated/quotes/dt={DT}/hour=09/0")]

    assert listed == names
    assert store.requests[LIST] == throttled.number == 4


async def test_a_table_that_the_catalog_does_not_have_is_one_difference_an_hour(
    lake: Proven,
) -> None:
    lake.catalog.missing = {"rates"}

    found = await lake.doctor()

    assert found.counts == {Kind.TABLE_MISSING: 1}


async def test_raw_that_a_rule_has_expired_is_no_loss_but_younger_raw_is(lake: Proven) -> None:
    for key in lake.keys("raw/"):
        lake.delete(key)

    expired = await lake.doctor(raw_expires_days=0.1)
    lost = await lake.doctor(raw_expires_days=30)

    assert (expired.counts, expired.exit_code, expired.expired) == ({}, 0, 5)
    assert (lost.counts, lost.exit_code) == ({Kind.INPUT_GONE: 5}, 1)


async def test_an_empty_bucket_is_not_called_sound(lake: Proven) -> None:
    found = await lake.doctor("2026-11-20")

    assert list(doctor_report.lines(found))[-1] == "there is nothing of these days"


async def test_a_day_costs_the_same_in_a_lake_of_years(lake: Proven) -> None:
    await lake.doctor()
    young = dict(lake.requests)
    for day in range(1, 29):
        for key, stored in list(lake.store.bucket.objects.items()):
            if f"dt={DT}" in key:
                lake.store.bucket.objects[key.replace(DT, f"2025-02-{day:02}")] = stored
    lake.requests.clear()

    await lake.doctor()

    assert dict(lake.requests) == young
    # Four sides of two feeds, a head an hour, and none of the inputs.
    assert young == {LIST: 2 * 2 + 8, GET: 3}


async def test_objects_that_are_no_input_are_asked_for_and_no_others(lake: Proven) -> None:
    lake.made.land("rates", TEN, answer(TEN, {"id": "euro", "rateUsd": "2"}))
    key = lake.keys("raw/coincap.rates.v1/")[0]
    lake.alter(key.replace("hour=09", "hour=11"), b"of another writer")

    found = await lake.doctor(feeds=("rates",), now_ms=0)

    assert lake.requests[HEAD] == 1
    assert found.counts == {Kind.NOT_YET_PUBLISHED: 1}


async def test_the_whole_lake_is_looked_at_with_what_is_of_no_day(lake: Proven) -> None:
    lake.alter("curated/quotes/dt=yesterday/hour=09/x.parquet", b"x")
    lake.alter("curated/quotes/tmp/x.parquet", b"x")
    lake.alter("ledger/feed=rates/dt=1/x.json", b"x")
    lake.catalog.registered.append(PartitionSeen("rates", ("soon", "09"), "s3://x"))
    lake.catalog.registered.append(PartitionSeen("rates", ("2019-01-01", "09"), "s3://x"))
    place = lake.catalog.registered[0]
    lake.catalog.registered[0] = replace(place, location="s3://x")

    whole = await WholeLake().read(lake.reader, ("assets", "rates"))
    found = await lake.doctor(*whole.days)

    assert whole.days == ["2019-01-01", DT, NEXT_DT]
    assert [(one.kind, one.key) for one in whole.strange] == [
        (Kind.OBJECT_STRAY, "curated/quotes/dt=yesterday/"),
        (Kind.OBJECT_STRAY, "curated/quotes/tmp/"),
        (Kind.LEDGER_STRAY, "ledger/feed=rates/dt=1/"),
        (Kind.PARTITION_STRAY, None),
    ]
    # Where nothing is published a partition is stray, wherever it points.
    assert found.counts == {Kind.PARTITION_STRAY: 1, Kind.PARTITION_ELSEWHERE: 1}


def test_what_all_days_cost_is_said_in_requests_of_the_price_module() -> None:
    asked = lake_requests.of_days(365, TABULAR)

    assert set(asked) == {LIST, GET, lake_requests.PARTITIONS}
    assert asked[GET] == 365 * 24 * len(TABULAR)
    said = lake_requests.told(asked)
    assert "GetPartitions" in said
    assert said.endswith(f"{lake_requests.usd(asked):.6f} USD")
    assert 0 < lake_requests.usd(asked) < 1


async def test_the_estimate_of_a_sound_day_is_what_it_takes(lake: Proven) -> None:
    await lake.doctor(feeds=tuple(TABULAR))

    expected = lake_requests.of_days(1, TABULAR)

    assert lake.requests[LIST] <= expected[LIST] <= lake.requests[LIST] + 8
    assert lake.requests[GET] <= expected[GET]
    assert len(lake.catalog.asked) == expected[lake_requests.PARTITIONS]


async def test_the_report_has_all_that_people_see_and_the_page_of_each_kind(
    lake: Proven,
) -> None:
    lake.delete(curated_key("rates", NINE))

    report = doctor_report.body(await lake.doctor(), {LIST: 3})

    (one,) = report["differences"]
    assert (report["verdict"], report["counts"]) == ("differs", {"object_gone": 1})
    assert (one["at"], one["remedy"]) == ({"dt": DT, "hour": "09"}, "runner")
    assert one["page"] == "docs/how-to/look-at-what-differs.md#object_gone"
    assert report["requests"] == {LIST: 3}


async def test_of_many_differences_the_first_are_shown_and_all_are_counted(
    lake: Proven,
) -> None:
    found = await lake.doctor()
    one = (await _with_a_gone_object(lake)).found[0]

    found.add(replace(one, key=str(n)) for n in range(1500))

    assert (found.counts[one.kind], len(found.found)) == (1500, 1000)
    assert "… and 1480 more of object_gone" in list(doctor_report.lines(found))


async def _with_a_gone_object(lake: Proven):  # type: ignore[no-untyped-def]
    lake.delete(curated_key("rates", NINE))
    return await lake.doctor()


def test_the_page_has_a_section_for_each_kind_that_says_who_makes_it_good() -> None:
    sections = re.findall(r"^## (\w+)\n\n(.*?)(?=^## |\Z)", PAGE.read_text(), re.M | re.S)
    who = {Remedy.TIME: "Time.", Remedy.RUNNER: "The runner.", Remedy.PERSON: "A person."}

    told = {name: text for name, text in sections if name in set(Kind)}

    assert set(told) == set(Kind)
    assert {kind: told[kind].startswith(who[kind.remedy]) for kind in Kind} == dict.fromkeys(
        Kind, True
    )


def test_days_are_those_of_utc_and_what_is_no_day_is_refused() -> None:
    assert last_days(NOW_MS, 3) == ["2026-11-21", DT, NEXT_DT]
    assert day_named(DT) == DT
    for text in ("2026-11-31", "20261122", "yesterday", ""):
        with pytest.raises(ConfigError, match="invalid day"):
            day_named(text)
    with pytest.raises(ConfigError, match="at least 1"):
        last_days(NOW_MS, 0)
