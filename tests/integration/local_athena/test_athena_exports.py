"""CTAS and UNLOAD: the objects, the manifest that lists them, and what is refused."""

import io
from typing import Any

import pyarrow.parquet as pq
import pytest

from local_cloud.errors import AwsError

from .conftest import World


def _text(world: World, url: str) -> str:
    bucket, key = url.removeprefix("s3://").split("/", 1)
    body: bytes = world.clients.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    return body.decode()


def _manifest(world: World, execution: dict[str, Any]) -> list[str]:
    return _text(world, execution["Statistics"]["DataManifestLocation"]).splitlines()


def _parquet(world: World, url: str) -> Any:
    bucket, key = url.removeprefix("s3://").split("/", 1)
    body = world.clients.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    return pq.ParquetFile(io.BytesIO(body))


def test_a_ctas_lists_its_objects_in_a_manifest_beside_its_output(world: World) -> None:
    done = world.run("CREATE TABLE few AS SELECT asset_id, rank FROM quotes WHERE hour = '00'")

    id_ = done["QueryExecutionId"]
    base = f"s3://lake/athena-results/tables/{id_}"
    (url,) = _manifest(world, done)
    assert done["Status"]["State"] == "SUCCEEDED"
    assert done["ResultConfiguration"]["OutputLocation"] == base
    assert done["Statistics"]["DataManifestLocation"] == f"{base}-manifest.csv"
    assert url.startswith(f"{base}/")
    assert _parquet(world, url).metadata.num_rows == 10
    assert '"rows"' in _text(world, f"{base}.metadata")
    assert world.rows("SELECT count(*) FROM few") == [["10"]]
    page = world.athena.handle("GetQueryResults", {"QueryExecutionId": id_})
    assert page["UpdateCount"] == 10
    assert page["ResultSet"]["Rows"] == []


def test_an_unload_lists_its_objects_in_a_manifest_beside_its_output(world: World) -> None:
    done = world.run(
        "UNLOAD (SELECT rank FROM quotes) TO 's3://lake/u/' WITH (format='PARQUET')"
    )

    base = f"s3://lake/athena-results/{done['QueryExecutionId']}"
    (url,) = _manifest(world, done)
    assert done["ResultConfiguration"]["OutputLocation"] == base
    assert done["Statistics"]["DataManifestLocation"] == f"{base}-manifest.csv"
    assert url.startswith("s3://lake/u/")
    assert _parquet(world, url).metadata.num_rows == 40


def test_a_query_without_rows_writes_no_object_and_an_empty_manifest(world: World) -> None:
    done = world.run("CREATE TABLE none AS SELECT rank FROM quotes WHERE hour = '77'")

    assert _manifest(world, done) == []
    assert world.rows("SELECT count(*) FROM none") == [["0"]]


def test_a_plain_query_has_no_manifest(world: World) -> None:
    assert "DataManifestLocation" not in world.run("SELECT 1")["Statistics"]


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ("format = 'PARQUET'", "GZIP"),
        ("write_compression = 'snappy'", "SNAPPY"),
        ("parquet_compression = 'NONE'", "UNCOMPRESSED"),
        ("write_compression = 'ZSTD', compression_level = 19", "ZSTD"),
        ("write_compression = 'LZ4'", "LZ4"),
    ],
)
def test_the_compression_is_the_one_that_was_asked_for(
    world: World, properties: str, expected: str
) -> None:
    done = world.run(f"CREATE TABLE packed WITH ({properties}) AS SELECT rank FROM quotes")

    (url,) = _manifest(world, done)
    assert _parquet(world, url).metadata.row_group(0).column(0).compression == expected


def test_a_table_is_made_as_dbt_makes_it(world: World) -> None:
    # dbt-athena's create_table_as for Hive, with dbt's comment in front.
    world.rows(
        """-- /* {"app": "dbt", "node_id": "model.lake.best"} */
        create table "awsdatacatalog"."coinlake"."best"
        with (
          table_type='hive',
          is_external=true,external_location='s3://lake/dbt/best',
          format='parquet'
        )
        as
          select asset_id, max(price_usd) as price
          from "awsdatacatalog"."coinlake"."quotes" where asset_id not like 'e%' group by 1"""
    )
    world.rows(
        'create or replace view "awsdatacatalog"."coinlake"."top" as select * from best;'
    )

    assert world.rows("select * from top") == [["bitcoin", "10003.333333333333333333"]]


