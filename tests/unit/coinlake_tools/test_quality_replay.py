"""Which hours a replay rebuilds, what it says they cost, and that a mended rule makes rows of them."""

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from coinlake.contracts.hours import Hour
from coinlake.contracts.ledger import Counts, LedgerEntry, Output, RuleCount, ledger_key
from coinlake.contracts.quality import PROMISE_RULE
from coinlake.contracts.raw_codec import encode
from coinlake.contracts.raw_index import Record
from coinlake.contracts.raw_layout import RawKey
from coinlake.differences import Head
from coinlake.errors import ConfigError
from coinlake_kernel.hour import HourKernel, TypedHour
from coinlake_kernel.quality import rule_counts
from coinlake_kernel.records import RawSource
from coinlake_tools import hour_commands, quality_commands
from coinlake_tools.arguments import parser
from coinlake_tools.published_hours import days_between, heads, newest_versions
from coinlake_tools.quality_replay import QuarantinedHour, estimate_usd, selected
from coinlake_tools.settings import Settings
from tests.labs.bucket import BucketStore, store_in_memory
from tests.labs.ledger_entries import ledger_entry

HOURS = [Hour("2026-11-20", "09"), Hour("2026-11-20", "10"), Hour("2026-11-21", "00")]
RULE = "rate_id_usable"


def count(failed: int, rule: str = RULE, hard: bool = True) -> RuleCount:
    return RuleCount("rates", rule, "validity", hard, 40, failed)


async def kept(store: BucketStore, entry: LedgerEntry) -> None:
    await store.put(ledger_key(entry.feed, entry.at, entry.version), entry.encode())


@pytest.fixture
async def store() -> BucketStore:
    made = store_in_memory()
    nine, ten, midnight = (ledger_entry("rates", hour, billed_seconds=90) for hour in HOURS)
    await kept(made, replace(nine, quality=(count(3), count(1, "body"))))
    # What failed once is a row by now.
    await kept(made, replace(ten, quality=(count(7),)))
    await kept(made, replace(ten, version=2, quality=(count(0),)))
    await kept(made, replace(midnight, quality=(count(1),)))
    return made


async def _heads(
    store: BucketStore, feed: str = "rates", last: str = "2026-11-20"
) -> list[Head]:
    keys = await newest_versions(store, [feed], days_between("2026-11-20", last))
    return await heads(store, list(keys.values()))


async def found(store: BucketStore, rule: str = RULE, last: str = "2026-11-21") -> list[str]:
    selection = selected(await _heads(store, last=last), rule)
    return [str(hour) for hour in selection.hours]


async def test_hours_are_those_whose_newest_version_put_something_aside(
    store: BucketStore,
) -> None:
    assert await found(store) == [
        "rates/2026-11-20/09 version 1: 3 of 40 in rates_quarantine",
        "rates/2026-11-21/00 version 1: 1 of 40 in rates_quarantine",
    ]
    assert len(await found(store, last="2026-11-20")) == 1
    assert await found(store, "body") == [
        "rates/2026-11-20/09 version 1: 1 of 40 in rates_quarantine"
    ]
    assert await found(store, "no_rule_of_any_time") == []


async def test_only_the_ledger_of_these_days_is_read(store: BucketStore) -> None:
    await _heads(store)

    # Two hours of one day: their newest versions, nothing of another day, raw or table.
    asked = [
        key for key in store.bucket.objects if key.startswith("ledger/feed=rates/dt=2026-11-20")
    ]
    assert len(asked) == 3
    assert len(await _heads(store)) == 2
    assert await _heads(store, "assets") == []


async def test_versions_that_counted_no_rules_are_told_apart_and_not_passed_over(
    store: BucketStore,
) -> None:
    outputs = (Output("rates", "k", "e", 1, 40), Output("rates_quarantine", "k", "e", 1, 4))
    counts = Counts(1, 1, 0, 0, 0, 44, 40, 4, 0)
    old = ledger_entry("rates", Hour("2026-11-20", "11"), outputs=outputs, counts=counts)
    clean = (outputs[0], replace(outputs[1], rows=0))
    good = ledger_entry("rates", Hour("2026-11-20", "12"), outputs=clean, counts=counts)
    for entry in (old, good):
        await kept(store, entry)

    selection = selected(await _heads(store), RULE)

    assert [hour.at.hour for hour in selection.hours] == ["09"]
    assert [str(hour) for hour in selection.uncounted] == [
        "rates/2026-11-20/11 version 1: 4 of 44 in rates_quarantine"
    ]


