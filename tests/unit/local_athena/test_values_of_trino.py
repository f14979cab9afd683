"""Each recorded query gives Trino's value and type, or fails with Trino's error.

`tests/data/athena/values/*.json` are what a real Trino 476 answered: a query of one value has
`type` and `value`, one of more has `types` and `rows`, one that fails has `error`.
"""

import base64
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local_cloud.athena.analysis.context import Session
from local_cloud.athena.duck import compiled, executed, locked_connection
from local_cloud.athena.failures import QueryError
from local_cloud.athena.types import INTEGERS, Type
from local_cloud.athena.values import texts
from local_cloud.athena.values.arrow import to_python
from local_cloud.athena.values.numbers import single_digits

FILES = sorted((Path(__file__).parents[2] / "data" / "athena" / "values").glob("*.json"))
CASES = [case for file in FILES for case in json.loads(file.read_text())]
NOW_US = 1_700_000_000_000_000


class NoTables:
    def bind(self, database: str, name: str) -> Any:
        raise QueryError("TABLE_NOT_FOUND", f"{database}.{name}")


@pytest.fixture(scope="module")
def connection() -> Iterator[Any]:
    # To open one takes longer than all that a case does with it.
    opened = locked_connection()
    yield opened
    opened.close()


def answer(connection: Any, query: str) -> tuple[list[str], list[list[Any]]]:
    """Types and rows, as Trino's protocol shows them."""
    made, udfs = compiled(query, (), Session("default", NOW_US), NoTables())
    kinds = [one.type for one in made.fields]
    rows: list[list[Any]] = []
    try:
        for batch in executed(connection, made, udfs):
            columns = [
                [shown(value, kind) for value in to_python(batch.column(i), kind)]
                for i, kind in enumerate(kinds)
            ]
            rows += [list(row) for row in zip(*columns, strict=True)]
    finally:
        for one in udfs.made.values():
            connection.remove_function(one.name)
    return [plain(str(kind)) for kind in kinds], rows


def plain(kind: str) -> str:
    return kind.replace(", ", ",")


def shown(value: Any, of: Type) -> Any:
    """A value as Trino's protocol has it in JSON."""
    if value is None:
        return None
    if of.name == "array":
        return [shown(one, of.args[0]) for one in value]
    if of.name == "row":
        return [shown(one, kind) for one, kind in zip(value, of.args, strict=True)]
    if of.name == "map":
        return {key_text(shown(k, of.args[0])): shown(v, of.args[1]) for k, v in value}
    return shown_scalar(value, of)


def shown_scalar(value: Any, of: Type) -> Any:
    if of.name in ("double", "real"):
        if not math.isfinite(value):
            return "NaN" if math.isnan(value) else f"{'-' if value < 0 else ''}Infinity"
        return float(single_digits(value)) if of.name == "real" else value
    if of.name == "varbinary":
        return base64.b64encode(value).decode()
    if of.name in ("boolean", "varchar", "json", *INTEGERS):
        return value
    return texts.to_text(value, of)


def key_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def in_order(rows: list[list[Any]]) -> list[str]:
    """Rows that can be compared: no order is promised, and 0.0 is not -0.0."""
    return sorted(json.dumps(row) for row in rows)


def named(case: dict[str, Any]) -> str:
    return str(case["query"])


def of_kind(key: str) -> list[dict[str, Any]]:
    return [case for case in CASES if key in case]


@pytest.mark.parametrize("case", of_kind("value"), ids=named)
def test_the_value_and_its_type_are_trinos(connection: Any, case: dict[str, Any]) -> None:
    kinds, rows = answer(connection, case["query"])

    assert kinds == [plain(case["type"])]
    assert in_order(rows) == in_order([[case["value"]]])


@pytest.mark.parametrize("case", of_kind("rows"), ids=named)
def test_the_rows_and_their_types_are_trinos(connection: Any, case: dict[str, Any]) -> None:
    kinds, rows = answer(connection, case["query"])

    assert kinds == [plain(one) for one in case["types"]]
    assert in_order(rows) == in_order(case["rows"])


@pytest.mark.parametrize("case", of_kind("error"), ids=named)
def test_the_error_is_trinos(connection: Any, case: dict[str, Any]) -> None:
    with pytest.raises(QueryError) as raised:
        answer(connection, case["query"])

    assert raised.value.name == case["error"]
    # A refusal of this engine's has the same name, but is no answer.
    assert not raised.value.message.startswith("the local Athena does not support")