@pytest.mark.parametrize(
    ("properties", "named"),
    [
        ("format = 'ORC'", "ORC"),
        ("format = 'JSON'", "JSON"),
        ("write_compression = 'BZIP2'", "BZIP2"),
        ("write_compression = 'GZIP', compression_level = 5", "compression_level"),
        ("write_compression = 'ZSTD', compression_level = 23", "compression_level"),
        ("write_compression = 'GZIP', parquet_compression = 'GZIP'", "parquet_compression"),
        ("partitioned_by = ARRAY['rank']", "partitioned_by"),
        ("bucket_count = 3", "bucket_count"),
        ("field_delimiter = ','", "field_delimiter"),
        ("table_type = 'ICEBERG'", "table_type"),
        ("is_external = false", "is_external"),
    ],
)
def test_a_property_that_is_not_carried_out_is_refused_by_name(
    world: World, properties: str, named: str
) -> None:
    said = world.failure(f"CREATE TABLE t WITH ({properties}) AS SELECT rank FROM quotes")

    assert said.startswith("NOT_SUPPORTED")
    assert named in said


@pytest.mark.parametrize(
    ("select", "said"),
    [
        ("SELECT NULL AS a", "COLUMN_TYPE_UNKNOWN: Column type is unknown at position 1"),
        ("SELECT 1 AS a, 2", "Column name not specified at position 2"),
        ("SELECT 1 AS a, 2 AS A", "specified more than once"),
        ("SELECT JSON '1' AS a", "Unsupported Hive type: json"),
    ],
)
def test_rows_that_no_table_can_hold_are_refused(world: World, select: str, said: str) -> None:
    assert said in world.failure(f"CREATE TABLE t AS {select}")
    assert said in world.failure(
        f"UNLOAD ({select}) TO 's3://lake/u/' WITH (format = 'PARQUET')"
    )


def test_a_table_without_data_is_refused_not_filled(world: World) -> None:
    said = world.failure("CREATE TABLE t AS SELECT 1 AS a WITH NO DATA")

    assert said.startswith(("SYNTAX_ERROR", "NOT_SUPPORTED"))


def test_an_unload_without_a_format_is_refused(world: World) -> None:
    assert "needs a format" in world.failure("UNLOAD (SELECT 1 AS a) TO 's3://lake/u/'")


def test_a_workgroup_that_enforces_its_location_refuses_another_for_a_table(
    world: World,
) -> None:
    configuration = {
        "ResultConfiguration": {"OutputLocation": "s3://lake/own/"},
        "EnforceWorkGroupConfiguration": True,
    }
    world.athena.handle("CreateWorkGroup", {"Name": "strict", "Configuration": configuration})
    sql = "CREATE TABLE t WITH (external_location = 's3://lake/t/') AS SELECT 1 AS a"

    with pytest.raises(AwsError, match="external_location"):
        world.start(sql, WorkGroup="strict")

    done = world.run("CREATE TABLE t AS SELECT 1 AS a", WorkGroup="strict")
    assert _manifest(world, done)[0].startswith("s3://lake/own/tables/")
    # What a table of another kind asks for is refused by its name, as in any workgroup.
    other = "CREATE TABLE t2 WITH (partitioned_by = ARRAY['b']) AS SELECT 1 AS a, 2 AS b"
    failed = world.run(other, WorkGroup="strict")
    assert failed["Status"]["State"] == "FAILED"
    assert "partitioned_by" in failed["Status"]["StateChangeReason"]


@pytest.mark.parametrize(
    "value", ["current_timestamp", "ARRAY[now()]", "INTERVAL '1' DAY", "uuid()"]
)
def test_a_view_with_a_column_that_the_catalog_has_no_type_for_is_none(
    world: World, value: str
) -> None:
    world.rows("CREATE OR REPLACE VIEW odd AS SELECT 1 AS a")

    said = world.failure(f"CREATE OR REPLACE VIEW odd AS SELECT 1 AS a, {value} AS at")

    assert "Invalid column type for column at: Unsupported Hive type: " in said
    # The one that was there is as it was.
    assert world.rows("SELECT * FROM odd") == [["1"]]


def test_timestamps_keep_their_milliseconds_and_nested_values_their_shape(world: World) -> None:
    world.rows(
        "CREATE TABLE nested AS SELECT source_ts, ARRAY[source_ts] AS all_ts, "
        "MAP(ARRAY['a'], ARRAY[rank]) AS m, CAST(ROW(1, 'x') AS ROW(a integer, b varchar)) AS r "
        "FROM quotes WHERE hour = '01' LIMIT 1"
    )

    assert world.rows("SELECT * FROM nested") == [
        ["2025-11-22 10:00:00.001", "[2025-11-22 10:00:00.001]", "{a=1}", "{a=1, b=x}"]
    ]


def test_a_ctas_says_whether_it_has_data(world: World) -> None:
    world.rows("CREATE TABLE with_data AS SELECT count(*) AS n FROM quotes WITH DATA")

    assert world.rows("SELECT n FROM with_data") == [["40"]]
    assert world.failure("CREATE TABLE none AS SELECT 1 AS n WITH NO DATA") == (
        "NOT_SUPPORTED: the local Athena does not support CREATE TABLE … AS … WITH NO DATA"
    )
