"""When a result holds: each account by itself."""

from dataclasses import replace

import pytest

from coinlake.contracts.batches import BatchHour, BatchInput, HourResult, StagedFile
from coinlake.contracts.ledger import Counts, RuleCount
from coinlake.contracts.quality import PROMISE_RULE
from etl_runner.core.verify import faults, promised_records
from tests.unit.etl_runner.world import raw_meta

INPUTS = (BatchInput("a", "e", 1), BatchInput("b", "e", 1))
HOUR = BatchHour("rates", "2026-11-20", "07", 0, (), INPUTS)
TABLES = ("rates", "rates_quarantine")
COUNTS = Counts(
    records=10,
    usable=5,
    quarantined_records=1,
    duplicates=2,
    heartbeats=2,
    elements=30,
    rows=27,
    quarantined_rows=3,
    unknown_fields=0,
)
FILES = tuple(StagedFile(table, table, "e", 1, 1) for table in TABLES)
RESULT = HourResult("rates", "2026-11-20", "07", COUNTS, FILES)
METAS = {"a": raw_meta(6), "b": raw_meta(4)}


def test_a_result_that_adds_up_holds() -> None:
    assert faults(HOUR, RESULT, METAS, TABLES) == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"usable": 6}, ["10 records are 9 answers and 2"]),
        ({"quarantined_records": 0}, ["10 records are 7 answers and 2"]),
        ({"duplicates": 3}, ["10 records are 9 answers and 2"]),
        ({"heartbeats": 1}, ["10 records are 8 answers and 1"]),
        ({"rows": 28}, ["30 elements are 28+3"]),
        ({"quarantined_rows": 2}, ["30 elements are 27+2"]),
        ({"elements": 31}, ["31 elements are 27+3"]),
        (
            {"records": 11, "usable": 6},
            ["11 records read, the objects' metadata says 10"],
        ),
    ],
)
def test_a_count_that_does_not_hold_is_named(changed: dict[str, int], said: list[str]) -> None:
    result = replace(RESULT, counts=replace(COUNTS, **changed))
    assert faults(HOUR, result, METAS, TABLES) == said


def test_an_object_that_breaks_its_promise_is_seen_beside_one_that_promises_nothing() -> None:
    metas = {"a": raw_meta(6), "b": None}
    kept = RuleCount("rates", PROMISE_RULE, "completeness", True, 6, 0)
    other = RuleCount("rates", "body", "validity", True, 6, 5)

    held = replace(RESULT, quality=(kept, other))
    broken = replace(RESULT, quality=(replace(kept, failed=1), other))

    assert faults(HOUR, held, metas, TABLES) == []
    assert faults(HOUR, broken, metas, TABLES) == [
        "1 of 6 records are not as their objects' metadata says"
    ]


def test_the_files_are_those_of_the_tables_in_their_order() -> None:
    for files in (FILES[:1], FILES[::-1], ()):
        found = faults(HOUR, replace(RESULT, files=files), METAS, TABLES)
        assert found == [f"files for {[file.table for file in files]}, not {list(TABLES)}"]


def test_what_could_not_be_read_promises_nothing_and_who_says_nothing_ends_the_account() -> (
    None
):
    unread = replace(RESULT, unreadable=("b",))
    assert promised_records(HOUR, unread, METAS) == 6
    assert promised_records(HOUR, RESULT, METAS) == 10
    assert promised_records(HOUR, RESULT, {"a": raw_meta(6)}) is None
    assert promised_records(HOUR, unread, {"a": raw_meta(6), "b": None}) == 6
    assert faults(HOUR, RESULT, {"a": raw_meta(6), "b": None}, TABLES) == []
