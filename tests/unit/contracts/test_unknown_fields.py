"""Unknown fields in results and ledger: what is written comes back, by whichever release."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from coinlake.contracts.batches import parse_result
from coinlake.contracts.hours import Hour
from coinlake.contracts.ledger import UnknownField, parse_entry
from tests.labs.ledger_entries import ledger_entry

SCORE = UnknownField("score", 3, '{"a":"ü"}', 5, None)
ENTRY = ledger_entry("assets", Hour("2026-11-20", "07"), unknown_fields=(SCORE,), contract=2)
BEFORE = Path(__file__).parents[2] / "data/job_version_1/result.json"


def test_an_entry_comes_back() -> None:
    assert parse_entry(ENTRY.encode()) == ENTRY
    assert ENTRY.encode().count(b"\n") == 1


def test_an_entry_of_before_has_none_and_no_version_of_a_contract() -> None:
    raw = json.loads(ENTRY.encode())
    del raw["unknown_fields"], raw["contract"]

    assert parse_entry(json.dumps(raw).encode()) == replace(
        ENTRY, unknown_fields=(), contract=None
    )


def test_a_later_release_may_say_more_of_a_field() -> None:
    raw = json.loads(ENTRY.encode())
    raw["unknown_fields"][0]["kind"] = "amount"

    assert parse_entry(json.dumps(raw).encode()) == ENTRY


@pytest.mark.parametrize("odd", [None, [None], [{"name": "x"}], 7])
def test_what_is_no_list_of_fields_is_no_entry(odd: object) -> None:
    raw = json.loads(ENTRY.encode()) | {"unknown_fields": odd}

    with pytest.raises(ValueError, match="not a ledger entry"):
        parse_entry(json.dumps(raw).encode())


def test_a_result_of_before_has_none() -> None:
    hours = parse_result(BEFORE.read_bytes()).hours

    assert {(hour.unknown_fields, hour.contract) for hour in hours} == {((), None)}
