"""Names of databases and tables in every quoting and case that Athena takes."""

from typing import Any

import pytest

from local_cloud.errors import AwsError

from .conftest import HOURS, QUOTES_DDL, World

TABLES = [
    "quotes",
    "`quotes`",
    "QUOTES",
    "coinlake.quotes",
    "CoinLake.Quotes",
    "`coinlake`.quotes",
    "coinlake.`quotes`",
    "`coinlake`.`quotes`",
    "`COINLAKE`.`Quotes`",
    "`coinlake.quotes`",
    "coinlake . quotes",
    "awsdatacatalog.coinlake.quotes",
    "`AwsDataCatalog`.`coinlake`.`quotes`",
    '"coinlake"."quotes"',
]
DATABASES = ["coinlake", "`coinlake`", "COINLAKE", '"coinlake"', "awsdatacatalog.coinlake"]
CONTEXTS: list[dict[str, str]] = [
    {"Database": "coinlake"},
    {"Database": "`coinlake`"},
    {"Database": '"CoinLake"'},
    {"Database": "coinlake", "Catalog": "AwsDataCatalog"},
    {"Database": "`coinlake`", "Catalog": "`awsdatacatalog`"},
    {"Database": "coinlake", "Catalog": '"AWSDATACATALOG"'},
]


def _read(world: World, name: str) -> dict[str, Any]:
    """What the statements about a table say when it is called `name`; all of them succeed."""
    added = "ADD IF NOT EXISTS PARTITION (`dt`='2026-11-22', HOUR='07')"
    world.rows(f"ALTER TABLE {name} {added}")
    world.rows(f"MSCK REPAIR TABLE {name}")
    partitions = len(world.rows(f"SHOW PARTITIONS {name}"))
    world.rows(f"ALTER TABLE {name} DROP PARTITION (Dt='2026-11-22', `hour`='07')")
    return {
        "described": world.rows(f"DESCRIBE {name}")[0],
        "created": world.rows(f"SHOW CREATE TABLE {name}")[0],
        "columns": world.rows(f"SHOW COLUMNS IN {name}")[-1],
        "partitions": (partitions, len(world.rows(f"SHOW PARTITIONS {name}"))),
    }


def test_a_table_is_found_however_its_name_is_written(world: World) -> None:
    expected = {
        "described": ["asset_id", "string", ""],
        "created": ["CREATE EXTERNAL TABLE `quotes`("],
        "columns": ["hour"],
        "partitions": (len(HOURS) + 1, len(HOURS)),
    }

    told = {name: _read(world, name) for name in TABLES}

    assert told == dict.fromkeys(TABLES, expected)


def test_a_table_is_dropped_however_its_name_is_written(world: World) -> None:
    for name in TABLES:
        world.rows(f"DROP TABLE {name}")
        assert world.rows("SHOW TABLES") == []
        world.rows(QUOTES_DDL.replace("TABLE quotes", f"TABLE {name}"))
        assert world.rows("SHOW TABLES") == [["quotes"]]


def test_a_database_is_found_however_its_name_is_written(world: World) -> None:
    elsewhere = {"QueryExecutionContext": {"Database": "other"}}
    for name in DATABASES:
        assert world.rows(f"SHOW TABLES IN {name}", **elsewhere) == [["quotes"]]
        assert world.rows(f"SHOW TABLES FROM {name} '*otes|none'", **elsewhere) == [["quotes"]]
        assert world.rows(f"SHOW VIEWS IN {name} LIKE '*'", **elsewhere) == []
        assert world.rows(f"SHOW COLUMNS FROM quotes IN {name}", **elsewhere)[-1] == ["hour"]


def test_the_context_names_its_database_and_catalog_in_any_quoting(world: World) -> None:
    for context in CONTEXTS:
        more = {"QueryExecutionContext": context}
        assert world.rows("SHOW TABLES", **more) == [["quotes"]]
        assert world.rows("DESCRIBE quotes", **more)[0] == ["asset_id", "string", ""]
        created = world.rows("SHOW CREATE TABLE `quotes`", **more)[0]
        assert created == ["CREATE EXTERNAL TABLE `quotes`("]
        world.rows("MSCK REPAIR TABLE quotes", **more)
        assert world.rows("SELECT count(*) FROM quotes", **more) == [["40"]]


def test_requests_name_tables_in_any_case_and_quoting(world: World) -> None:
    names = [("coinlake", "quotes"), ("CoinLake", "QUOTES"), ("`coinlake`", '"quotes"')]
    for database, table in names:
        request = {"CatalogName": "awsDATAcatalog", "DatabaseName": database}
        one = world.athena.handle("GetTableMetadata", {**request, "TableName": table})
        listed = world.athena.handle("ListTableMetadata", request)
        assert one["TableMetadata"]["Name"] == "quotes"
        assert [entry["Name"] for entry in listed["TableMetadataList"]] == ["quotes"]

    catalog = world.athena.handle("GetDataCatalog", {"Name": "AWSDATACATALOG"})
    assert catalog["DataCatalog"]["Name"] == "AwsDataCatalog"


def test_databases_and_tables_are_made_and_dropped_under_quoted_names(world: World) -> None:
    world.rows("CREATE DATABASE IF NOT EXISTS `Other`")
    world.rows(
        "CREATE EXTERNAL TABLE `other`.`_Odd` (`Date` string) STORED AS PARQUET "
        "LOCATION 's3://lake/odd/'"
    )
    world.rows(
        "CREATE EXTERNAL TABLE IF NOT EXISTS `other.second` (a int) STORED AS PARQUET "
        "LOCATION 's3://lake/second/'"
    )

    assert world.rows("SHOW TABLES IN `other`") == [["_odd"], ["second"]]
    assert world.rows("SHOW DATABASES LIKE 'o*'") == [["other"]]
    assert world.rows("DESCRIBE `other`.`_odd`") == [["date", "string", ""]]
    world.rows("DROP TABLE IF EXISTS `other`.`_odd`")
    world.rows("DROP DATABASE `OTHER` CASCADE")
    assert world.rows("SHOW DATABASES") == [["coinlake"]]


REFUSED = {
    "DESCRIBE elsewhere.coinlake.quotes": "CATALOG_NOT_FOUND",
    "SHOW TABLES IN elsewhere.coinlake": "CATALOG_NOT_FOUND",
    "DESCRIBE a.b.c.d": "Too many dots",
    "DESCRIBE ``": "Zero-length",
    "DESCRIBE `coinlake.`": "Expecting: identifier",
    "DESCRIBE 'quotes'": "Expecting: identifier",
    "SHOW COLUMNS IN coinlake.quotes IN other": "two databases",
}


def test_a_name_that_is_none_is_refused(world: World) -> None:
    for sql, said in REFUSED.items():
        assert said in world.failure(sql)


def test_another_catalog_in_the_context_is_refused(world: World) -> None:
    with pytest.raises(AwsError, match="AwsDataCatalog"):
        world.start("SHOW TABLES", QueryExecutionContext={"Database": "d", "Catalog": "hive"})
