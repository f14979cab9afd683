"""What the tools answer: the service's own fields, cut to what one answer may hold."""

import json
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Citation(BaseModel):
    """What an answer was made from, and what it cost: to be cited with every figure.

    Fields are those of the service's `meta`; one that it did not say is null.
    """

    model_config = ConfigDict(extra="allow")

    dataset_version: str | None = Field(
        default=None, description="Changes whenever an hour that the answer reads is published."
    )
    watermark: str | None = Field(
        default=None, description="Everything received before this time is in the tables."
    )
    newest_received: str | None = Field(
        default=None, description="Receive time of the newest published answer."
    )
    as_of: str | None = Field(
        default=None, description="When the service read the state of the lake."
    )
    live: bool | None = Field(
        default=None, description="Rows of hours that are not closed are among them."
    )
    scanned_bytes: int | None = Field(default=None, description="Bytes that Athena read.")
    usd: str | None = Field(default=None, description="What the query cost, in dollars.")
    rows: int | None = Field(default=None, description="Rows of the answer.")
    truncated: bool | None = Field(
        default=None, description="There are more rows than the answer holds."
    )


class Column(BaseModel):
    """A column of a table or of a result."""

    model_config = ConfigDict(extra="allow")

    name: str
    type: str
    meaning: str | None = None


class Table(BaseModel):
    """A table or view that SQL may read."""

    model_config = ConfigDict(extra="allow")

    name: str
    kind: str = Field(description="A table, a view, the quarantine of a table, …")
    meaning: str
    columns: list[Column]
    partitions: list[Any] = Field(
        description="Columns that cut the table: put conditions on them, or all of it is read."
    )


class Tables(BaseModel):
    """The tables that SQL may read."""

    tables: list[Table]


class Described(BaseModel):
    """One table, and how much of it is published."""

    table: Table
    coverage: dict[str, Any] | None = Field(
        description="Hours published, first and last hour, rows, watermark; null for a view."
    )
    meta: Citation


class Rows(BaseModel):
    """The rows of a query. Decimals are strings with every digit, times are RFC 3339 in UTC."""

    query_id: str
    sql: str = Field(description="The statement that was sent to the service.")
    columns: list[Column]
    rows: list[list[Any]]
    meta: Citation


class Records(BaseModel):
    """Rows of a typed endpoint, each with the names of its fields."""

    data: list[dict[str, Any]]
    meta: Citation


class Bytes(BaseModel):
    """What would be read, and paid for it."""

    model_config = ConfigDict(extra="allow")

    scanned_bytes: int = Field(description="Bytes that Athena would read.")
    usd: str = Field(description="What that costs, in dollars.")
    is_upper_bound: bool = Field(description="It may be less: why_less says why.")


class Estimate(BaseModel):
    """What a statement would read and cost. Nothing was run, and nothing was charged."""

    tables: list[str] = Field(description="Tables and views that the statement reads.")
    estimate: Bytes
    refusal: str | None = Field(
        default=None,
        description="Why the statement would be refused if it were run now, as beyond a budget.",
    )


def within(rows: list[Any], max_rows: int, max_bytes: int) -> list[Any]:
    """The first of these rows: at most so many, and so many bytes of JSON. Whole rows only."""
    kept, left = [], max_bytes
    for row in rows[:max_rows]:
        left -= len(json.dumps(row, ensure_ascii=False).encode("utf-8", "surrogatepass"))
        if left < 0:
            break
        kept.append(row)
    return kept


def cited(meta: dict[str, Any], given: int, kept: int) -> Citation:
    """The service's `meta` for an answer of which `kept` of the `given` rows were kept."""
    if kept == given:
        return Citation.model_validate(meta)
    return Citation.model_validate({**meta, "rows": kept, "truncated": True})
