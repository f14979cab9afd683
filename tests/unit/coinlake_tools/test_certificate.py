"""The certificate: what is in it, its name and bytes, what it refuses, and what a check finds."""

import gzip
import hashlib
import itertools
import json
import random
import tracemalloc
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinlake.contracts.ledger import Counts, curated_key, ledger_key
from coinlake_tools import certificate
from coinlake_tools.certificate import Span, between, merged, span_of
from coinlake_tools.lake_requests import GET, HEAD
from tests.unit.coinlake_tools.proven import Proven, proven
from tests.unit.coinlake_tools.published import (
    BUCKET,
    DT,
    NINE,
    TEN,
    a_day,
    answer,
    bitcoin,
)

PAGE = Path(__file__).parents[3] / "docs/reference/certificate.md"


@pytest.fixture
async def lake() -> Proven:
    return await proven()


async def test_a_sound_day_is_certified_with_every_hash(lake: Proven) -> None:
    made = await lake.certifier.certificate(DT)

    assert (made["wrong"], made["complete"], made["dt"], made["bucket"]) == (
        [],
        True,
        DT,
        BUCKET,
    )
    nine, ten = made["feeds"]["assets"]["hours"]["09"], made["feeds"]["assets"]["hours"]["10"]
    first = nine["raw"][0]
    body = lake.store.bucket.objects[first["key"]].body
    assert first["sha256"] == hashlib.sha256(body).hexdigest()
    assert first["lines_sha256"] == hashlib.sha256(gzip.decompress(body)).hexdigest()
    assert first["content_sha256"]["metadata"] == first["content_sha256"]["computed"]
    assert (first["records"], first["values"]) == (2, 1)
    assert [(one["from"], one["to"], one["holes"]) for one in nine["offsets"]] == [(0, 3, [])]
    assert ten["offsets"] == [
        {
            "epoch": 1,
            "partition": 0,
            "from": 3,
            "to": 8,
            "holes": [
                {"from": 3, "to": 6, "why": "abandoned", "reason": "Kafka's disk was lost"}
            ],
        }
    ]
    line = lake.store.bucket.objects[ledger_key("assets", NINE, 1)].body
    assert nine["ledger"]["sha256"] == hashlib.sha256(line).hexdigest()
    quotes = next(one for one in nine["published"] if one["table"] == "quotes")
    published = lake.store.bucket.objects[curated_key("quotes", NINE)].body
    assert quotes["sha256"] == hashlib.sha256(published).hexdigest()
    assert quotes["rows"] == 3
    assert made["missed_ticks"]["count"] == 2
    assert [one["from_ms"] for one in made["missed_ticks"]["told"]] == [TEN.start_ms]
    assert made["counts"]["raw_objects"] == 7
    assert made["counts"]["rows"]["quotes"] == 4


async def test_its_name_is_its_content_and_made_twice_it_is_the_same(lake: Proven) -> None:
    first = certificate.encoded(await lake.certifier.certificate(DT))
    again = certificate.encoded(await (await proven()).certifier.certificate(DT))

    assert first == again
    name = certificate.name_of(DT, first)
    assert name == f"{DT}-{hashlib.sha256(first).hexdigest()}.json"
    assert list(certificate.wrong_with_the_file(name, first)) == []
    assert certificate.encoded(certificate.parsed(first)) == first


def test_the_bytes_are_canonical_whatever_order_they_are_made_in() -> None:
    made = certificate.encoded({"b": 1, "a": {"d": None, "c": "é"}})

    assert made == '{"a":{"c":"é","d":null},"b":1}\n'.encode()


def names_in(value: Any, beside: frozenset[str]) -> set[str]:
    """Every key of a value; those of `beside` lead to keys that are data, which are passed over."""
    if isinstance(value, list):
        return {name for item in value for name in names_in(item, beside)}
    if not isinstance(value, dict):
        return set()
    found = set(value)
    for name, inner in value.items():
        inside = inner.values() if name in beside and isinstance(inner, dict) else [inner]
        found |= {each for item in inside for each in names_in(item, beside)}
    return found


