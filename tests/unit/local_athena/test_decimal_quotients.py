"""Quotients and remainders of decimals beside exact arithmetic, on numbers that chance made."""

import random
from decimal import Context, Decimal

import pytest

from local_cloud.athena.engines.duck import DuckEngine
from local_cloud.athena.sql.values.arrow import to_python
from local_cloud.athena.storage.catalog import CatalogClient
from local_cloud.athena.storage.lake import Meter, S3Lake

SCALED = [((38, 18), (38, 18)), ((20, 3), (18, 9)), ((9, 0), (5, 4))]


def _row(sql: str) -> list[Decimal]:
    """The one row of a query that names no table."""
    prepared = DuckEngine(CatalogClient(None), S3Lake(None)).prepare(
        sql, (), "default", Meter()
    )
    try:
        (batch,) = prepared.batches()
        kinds = [one.type for one in prepared.columns]
        return [to_python(batch.column(i), kind)[0] for i, kind in enumerate(kinds)]
    finally:
        prepared.close()


def _unscaled(number: Decimal, scale: int) -> int:
    return int(number.scaleb(scale, Context(prec=80)))


@pytest.mark.long
def test_decimal_quotients_and_remainders_are_exact() -> None:
    chance = random.Random(20261122)
    cases: list[tuple[Decimal, int, Decimal, int, tuple[int, int]]] = []
    while len(cases) < 40:
        (p, s), (q, r) = chance.choice(SCALED)
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

    found = _row(f"SELECT {listed}")

    for index, (a, s, b, r, _) in enumerate(cases):
        scale = max(s, r)
        above = abs(_unscaled(a, s)) * 10 ** (scale + r - s)
        whole, rest = divmod(above, abs(_unscaled(b, r)))
        quotient = whole + (2 * rest >= abs(_unscaled(b, r)))
        sign = -1 if (a < 0) != (b < 0) else 1
        assert _unscaled(found[2 * index], scale) == sign * quotient, (a, b)
        assert found[2 * index + 1] == Context(prec=80).remainder(a, b), (a, b)
