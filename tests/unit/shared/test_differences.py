"""What of an hour differs: each fault by itself, and faults together as chance makes them."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinlake.contracts.datasets import TABULAR
from coinlake.contracts.hours import Hour
from coinlake.contracts.ledger import (
    LedgerEntry,
    Output,
    RawInput,
    curated_key,
    ledger_key,
)
from coinlake.contracts.raw_layout import RawKey
from coinlake.differences import (
    DaySeen,
    HourSeen,
    Kind,
    ObjectSeen,
    PartitionSeen,
    RawSeen,
    Remedy,
    Unreadable,
    differences,
    head_keys,
    head_of,
    hours_of,
)
from tests.labs.ledger_entries import ledger_entry

BUCKET = "the-lake"
HOUR = Hour("2026-11-22", "07")
TABLES = TABULAR["rates"].published
RAW = [str(RawKey("coincap.rates.v1", HOUR, 1, 0, link)) for link in (0, 10, 20)]
LEDGER = [ledger_key("rates", HOUR, version) for version in (1, 2, 3)]
Change = Callable[[HourSeen], HourSeen]


def entry(**said: Any) -> LedgerEntry:
    return ledger_entry(
        "rates",
        HOUR,
        version=3,
        inputs=tuple(RawInput(key, f"e{n}") for n, key in enumerate(RAW)),
        outputs=tuple(Output(t, curated_key(t, HOUR), f"p-{t}", 5, 1) for t in TABLES),
        **said,
    )


def sound() -> HourSeen:
    """An hour in which nothing differs."""
    return HourSeen(
        "rates",
        HOUR,
        tuple(RawSeen(key, f"e{n}", 9, 1000 + n) for n, key in enumerate(RAW)),
        tuple(LEDGER),
        entry(),
        tuple(ObjectSeen(t, curated_key(t, HOUR), f"p-{t}", 5, 2000) for t in TABLES),
        tuple(
            PartitionSeen(t, (HOUR.dt, HOUR.hour), f"s3://{BUCKET}/curated/{t}/{HOUR.path}/")
            for t in TABLES
        ),
    )


def object_changed(version: int | None) -> Change:
    def change(hour: HourSeen) -> HourSeen:
        first = replace(hour.objects[0], etag="other", version=version)
        return replace(hour, objects=(first, *hour.objects[1:]))

    return change


def raw_more(has_values: bool | None) -> Change:
    more = RawSeen(str(RawKey("coincap.rates.v1", HOUR, 1, 0, 30)), "n", 9, 7000, has_values)
    return lambda hour: replace(hour, raw=(*hour.raw, more))


def place(location: str) -> Change:
    def change(hour: HourSeen) -> HourSeen:
        first = replace(hour.partitions[0], location=location)
        return replace(hour, partitions=(first, *hour.partitions[1:]))

    return change


def beside(hour: HourSeen) -> HourSeen:
    key = curated_key("rates", HOUR).replace("part-0", "part-1")
    return replace(hour, objects=(*hour.objects, ObjectSeen("rates", key, "x", 5, 1)))


ONE: dict[str, tuple[Change, Kind | None]] = {
    "nothing": (lambda hour: hour, None),
    "an input is gone": (lambda hour: replace(hour, raw=hour.raw[1:]), Kind.INPUT_GONE),
    "an input has another ETag": (
        lambda hour: replace(hour, raw=(replace(hour.raw[0], etag="x"), *hour.raw[1:])),
        Kind.INPUT_CHANGED,
    ),
    "late data": (raw_more(True), Kind.NOT_YET_IN_TABLES),
    "an object of another writer": (raw_more(None), Kind.NOT_YET_IN_TABLES),
    "heartbeats alone": (raw_more(False), None),
    "a version is missing": (
        lambda hour: replace(hour, ledger=(LEDGER[0], LEDGER[2])),
        Kind.LEDGER_GAP,
    ),
    "a file that is no version": (
        lambda hour: replace(hour, ledger=(*LEDGER, f"{LEDGER[0]}.bak")),
        Kind.LEDGER_STRAY,
    ),
    "an object is gone": (
        lambda hour: replace(hour, objects=hour.objects[1:]),
        Kind.OBJECT_GONE,
    ),
    "an object by hand": (object_changed(None), Kind.OBJECT_CHANGED),
    "an object of an older version": (object_changed(2), Kind.OBJECT_CHANGED),
    "an object of this version, other bytes": (object_changed(3), Kind.OBJECT_CHANGED),
    "the next version": (object_changed(4), Kind.UNDER_WAY),
    "a second object in the folder": (beside, Kind.OBJECT_STRAY),
    "a partition is not registered": (
        lambda hour: replace(hour, partitions=hour.partitions[1:]),
        Kind.PARTITION_MISSING,
    ),
    "a partition points to another table": (
        place(f"s3://{BUCKET}/curated/quotes/{HOUR.path}/"),
        Kind.PARTITION_ELSEWHERE,
    ),
    "a partition points to another bucket": (
        place(f"s3://other/curated/{TABLES[0]}/{HOUR.path}/"),
        Kind.PARTITION_ELSEWHERE,
    ),
    "a partition without a slash": (
        place(f"s3://{BUCKET}/curated/{TABLES[0]}/{HOUR.path}"),
        None,
    ),
    "a table is missing": (
        lambda hour: replace(
            hour, missing_tables=frozenset(TABLES[:1]), partitions=hour.partitions[1:]
        ),
        Kind.TABLE_MISSING,
    ),
    "the head cannot be read": (
        lambda hour: replace(hour, head=Unreadable(LEDGER[2], 3, "no JSON")),
        Kind.HEAD_UNREADABLE,
    ),
    "the head is of a later release": (
        lambda hour: replace(hour, head=Unreadable(LEDGER[2], 3, "odd", is_newer=True)),
        Kind.HEAD_NEWER,
    ),
}


@pytest.mark.parametrize("name", ONE)
def test_one_fault_is_told_once_and_nothing_else(name: str) -> None:
    change, kind = ONE[name]

    found = differences(change(sound()), BUCKET)

    assert [one.kind for one in found] == ([] if kind is None else [kind])
    assert {(one.feed, one.at) for one in found} <= {("rates", HOUR)}


RAW_FAULTS = ("an input is gone", "late data", "heartbeats alone")
PUBLISHED_FAULTS = ("an object by hand", "the next version", "an object is gone")
CATALOG_FAULTS = ("a partition is not registered", "a partition points to another table")
LEDGER_FAULTS = ("a version is missing", "a file that is no version")


@given(
    chosen=st.tuples(
        *(
            st.sampled_from(("nothing", *group))
            for group in (RAW_FAULTS, PUBLISHED_FAULTS, CATALOG_FAULTS, LEDGER_FAULTS)
        )
    ),
    order=st.randoms(use_true_random=False),
)
def test_faults_together_are_told_each_by_itself_in_any_order_of_the_listings(
    chosen: tuple[str, ...], order: Any
) -> None:
    hour, wanted = sound(), []
    for name in chosen:
        change, kind = ONE[name]
        hour = change(hour)
        wanted += [kind] if kind is not None else []
    parts: dict[str, Any] = {}
    for name in ("raw", "ledger", "objects", "partitions"):
        part = list(getattr(hour, name))
        order.shuffle(part)
        parts[name] = tuple(part)

    found = differences(replace(hour, **parts), BUCKET)

    assert sorted(one.kind for one in found) == sorted(wanted)


def test_an_hour_without_a_version_waits_and_says_for_how_long() -> None:
    raw = (RawSeen(RAW[0], "e", 9, 5000, True), RawSeen(RAW[1], "e", 9, 4000, None))

    (one,) = differences(HourSeen("rates", HOUR, raw), BUCKET)

    assert (one.kind, one.since_ms, one.key) == (Kind.NOT_YET_PUBLISHED, 4000, RAW[1])


def test_what_no_version_knows_is_stray_but_a_first_version_is_under_way() -> None:
    key = curated_key("rates", HOUR)
    partition = PartitionSeen("rates", (HOUR.dt, HOUR.hour), f"s3://{BUCKET}/{key[:-15]}")

    stray = HourSeen("rates", HOUR, objects=(ObjectSeen("rates", key, "x", 5, 1),))
    begun = HourSeen("rates", HOUR, objects=(ObjectSeen("rates", key, "x", 5, 1, version=1),))
    alone = HourSeen("rates", HOUR, partitions=(partition,))

    assert [one.kind for one in differences(stray, BUCKET)] == [Kind.OBJECT_STRAY]
    assert [one.kind for one in differences(begun, BUCKET)] == [Kind.UNDER_WAY]
    assert [one.kind for one in differences(alone, BUCKET)] == [Kind.PARTITION_STRAY]
    # It is registered before the commit: while the object is under way it is no fault.
    both = replace(begun, partitions=alone.partitions)
    assert [one.kind for one in differences(both, BUCKET)] == [Kind.UNDER_WAY]


def test_a_version_of_any_number_is_one_gap_and_not_as_many_findings() -> None:
    far = ledger_key("rates", HOUR, 9_999_999_999)

    (one,) = differences(HourSeen("rates", HOUR, ledger=(LEDGER[0], far)), BUCKET)

    assert one.kind is Kind.LEDGER_GAP
    assert "versions 2 to 9999999998" in one.said


def test_nothing_is_called_stray_or_gone_where_the_head_cannot_be_read() -> None:
    hour = replace(sound(), head=Unreadable(LEDGER[2], 3, "?"), raw=(), partitions=())

    assert [one.kind for one in differences(hour, BUCKET)] == [Kind.HEAD_UNREADABLE]


def test_a_day_is_cut_into_hours_and_what_is_in_none_of_them_is_told() -> None:
    day = DaySeen(
        "rates",
        HOUR.dt,
        raw=[RawSeen(f"raw/coincap.rates.v1/dt={HOUR.dt}/lost.gz", "e", 1, 1)],
        ledger=[f"ledger/feed=rates/dt={HOUR.dt}/hour=24/0000000001.json", *LEDGER],
        heads={HOUR: entry()},
        objects=[ObjectSeen("rates", f"curated/rates/dt={HOUR.dt}/x.parquet", "e", 1, 1)],
        partitions={
            "rates": [PartitionSeen("rates", (HOUR.dt, "7"), "s3://x")],
            "rates_quarantine": None,
        },
    )

    outside, seven = hours_of(day)

    assert (outside.at, seven.at) == (None, HOUR)
    assert [one.kind for one in differences(outside, BUCKET)] == [
        Kind.RAW_STRAY,
        Kind.LEDGER_STRAY,
        Kind.OBJECT_STRAY,
        Kind.PARTITION_STRAY,
    ]
    assert {one.kind for one in differences(seven, BUCKET)} == {
        Kind.INPUT_GONE,
        Kind.OBJECT_GONE,
        Kind.PARTITION_MISSING,
        Kind.TABLE_MISSING,
    }


def test_the_newest_version_is_the_head_whatever_the_order() -> None:
    assert head_keys([LEDGER[2], LEDGER[0], "ledger/x", LEDGER[1]]) == {HOUR: LEDGER[2]}


def test_a_head_is_read_as_it_was_written() -> None:
    assert head_of(LEDGER[2], entry().encode()) == entry()


def altered(*path: str, **more: Any) -> bytes:
    """The entry's JSON with fields beside, at a place of it."""
    told = json.loads(entry().encode())
    place = told
    for name in path:
        place = place[0] if isinstance(place, list) else place[name]
    place.update(more)
    return json.dumps(told).encode()


