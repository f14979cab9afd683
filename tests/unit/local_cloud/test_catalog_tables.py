"""Tables of the catalog: versions, what is archived, pages, names, and writers that race."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from local_cloud.catalog import tables
from local_cloud.catalog.service import CatalogService
from local_cloud.errors import AwsError

WRITERS = 32


class Glue:
    """The catalog's operations as plain calls."""

    def __init__(self, folder: Path) -> None:
        self._catalog = CatalogService(folder / "catalog.jsonl", lambda: 1000.0)
        self("CreateDatabase", DatabaseInput={"Name": "db"})

    def __call__(self, operation: str, **request: Any) -> Any:
        return self._catalog.operations[operation](request)

    def table(self, name: str = "t", **more: Any) -> None:
        self("CreateTable", DatabaseName="db", TableInput={"Name": name, **more})

    def update(self, name: str = "t", **more: Any) -> None:
        entry = {"Name": name, "Parameters": more.pop("Parameters", {})}
        self("UpdateTable", DatabaseName="db", TableInput=entry, **more)

    def current(self, name: str = "t") -> Any:
        return self("GetTable", DatabaseName="db", Name=name)["Table"]

    def versions(self) -> list[str]:
        told = self("GetTableVersions", DatabaseName="db", TableName="t")
        return [one["VersionId"] for one in told["TableVersions"]]


@pytest.fixture
def glue(tmp_path: Path) -> Glue:
    return Glue(tmp_path)


def _append(glue: Glue, number: int, line: threading.Barrier) -> bool:
    """One writer's turn: read, change, write back if nobody else did; as Iceberg commits."""
    read = glue.current()
    line.wait()
    parameters = {**read["Parameters"], str(number): "here"}
    try:
        glue.update(Parameters=parameters, VersionId=read["VersionId"])
    except AwsError as error:
        return error.code != "ConcurrentModificationException"
    return True


def _race(glue: Glue) -> tuple[int, int]:
    """(writers told that they committed, writers whose change is there) of one round."""
    glue.table(Parameters={})
    line = threading.Barrier(WRITERS)
    with ThreadPoolExecutor(WRITERS) as pool:
        told = sum(pool.map(lambda number: _append(glue, number, line), range(WRITERS)))
    return told, len(glue.current()["Parameters"])


def test_of_32_writers_over_one_version_one_is_told_that_it_committed(glue: Glue) -> None:
    assert _race(glue) == (1, 1)


