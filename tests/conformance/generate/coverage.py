"""What a run tried of the language, and what it never did in a query that both sides answered."""

from collections.abc import Iterable, Iterator

from local_cloud.athena.engines.duck_sql.registry import IMPLEMENTATIONS
from tests.conformance.generate.aggregates import aggregates
from tests.conformance.generate.calls import scalars
from tests.conformance.generate.expressions import PAIRS
from tests.conformance.generate.pools import read
from tests.conformance.generate.windows import window_functions


def callable_keys() -> frozenset[str]:
    """The keys of the functions that a statement can call, whether the engine has them or not."""
    return frozenset(one.key for one in (*scalars(), *aggregates(), *window_functions()))


def functions() -> tuple[str, ...]:
    """The keys of those that the engine has."""
    return tuple(sorted(callable_keys() & set(IMPLEMENTATIONS)))


def casts() -> tuple[str, ...]:
    """The pairs of scalar types between which Trino has a cast."""
    return tuple(f"cast {a} as {b}" for a, b in PAIRS)


def universe() -> dict[str, tuple[str, ...]]:
    """Everything that is to be tried, by what it is."""
    forms = read("forms")
    return {
        "functions": functions(),
        "casts": casts(),
        "literals": tuple(forms["literals"]),
        "operators and forms": tuple(forms["operators"]),
        "clauses": tuple(forms["clauses"]),
    }


def missing(uses: Iterable[str]) -> Iterator[tuple[str, int, list[str]]]:
    """(what, how many there are, those that were never used)."""
    used = set(uses)
    for what, names in universe().items():
        yield what, len(names), [one for one in names if one not in used]
