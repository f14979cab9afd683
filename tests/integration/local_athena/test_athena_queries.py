"""The local Athena answers SQL over the catalog as Athena would."""

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from .conftest import World


def test_a_name_that_is_not_there_is_named_with_its_place(world: World) -> None:
    assert world.failure("SELECT 1 FROM missing") == (
        "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.coinlake.missing' does not exist"
    )


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM information_schema.columns",
        'SELECT "$path" FROM quotes',
        'SELECT q."$path" FROM quotes q',
        'SELECT * FROM "quotes$partitions"',
    ],
)
def test_what_athena_has_besides_the_catalog_is_refused_by_name(world: World, sql: str) -> None:
    assert world.failure(sql).startswith("NOT_SUPPORTED: the local Athena does not support")


def test_hidden_and_empty_objects_are_ignored(world: World) -> None:
    world.put("curated/quotes/dt=2026-11-22/hour=01/_SUCCESS", b"x")
    world.put("curated/quotes/dt=2026-11-22/hour=01/.part.crc", b"x")
    world.put("curated/quotes/dt=2026-11-22/hour=01/_temporary/part-1.parquet", b"x")
    world.put("curated/quotes/dt=2026-11-22/hour=01/empty.parquet", b"")

    assert world.rows("SELECT count(rank) FROM quotes WHERE hour = '01'") == [["10"]]


def test_decimals_timestamps_and_missing_columns_are_printed_as_athena_does(
    world: World,
) -> None:
    rows = world.rows(
        "SELECT asset_id, price_usd, rank, source_ts, added_later, dt FROM quotes "
        "WHERE hour = '01' ORDER BY asset_id OFFSET 4 LIMIT 6"
    )

    time = "2025-11-22 10:00:00.001"
    assert rows[0] == ["bitcoin", "10001.333333333333333333", "1", time, None, "2026-11-22"]
    assert rows[1] == ["ethereum", None, "2", time, None, "2026-11-22"]


def test_a_file_of_another_type_is_bad_data(world: World) -> None:
    sink = io.BytesIO()
    pq.write_table(pa.table({"asset_id": ["a"], "rank": ["first"]}), sink)
    world.put("curated/quotes/dt=2026-11-22/hour=01/part-0.parquet", sink.getvalue())

    said = world.failure("SELECT max(rank) FROM quotes")

    assert said.startswith("HIVE_BAD_DATA: Field rank's type STRING in parquet file s3://lake/")
    assert world.rows("SELECT count(asset_id) FROM quotes WHERE hour = '01'") == [["1"]]


def test_parameters_are_bound_in_reading_order(world: World) -> None:
    sql = "WITH q AS (SELECT * FROM quotes WHERE hour = ?) SELECT ?, count(*) FROM q WHERE rank = ?"

    rows = world.rows(sql, ExecutionParameters=["'01'", "'it''s'", "1"])

    assert rows == [["it's", "5"]]


def test_a_wrong_number_of_parameters_fails(world: World) -> None:
    said = world.failure("SELECT ? + ?", ExecutionParameters=["1"])

    assert said == (
        "INVALID_PARAMETER_USAGE: Incorrect number of parameters: expected 2 but found 1"
    )


@pytest.mark.parametrize("text", ["1) FROM quotes --", "rank", "(SELECT 1)", "1, 2"])
def test_a_parameter_that_is_no_constant_is_refused(world: World, text: str) -> None:
    assert "INVALID_PARAMETER_USAGE" in world.failure("SELECT ?", ExecutionParameters=[text])


def test_ctas_and_unload_write_parquet_that_can_be_read_back(world: World) -> None:
    world.rows(
        "CREATE TABLE best WITH (format = 'PARQUET', external_location = 's3://lake/best/') AS "
        "SELECT asset_id, max(price_usd) AS price FROM quotes GROUP BY asset_id"
    )
    world.rows(
        "UNLOAD (SELECT asset_id, source_ts FROM quotes WHERE hour = '00') "
        "TO 's3://lake/unloaded/' WITH (format = 'PARQUET')"
    )

    assert world.rows("SELECT * FROM best ORDER BY asset_id") == [
        ["bitcoin", "10003.333333333333333333"],
        ["ethereum", None],
    ]
    (one,) = world.clients.s3.list_objects_v2(Bucket="lake", Prefix="unloaded/")["Contents"]
    body = world.clients.s3.get_object(Bucket="lake", Key=one["Key"])["Body"]
    assert pq.read_table(io.BytesIO(body.read())).num_rows == 10
    assert "HIVE_PATH_ALREADY_EXISTS" in world.failure(
        "UNLOAD (SELECT 1 AS a) TO 's3://lake/unloaded/' WITH (format = 'PARQUET')"
    )


def test_show_and_describe_list_the_catalog(world: World) -> None:
    world.rows("CREATE VIEW v AS SELECT asset_id FROM quotes")

    assert world.rows("SHOW TABLES") == [["quotes"], ["v"]]
    assert world.rows("SHOW VIEWS") == [["v"]]
    assert world.rows("SHOW DATABASES") == [["coinlake"]]
    assert world.rows("SHOW PARTITIONS quotes")[0] == ["dt=2026-11-22/hour=00"]
    assert world.rows("SHOW COLUMNS IN quotes")[-1] == ["hour"]
    assert world.rows("DESCRIBE quotes")[1] == ["price_usd", "decimal(38,18)", ""]
    created = "\n".join(str(row[0]) for row in world.rows("SHOW CREATE TABLE quotes"))
    world.rows("DROP TABLE quotes")
    world.rows(created)
    world.rows("MSCK REPAIR TABLE quotes")
    assert world.rows("SELECT count(*) FROM quotes") == [["40"]]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_parquet('s3://lake/curated/quotes/*')",
        "SELECT * FROM '/etc/passwd'",
        'SELECT * FROM "/etc/passwd"',
        "SELECT * FROM glob('/*')",
        "SELECT * FROM duckdb_settings()",
        "SELECT * FROM pragma_version()",
        "SELECT * FROM lake0",
        "SELECT * FROM information_schema.tables",
        "SELECT * FROM sqlite_master",
        "SELECT getenv('HOME')",
        "SELECT current_setting('memory_limit')",
        "SELECT read_text('/etc/passwd')",
        "SELECT error('x')",
        "SELECT lake_udf0(1)",
        "SELECT * INTO x FROM quotes",
        "COPY quotes TO '/tmp/x'",
        "ATTACH '/tmp/x.db'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "PRAGMA version",
        "SET memory_limit = '1TB'",
        "EXPLAIN SELECT 1",
        "INSERT INTO quotes VALUES (1)",
        "CALL pragma_version()",
        "SELECT 1; SELECT 2",
    ],
)
def test_nothing_but_the_catalog_can_be_read(world: World, sql: str) -> None:
    from local_cloud.errors import AwsError

    try:
        said = world.failure(sql)
    except AwsError as error:
        said = str(error)

    codes = (
        "NOT_SUPPORTED",
        "TABLE_NOT_FOUND",
        "FUNCTION_NOT_FOUND",
        "SYNTAX_ERROR",
        "InvalidRequestException",
    )
    assert any(code in said for code in codes), said
    assert "SCHEMA_NOT_FOUND" not in said or "information_schema" in sql