def test_without_the_comparison_all_are_told_so_and_one_is_there(
    glue: Glue, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The control of the test above: this is how moto behaves.
    monkeypatch.setattr(tables, "check_version", lambda table, expected: None)

    assert _race(glue) == (WRITERS, 1)


def test_an_update_without_a_version_is_not_compared(glue: Glue) -> None:
    glue.table()

    glue.update(Parameters={"a": "1"})
    glue.update(Parameters={"a": "2"})

    assert glue.current()["Parameters"] == {"a": "2"}
    assert glue.current()["VersionId"] == "2"


def test_old_versions_are_kept_and_listed_newest_first(glue: Glue) -> None:
    glue.table(Parameters={"n": "0"})
    glue.update(Parameters={"n": "1"})
    glue.update(Parameters={"n": "2"})

    old = glue("GetTableVersion", DatabaseName="db", TableName="t", VersionId="1")
    newest = glue("GetTableVersion", DatabaseName="db", TableName="t")

    assert glue.versions() == ["2", "1", "0"]
    assert old["TableVersion"]["Table"]["Parameters"] == {"n": "1"}
    assert newest["TableVersion"]["VersionId"] == "2"


def test_a_skipped_archive_keeps_no_old_version_and_counts_on(glue: Glue) -> None:
    glue.table()
    glue.update(SkipArchive=True)
    glue.update(SkipArchive=True)

    assert glue.versions() == ["2"]
    with pytest.raises(AwsError, match="EntityNotFoundException"):
        glue("GetTableVersion", DatabaseName="db", TableName="t", VersionId="1")


def test_versions_can_be_deleted_but_for_the_current_one(glue: Glue) -> None:
    glue.table()
    for _ in range(3):
        glue.update()

    glue("DeleteTableVersion", DatabaseName="db", TableName="t", VersionId="0")
    told = glue(
        "BatchDeleteTableVersion", DatabaseName="db", TableName="t", VersionIds=["1", "7", "3"]
    )

    assert glue.versions() == ["3", "2"]
    assert [(one["VersionId"], one["ErrorDetail"]["ErrorCode"]) for one in told["Errors"]] == [
        ("7", "EntityNotFoundException"),
        ("3", "InvalidInputException"),
    ]


def test_names_are_folded_and_found_in_any_case(glue: Glue) -> None:
    glue("CreateDatabase", DatabaseInput={"Name": "Lake"})
    glue("CreateTable", DatabaseName="LAKE", TableInput={"Name": "Quotes"})

    found = glue("GetTable", DatabaseName="lake", Name="QUOTES")["Table"]

    assert (found["DatabaseName"], found["Name"]) == ("lake", "quotes")
    with pytest.raises(AwsError, match="AlreadyExistsException"):
        glue("CreateTable", DatabaseName="lake", TableInput={"Name": "quotes"})


def test_tables_come_in_pages_that_lose_none_while_others_go(glue: Glue) -> None:
    for number in range(7):
        glue.table(f"t{number}")

    first = glue("GetTables", DatabaseName="db", MaxResults=3)
    glue("DeleteTable", DatabaseName="db", Name="t1")
    second = glue("GetTables", DatabaseName="db", MaxResults=3, NextToken=first["NextToken"])
    third = glue("GetTables", DatabaseName="db", MaxResults=3, NextToken=second["NextToken"])

    pages = [[one["Name"] for one in told["TableList"]] for told in (first, second, third)]
    assert pages == [["t0", "t1", "t2"], ["t3", "t4", "t5"], ["t6"]]
    assert "NextToken" not in third


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("quotes", ["quotes"]),
        ("quotes*", ["quotes", "quotes_live"]),
        ("*live", ["quotes_live"]),
        ("q.*", ["quotes", "quotes_live"]),
        ("rates|quotes", ["quotes", "rates"]),
        ("QUOTES", ["quotes"]),
        ("quot", []),
    ],
)
def test_an_expression_picks_tables_by_their_whole_name(
    glue: Glue, pattern: str, names: list[str]
) -> None:
    for name in ("quotes", "quotes_live", "rates"):
        glue.table(name)

    told = glue("GetTables", DatabaseName="db", Expression=pattern)["TableList"]

    assert [one["Name"] for one in told] == names


def test_only_the_attributes_that_were_asked_for_are_told(glue: Glue) -> None:
    glue.table(TableType="EXTERNAL_TABLE", Parameters={"a": "1"})

    asked = {"DatabaseName": "db", "AttributesToGet": ["NAME", "TABLE_TYPE"]}
    told = glue("GetTables", **asked)["TableList"]

    assert told == [{"Name": "t", "TableType": "EXTERNAL_TABLE"}]
    databases = glue("GetDatabases", AttributesToGet=["NAME"])["DatabaseList"]
    assert databases == [{"Name": "db"}]
    assert glue("GetDatabases", ResourceShareType="FOREIGN")["DatabaseList"] == []


def test_another_accounts_catalog_is_not_found(glue: Glue) -> None:
    with pytest.raises(AwsError, match="CatalogId"):
        glue("GetDatabase", Name="db", CatalogId="999999999999")
    assert glue("GetDatabase", Name="db", CatalogId="123456789012")["Database"]["Name"] == "db"


def test_an_index_is_kept_listed_and_checked(glue: Glue) -> None:
    keys = [{"Name": "dt", "Type": "string"}, {"Name": "hour", "Type": "int"}]
    glue.table(PartitionKeys=keys)
    where = {"DatabaseName": "db", "TableName": "t"}

    glue("CreatePartitionIndex", **where, PartitionIndex={"IndexName": "i", "Keys": ["dt"]})

    listed = glue("GetPartitionIndexes", **where)["PartitionIndexDescriptorList"]
    assert listed == [
        {"IndexName": "i", "Keys": [{"Name": "dt", "Type": "string"}], "IndexStatus": "ACTIVE"}
    ]
    with pytest.raises(AwsError, match="are not partition keys"):
        glue("CreatePartitionIndex", **where, PartitionIndex={"IndexName": "j", "Keys": ["x"]})
    glue("DeletePartitionIndex", **where, IndexName="i")
    assert glue("GetPartitionIndexes", **where)["PartitionIndexDescriptorList"] == []
