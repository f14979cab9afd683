"""The tools that an agent sees. Each asks the documented endpoints with the key of its caller."""

from collections.abc import Awaitable
from typing import Annotated, Any, TypeVar
from urllib.parse import quote

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import ToolAnnotations
from pydantic import Field

from coinlake_mcp.answers import (
    Bytes,
    Citation,
    Column,
    Described,
    Estimate,
    Records,
    Rows,
    Table,
    Tables,
    cited,
    within,
)
from coinlake_mcp.callers import KeyOf
from coinlake_mcp.config import Settings
from coinlake_mcp.queries import ran
from coinlake_mcp.service import QueryService, ServiceError, sentence
from coinlake_mcp.statements import preview_sql

_T = TypeVar("_T")
_PREVIEW_ROWS = 50
_READS = ToolAnnotations(read_only_hint=True, idempotent_hint=True, open_world_hint=False)

Call = Context[Any, Any]
Sql = Annotated[str, Field(description="One SELECT over the tables that list_tables names.")]
Name = Annotated[str, Field(description="A table of list_tables.", min_length=1)]
Asset = Annotated[str, Field(description="An asset's id, such as bitcoin.", min_length=1)]
Time = Annotated[str | None, Field(description="RFC 3339 or milliseconds since the epoch.")]


