"""Keys, hours and the ledger's names: what is written can be read back, the rest is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinlake.contracts.hours import UNKNOWN_HOUR, Hour, hour_of, parse_hour
from coinlake.contracts.ledger import ledger_key, parse_ledger_key
from coinlake.contracts.raw_layout import RawKey, parse_raw_key
from coinlake.contracts.raw_meta import RawMeta, parse_raw_meta

NOON = 1_763_812_800_000  # 2025-11-22T12:00:00Z
HOUR = Hour("2025-11-22", "12")


def test_a_record_belongs_to_the_utc_hour_of_its_timestamp() -> None:
    assert hour_of(NOON) == HOUR
    assert hour_of(NOON + 3_599_999) == HOUR
    assert hour_of(NOON + 3_600_000) == Hour("2025-11-22", "13")


@given(st.integers(-(2**63), 2**63 - 1))
def test_every_timestamp_has_an_hour(timestamp_ms: int) -> None:
    hour = hour_of(timestamp_ms)

    assert parse_hour(hour.path) == hour
    assert hour == UNKNOWN_HOUR or hour.start_ms <= timestamp_ms < hour.end_ms


@pytest.mark.parametrize(
    "path",
    [
        "dt=2025-11-22/hour=24",
        "dt=2025-11-22/hour=7",
        "dt=2025-13-01/hour=00",
        "2025-11-22/12",
        "dt=2025-11-22",
        "",
        "dt=1999-01-01/hour=00",
        "dt= 2025-11-22/hour=00",
    ],
)
def test_what_is_no_hour_is_refused(path: str) -> None:
    assert parse_hour(path) is None


@given(
    st.sampled_from(["coincap.assets.v1", "coincap.rejected.v1"]),
    st.integers(0, 10**6),
    st.integers(0, 10**4),
    st.integers(0, 2**63 - 1),
)
def test_a_raw_key_comes_back(topic: str, epoch: int, partition: int, link: int) -> None:
    key = RawKey(topic, HOUR, epoch, partition, link)

    assert parse_raw_key(str(key)) == key


def test_a_raw_key_looks_as_documented() -> None:
    key = RawKey("coincap.assets.v1", HOUR, 1, 0, 42)

    assert str(key) == (
        "raw/coincap.assets.v1/dt=2025-11-22/hour=12/1-0-00000000000000000042.json.gz"
    )


@pytest.mark.parametrize(
    "key",
    [
        "raw/coincap.assets.v1/dt=2025-11-22/hour=12/1-0-42.json.gz",
        "raw/coincap.assets.v1/dt=2025-11-22/hour=12/01-0-00000000000000000042.json.gz",
        "raw/coincap.assets.v1/dt=2025-11-22/hour=12/readme.txt",
        "raw/coincap.assets.v1/1-0-00000000000000000042.json.gz",
        "chain/coincap.assets.v1/1.json",
    ],
)
def test_foreign_names_are_no_raw_keys(key: str) -> None:
    assert parse_raw_key(key) is None


def test_raw_metadata_comes_back_and_fits_s3() -> None:
    meta = RawMeta(1, 2, 3, 4, 5, "a" * 64, 6, 7, 8, "host-1")
    encoded = meta.encode()

    assert parse_raw_meta(encoded) == meta
    assert sum(len(name) + len(value) for name, value in encoded.items()) < 2048


def test_metadata_that_is_not_whole_is_refused() -> None:
    encoded = RawMeta(1, 2, 3, 4, 5, "a" * 64, 6, 7, None, "w").encode()

    for name in encoded:
        assert parse_raw_meta({k: v for k, v in encoded.items() if k != name}) is None


def test_a_ledger_key_comes_back() -> None:
    key = ledger_key("assets", HOUR, 7)

    assert key == "ledger/feed=assets/dt=2025-11-22/hour=12/0000000007.json"
    assert parse_ledger_key(key) == ("assets", HOUR, 7)
    assert parse_ledger_key(key.replace("0000000007", "7")) is None
