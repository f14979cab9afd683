"""Fields of Athena's API that change what it does: workgroups, pages, filters."""

from typing import Any

import pytest

from local_cloud.errors import AwsError

from .conftest import World


def _call(world: World, operation: str, **request: Any) -> Any:
    return world.athena.handle(operation, request)


def _group(world: World, name: str, **configuration: Any) -> Any:
    _call(world, "CreateWorkGroup", Name=name, Configuration=configuration)
    return _call(world, "GetWorkGroup", WorkGroup=name)["WorkGroup"]


def test_a_disabled_workgroup_runs_nothing_until_it_is_enabled(world: World) -> None:
    _group(world, "shut")
    _call(world, "UpdateWorkGroup", WorkGroup="shut", State="DISABLED")

    with pytest.raises(AwsError, match="WorkGroup shut is disabled"):
        world.start("SELECT 1", WorkGroup="shut")

    _call(world, "UpdateWorkGroup", WorkGroup="shut", State="ENABLED")
    assert world.rows("SELECT 1", WorkGroup="shut") == [["1"]]


def test_a_workgroup_with_a_history_is_deleted_only_with_all_of_it(world: World) -> None:
    _group(world, "full")
    id_ = world.run("SELECT 1", WorkGroup="full")["QueryExecutionId"]

    with pytest.raises(AwsError, match="not empty"):
        _call(world, "DeleteWorkGroup", WorkGroup="full")
    _call(world, "DeleteWorkGroup", WorkGroup="full", RecursiveDeleteOption=True)

    with pytest.raises(AwsError, match="was not found"):
        _call(world, "GetQueryExecution", QueryExecutionId=id_)
    assert not (world.state_dir / "athena" / "executions" / f"{id_}.json").exists()


def test_a_workgroup_tells_the_engine_that_was_selected(world: World) -> None:
    engine = {"SelectedEngineVersion": "Athena engine version 3"}

    selected = _group(world, "three", EngineVersion=engine)["Configuration"]["EngineVersion"]
    automatic = _group(world, "auto")["Configuration"]["EngineVersion"]

    assert selected["SelectedEngineVersion"] == "Athena engine version 3"
    assert automatic["SelectedEngineVersion"] == "AUTO"
    assert selected["EffectiveEngineVersion"] == "Athena engine version 3"


def test_an_update_changes_what_it_names_and_removes_what_it_says(world: World) -> None:
    _group(
        world,
        "changed",
        BytesScannedCutoffPerQuery=10_000_000,
        ResultConfiguration={
            "OutputLocation": "s3://lake/one/",
            "ExpectedBucketOwner": "123456789012",
        },
    )

    _call(
        world,
        "UpdateWorkGroup",
        WorkGroup="changed",
        Description="new",
        ConfigurationUpdates={
            "RemoveBytesScannedCutoffPerQuery": True,
            "EnforceWorkGroupConfiguration": True,
            "ResultConfigurationUpdates": {
                "OutputLocation": "s3://lake/two/",
                "RemoveExpectedBucketOwner": True,
            },
        },
    )

    group = _call(world, "GetWorkGroup", WorkGroup="changed")["WorkGroup"]
    configuration = group["Configuration"]
    assert group["Description"] == "new"
    assert configuration["ResultConfiguration"] == {"OutputLocation": "s3://lake/two/"}
    assert "BytesScannedCutoffPerQuery" not in configuration
    assert "RemoveBytesScannedCutoffPerQuery" not in configuration
    done = world.run("SELECT 1", WorkGroup="changed")
    assert done["ResultConfiguration"]["OutputLocation"].startswith("s3://lake/two/")


