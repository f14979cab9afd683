"""The requests that create coinlake in AWS."""

import json
from pathlib import Path

import pytest

from coinlake.contracts.datasets import TABLES, TABULAR
from coinlake.contracts.ledger import Counts, LedgerEntry, Output, RawInput
from coinlake_tools import resources
from coinlake_tools.bundle import Bundle
from coinlake_tools.hive_types import columns, hive_type
from coinlake_tools.resources import PYTHON_MODULES, Lake

ROOT = Path(__file__).parents[3]
LAKE = Lake("the-bucket", "coinlake", "arn:aws:iam::1:role/glue")
BUNDLE = Bundle(b"script", b"zip")


def test_the_modules_that_glue_installs_are_those_that_are_locked() -> None:
    locked = (ROOT / "requirements" / "job.txt").read_text()

    assert all(f"{one} \\" in locked.splitlines() for one in PYTHON_MODULES.split(","))


def test_the_crawler_has_one_target_per_table_and_one_per_quarantine() -> None:
    targets = resources.crawler(LAKE)["Targets"]["S3Targets"]

    paths = {target["Path"] for target in targets}

    assert len(paths) == len(targets) == 2 * len(TABLES)
    assert "s3://the-bucket/curated/quotes/" in paths
    assert "s3://the-bucket/curated/quotes_quarantine/" in paths


def test_the_crawler_only_adds_and_never_erases() -> None:
    crawler = resources.crawler(LAKE)

    output = json.loads(crawler["Configuration"])["CrawlerOutput"]

    assert output["Tables"]["AddOrUpdateBehavior"] == "MergeNewColumns"
    assert output["Partitions"]["AddOrUpdateBehavior"] == "InheritFromTable"
    assert crawler["SchemaChangePolicy"]["DeleteBehavior"] == "LOG"


def test_glue_never_retries_by_itself_and_runs_one_batch_at_a_time() -> None:
    job = resources.job(LAKE, BUNDLE)

    assert job["MaxRetries"] == 0
    assert job["ExecutionProperty"] == {"MaxConcurrentRuns": 1}
    assert job["GlueVersion"] == "5.1"


def test_creating_and_updating_the_job_say_the_same_but_for_the_name() -> None:
    creation = resources.job_creation(LAKE, BUNDLE)

    assert creation.pop("Name") == "coinlake-rebuild"
    assert creation == resources.job(LAKE, BUNDLE)


def test_the_job_points_at_the_objects_of_its_bundle() -> None:
    job = resources.job(LAKE, BUNDLE)

    assert job["Command"]["ScriptLocation"] == f"s3://the-bucket/{BUNDLE.script_key}"
    assert (
        job["DefaultArguments"]["--extra-py-files"] == f"s3://the-bucket/{BUNDLE.archive_key}"
    )


def test_every_field_of_a_ledger_line_is_a_column_and_the_feed_is_the_partition() -> None:
    table = resources.ledger_table(LAKE)

    names = {column["Name"] for column in table["StorageDescriptor"]["Columns"]}

    assert names | {"feed"} == set(columns(LedgerEntry))
    assert [key["Name"] for key in table["PartitionKeys"]] == ["feed"]


def test_the_ledger_is_projected_below_the_folders_that_the_contract_writes() -> None:
    parameters = resources.ledger_table(LAKE)["Parameters"]

    assert parameters["projection.feed.values"] == ",".join(TABULAR)
    assert parameters["storage.location.template"] == "s3://the-bucket/ledger/feed=${feed}/"


@pytest.mark.parametrize(
    ("hint", "hive"),
    [
        (str, "string"),
        (int | None, "bigint"),
        (bool, "boolean"),
        (tuple[RawInput, ...], "array<struct<key:string,etag:string>>"),
        (Output, "struct<table:string,key:string,etag:string,size:bigint,rows:bigint>"),
    ],
)
def test_a_contracts_type_has_its_hive_type(hint: object, hive: str) -> None:
    assert hive_type(hint) == hive


def test_a_type_without_a_hive_type_is_refused() -> None:
    with pytest.raises(TypeError, match="no Hive type"):
        hive_type(dict[str, int])


def test_counts_are_a_struct_of_numbers() -> None:
    assert set(columns(Counts).values()) == {"bigint"}
