"""Each recorded query gives Trino's values and types, fails with its error, or is refused."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from local_cloud.athena.sql.failures import QueryError
from tests.trino_values import FILES, answer, cases_of, expected, in_order, is_query, outcome

pytestmark = pytest.mark.long
# So many expressions are asked in one query, as long as none of them differs: it is quicker.
TOGETHER = 40


def different(connection: Any, cases: Iterable[dict[str, Any]]) -> list[tuple[str, ...]]:
    """(query, what it should give, what it gives) of the cases that differ."""
    made = ((one["query"], expected(one), outcome(connection, one["query"])) for one in cases)
    return [(query, *wanted, "!=", *found) for query, wanted, found in made if wanted != found]


def are_answered(connection: Any, cases: list[dict[str, Any]]) -> bool:
    """Whether one query over all of these expressions gives each one's value and type."""
    try:
        kinds, rows = answer(connection, f"SELECT {', '.join(one['query'] for one in cases)}")
    except QueryError:
        return False
    found = [(kind, *in_order([[value]])) for kind, value in zip(kinds, rows[0], strict=True)]
    return len(rows) == 1 and found == [expected(one) for one in cases]


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.stem))
def test_values_and_their_types_are_trinos(connection: Any, file: Path) -> None:
    cases = cases_of(file, "value", "rows")
    plain = [one for one in cases if not is_query(one["query"]) and "refused" not in one]
    groups = [plain[at : at + TOGETHER] for at in range(0, len(plain), TOGETHER)]

    alone = [one for some in groups if not are_answered(connection, some) for one in some]
    alone += [one for one in cases if one not in plain]

    assert different(connection, alone) == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.stem))
def test_errors_are_trinos_and_nothing_else_is_refused(connection: Any, file: Path) -> None:
    cases = cases_of(file, "error", "refused")

    assert different(connection, cases) == []
