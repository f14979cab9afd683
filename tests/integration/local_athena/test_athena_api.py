"""The API around a query: states, idempotency, limits, pages, history."""

import json
import time
from pathlib import Path

import pytest

from local_cloud.athena.api import pool
from local_cloud.athena.api.service import AthenaService
from local_cloud.bill import Bill
from local_cloud.errors import AwsError

from .conftest import World

TOKEN = "t" * 32
ENDLESS = (
    # Trino's sequence() gives 10,000 entries at most (docs, Array functions and operators).
    "SELECT count(*) FROM UNNEST(sequence(1, 10000)) AS a(x) "
    "CROSS JOIN UNNEST(sequence(1, 10000)) AS b(y) "
    "CROSS JOIN UNNEST(sequence(1, 10000)) AS c(z) WHERE (x * y + z) % 7 = 3"
)


def test_one_token_starts_one_query(world: World) -> None:
    first = world.start("SELECT 1", ClientRequestToken=TOKEN)

    again = world.start("SELECT 1", ClientRequestToken=TOKEN)

    assert first == again
    with pytest.raises(AwsError, match="Idempotent parameters do not match"):
        world.start("SELECT 2", ClientRequestToken=TOKEN)
    with pytest.raises(AwsError, match="32 to 128"):
        world.start("SELECT 1", ClientRequestToken="short")


def test_a_running_query_is_cancelled_and_ends(world: World) -> None:
    id_ = world.start(ENDLESS)

    world.athena.handle("StopQueryExecution", {"QueryExecutionId": id_})

    assert world.ended(id_)["Status"]["State"] == "CANCELLED"
    with pytest.raises(AwsError, match="Final query state: CANCELLED"):
        world.athena.handle("GetQueryResults", {"QueryExecutionId": id_})


