"""Rows of the typed lake as plain SQL tells them, and as the API should."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from query_api.core.feed_rows import FeedRows
from tests.integration.query_api.conftest import Answer
from tests.integration.query_api.typed_lake import TypedLake

Row = dict[str, Any]


def told(rows: FeedRows, row: Row, columns: Iterable[str]) -> Row:
    """What the API says of a row of Athena's texts."""
    return {name: _json(rows.types()[name], row[name]) for name in columns}


def _json(hive: str, text: str | None) -> Any:
    if text is None or hive == "string" or hive.startswith("decimal"):
        return text
    if hive in ("int", "bigint"):
        return int(text)
    if hive == "boolean":
        return text == "true"
    if hive == "timestamp":
        return text.replace(" ", "T") + "Z"
    return json.loads(text)


def newest(rows: FeedRows, found: list[Row], lake: TypedLake) -> list[Row]:
    """The newest row of each thing of the last hours, by Python."""
    since = lake.back(2)
    recent = [row for row in found if (row["dt"], row["hour"]) >= (since.dt, since.hour)]
    best: dict[tuple[Any, ...], Row] = {}
    for row in recent:
        key = tuple(row[name] for name in rows.identity)
        if key not in best or age(row) > age(best[key]):
            best[key] = row
    return list(best.values())


def age(row: Row) -> tuple[Any, ...]:
    told = row["source_ts"] or "", row["received_ts"] or ""
    return *told, int(row["kafka_offset"] or -1), int(row["element_index"])


def by_rank(row: Row) -> tuple[int, str]:
    return (10**9 if row["rank"] is None else int(row["rank"]), row.get("asset_id", ""))


def ids_of(answer: Answer, name: str = "asset_id") -> list[str]:
    return [row[name] for row in answer.json()["data"]]


def at(text: str) -> int:
    moment = datetime.fromisoformat(text.replace(" ", "T").removesuffix("Z"))
    return int(moment.replace(tzinfo=UTC).timestamp() * 1000)


def iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
