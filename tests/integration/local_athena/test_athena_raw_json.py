"""Raw JSON through partition projection: unnested, beside curated tables, and malformed."""

import gzip
import json
from typing import Any

from .conftest import World

JSON_DDL = """
CREATE EXTERNAL TABLE raw_assets (
  `timestamp` bigint,
  data array<struct<id:string,rank:string,priceUsd:string,tokens:map<string,array<string>>>>)
PARTITIONED BY (dt string, hour string)
ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'
WITH SERDEPROPERTIES ('ignore.malformed.json'='true')
LOCATION 's3://lake/raw/coincap.assets.v1/'
TBLPROPERTIES (
  'projection.enabled'='true', 'projection.dt.type'='date',
  'projection.dt.format'='yyyy-MM-dd', 'projection.dt.range'='2026-11-20,2026-11-30',
  'projection.hour.type'='integer', 'projection.hour.range'='0,23',
  'projection.hour.digits'='2',
  'storage.location.template'='s3://lake/raw/coincap.assets.v1/dt=${dt}/hour=${hour}/')
"""


def _body(price: str) -> dict[str, Any]:
    asset = {"id": "bitcoin", "rank": "1", "priceUsd": price, "tokens": {"1": ["0xab"]}}
    return {"timestamp": 1763805600000, "data": [asset, {"id": "x", "rank": None}]}


def test_raw_json_is_queried_through_projection_and_unnest(world: World) -> None:
    lines = [
        json.dumps(_body("87654.123456789012345678")),
        "{broken",
        "",
        json.dumps(_body("1e-7")),
    ]
    world.put(
        "raw/coincap.assets.v1/dt=2026-11-22/hour=07/1-0-0.json.gz",
        gzip.compress("\n".join(lines).encode()),
    )
    world.rows(JSON_DDL)

    rows = world.rows(
        "SELECT t.id, CAST(t.price AS decimal(38,18)), element_at(t.tokens, '1'), r.hour "
        "FROM raw_assets r CROSS JOIN UNNEST(r.data) AS t(id, rank, price, tokens) "
        "WHERE r.dt = '2026-11-22' AND hour >= '07' ORDER BY 1, 2"
    )

    assert rows == [
        ["bitcoin", "0.000000100000000000", "[0xab]", "07"],
        ["bitcoin", "87654.123456789012345678", "[0xab]", "07"],
        ["x", None, None, "07"],
        ["x", None, None, "07"],
    ]


def test_a_view_over_curated_and_raw_changes_side_at_its_boundary(world: World) -> None:
    world.put(
        "raw/coincap.assets.v1/dt=2026-11-22/hour=07/1-0-0.json.gz",
        gzip.compress(json.dumps(_body("5.5")).encode() + b"\n"),
    )
    world.rows(JSON_DDL)
    world.rows(
        "CREATE OR REPLACE VIEW quotes_live AS "
        "SELECT asset_id, price_usd, dt, hour FROM quotes "
        "WHERE dt < '2026-11-22' OR (dt = '2026-11-22' AND hour <= '02') "
        "UNION ALL SELECT DISTINCT t.id, TRY_CAST(t.price AS decimal(38,18)), r.dt, r.hour "
        "FROM raw_assets r CROSS JOIN UNNEST(r.data) AS t(id, rank, price, tokens) "
        "WHERE r.dt > '2026-11-22' OR (r.dt = '2026-11-22' AND r.hour > '02')"
    )

    rows = world.rows(
        "SELECT hour, count(*), max(price_usd) FROM quotes_live GROUP BY hour ORDER BY hour"
    )

    assert [row[:2] for row in rows] == [["00", "10"], ["01", "10"], ["02", "10"], ["07", "2"]]
    assert rows[3][2] == "5.500000000000000000"


def test_an_injected_projection_needs_its_value(world: World) -> None:
    world.put("raw/x/bitcoin/1.json", b'{"a": 1}\n')
    world.rows(
        "CREATE EXTERNAL TABLE inj (a int) PARTITIONED BY (id string) "
        "ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' LOCATION 's3://lake/raw/x/' "
        "TBLPROPERTIES ('projection.enabled'='true', 'projection.id.type'='injected', "
        "'storage.location.template'='s3://lake/raw/x/${id}/')"
    )

    assert world.rows("SELECT a, id FROM inj WHERE id = 'bitcoin'") == [["1", "bitcoin"]]
    assert "CONSTRAINT_VIOLATION" in world.failure("SELECT a FROM inj")


def test_malformed_json_fails_a_table_that_does_not_ignore_it(world: World) -> None:
    world.put("raw/y/1.json", b"{broken\n")
    world.rows(
        "CREATE EXTERNAL TABLE strict (a int) "
        "ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' LOCATION 's3://lake/raw/y/'"
    )

    assert "Row is not a valid JSON Object" in world.failure("SELECT a FROM strict")
