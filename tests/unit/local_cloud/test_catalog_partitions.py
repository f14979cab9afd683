"""Partitions of the catalog: filters, segments, pages, batches."""

from pathlib import Path
from typing import Any

import pytest

from local_cloud.catalog.expression import parsed
from local_cloud.catalog.service import CatalogService
from local_cloud.errors import AwsError

KEYS = [("dt", "string"), ("hour", "int"), ("day", "date"), ("at", "timestamp"),
        ("share", "decimal(4,2)")]  # fmt: skip
VALUES = ("2026-11-22", "5", "2026-11-22", "2026-11-22 10:00:00", "0.10")
WHERE = {"DatabaseName": "db", "TableName": "t"}


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("", True),
        ("dt = '2026-11-22'", True),
        ("dt <> '2026-11-22'", False),
        ("'2026-11-22' = dt", True),
        ("'2026-11-23' > dt", True),
        ("hour = 5 AND dt = '2026-11-22'", True),
        ("hour = '05'", True),
        ("hour < 10", True),
        ("hour >= 6 OR dt LIKE '2026-11-%'", True),
        ("dt LIKE '____-11-__'", True),
        ("dt LIKE '2026'", False),
        ("dt NOT LIKE '2026%'", False),
        ("NOT dt LIKE '2026%'", False),
        ("NOT (hour = 5 OR hour = 6)", False),
        ("hour IN (4, 5)", True),
        ("hour NOT IN (4, 5)", False),
        ("hour BETWEEN 6 AND 4", False),
        ("hour BETWEEN 5 AND 5 AND dt > '2026'", True),
        ("hour NOT BETWEEN 1 AND 9", False),
        ("day > date '2026-11-21'", True),
        ("day = '2026-11-22'", True),
        ("at < '2026-11-22 10:00:00.000000001'", True),
        ("share = 0.1", True),
        ("dt IS NULL", False),
        ("dt IS NOT NULL", True),
        ("((dt = '2026-11-22')) AND (((hour)) = (5))", True),
        ("`DT` = '2026-11-22' and \"hour\" = 5", True),
        ("dt = 'it''s' OR hour = 5", True),
        ("hour = 5 OR hour = 6 AND dt = 'no'", True),
    ],
)
def test_a_filter_keeps_what_its_condition_says(text: str, kept: bool) -> None:
    assert parsed(text, KEYS)(VALUES) is kept


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("hour = 5", False),
        ("NOT hour = 5", False),
        ("hour = 5 OR dt = '2026-11-22'", True),
        ("hour IS NULL", True),
        ("hour NOT IN (1)", False),
        ("NOT (hour = 5 AND dt = 'no')", True),
    ],
)
def test_a_null_among_the_values_is_neither_equal_nor_different(text: str, kept: bool) -> None:
    values = ("2026-11-22", "__HIVE_DEFAULT_PARTITION__", *VALUES[2:])

    assert parsed(text, KEYS)(values) is kept


@pytest.mark.parametrize(
    "text",
    [
        "dt",
        "dt =",
        "dt = '2026' AND",
        "other = 1",
        "dt == '2026'",
        "hour = 'x'",
        "day = '2026-13-01'",
        "hour LIKE '5'",
        "dt LIKE 'a\\_b'",
        "dt = hour",
        "1 = 1",
        "dt = '2026' hour = 5",
        "dt IN ()",
        "length(dt) = 10",
        "hour + 1 = 6",
        'dt = "2026-11-22"',
        "(dt = '2026'",
        "(" * 1000 + "hour = 5" + ")" * 1000,
    ],
)
def test_a_filter_that_is_not_understood_is_refused_as_a_whole(text: str) -> None:
    with pytest.raises(AwsError, match="InvalidInputException"):
        parsed(text, KEYS)


@pytest.fixture
def glue(tmp_path: Path) -> Any:
    catalog = CatalogService(tmp_path / "catalog.jsonl", lambda: 1000.0)

    def call(operation: str, **request: Any) -> Any:
        return catalog.operations[operation](request)

    call("CreateDatabase", DatabaseInput={"Name": "db"})
    keys = [{"Name": "dt", "Type": "string"}, {"Name": "hour", "Type": "string"}]
    call("CreateTable", DatabaseName="db", TableInput={"Name": "t", "PartitionKeys": keys})
    return call


def _add(glue: Any, *hours: int) -> Any:
    entries = [
        {
            "Values": ["d", f"{hour:02}"],
            "StorageDescriptor": {"Columns": [{"Name": "a"}], "Location": f"s3://b/{hour}/"},
        }
        for hour in hours
    ]
    return glue("BatchCreatePartition", **WHERE, PartitionInputList=entries)


def _hours(told: Any) -> list[str]:
    return [one["Values"][1] for one in told["Partitions"]]


def test_a_batch_does_what_it_can_and_lists_what_it_could_not(glue: Any) -> None:
    _add(glue, 1, 2)

    told = _add(glue, 2, 3)
    gone = glue(
        "BatchDeletePartition",
        **WHERE,
        PartitionsToDelete=[{"Values": ["d", "01"]}, {"Values": ["d", "09"]}],
    )

    assert [one["PartitionValues"] for one in told["Errors"]] == [["d", "02"]]
    assert told["Errors"][0]["ErrorDetail"]["ErrorCode"] == "AlreadyExistsException"
    assert [one["PartitionValues"] for one in gone["Errors"]] == [["d", "09"]]
    assert _hours(glue("GetPartitions", **WHERE)) == ["02", "03"]


def test_partitions_come_in_pages(glue: Any) -> None:
    _add(glue, *range(5))

    first = glue("GetPartitions", **WHERE, MaxResults=2, Expression="hour > '00'")
    rest = glue(
        "GetPartitions", **WHERE, Expression="hour > '00'", NextToken=first["NextToken"]
    )

    assert (_hours(first), _hours(rest)) == (["01", "02"], ["03", "04"])


def test_each_partition_is_in_one_segment(glue: Any) -> None:
    _add(glue, *range(20))

    segments = [
        _hours(glue("GetPartitions", **WHERE, Segment={"SegmentNumber": n, "TotalSegments": 3}))
        for n in range(3)
    ]

    assert all(segments)
    assert sorted(hour for segment in segments for hour in segment) == [
        f"{hour:02}" for hour in range(20)
    ]
    with pytest.raises(AwsError, match="Segment"):
        glue("GetPartitions", **WHERE, Segment={"SegmentNumber": 3, "TotalSegments": 3})


def test_columns_can_be_left_out(glue: Any) -> None:
    _add(glue, 1)

    (one,) = glue("GetPartitions", **WHERE, ExcludeColumnSchema=True)["Partitions"]

    assert one["StorageDescriptor"] == {"Location": "s3://b/1/"}


def test_an_update_may_give_a_partition_other_values_but_not_anothers(glue: Any) -> None:
    _add(glue, 1, 2)

    def move(old: str, new: str) -> None:
        glue(
            "UpdatePartition",
            **WHERE,
            PartitionValueList=["d", old],
            PartitionInput={"Values": ["d", new]},
        )

    move("01", "07")
    with pytest.raises(AwsError, match="AlreadyExistsException"):
        move("02", "07")
    with pytest.raises(AwsError, match="EntityNotFoundException"):
        move("01", "08")

    assert _hours(glue("GetPartitions", **WHERE)) == ["02", "07"]


def test_values_that_do_not_fit_the_keys_are_refused(glue: Any) -> None:
    with pytest.raises(AwsError, match="number of partition"):
        glue("CreatePartition", **WHERE, PartitionInput={"Values": ["d"]})
