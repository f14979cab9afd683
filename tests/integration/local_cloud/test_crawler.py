"""The crawler over real Parquet objects and a real catalog, through the Glue API."""

import io
import json
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from .conftest import Cloud, until

ADDITIVE = json.dumps(
    {
        "Version": 1.0,
        "CrawlerOutput": {
            "Partitions": {"AddOrUpdateBehavior": "InheritFromTable"},
            "Tables": {"AddOrUpdateBehavior": "MergeNewColumns"},
        },
    }
)


def _put(cloud: Cloud, key: str, columns: dict[str, Any]) -> None:
    body = io.BytesIO()
    pq.write_table(pa.table(columns), body)
    cloud.s3.put_object(Bucket="coinlake", Key=key, Body=body.getvalue())


def _crawler(cloud: Cloud, name: str, **more: Any) -> str:
    """A crawler `name` over `crawled/<name>/` into a database of that name."""
    cloud.glue.create_database(DatabaseInput={"Name": name})
    cloud.glue.create_crawler(
        Name=name,
        Role="arn:aws:iam::123456789012:role/glue",
        DatabaseName=name,
        Targets={"S3Targets": [{"Path": f"s3://coinlake/crawled/{name}/"}]},
        **more,
    )
    return name


def _table(cloud: Cloud, name: str) -> dict[str, Any]:
    table: dict[str, Any] = cloud.glue.get_table(DatabaseName=name, Name=name)["Table"]
    return table


def _columns(cloud: Cloud, name: str) -> dict[str, str]:
    columns = _table(cloud, name)["StorageDescriptor"]["Columns"]
    return {column["Name"]: column["Type"] for column in columns}


def _partitions(cloud: Cloud, name: str) -> dict[tuple[str, ...], dict[str, Any]]:
    found = cloud.glue.get_partitions(DatabaseName=name, TableName=name)["Partitions"]
    return {tuple(one["Values"]): one for one in found}


def test_a_crawl_makes_the_table_that_a_real_crawler_makes(cloud: Cloud) -> None:
    name = _crawler(cloud, "made")
    price = pa.array([None], pa.decimal128(38, 18))
    _put(
        cloud,
        "crawled/made/dt=2026-01-01/hour=05/part-0.parquet",
        {"Id": ["a"], "price": price},
    )
    _put(cloud, "crawled/made/dt=2026-01-01/hour=05/_temporary/x.parquet", {"other": [1]})

    last = cloud.crawl(name)

    table = _table(cloud, name)
    parameters = table["Parameters"]
    partition = _partitions(cloud, name)[("2026-01-01", "05")]
    assert last["Status"] == "SUCCEEDED"
    assert _columns(cloud, name) == {"id": "string", "price": "decimal(38,18)"}
    assert table["PartitionKeys"] == [
        {"Name": "dt", "Type": "string"},
        {"Name": "hour", "Type": "string"},
    ]
    assert table["StorageDescriptor"]["Location"] == "s3://coinlake/crawled/made/"
    assert table["StorageDescriptor"]["Parameters"] == parameters
    assert parameters["UPDATED_BY_CRAWLER"] == name
    assert (parameters["classification"], parameters["compressionType"]) == ("parquet", "none")
    assert (parameters["objectCount"], parameters["recordCount"]) == ("1", "1")
    assert partition["StorageDescriptor"]["Location"] == (
        "s3://coinlake/crawled/made/dt=2026-01-01/hour=05/"
    )
    crawl = cloud.glue.list_crawls(CrawlerName=name)["Crawls"][0]
    assert crawl["State"] == "COMPLETED"
    assert json.loads(crawl["Summary"])["TABLE"]["ADD"]["Count"] == 1


