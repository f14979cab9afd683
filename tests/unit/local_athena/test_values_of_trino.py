"""Each recorded expression gives the value, type or error that Trino 476 gave, or is refused.

`tests/data/athena/values/*.json` hold what a real Trino answered, as its protocol shows it. A case
that is `refused` is one that the local Athena says it does not support.
"""

import base64
import json
import math
from pathlib import Path
from typing import Any

import pytest

from local_cloud.athena.catalog import Catalog
from local_cloud.athena.duck import DuckEngine
from local_cloud.athena.failures import QueryError
from local_cloud.athena.lake import Lake, Meter
from local_cloud.athena.types import Type, trino_name
from local_cloud.athena.values import texts
from local_cloud.athena.values.arrow import to_python
from local_cloud.athena.values.numbers import single_digits

FILES = sorted((Path(__file__).parents[2] / "data" / "athena" / "values").glob("*.json"))
# So many expressions share a query where none of them fails: it is quicker.
TOGETHER = 40


class NoTables(Catalog):
    """A catalog without a single table."""

    def __init__(self) -> None:
        """Nothing to ask."""


class NoFiles(Lake):
    """A lake without a single object."""

    def __init__(self) -> None:
        """Nothing to read."""


ENGINE = DuckEngine(NoTables(), NoFiles())


def protocol_value(value: Any, of: Type) -> Any:
    """A value as Trino's protocol shows it in JSON."""
    if value is None:
        return None
    if of.args:
        return _nested(value, of)
    if of.name in ("double", "real"):
        return _floating(value, of)
    if of.name == "varbinary":
        return base64.b64encode(value).decode()
    if of.name in ("boolean", "tinyint", "smallint", "integer", "bigint", "varchar", "json"):
        return value
    return texts.to_text(value, of)


def _nested(value: Any, of: Type) -> Any:
    if of.name == "array":
        return [protocol_value(one, of.args[0]) for one in value]
    if of.name == "row":
        return [protocol_value(one, kind) for one, kind in zip(value, of.args, strict=True)]
    key, inner = of.args
    return {str(protocol_value(k, key)): protocol_value(v, inner) for k, v in value}


def _floating(value: float, of: Type) -> float | str:
    if not math.isfinite(value):
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    return float(single_digits(value)) if of.name == "real" else value


def answers(expressions: list[str]) -> list[tuple[Any, str]]:
    """(value, type) of each of the expressions."""
    prepared = ENGINE.prepare(f"SELECT {', '.join(expressions)}", (), "default", Meter())
    try:
        kinds = [one.type for one in prepared.columns]
        (batch,) = prepared.batches()
        values = [to_python(batch.column(i), kind)[0] for i, kind in enumerate(kinds)]
    finally:
        prepared.close()
    return [
        (protocol_value(value, kind), trino_name(kind))
        for value, kind in zip(values, kinds, strict=True)
    ]


def outcome(expression: str) -> dict[str, Any]:
    """What the local Athena makes of one expression, as a case."""
    try:
        ((value, kind),) = answers([expression])
    except QueryError as error:
        if error.name == "NOT_SUPPORTED":
            return {"query": expression, "refused": True}
        return {"query": expression, "error": error.name}
    return {"query": expression, "type": kind, "value": value}


def expected(case: dict[str, Any]) -> dict[str, Any]:
    return {"query": case["query"], "refused": True} if case.get("refused") else case


def wrong(cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What differs from Trino's answers."""
    wanted = [(one["value"], one["type"]) for one in cases]
    try:
        if answers([one["query"] for one in cases]) == wanted:
            return []
    except QueryError:
        # One of them; which one is found below.
        pass
    return [made for one in cases if (made := outcome(one["query"])) != one]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.stem))
def test_values_and_types_are_those_of_trino(path: Path) -> None:
    cases = [one for one in json.loads(path.read_text()) if "value" in one]
    plain = [one for one in cases if not one.get("refused")]

    found = [
        one
        for start in range(0, len(plain), TOGETHER)
        for one in wrong(plain[start : start + TOGETHER])
    ]

    assert found == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.stem))
def test_errors_are_those_of_trino_and_refusals_are_known(path: Path) -> None:
    cases = [one for one in json.loads(path.read_text()) if "error" in one or "refused" in one]

    found = [made for one in cases if (made := outcome(one["query"])) != expected(one)]

    assert found == []
