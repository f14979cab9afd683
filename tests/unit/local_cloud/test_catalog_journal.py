"""The catalog outlives its process: what succeeded is on disk before it is answered."""

from pathlib import Path
from typing import Any

import pytest

from local_cloud.catalog.service import CatalogService
from local_cloud.errors import AwsError

TABLE = {"DatabaseName": "db", "TableInput": {"Name": "t", "Parameters": {"n": "1"}}}


def _catalog(folder: Path, at: float = 1000.0) -> CatalogService:
    return CatalogService(folder / "catalog.jsonl", lambda: at)


def _told(catalog: CatalogService) -> Any:
    call = catalog.operations
    return (
        call["GetDatabases"]({}),
        call["GetTables"]({"DatabaseName": "db"}),
        call["GetTableVersions"]({"DatabaseName": "db", "TableName": "t"}),
        call["GetTags"]({"ResourceArn": "arn:aws:glue:r:1:database/db"}),
    )


def test_writes_that_succeeded_are_replayed_in_order_and_others_are_not(tmp_path: Path) -> None:
    catalog = _catalog(tmp_path)
    call = catalog.operations
    call["CreateDatabase"]({"DatabaseInput": {"Name": "db"}, "Tags": {"a": "1", "b": "2"}})
    call["CreateTable"](TABLE)
    with pytest.raises(AwsError):
        call["CreateTable"](TABLE)
    call["GetTable"]({"DatabaseName": "db", "Name": "t"})
    call["UpdateTable"]({**TABLE, "VersionId": "0"})
    with pytest.raises(AwsError):
        call["UpdateTable"]({**TABLE, "VersionId": "0"})
    call["UntagResource"](
        {"ResourceArn": "arn:aws:glue:r:1:database/db", "TagsToRemove": ["a"]}
    )
    path = tmp_path / "catalog.jsonl"
    with path.open("a") as file:
        file.write('{"operation": "cut sho')

    # A later start, on another clock: times are those of the writes.
    again = _catalog(tmp_path, at=9999.0)
    count = again.replay()

    assert count == 4
    assert _told(again) == _told(catalog)
    assert _told(again)[3] == {"Tags": {"b": "2"}}
    assert path.read_text().endswith("}\n")


def test_a_version_is_compared_with_what_the_journal_brought_back(tmp_path: Path) -> None:
    call = _catalog(tmp_path).operations
    call["CreateDatabase"]({"DatabaseInput": {"Name": "db"}})
    call["CreateTable"](TABLE)
    call["UpdateTable"](TABLE)
    again = _catalog(tmp_path)
    again.replay()

    with pytest.raises(AwsError, match="ConcurrentModificationException"):
        again.operations["UpdateTable"]({**TABLE, "VersionId": "0"})
    again.operations["UpdateTable"]({**TABLE, "VersionId": "1"})


def test_a_journal_of_an_older_cloud_is_read(tmp_path: Path) -> None:
    (tmp_path / "catalog.jsonl").write_text(
        '{"operation": "CreateDatabase", "request": {"DatabaseInput": {"Name": "Old"}}}\n'
        '{"operation": "TagResource", "request": {"ResourceArn": "x", "TagsToAdd": {}}}\n'
    )
    catalog = _catalog(tmp_path)

    assert catalog.replay() == 2
    names = [one["Name"] for one in catalog.operations["GetDatabases"]({})["DatabaseList"]]
    assert names == ["old"]
