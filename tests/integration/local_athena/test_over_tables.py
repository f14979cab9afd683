"""What Trino answers over tables of odd values: which condition is asked first, which rows meet."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conformance import ours
from tests.conformance.canonical import json_text

FILE = Path(__file__).parents[2] / "data" / "conformance" / "over_tables.json"
CASES: list[dict[str, Any]] = json.loads(FILE.read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["query"]))
def test_an_answer_or_an_error_is_trinos(case: dict[str, Any]) -> None:
    found = ours.answer(case["query"])

    assert found.crash is None
    # What Trino does not support either may be refused in our words.
    assert found.refusal is None or case.get("error") == "NOT_SUPPORTED"
    assert found.error == case.get("error"), found.message
    if found.answer is not None:
        assert list(found.answer.types) == case["types"]
        assert sorted(map(json_text, found.answer.rows)) == sorted(map(json_text, case["rows"]))


@pytest.mark.parametrize(
    "sql",
    [
        # The sign of a NaN that a processor has made.
        "select to_ieee754_32(mod(x, real '1')) from (values real '-Infinity') t(x)",
        # Trino fails where it asks the constant of the rows around, and not where it does not.
        "select 1 from odd_numbers where -id in (select 1 / 0 from odd_times where day > at)",
        "select 1 from (values 1) t(n) where n = any (select 1 / 0 from odd_times where id < 0)",
        # The null of an error would be taken for a value that is equal to nothing.
        "select try(nullif(small, case cast(small as varchar(1)) when '0' then 1 end)) "
        "from odd_numbers",
    ],
)
def test_what_follows_from_trinos_plan_or_processor_is_refused(sql: str) -> None:
    assert ours.answer(sql).refusal is not None
