"""What DuckDB says of a number that does not fit, in Trino's words (io.trino.type.*Operators)."""

import re

from local_cloud.athena.sql.failures import QueryError

_SAID = re.compile(
    r"Overflow in (\w+) of (?:(\w+)(?:\(\d+\))? \((-?\d+ . -?\d+)\)|(-?\d+ / -1)|numeric value)"
)
_TYPES = {"INT8": "tinyint", "INT16": "smallint", "INT32": "integer", "INT64": "bigint"}
_OPERATIONS = {"subtract": "subtraction"}


def overflow(said: str) -> QueryError:
    """Trino's error for DuckDB's `Out of Range Error: …`."""
    return QueryError("NUMERIC_VALUE_OUT_OF_RANGE", _words(said))


def _words(said: str) -> str:
    found = _SAID.search(said)
    if found is None:
        return "a number or a moment is out of the range of its type"
    operation, kind, values, quotient = found.groups()
    if kind is not None and kind not in _TYPES:
        return "Decimal overflow"
    named = _OPERATIONS.get(operation, operation)
    if quotient is not None:
        return f"bigint {named} overflow: {quotient}"
    # Of the number that was to be negated DuckDB says neither its type nor itself.
    return f"{_TYPES[kind]} {named} overflow: {values}" if kind else f"{named} overflow"