class LakeTools:
    """The tools over one query service. Whatever it refuses is a ToolError with its sentence."""

    def __init__(self, service: QueryService, settings: Settings, key_of: KeyOf) -> None:
        self._service = service
        self._settings = settings
        self._key_of = key_of

    def register(self, server: MCPServer[Any]) -> None:
        """Offer every tool; none of them writes."""
        for tool in (
            self.list_tables,
            self.describe_table,
            self.preview,
            self.estimate,
            self.run_sql,
            self.latest_prices,
            self.candles,
            self.coverage,
        ):
            server.add_tool(tool, annotations=_READS)

    async def tables(self, call: Call) -> list[dict[str, Any]]:
        """The service's list of tables."""
        return list((await self._get(call, "/v1/tables"))["data"])

    async def list_tables(
        self,
        call: Call,
        name_contains: Annotated[
            str, Field(description="Only tables whose name contains this text.")
        ] = "",
        with_columns: Annotated[
            bool, Field(description="Whether each table comes with its columns.")
        ] = True,
    ) -> Tables:
        """List the tables and views that SQL may read, with what each and its columns mean."""
        wanted = name_contains.lower()
        found = [one for one in await self.tables(call) if wanted in one["name"].lower()]
        if not with_columns:
            found = [{**one, "columns": []} for one in found]
        return Tables(tables=[Table.model_validate(one) for one in found])

    async def describe_table(self, call: Call, table: Name) -> Described:
        """Describe a table: its columns with types and meanings, and how far it is published."""
        found = await self._table(call, table)
        covered = await self._get(call, "/v1/coverage")
        own = next((one for one in covered["data"] if one["table"] == table), None)
        return Described(
            table=Table.model_validate(found),
            coverage=own,
            meta=Citation.model_validate(covered["meta"]),
        )

    async def preview(
        self,
        call: Call,
        table: Name,
        rows: Annotated[
            int, Field(description="At most so many.", ge=1, le=_PREVIEW_ROWS)
        ] = 10,
    ) -> Rows:
        """Show a few rows of a table: of its newest published hour, so that little is read."""
        found = await self._table(call, table)
        covered = await self._get(call, "/v1/coverage")
        sql = preview_sql(found, covered["data"])
        return await self._rows(call, {"sql": sql, "max_rows": rows})

    async def estimate(self, call: Call, sql: Sql) -> Estimate:
        """Say how many bytes a statement would read and what that costs, without running it."""
        asked = self._service.post(
            "/v1/queries", self._key_of(call), {"sql": sql}, {"dry_run": "true"}
        )
        found = await _told(asked)
        problem = found.get("problem")
        refusal = None if problem is None else sentence(problem)
        return Estimate(
            tables=found["tables"],
            estimate=Bytes.model_validate(found["estimate"]),
            refusal=refusal,
        )

    async def run_sql(
        self,
        call: Call,
        sql: Sql,
        max_rows: Annotated[
            int,
            Field(description="At most so many rows; truncated says if there are more.", ge=1),
        ] = 100,
        max_scan_bytes: Annotated[
            int | None,
            Field(
                description="Refuse a statement that would read more, before it costs.", ge=0
            ),
        ] = None,
    ) -> Rows:
        """Run one SELECT. The answer says what to cite: dataset version, watermark, bytes, dollars.

        Put conditions on dt and hour, or all of a table is read and paid; estimate tells the price.
        """
        rows = min(max_rows, self._settings.max_rows)
        limits = {} if max_scan_bytes is None else {"max_scan_bytes": max_scan_bytes}
        return await self._rows(call, {"sql": sql, "max_rows": rows, **limits})

    async def latest_prices(
        self,
        call: Call,
        ids: Annotated[
            list[str] | None, Field(description="Ids such as bitcoin.", max_length=100)
        ] = None,
        symbol: Annotated[
            str | None,
            Field(description="A symbol such as BTC; several assets may have the same."),
        ] = None,
        limit: Annotated[
            int, Field(description="At most so many, by rank.", ge=1, le=500)
        ] = 20,
    ) -> Records:
        """Give the latest prices in dollars, with market cap, volume and change: seconds old."""
        query = {"limit": str(limit)}
        if ids is not None:
            query = {"ids": ",".join(ids)}
        elif symbol is not None:
            query = {"symbol": symbol}
        return self._records(await self._get(call, "/v1/assets", query))

    async def candles(
        self,
        call: Call,
        asset: Asset,
        interval: Annotated[
            str, Field(description="1m, 5m, 15m, 1h, 4h, 1d or 1w.", max_length=3)
        ] = "1h",
        start: Time = None,
        end: Time = None,
    ) -> Records:
        """Give candles (open, high, low, close in dollars) of an asset; without times the last 100."""
        query = {"interval": interval}
        if start is not None:
            query["from"] = start
        if end is not None:
            query["to"] = end
        path = f"/v1/assets/{quote(asset, safe='')}/candles"
        return self._records(await self._get(call, path, query))

    async def coverage(self, call: Call) -> Records:
        """Say per table which hours are published, and up to when it is complete."""
        return self._records(await self._get(call, "/v1/coverage"))

    async def _table(self, call: Call, name: str) -> dict[str, Any]:
        found = {one["name"]: one for one in await self.tables(call)}
        if name not in found:
            raise ToolError(f"there is no table {name!r}; list_tables names them")
        return found[name]

    async def _rows(self, call: Call, asked: dict[str, Any]) -> Rows:
        """`asked` is the body of POST /v1/queries without `wait`."""
        key, deadline_s = self._key_of(call), self._settings.deadline_s
        answer = await _told(ran(self._service, key, asked, deadline_s))
        kept = self._within(answer["rows"], asked["max_rows"])
        meta = cited(answer["meta"], len(answer["rows"]), len(kept))
        columns = [Column.model_validate(one) for one in answer["columns"]]
        return Rows(
            query_id=answer["id"], sql=asked["sql"], columns=columns, rows=kept, meta=meta
        )

    def _records(self, answer: dict[str, Any]) -> Records:
        kept = self._within(answer["data"], self._settings.max_rows)
        meta = cited(answer["meta"], len(answer["data"]), len(kept))
        return Records(data=kept, meta=meta)

    def _within(self, rows: list[Any], max_rows: int) -> list[Any]:
        return within(rows, max_rows, self._settings.max_answer_bytes)

    async def _get(self, call: Call, path: str, query: dict[str, str] | None = None) -> Any:
        return await _told(self._service.get(path, self._key_of(call), query))


async def _told(asked: Awaitable[_T]) -> _T:
    try:
        return await asked
    except ServiceError as error:
        raise ToolError(str(error)) from error
