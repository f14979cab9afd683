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
