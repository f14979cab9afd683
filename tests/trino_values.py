"""Queries with what a real Trino 476 answered, beside what the local Athena makes of them.

They are in `tests/data/athena/values/*.json`. A `query` is a SELECT, or an expression that stands
for one. It has a `type` and a `value`, as Trino's protocol shows it; or `types` and `rows`; or an
`error`; and what this engine does not answer is `refused`.
"""

import base64
import json
import math
import re
from pathlib import Path
from typing import Any

from local_cloud.athena.engines.duck import compiled, executed
from local_cloud.athena.sql.analysis.context import Session
from local_cloud.athena.sql.failures import QueryError
from local_cloud.athena.sql.types import INTEGERS, Type, trino_name
from local_cloud.athena.sql.values import texts
from local_cloud.athena.sql.values.arrow import to_python
from local_cloud.athena.sql.values.numbers import single_digits

FILES = sorted((Path(__file__).parent / "data" / "athena" / "values").glob("*.json"))
NOW_US = 1_700_000_000_000_000


class NoTables:
    def bind(self, database: str, name: str) -> Any:
        raise QueryError("TABLE_NOT_FOUND", f"{database}.{name}")


def cases_of(file: Path, *keys: str) -> list[dict[str, Any]]:
    cases: list[dict[str, Any]] = json.loads(file.read_text())
    return [one for one in cases if any(key in one for key in keys)]


def is_query(text: str) -> bool:
    """Whether it is a whole query, and no expression."""
    return re.match(r"(?i)\s*(select|with|values)\b", text) is not None


def answer(connection: Any, query: str) -> tuple[list[str], list[list[Any]]]:
    """Types and rows, as Trino's protocol shows them."""
    sql = query if is_query(query) else f"SELECT {query}"
    made, udfs = compiled(sql, (), Session("default", NOW_US), NoTables())
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
        udfs.forget(connection)
    return [plain(trino_name(kind)) for kind in kinds], rows


def plain(kind: str) -> str:
    """A type's text, without the quotes that the protocol leaves out."""
    return kind.replace(", ", ",").replace('"', "")


def shown(value: Any, of: Type) -> Any:
    """A value as Trino's protocol has it in JSON; a map's entries in their order."""
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
    """Rows as texts, which know 0.0 from -0.0; of rows no order is promised."""
    return sorted(json.dumps(row) for row in rows)


def outcome(connection: Any, query: str) -> tuple[str, ...]:
    """What the local Athena makes of a query: its types and rows, its error, or a refusal."""
    try:
        kinds, rows = answer(connection, query)
    except QueryError as error:
        # A refusal has the name of Trino's own.
        return ("refused",) if error.name == "NOT_SUPPORTED" else ("error", error.name)
    return (*kinds, *in_order(rows))


def expected(case: dict[str, Any]) -> tuple[str, ...]:
    if case.get("refused") or case.get("error") == "NOT_SUPPORTED":
        return ("refused",)
    if "error" in case:
        return ("error", case["error"])
    kinds = case["types"] if "rows" in case else [case["type"]]
    rows = case["rows"] if "rows" in case else [[case["value"]]]
    return (*map(plain, kinds), *in_order(rows))
