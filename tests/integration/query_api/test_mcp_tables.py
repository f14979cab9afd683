"""What an agent does first, by the SDK's own client: tables, a look at one, a price, and then the rows."""

import json
import re
import urllib.request

import pytest

from coinlake.contracts.datasets import TABLES
from coinlake.views.every import VIEWS

from .conftest import READ_KEY, SQL_KEY, Api, Cloud
from .mcp_clients import WAYS, refused, told
from .queries import states

SQL = "SELECT asset_id, price_usd FROM quotes WHERE dt = '2026-11-22' AND hour = '10'"

both_ways = pytest.mark.parametrize("way", WAYS)


def url(api: Api) -> str:
    return f"http://127.0.0.1:{api.port}"


@both_ways
async def test_tables_have_columns_with_types_and_meanings(api: Api, way: str) -> None:
    async with WAYS[way](url(api), READ_KEY) as client:
        whole = await told(client, "list_tables")
        names = await told(client, "list_tables", name_contains="CANDLES", with_columns=False)
        page = await client.read_resource("coinlake://tables/quotes")

    by_name = {one["name"]: one for one in whole["tables"]}
    assert set(TABLES) | set(VIEWS) <= set(by_name)
    quotes = {one["name"]: one for one in by_name["quotes"]["columns"]}
    assert quotes["price_usd"]["type"] == "decimal(38,18)"
    assert all(one["type"] and one["meaning"] for one in quotes.values())
    assert by_name["quotes"]["partitions"] == ["dt", "hour"]
    assert {"candles_1m", "candles_live"} <= {one["name"] for one in names["tables"]}
    assert all("candles" in one["name"] and not one["columns"] for one in names["tables"])
    assert json.loads(page.contents[0].text)["name"] == "quotes"  # type: ignore[union-attr]


@both_ways
async def test_a_table_is_described_with_what_is_published_of_it(api: Api, way: str) -> None:
    async with WAYS[way](url(api), READ_KEY) as client:
        quotes = await told(client, "describe_table", table="quotes")
        view = await told(client, "describe_table", table="quotes_live")
        none = await refused(client, "describe_table", table="quote")

    assert quotes["coverage"]["hours_published"] == 2
    assert quotes["coverage"]["last_hour"] == "2026-11-22T10"
    assert quotes["coverage"]["watermark"] == "2026-11-22T10:06:30.000Z"
    assert view["coverage"] is None
    assert view["table"]["kind"] == "view"
    assert "there is no table 'quote'; list_tables names them" in none


@pytest.mark.full_size(one_in=3)
@both_ways
@pytest.mark.parametrize(
    "table", ["quotes", "rates", "candles_1m", "quotes_live", "ledger_head"]
)
async def test_a_preview_gives_a_few_rows(api: Api, way: str, table: str) -> None:
    async with WAYS[way](url(api), SQL_KEY) as client:
        if table == "ledger_head":
            # The view is not in this lake: the engine's reason comes back.
            assert "ledger_head" in await refused(client, "preview", table=table)
            return
        found = await told(client, "preview", table=table, rows=2)

    assert len(found["rows"]) == 2
    assert len(found["columns"]) == len(found["rows"][0]) > 5
    assert found["meta"]["truncated"] is True
    assert "dt = '2026-11-22' AND hour = '10'" in found["sql"]
    assert found["meta"]["scanned_bytes"] > 0


@both_ways
async def test_a_price_is_known_before_a_query_runs(api: Api, cloud: Cloud, way: str) -> None:
    before = set(states(cloud))
    # A question of its own: the answer to one that was asked before is kept, and costs no query.
    asked = f"{SQL} AND asset_id <> 'asked over {way}'"

    async with WAYS[way](url(api), SQL_KEY) as client:
        price = await told(client, "estimate", sql=asked)
        outside = await refused(client, "estimate", sql="SELECT * FROM secret")
        assert set(states(cloud)) == before
        paid = await told(client, "run_sql", sql=asked)
        over = await refused(client, "run_sql", sql=asked, max_scan_bytes=1)

    assert price["tables"] == ["quotes"]
    assert price["refusal"] is None
    actual = paid["meta"]["scanned_bytes"]
    assert actual <= price["estimate"]["scanned_bytes"] <= 1.3 * actual
    assert re.fullmatch(r"0\.\d+", price["estimate"]["usd"])
    assert "sql_table" in outside
    assert "max_scan_bytes" in over
    assert len(set(states(cloud)) - before) == 1


@both_ways
async def test_several_prices_come_by_id_and_by_symbol(api: Api, way: str) -> None:
    async with WAYS[way](url(api), READ_KEY) as client:
        by_id = await told(client, "latest_prices", ids=["ether", "bitcoin"])
        by_symbol = await told(client, "latest_prices", symbol="bit")

    assert {one["asset_id"] for one in by_id["data"]} == {"ether", "bitcoin"}
    assert [one["asset_id"] for one in by_symbol["data"]] == ["bitcoin"]


def test_the_service_documents_what_the_tools_ask(api: Api) -> None:
    with urllib.request.urlopen(f"{url(api)}/openapi.json") as answer:
        paths = json.load(answer)["paths"]

    asked = {"/v1/tables", "/v1/coverage", "/v1/queries", "/v1/queries/{id}", "/v1/assets"}
    assert asked | {"/v1/assets/{id}/candles"} <= set(paths)