def test_an_additive_crawl_adds_columns_and_keeps_what_others_wrote(cloud: Cloud) -> None:
    name = _crawler(cloud, "additive", Configuration=ADDITIVE)
    _put(cloud, "crawled/additive/dt=1/p.parquet", {"a": [1], "b": ["x"]})
    cloud.crawl(name)
    table = _table(cloud, name)
    wanted = ("Name", "StorageDescriptor", "PartitionKeys", "TableType", "Parameters")
    mine = {key: table[key] for key in wanted}
    mine["Parameters"] = {**table["Parameters"], "contract": "3"}
    cloud.glue.update_table(DatabaseName=name, TableInput=mine)
    _put(cloud, "crawled/additive/dt=2/p.parquet", {"a": [1], "c": [1.5]})

    cloud.crawl(name)

    columns = {"a": "bigint", "b": "string", "c": "double"}
    partitions = _partitions(cloud, name)
    inherited = partitions[("2",)]["StorageDescriptor"]["Columns"]
    assert _columns(cloud, name) == columns
    assert _table(cloud, name)["Parameters"]["contract"] == "3"
    assert {one["Name"]: one["Type"] for one in inherited} == columns


def test_the_default_policy_erases_what_it_does_not_know(cloud: Cloud) -> None:
    name = _crawler(cloud, "erasing")
    _put(cloud, "crawled/erasing/dt=1/p.parquet", {"a": [1]})
    cloud.crawl(name)
    mine = {
        key: _table(cloud, name)[key] for key in ("Name", "StorageDescriptor", "PartitionKeys")
    }
    cloud.glue.update_table(
        DatabaseName=name, TableInput={**mine, "Parameters": {"contract": "3"}}
    )
    _put(cloud, "crawled/erasing/dt=1/p.parquet", {"b": [1.5]})

    cloud.crawl(name)

    assert _columns(cloud, name) == {"b": "double"}
    assert "contract" not in _table(cloud, name)["Parameters"]


def test_a_changed_basic_parameter_deprecates_and_registers_nothing(cloud: Cloud) -> None:
    name = _crawler(cloud, "basics", Configuration=ADDITIVE)
    _put(cloud, "crawled/basics/dt=1/p.parquet", {"a": [1]})
    cloud.glue.create_table(
        DatabaseName=name,
        TableInput={
            "Name": name,
            "StorageDescriptor": {"Columns": [{"Name": "a", "Type": "bigint"}]},
            "PartitionKeys": [{"Name": "dt", "Type": "string"}],
            "Parameters": {"classification": "parquet", "typeOfData": "file"},
        },
    )

    last = cloud.crawl(name)

    assert "parameter 'compressionType' has changed" in last["ErrorMessage"]
    assert "DEPRECATED_BY_CRAWLER" in _table(cloud, name)["Parameters"]
    assert _partitions(cloud, name) == {}


@pytest.mark.parametrize(
    ("behaviour", "left", "marked"),
    [
        ("LOG", {("1",), ("2",)}, False),
        ("DEPRECATE_IN_DATABASE", {("1",), ("2",)}, True),
        ("DELETE_FROM_DATABASE", {("1",)}, False),
    ],
)
def test_partitions_without_objects_fare_as_the_policy_says(
    cloud: Cloud, behaviour: str, left: set[tuple[str, ...]], marked: bool
) -> None:
    name = _crawler(
        cloud,
        f"gone_{behaviour.lower()}",
        SchemaChangePolicy={"UpdateBehavior": "LOG", "DeleteBehavior": behaviour},
    )
    for day in ("1", "2"):
        _put(cloud, f"crawled/{name}/dt={day}/p.parquet", {"a": [1]})
    cloud.crawl(name)
    cloud.s3.delete_object(Bucket="coinlake", Key=f"crawled/{name}/dt=2/p.parquet")

    cloud.crawl(name)

    partitions = _partitions(cloud, name)
    assert set(partitions) == left
    assert marked is any(
        "DEPRECATED_BY_CRAWLER" in one["Parameters"] for one in partitions.values()
    )