@pytest.mark.parametrize(
    ("configuration", "named"),
    [
        ({"PublishCloudWatchMetricsEnabled": True}, "PublishCloudWatchMetricsEnabled"),
        ({"RequesterPaysEnabled": True}, "RequesterPaysEnabled"),
        ({"ExecutionRole": "arn:aws:iam::123456789012:role/r"}, "ExecutionRole"),
        ({"ManagedQueryResultsConfiguration": {"Enabled": True}}, "Enabled"),
        (
            {
                "ResultConfiguration": {
                    "AclConfiguration": {"S3AclOption": "BUCKET_OWNER_FULL_CONTROL"}
                }
            },
            "AclConfiguration",
        ),
        (
            {
                "ResultConfiguration": {
                    "EncryptionConfiguration": {"EncryptionOption": "SSE_S3"}
                }
            },
            "EncryptionConfiguration",
        ),
        (
            {"ResultConfiguration": {"ExpectedBucketOwner": "999999999999"}},
            "ExpectedBucketOwner",
        ),
        ({"EngineVersion": {"SelectedEngineVersion": "PySpark engine version 3"}}, "PySpark"),
        ({"CustomerContentEncryptionConfiguration": {"KmsKey": "k"}}, "CustomerContent"),
    ],
)
def test_a_setting_that_would_change_nothing_is_refused_by_name(
    world: World, configuration: dict[str, Any], named: str
) -> None:
    with pytest.raises(AwsError, match=f"{named}.*is not there"):
        _group(world, "refused", **configuration)


def test_a_query_that_asks_for_what_is_not_there_is_refused_by_name(world: World) -> None:
    reuse = {"ResultReuseByAgeConfiguration": {"Enabled": True, "MaxAgeInMinutes": 60}}
    encryption = {"EncryptionConfiguration": {"EncryptionOption": "SSE_KMS", "KmsKey": "k"}}

    with pytest.raises(AwsError, match=r"Enabled.*is not there"):
        world.start("SELECT 1", ResultReuseConfiguration=reuse)
    with pytest.raises(AwsError, match=r"EncryptionConfiguration.*is not there"):
        world.start("SELECT 1", ResultConfiguration=encryption)
    with pytest.raises(AwsError, match=r"DATA_MANIFEST.*is not there"):
        _call(
            world,
            "GetQueryResults",
            QueryExecutionId=world.run("SELECT 1")["QueryExecutionId"],
            QueryResultType="DATA_MANIFEST",
        )


def _pages(world: World, operation: str, key: str, **request: Any) -> list[list[Any]]:
    pages, token = [], None
    while True:
        more: dict[str, str] = {"NextToken": token} if token else {}
        told = _call(world, operation, MaxResults=2, **request, **more)
        pages.append(told[key])
        token = told.get("NextToken")
        if token is None:
            return pages


def test_every_list_comes_in_pages(world: World) -> None:
    for name in ("a", "b", "c"):
        _group(world, name)
        world.rows(f"CREATE DATABASE db_{name}")
        world.rows(f"CREATE VIEW v_{name} AS SELECT 1 AS one")
    ids = [world.run("SELECT 1", WorkGroup="a")["QueryExecutionId"] for _ in range(3)]
    catalog = {"CatalogName": "AwsDataCatalog"}

    groups = _pages(world, "ListWorkGroups", "WorkGroups")
    databases = _pages(world, "ListDatabases", "DatabaseList", **catalog)
    tables = _pages(
        world, "ListTableMetadata", "TableMetadataList", **catalog, DatabaseName="coinlake"
    )
    queries = _pages(world, "ListQueryExecutions", "QueryExecutionIds", WorkGroup="a")

    assert [[one["Name"] for one in page] for page in groups] == [["a", "b"], ["c", "primary"]]
    assert [[one["Name"] for one in page] for page in databases] == [
        ["coinlake", "db_a"],
        ["db_b", "db_c"],
    ]
    assert [[one["Name"] for one in page] for page in tables] == [
        ["quotes", "v_a"],
        ["v_b", "v_c"],
    ]
    assert queries == [[ids[2], ids[1]], [ids[0]]]


def test_tables_are_listed_by_a_pattern_of_their_names(world: World) -> None:
    world.rows("CREATE VIEW quotes_live AS SELECT 1 AS one")

    told = _call(
        world,
        "ListTableMetadata",
        CatalogName="AwsDataCatalog",
        DatabaseName="coinlake",
        Expression="quotes_.*",
    )

    assert [one["Name"] for one in told["TableMetadataList"]] == ["quotes_live"]
