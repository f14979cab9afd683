"""Each expression of the corpus gives Trino's value and Trino's type, or is refused."""

import json
import random
from decimal import Context, Decimal
from pathlib import Path
from typing import Any

import pytest

from local_cloud.athena.catalog import Catalog
from local_cloud.athena.duck import DuckEngine
from local_cloud.athena.failures import QueryError
from local_cloud.athena.lake import Lake, Meter
from local_cloud.athena.results import shown
from local_cloud.athena.types import Type, trino_name
from local_cloud.athena.values.arrow import to_python

CORPUS = Path(__file__).parents[2] / "data" / "athena" / "trino_agreement.json"
CASES = json.loads(CORPUS.read_text())
# No case names a table.
ENGINE = DuckEngine(Catalog(None), Lake(None))


def rows(sql: str) -> tuple[list[tuple[Any, ...]], list[Type]]:
    """The query's rows, and its columns' types."""
    prepared = ENGINE.prepare(sql, (), "default", Meter())
    try:
        kinds = [one.type for one in prepared.columns]
        found = [
            row
            for batch in prepared.batches()
            for row in zip(
                *(to_python(batch.column(i), kind) for i, kind in enumerate(kinds)), strict=True
            )
        ]
    finally:
        prepared.close()
    return found, kinds


def answer(case: dict[str, Any]) -> tuple[str | None, str]:
    """(printed value, Trino type) of one case."""
    source = f" FROM {case['from']}" if "from" in case else ""
    found, (kind,) = rows(f"SELECT {case['query']}{source}")
    value = found[0][0]
    return (None if value is None else shown(value, kind)), trino_name(kind)


def _named(case: dict[str, Any]) -> str:
    return str(case["query"])


@pytest.mark.parametrize("case", [c for c in CASES if "value" in c], ids=_named)
def test_the_value_and_the_type_are_trinos(case: dict[str, Any]) -> None:
    assert answer(case) == (case["value"], case["type"])


@pytest.mark.parametrize("case", [c for c in CASES if "error" in c], ids=_named)
def test_what_fails_in_trino_fails_here_by_the_same_name(case: dict[str, Any]) -> None:
    with pytest.raises(QueryError) as caught:
        answer(case)

    assert caught.value.name == case["error"]


@pytest.mark.parametrize("case", [c for c in CASES if "refused" in c], ids=_named)
def test_what_could_differ_is_refused(case: dict[str, Any]) -> None:
    with pytest.raises(QueryError) as caught:
        answer(case)

    assert caught.value.name == "NOT_SUPPORTED"


def _unscaled(number: Decimal, scale: int) -> int:
    return int(number.scaleb(scale, Context(prec=80)))


def test_decimal_quotients_and_remainders_are_exact() -> None:
    chance = random.Random(20261122)
    cases: list[tuple[Decimal, int, Decimal, int, tuple[int, int]]] = []
    while len(cases) < 40:
        (p, s), (q, r) = chance.choice(
            [((38, 18), (38, 18)), ((20, 3), (18, 9)), ((9, 0), (5, 4))]
        )
        a = Decimal(chance.randrange(10 ** chance.randint(1, max(p - 9, 3))) - 7).scaleb(-s)
        b = Decimal(1 + chance.randrange(10 ** chance.randint(1, min(q, 30)))).scaleb(-r)
        # A quotient of more than 38 digits is an error in both engines.
        if abs(a / b) >= Decimal(10) ** (36 - max(s, r)):
            continue
        cases.append((a, s, b * chance.choice((1, -1)), r, (p, q)))
    listed = ", ".join(
        f"cast('{a:f}' as decimal({p},{s})) / cast('{b:f}' as decimal({q},{r})), "
        f"cast('{a:f}' as decimal({p},{s})) % cast('{b:f}' as decimal({q},{r}))"
        for a, s, b, r, (p, q) in cases
    )

    found = rows(f"SELECT {listed}")[0][0]

    for index, (a, s, b, r, _) in enumerate(cases):
        scale = max(s, r)
        above = abs(_unscaled(a, s)) * 10 ** (scale + r - s)
        whole, rest = divmod(above, abs(_unscaled(b, r)))
        quotient = whole + (2 * rest >= abs(_unscaled(b, r)))
        sign = -1 if (a < 0) != (b < 0) else 1
        assert _unscaled(found[2 * index], scale) == sign * quotient, (a, b)
        assert found[2 * index + 1] == Context(prec=80).remainder(a, b), (a, b)