async def test_every_field_is_described_on_the_page(lake: Proven) -> None:
    made = await lake.certifier.certificate(DT)
    page = PAGE.read_text()

    of_data = frozenset({"feeds", "hours", "rows", "promised_ms"})
    # What the ledger and missed ticks count is theirs.
    counts = {field.name for field in fields(Counts)}
    missing = {name for name in names_in(made, of_data) - counts if f"`{name}`" not in page}

    assert missing == set()
    assert len(names_in(made, of_data)) > 50


async def refused(lake: Proven) -> list[str]:
    made = await lake.certifier.certificate(DT)
    assert made["complete"] is False
    return [said.split(":")[0] for said in made["wrong"]]


async def test_a_day_in_which_anything_differs_is_not_certified(lake: Proven) -> None:
    lake.alter(curated_key("rates", NINE), b"by hand")

    # The bytes that are there are not as many as the ledger says, either.
    assert "object_changed" in await refused(lake)


async def test_a_day_that_is_not_over_is_not_certified() -> None:
    made = a_day()
    for key in [key for key in made.objects if "dt=2026-11-23" in key]:
        del made.objects[key]

    assert await refused(await proven(made)) == ["not complete"] * 3


async def test_an_hour_that_was_open_when_it_was_published_is_complete_by_the_promise() -> None:
    """Nothing came after its last version, so there was none that could say that it is closed."""
    made = a_day()
    key = ledger_key("rates", NINE, 1)
    body = made.objects[key][0].replace(b'"complete":true', b'"complete":false')
    made.objects[key] = (body.replace(b':"heartbeat"', b':"open"'), {})

    certified = await (await proven(made)).certifier.certificate(DT)

    assert (certified["complete"], certified["wrong"]) == (True, [])
    assert certified["feeds"]["rates"]["hours"]["09"]["ledger"]["closed_by"] == "open"


async def test_offsets_that_are_in_no_object_are_told_and_those_of_the_days_beside_are_not() -> (
    None
):
    made = a_day()
    topic = "coincap.rates.v1"
    made.ends[topic] = 5
    made.land("rates", TEN, answer(TEN, {"id": "euro", "rateUsd": "2"}))
    made.publish("rates", TEN)
    lake = await proven(made)

    (said,) = (await lake.certifier.certificate(DT))["wrong"]

    # [1, 2) is the heartbeat of the day after.
    assert said.startswith(f"offsets: [2, 5) of {topic} 1-0")


async def test_bytes_that_are_not_what_they_were_are_told(lake: Proven) -> None:
    key = lake.keys("raw/coincap.rejected.v1/")[0]
    stored = lake.store.bucket.objects[key]
    other = lake.store.bucket.objects[lake.keys("raw/coincap.rates.v1/")[0]].body
    lake.store.bucket.put(key, other, stored.metadata)

    assert set(await refused(lake)) == {"hash", "input_changed"}

    lake.store.bucket.put(key, b"\x1f\x8b no gzip", stored.metadata)
    assert set(await refused(lake)) == {"unreadable", "input_changed"}


async def test_a_missed_tick_that_cannot_be_read_is_told() -> None:
    made = a_day()
    made.land("gaps", TEN, b'{"feed": "rates"}')

    assert await refused(await proven(made)) == ["missed ticks"]


async def test_an_empty_day_is_not_certified(lake: Proven) -> None:
    made = await lake.certifier.certificate("2026-01-01")

    assert made["wrong"] == ["there is no raw object of the day"]


async def test_each_object_of_the_day_is_read_once_and_nothing_else(lake: Proven) -> None:
    await lake.certifier.certificate(DT)

    raw, published, ledgers = 7, 16, 4
    # The objects of gaps twice: as raw, and for what they tell. A head is read to compare, and to hash.
    assert lake.requests[GET] == raw + 1 + published + 2 * ledgers
    # Each raw object, and the last of the day after for each dataset that has tables.
    assert lake.requests[HEAD] == raw + 3


