"""Each recorded query gives Trino's values and types, fails with its error, or is refused."""

from pathlib import Path
from typing import Any

import pytest

from tests.trino_values import FILES, cases_of, expected, outcome


def different(connection: Any, cases: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    """(query, what it should give, what it gives) of the cases that differ."""
    made = ((one["query"], expected(one), outcome(connection, one["query"])) for one in cases)
    return [(query, *wanted, "!=", *found) for query, wanted, found in made if wanted != found]


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.stem))
def test_values_and_their_types_are_trinos(connection: Any, file: Path) -> None:
    cases = cases_of(file, "value", "rows")

    assert different(connection, cases) == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.stem))
def test_errors_are_trinos_and_nothing_else_is_refused(connection: Any, file: Path) -> None:
    cases = cases_of(file, "error", "refused")

    assert different(connection, cases) == []