async def test_an_entry_that_cannot_be_read_stops_no_other(store: BucketStore) -> None:
    broken = ledger_key("rates", Hour("2026-11-20", "08"), 1)
    await store.put(broken, b"graffiti")

    selection = selected(await _heads(store), RULE)

    assert [one.key for one in selection.unreadable] == [broken]
    assert len(selection.hours) == 1


async def test_a_rule_that_puts_nothing_aside_is_refused(store: BucketStore) -> None:
    soft = ledger_entry("rates", HOURS[0], version=9, quality=(count(2, "s", hard=False),))
    await kept(store, soft)
    read = await _heads(store)

    with pytest.raises(ConfigError, match="s is soft: what fails it stays in rates"):
        selected(read, "s")
    with pytest.raises(ConfigError, match="never published"):
        selected(read, PROMISE_RULE)


def test_the_estimate_is_from_full_batches_to_a_run_for_each_hour() -> None:
    hour = QuarantinedHour("rates", HOURS[0], 1, "rates", 40, 1, 90)
    minute, minute_and_half = 2 * 0.44 / 60, 2 * 0.44 / 40

    assert estimate_usd([]) == (0, 0)
    assert estimate_usd([hour]) == pytest.approx((minute, minute_and_half))
    assert estimate_usd([hour] * 97) == pytest.approx((2 * minute, 97 * minute_and_half))
    # Of a version whose run is not known the floor is billed.
    assert estimate_usd([replace(hour, billed_s=0)]) == pytest.approx((minute, minute))


async def test_the_command_shows_hours_and_cost_before_it_asks_for_exactly_these(
    store: BucketStore, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sent: list[Any] = []

    @asynccontextmanager
    async def opened(_: Settings) -> AsyncIterator[BucketStore]:
        yield store

    async def send(command: str, hours: Any, settings: Settings) -> dict[str, list[str]]:
        sent.append((command, [(feed, at.path) for feed, at in hours]))
        assert "to rebuild: 1 hours" in capsys.readouterr().out
        return {"accepted": [feed for feed, _ in hours], "nothing_to_do": []}

    monkeypatch.setattr(quality_commands, "_store", opened)
    monkeypatch.setattr(hour_commands, "send", send)
    typed = f"quality replay --rule {RULE} --from 2026-11-20 --to 2026-11-20 --feed rates"

    for more in ("--dry-run", ""):
        args = parser().parse_args([*typed.split(), *more.split()])
        assert await quality_commands.quality(args, Settings()) == 0

    assert sent == [("rebuild", [("rates", "dt=2026-11-20/hour=09")])]
    assert capsys.readouterr().out == "accepted: 1 hours\n"


LONG = "y" * 300


def made_of(body: bytes) -> TypedHour:
    kernel = HourKernel("rates", 60_000)
    key = str(RawKey("coincap.rates.v1", HOURS[0], 0, 0, 0))
    source = RawSource("rates", HOURS[0].dt, HOURS[0].hour, key, "e", None, 60_000, 1)
    kernel.add(source, encode([Record(0, HOURS[0].start_ms + 1, b"k", body)]).body)
    return kernel.finish()


def entry_of(hour: TypedHour, version: int) -> LedgerEntry:
    rows = {name: len(table) for name, table in hour.tables.items()}
    counts = rule_counts("rates", 1, hour.tallies, rows)
    return ledger_entry("rates", HOURS[0], version=version, quality=counts)


async def test_what_a_mended_rule_makes_rows_of_is_found_before_and_not_after(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = store_in_memory()
    data = [{"id": "yen", "rateUsd": "1"}, {"id": LONG, "rateUsd": "2"}]
    body = json.dumps({"timestamp": HOURS[0].start_ms, "data": data}).encode()
    before = made_of(body)
    await kept(store, entry_of(before, 1))
    assert re.search(r"1 of 2 in rates_quarantine", "".join(await found(store)))
    assert len(before.tables["rates_quarantine"]) == 1

    # Control: the same job again finds it again.
    await kept(store, entry_of(made_of(body), 2))
    assert len(await found(store)) == 1

    monkeypatch.setattr("coinlake.contracts.answers.MAX_ID_BYTES", 1024)
    after = made_of(body)
    await kept(store, entry_of(after, 3))
    assert await found(store) == []
    assert "rates_quarantine" not in after.tables
    ids = after.tables["rates"].table()["rate_id"].to_pylist()
    assert ids == sorted(["yen", LONG])