@pytest.mark.parametrize(
    "body",
    [
        altered("inputs", "", size=9),
        altered("outputs", "", codec="zstd"),
        altered("counts", late=1),
    ],
)
def test_a_field_that_nobody_knows_is_of_a_later_release(body: bytes) -> None:
    head = head_of(LEDGER[2], body)

    assert isinstance(head, Unreadable)
    assert head.is_newer


def test_an_entry_of_a_later_release_may_say_more() -> None:
    assert head_of(LEDGER[2], altered(colour="blue")) == head_of(LEDGER[2], altered())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"[]",
        b"7",
        b"null",
        b"[" * 100_000,
        b'{"feed":"rates"}',
        altered(version=2),
        altered(version="3"),
        altered(hour="08"),
        altered(inputs=7),
        altered(inputs=[7]),
        altered(outputs={}) + b"x",
        altered(counts=[]),
        altered("inputs", "", etag=None),
        altered("outputs", "", rows=1.5),
        altered("counts", rows=True),
    ],
)
def test_what_is_no_entry_is_told_and_raises_nothing(body: bytes) -> None:
    head = head_of(LEDGER[2], body)

    assert isinstance(head, Unreadable)
    assert not head.is_newer
    assert head.version == 3


def test_each_kind_says_who_makes_it_good() -> None:
    assert {kind for kind in Kind if kind.remedy is Remedy.TIME} == {
        Kind.NOT_YET_IN_TABLES,
        Kind.NOT_YET_PUBLISHED,
        Kind.UNDER_WAY,
    }
    assert Kind.INPUT_GONE.remedy is Remedy.PERSON