def test_new_folders_only_demands_log_and_then_reads_only_new_folders(cloud: Cloud) -> None:
    recrawl = {"RecrawlBehavior": "CRAWL_NEW_FOLDERS_ONLY"}
    with pytest.raises(cloud.glue.exceptions.InvalidInputException) as caught:
        cloud.glue.create_crawler(
            Name="refused",
            Role="r",
            DatabaseName="refused",
            Targets={"S3Targets": [{"Path": "s3://coinlake/crawled/refused/"}]},
            RecrawlPolicy=recrawl,
        )
    name = _crawler(
        cloud,
        "newfolders",
        RecrawlPolicy=recrawl,
        SchemaChangePolicy={"UpdateBehavior": "LOG", "DeleteBehavior": "LOG"},
    )
    _put(cloud, "crawled/newfolders/dt=1/p.parquet", {"a": [1]})
    cloud.crawl(name)
    cloud.s3.put_object(Bucket="coinlake", Key="crawled/newfolders/dt=1/p.parquet", Body=b"no")
    _put(cloud, "crawled/newfolders/dt=2/p.parquet", {"a": [1]})

    last = cloud.crawl(name)

    message = caught.value.response["Error"]["Message"]
    assert "can have only LOG DeleteBehavior value and LOG UpdateBehavior value" in message
    assert last["Status"] == "SUCCEEDED", last
    assert set(_partitions(cloud, name)) == {("1",), ("2",)}


def test_an_object_that_is_no_parquet_fails_the_crawl_and_says_which(cloud: Cloud) -> None:
    name = _crawler(cloud, "broken")
    cloud.s3.put_object(Bucket="coinlake", Key="crawled/broken/dt=1/p.parquet", Body=b"not it")

    last = cloud.crawl(name)

    assert last["Status"] == "FAILED"
    assert "crawled/broken/dt=1/p.parquet" in last["ErrorMessage"]


def test_a_running_crawler_is_not_started_again_and_can_be_stopped(cloud: Cloud) -> None:
    name = _crawler(cloud, "running")
    for day in range(20):
        _put(cloud, f"crawled/running/dt={day}/p.parquet", {"a": [1]})
    slow = {
        "operation": "s3:GetObject",
        "key_prefix": "coinlake/crawled/running/",
        "delay_ms": 500,
    }
    cloud.admin("/faults", "PUT", {"rules": [slow]})
    try:
        cloud.glue.start_crawler(Name=name)
        with pytest.raises(cloud.glue.exceptions.CrawlerRunningException):
            cloud.glue.start_crawler(Name=name)
        with pytest.raises(cloud.glue.exceptions.CrawlerRunningException):
            cloud.glue.update_crawler(Name=name, Description="x")
        cloud.glue.stop_crawler(Name=name)
        until(lambda: cloud.glue.get_crawler(Name=name)["Crawler"]["State"] == "READY")
    finally:
        cloud.admin("/faults", "DELETE")

    crawler = cloud.glue.get_crawler(Name=name)["Crawler"]
    assert crawler["LastCrawl"]["Status"] == "CANCELLED"
    assert cloud.glue.list_crawls(CrawlerName=name)["Crawls"][0]["State"] == "STOPPED"
    with pytest.raises(cloud.glue.exceptions.CrawlerNotRunningException):
        cloud.glue.stop_crawler(Name=name)


def test_a_crawl_makes_the_partition_index_that_it_was_asked_for(cloud: Cloud) -> None:
    name = _crawler(
        cloud,
        "indexed",
        Configuration=json.dumps({"Version": 1.0, "CreatePartitionIndex": True}),
    )
    _put(cloud, "crawled/indexed/dt=1/hour=2/p.parquet", {"a": [1]})

    assert cloud.crawl(name)["Status"] == "SUCCEEDED"

    (index,) = cloud.glue.get_partition_indexes(DatabaseName=name, TableName=name)[
        "PartitionIndexDescriptorList"
    ]
    assert [key["Name"] for key in index["Keys"]] == ["dt", "hour"]
    assert index["IndexStatus"] == "ACTIVE"


def test_a_crawlers_tags_are_found_by_its_arn(cloud: Cloud) -> None:
    name = _crawler(cloud, "tagged", Tags={"team": "a"})
    arn = f"arn:aws:glue:us-east-1:123456789012:crawler/{name}"

    cloud.glue.tag_resource(ResourceArn=arn, TagsToAdd={"cost": "b"})

    assert cloud.glue.get_tags(ResourceArn=arn)["Tags"] == {"team": "a", "cost": "b"}
    assert name in cloud.glue.list_crawlers(Tags={"cost": "b"})["CrawlerNames"]