async def test_a_day_of_any_size_is_read_one_object_at_a_time() -> None:
    made = a_day()
    size = 256 * 1024
    for number in range(40):
        made.land("rejected", NINE, random.Random(number).randbytes(size))
    lake = await proven(made)

    tracemalloc.start()
    try:
        certified = await lake.certifier.certificate(DT)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert certified["counts"]["raw_bytes"] > 40 * size
    assert peak < 10 * size


async def test_a_check_says_in_what_the_lake_is_no_more_as_certified(lake: Proven) -> None:
    certified = await lake.certifier.certificate(DT)
    assert list(certificate.compared(certified, await lake.certifier.certificate(DT))) == []

    lake.made.land("assets", NINE, answer(NINE, bitcoin(priceUsd="8")))
    lake.made.publish("assets", NINE)
    changed = await proven(lake.made)
    said = list(certificate.compared(certified, await changed.certifier.certificate(DT)))

    assert "feeds.assets.hours.09.ledger.version: certified 1, now 2" in said
    assert any(
        "raw.[raw/coincap.assets.v1" in line and "certified nothing" in line for line in said
    )
    assert not any(".10." in line for line in said)


@pytest.mark.parametrize(
    ("name", "body", "said"),
    [
        ("x.json", b'{"certificate":1,"dt":"2026-11-22"}\n', "is not <day>-<sha256>.json"),
        (
            f"{DT}-{'0' * 64}.json",
            b'{"certificate":1,"dt":"2026-11-22"}\n',
            "the bytes hash to",
        ),
        ("x.json", b'{"dt":"2026-11-22","certificate":1}', "not canonical"),
        (f"2026-11-23-{'0' * 64}.json", b'{"certificate":1,"dt":"2026-11-22"}\n', "it is of"),
    ],
)
def test_a_file_that_is_not_what_its_name_says_is_told(
    name: str, body: bytes, said: str
) -> None:
    assert any(said in line for line in certificate.wrong_with_the_file(name, body))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "Expecting value"),
        (b"[]", "not a certificate"),
        (b'{"certificate":2}', "of format 2; this release knows 1"),
        (b'{"certificate":1,"x":1.5}', "the number 1.5"),
        (b"[" * 100_000, "nested too deep"),
    ],
)
def test_what_is_no_certificate_of_ours_is_refused(body: bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        certificate.parsed(body)


def test_offsets_without_a_record_are_holes_and_each_says_why() -> None:
    assert span_of(5, 12, [6, 7, 9], None).holes == (
        (5, 6, "no_record"),
        (8, 9, "no_record"),
        (10, 12, "no_record"),
    )
    assert span_of(5, 12, [11], "lost").holes == ((5, 12, "abandoned"),)
    assert span_of(5, 7, [5, 6], None).holes == ()


RANGES = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 9)), max_size=8)


@given(ranges=RANGES)
def test_ranges_and_what_is_between_them_tile_the_offsets(
    ranges: list[tuple[int, int]],
) -> None:
    spans = [Span(start, start + length) for start, length in ranges]
    covered = {offset for span in spans for offset in range(span.start, span.stop)}

    whole, gaps = merged(spans), between(spans)

    assert {n for one in whole for n in range(one.start, one.stop)} == covered
    every = sorted([(one.start, one.stop) for one in whole] + gaps)
    assert all(left[1] == right[0] for left, right in itertools.pairwise(every))
    assert not any(n in covered for start, stop in gaps for n in range(start, stop))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(first=JSON, second=JSON)
def test_a_comparison_is_silent_where_and_only_where_the_values_are_equal(
    first: Any, second: Any
) -> None:
    said = list(certificate.compared(first, second))

    assert (not said) == (
        json.dumps(first, sort_keys=True) == json.dumps(second, sort_keys=True)
    )