def test_a_query_ends_though_nobody_waits_for_its_end(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As where the machine is so busy that the call gives up before the engine can be interrupted.
    monkeypatch.setattr(pool, "STOP_WAIT_S", 0.0)
    id_ = world.start(ENDLESS)
    while world.athena._pool._live[id_].answer is None:
        time.sleep(0.01)
    time.sleep(0.3)

    world.athena.handle("StopQueryExecution", {"QueryExecutionId": id_})

    assert world.ended(id_)["Status"]["State"] == "CANCELLED"


def test_queries_wait_queued_and_can_be_stopped_there(world: World) -> None:
    running = [world.start(ENDLESS) for _ in range(4)]
    waiting = world.start(ENDLESS)

    state = world.athena.handle("GetQueryExecution", {"QueryExecutionId": waiting})
    for id_ in (waiting, *running):
        world.athena.handle("StopQueryExecution", {"QueryExecutionId": id_})

    assert state["QueryExecution"]["Status"]["State"] == "QUEUED"
    ends = {world.ended(id_)["Status"]["State"] for id_ in (waiting, *running)}
    assert ends == {"CANCELLED"}


def test_the_result_object_is_quoted_as_athena_does(world: World) -> None:
    sql = "SELECT 'a\"b' AS \"Name\", '' AS empty, NULL AS nothing, 1.50, ARRAY[1, NULL], TRUE"
    execution = world.run(sql)

    location = execution["ResultConfiguration"]["OutputLocation"]
    bucket, key = location.removeprefix("s3://").split("/", 1)
    body = world.clients.s3.get_object(Bucket=bucket, Key=key)["Body"].read()

    assert key == f"athena-results/{execution['QueryExecutionId']}.csv"
    assert body == (
        b'"Name","empty","nothing","_col3","_col4","_col5"\n"a""b","",,"1.50","[1, null]","true"\n'
    )
    metadata = world.clients.s3.get_object(Bucket=bucket, Key=f"{key}.metadata")["Body"].read()
    assert [one["Type"] for one in json.loads(metadata)["columns"]] == [
        "varchar",
        "varchar",
        "unknown",
        "decimal",
        "array",
        "boolean",
    ]


def test_pages_repeat_the_labels_once_and_lose_no_row(world: World) -> None:
    sql = "SELECT x, CASE WHEN x % 3 = 0 THEN NULL ELSE 'l1' || chr_text END AS y FROM UNNEST("
    sql += "sequence(1, 2500)) AS t(x) CROSS JOIN (SELECT 'x,\n\"' AS chr_text) ORDER BY x"
    id_ = world.run(sql)["QueryExecutionId"]

    rows, token, sizes = [], None, []
    while True:
        more: dict[str, str] = {"NextToken": token} if token else {}
        page = world.athena.handle("GetQueryResults", {"QueryExecutionId": id_, **more})
        found = page["ResultSet"]["Rows"]
        rows += found
        sizes.append(len(found))
        token = page.get("NextToken")
        if token is None:
            break

    assert sizes == [1000, 1000, 501]
    assert rows[0]["Data"] == [{"VarCharValue": "x"}, {"VarCharValue": "y"}]
    assert [row["Data"][0]["VarCharValue"] for row in rows[1:]] == [
        str(x) for x in range(1, 2501)
    ]
    assert rows[1]["Data"][1] == {"VarCharValue": 'l1x,\n"'}
    assert rows[3]["Data"][1] == {}


def test_types_of_a_result_are_told(world: World) -> None:
    id_ = world.run("SELECT price_usd, rank, dt, source_ts FROM quotes LIMIT 1")[
        "QueryExecutionId"
    ]

    page = world.athena.handle("GetQueryResults", {"QueryExecutionId": id_, "MaxResults": 1})

    info = page["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
    assert [(one["Name"], one["Type"], one["Precision"], one["Scale"]) for one in info] == [
        ("price_usd", "decimal", 38, 18),
        ("rank", "integer", 10, 0),
        ("dt", "varchar", 2147483647, 0),
        ("source_ts", "timestamp", 3, 0),
    ]


def test_a_workgroup_limits_bytes_and_enforces_its_location(world: World) -> None:
    configuration = {
        "ResultConfiguration": {"OutputLocation": "s3://lake/own/"},
        "EnforceWorkGroupConfiguration": True,
        "BytesScannedCutoffPerQuery": 10_000_000,
    }
    world.athena.handle("CreateWorkGroup", {"Name": "coinlake", "Configuration": configuration})
    world.put("big/1.json", b'{"a": "' + b"x" * 11_000_000 + b'"}\n')
    world.rows(
        "CREATE EXTERNAL TABLE big (a string) ROW FORMAT SERDE "
        "'org.openx.data.jsonserde.JsonSerDe' LOCATION 's3://lake/big/'"
    )

    small = world.run("SELECT 1", WorkGroup="coinlake")
    large = world.run("SELECT length(a) FROM big", WorkGroup="coinlake")

    assert small["ResultConfiguration"]["OutputLocation"].startswith("s3://lake/own/")
    assert large["Status"]["State"] == "CANCELLED"
    assert large["Status"]["StateChangeReason"] == "Bytes scanned limit was exceeded"
    with pytest.raises(AwsError, match="at least 10000000"):
        world.athena.handle(
            "UpdateWorkGroup",
            {
                "WorkGroup": "coinlake",
                "ConfigurationUpdates": {"BytesScannedCutoffPerQuery": 9_999_999},
            },
        )


def test_a_query_without_output_location_is_refused(world: World) -> None:
    with pytest.raises(AwsError, match="No output location provided"):
        world.athena.handle("StartQueryExecution", {"QueryString": "SELECT 1"})


@pytest.mark.parametrize("sql", ["", "   ", "SELEC 1", "SELECT FROM WHERE", "SELECT 1 +"])
def test_text_that_is_no_sql_is_refused_at_once(world: World, sql: str) -> None:
    with pytest.raises(AwsError, match="InvalidRequestException"):
        world.start(sql)


def test_history_and_workgroups_survive_a_restart(world: World, tmp_path: Path) -> None:
    world.athena.handle("CreateWorkGroup", {"Name": "kept"})
    done = world.run("SELECT 1 AS one", ClientRequestToken=TOKEN)["QueryExecutionId"]
    alive = world.start(ENDLESS)
    # What a killed process leaves behind: the record says RUNNING.
    file = tmp_path / "athena" / "executions" / f"{alive}.json"
    record = json.loads(file.read_text())
    world.athena.handle("StopQueryExecution", {"QueryExecutionId": alive})
    world.ended(alive)
    file.write_text(json.dumps({**record, "state": "RUNNING"}))

    revived = AthenaService(world.clients, tmp_path, Bill())

    answer = revived.handle(
        "BatchGetQueryExecution", {"QueryExecutionIds": [done, alive, "no"]}
    )
    states = {
        one["QueryExecutionId"]: one["Status"]["State"] for one in answer["QueryExecutions"]
    }
    assert states == {done: "SUCCEEDED", alive: "FAILED"}
    assert answer["UnprocessedQueryExecutionIds"][0]["QueryExecutionId"] == "no"
    page = revived.handle("GetQueryResults", {"QueryExecutionId": done})
    assert page["ResultSet"]["Rows"][1]["Data"] == [{"VarCharValue": "1"}]
    assert revived.handle("GetWorkGroup", {"WorkGroup": "kept"})["WorkGroup"]["Name"] == "kept"
    listed = revived.handle("ListQueryExecutions", {"WorkGroup": "primary"})
    assert {done, alive} <= set(listed["QueryExecutionIds"])
    revived.close()


def test_a_query_costs_ten_megabytes_at_least_and_ddl_nothing(world: World) -> None:
    before = world.bill.summary()["total_usd"]

    world.rows("SELECT count(price_usd) FROM quotes")

    assert before == 0
    assert world.bill.summary()["total_usd"] == pytest.approx(10 * 10**6 / 1e12 * 5)


def test_a_file_replaced_in_mid_query_is_an_error(world: World) -> None:
    from local_cloud.athena.sql.failures import QueryError
    from local_cloud.athena.storage.lake import S3Lake

    reader = S3Lake(world.clients.s3)
    listed = reader.objects("s3://lake/curated/quotes/dt=2026-11-22/hour=00/")
    world.put(listed[0].key, b"another")

    with pytest.raises(QueryError, match="deleted or replaced") as caught:
        reader.read(listed[0])
    assert caught.value.retryable
    world.clients.s3.delete_object(Bucket="lake", Key=listed[0].key)
    with pytest.raises(QueryError, match="deleted or replaced"):
        reader.read(listed[0])


def test_what_is_not_there_is_refused_by_name(world: World) -> None:
    with pytest.raises(AwsError, match=r"athena\.CreateNotebook is not there"):
        world.athena.handle("CreateNotebook", {})


def test_the_catalog_can_be_read_through_athena(world: World) -> None:
    request = {"CatalogName": "AwsDataCatalog", "DatabaseName": "coinlake"}

    table = world.athena.handle("GetTableMetadata", {**request, "TableName": "quotes"})
    listed = world.athena.handle("ListTableMetadata", request)

    assert [k["Name"] for k in table["TableMetadata"]["PartitionKeys"]] == ["dt", "hour"]
    assert [one["Name"] for one in listed["TableMetadataList"]] == ["quotes"]
    databases = world.athena.handle("ListDatabases", {"CatalogName": "AwsDataCatalog"})
    assert databases["DatabaseList"][0]["Name"] == "coinlake"
