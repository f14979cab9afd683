"""The values that the local Athena is held to are what a real Trino answers, type and error too."""

import json
import random
import re
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.canonical import type_text
from tests.conformance.oracle import SESSION
from tests.trino_lab.client import Trino

pytestmark = [pytest.mark.full_size, pytest.mark.needs("jdk24"), pytest.mark.timeout(900)]

FILES = sorted((Path(__file__).parents[2] / "data" / "athena" / "values").glob("*.json"))
SHARE, SEED = 20, 20261128
_OF_TABLES = ("X-Trino-Catalog", "X-Trino-Schema")


@pytest.fixture(scope="module")
def session(trino: Trino) -> Trino:
    """The session of the conformance runs, without its tables."""
    return Trino(trino.url, {k: v for k, v in SESSION.items() if k not in _OF_TABLES})


def _said(trino: Trino, query: str) -> tuple[str, ...]:
    plain = re.match(r"(?i)\s*(select|with|values)\b", query)
    answer = trino.query(query if plain else f"SELECT {query}")
    if answer.error is not None:
        return ("error", answer.error)
    return (*map(type_text, answer.types), *_in_order(answer.rows))


def _in_order(rows: Any) -> list[str]:
    return sorted(json.dumps(list(row), sort_keys=True) for row in rows)


def _kept(case: dict[str, Any]) -> tuple[str, ...]:
    if "error" in case:
        return ("error", case["error"])
    kinds = case["types"] if "rows" in case else [case["type"]]
    rows = case["rows"] if "rows" in case else [[case["value"]]]
    return (*map(type_text, kinds), *_in_order(rows))


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.stem))
def test_the_real_trino_says_what_the_file_says(
    session: Trino, file: Path, full_size: bool
) -> None:
    # What is refused here says nothing of Trino.
    cases = [one for one in json.loads(file.read_text()) if "refused" not in one]
    if not full_size:
        cases = random.Random(SEED).sample(cases, min(SHARE, len(cases)))

    said = {one["query"]: _said(session, one["query"]) for one in cases}

    assert said == {one["query"]: _kept(one) for one in cases}
