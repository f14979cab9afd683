"""The policy matrix of a crawler."""

import json
from typing import Any

import pytest

from local_cloud.crawler import layout, table_input
from local_cloud.crawler.configuration import configuration
from local_cloud.crawler.policy import CrawlerPolicy, policy, table_verdict
from local_cloud.crawler.schema import SchemaColumn
from local_cloud.errors import AwsError

WHERE = layout.target("s3://b/t/")
MERGE = CrawlerPolicy(merge_new_columns=True)


def drafted(*names: str, run: str = "run-1") -> dict[str, Any]:
    columns = tuple(SchemaColumn(name, "int") for name in names)
    return table_input.table(
        "t", WHERE, columns, ("dt",), table_input.Stats(1, 10, 2), ("c", run)
    )


def names(table: dict[str, Any]) -> list[str]:
    return [column["Name"] for column in table["StorageDescriptor"]["Columns"]]


def test_a_missing_table_is_made_under_every_policy() -> None:
    for chosen in (CrawlerPolicy(), CrawlerPolicy(update="LOG"), MERGE):
        assert table_verdict(chosen, None, drafted("a"), "c").action == "create"


def test_log_leaves_a_table_but_registers_its_partitions() -> None:
    verdict = table_verdict(CrawlerPolicy(update="LOG"), drafted("a"), drafted("b"), "c")

    assert (verdict.action, verdict.register) == ("leave", True)


def test_update_takes_the_crawled_table_as_a_whole() -> None:
    existing = drafted("a", "b")
    existing["Parameters"]["mine"] = "1"

    verdict = table_verdict(CrawlerPolicy(), existing, drafted("c"), "c")

    assert verdict.action == "update"
    assert names(verdict.table) == ["c"]
    assert "mine" not in verdict.table["Parameters"]


def test_a_crawl_that_finds_the_same_leaves_the_table() -> None:
    verdict = table_verdict(CrawlerPolicy(), drafted("a"), drafted("a", run="run-2"), "c")

    assert verdict.action == "leave"


def test_merge_adds_columns_and_nothing_else() -> None:
    existing = drafted("a", "b")
    existing["Parameters"]["mine"] = "1"

    verdict = table_verdict(MERGE, existing, drafted("b", "c"), "c")

    assert verdict.action == "update"
    assert names(verdict.table) == ["a", "b", "c"]
    assert verdict.table["Parameters"]["mine"] == "1"


def test_merge_gives_up_on_a_table_whose_basics_changed() -> None:
    existing = drafted("a")
    del existing["Parameters"]["compressionType"]

    verdict = table_verdict(MERGE, existing, drafted("a"), "c")

    assert (verdict.action, verdict.register) == ("deprecate", False)
    assert "The existing value is 'null'" in str(verdict.reason)


def test_the_configuration_chooses_merge_and_inheritance() -> None:
    configuration = {
        "Version": 1.0,
        "CrawlerOutput": {
            "Tables": {"AddOrUpdateBehavior": "MergeNewColumns"},
            "Partitions": {"AddOrUpdateBehavior": "InheritFromTable"},
        },
    }

    found = policy({"Configuration": json.dumps(configuration)})

    assert found == CrawlerPolicy(merge_new_columns=True, inherit_from_table=True)


@pytest.mark.parametrize(
    "crawler",
    [
        {"RecrawlPolicy": {"RecrawlBehavior": "CRAWL_NEW_FOLDERS_ONLY"}},
        {"RecrawlPolicy": {"RecrawlBehavior": "CRAWL_EVENT_MODE"}},
        {"Configuration": "{"},
        {"Configuration": '{"Version": 1.0, "Grouping": {"TableLevelConfiguration": 2}}'},
    ],
)
def test_what_is_refused_is_refused_when_the_crawler_is_made(crawler: dict[str, Any]) -> None:
    with pytest.raises(AwsError) as caught:
        policy(crawler)

    assert caught.value.code == "InvalidInputException"


@pytest.mark.parametrize(
    "said",
    [
        '{"Version": 1.0, "CrawlerOutput": {"Tables": {"TableThreshold": 5}}}',
        '{"Version": 1.0, "Grouping": {"TableGroupingPolicy": "Other"}}',
        '{"Version": 1.0, "CreatePartitionIndex": "yes"}',
        '{"Version": 1.0, "Surprise": {"Inside": 1}}',
        '{"CreatePartitionIndex": true}',
        "[]",
    ],
)
def test_a_word_of_the_configuration_that_is_not_carried_out_is_refused(said: str) -> None:
    with pytest.raises(AwsError, match="Configuration"):
        configuration(said)


def test_the_configuration_asks_for_an_index_or_does_not() -> None:
    asked = configuration('{"Version": 1.0, "CreatePartitionIndex": true}')

    assert asked.partition_index
    assert not configuration('{"Version": 1.0, "CreatePartitionIndex": false}').partition_index
