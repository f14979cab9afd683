"""Operations on tables and their versions. UpdateTable compares and sets in one step."""

import re
from typing import Any

from local_cloud.catalog import indexes
from local_cloud.catalog.entities import Answer, TableEntity, Version, only
from local_cloud.catalog.state import State, error_detail, exists, folded, invalid, missing
from local_cloud.errors import AwsError
from local_cloud.pages import keyed_page

# AttributesToGet's values and the members that they mean; DEFAULT is the whole table.
_ATTRIBUTES = {"NAME": "Name", "TABLE_TYPE": "TableType"}


def create(state: State, request: Answer, at: float) -> Answer:
    database, given = state.database(request), _input(request)
    name = folded(given["Name"])
    if name in database.tables:
        raise exists("Table already exists.")
    table = TableEntity(database.name, name, at, Version(given, 0, at))
    for one in request.get("PartitionIndexes") or ():
        indexes.add(table, one)
    database.tables[name] = table
    return {}


def get(state: State, request: Answer) -> Answer:
    told = state.table(request, "Name").to_api()
    return {"Table": _attributes(told, request)}


def get_all(state: State, request: Answer) -> Answer:
    tables = state.database(request).tables
    names = sorted(tables)
    if request.get("ResourceShareType") == "FEDERATED":
        names = []
    if pattern := request.get("Expression"):
        matching = _pattern(pattern)
        names = [name for name in names if matching.fullmatch(name)]
    some, rest = keyed_page(names, request, 100)
    told = [_attributes(tables[name].to_api(), request) for name in some]
    return {"TableList": told, **rest}


def update(state: State, request: Answer, at: float) -> Answer:
    """What Iceberg's writers rely on: of two that read one version, one is refused.

    (Glue API, UpdateTable: VersionId, ConcurrentModificationException; Iceberg's
    GlueTableOperations.)
    """
    given = _input(request)
    table = state.table({**request, "TableName": given["Name"]})
    check_version(table, request.get("VersionId"))
    if not request.get("SkipArchive"):
        table.archive[table.current.number] = table.current
    table.current = Version(given, table.current.number + 1, at)
    indexes.forget_lost_keys(table)
    return {}


def check_version(table: TableEntity, expected: str | None) -> None:
    """Refuse an update of a version that is not in force any more."""
    if expected is not None and expected != table.current.id:
        raise AwsError(
            "ConcurrentModificationException",
            f"Update table failed due to concurrent modifications: VersionId {expected} of "
            f"{table.name} is not the current one.",
        )


def delete(state: State, request: Answer, at: float) -> Answer:
    table = state.table(request, "Name")
    del state.databases[table.database].tables[table.name]
    return {}


def batch_delete(state: State, request: Answer, at: float) -> Answer:
    errors = []
    for name in request["TablesToDelete"]:
        try:
            delete(state, {**request, "Name": name}, at)
        except AwsError as error:
            errors.append({"TableName": name, "ErrorDetail": error_detail(error)})
    return {"Errors": errors}


def get_version(state: State, request: Answer) -> Answer:
    table = state.table(request)
    return {"TableVersion": _told(table, _version(table, request.get("VersionId")))}


def get_versions(state: State, request: Answer) -> Answer:
    table = state.table(request)
    versions = {-one.number: one for one in table.versions()}
    # Newest first: the keys are the negative numbers.
    some, rest = keyed_page(sorted(versions), request, 100)
    return {"TableVersions": [_told(table, versions[key]) for key in some], **rest}


def delete_version(state: State, request: Answer, at: float) -> Answer:
    table = state.table(request)
    version = _version(table, request["VersionId"])
    if version is table.current:
        raise invalid(f"VersionId {version.id} is the current version of {table.name}.")
    del table.archive[version.number]
    return {}


def batch_delete_versions(state: State, request: Answer, at: float) -> Answer:
    errors = []
    for id_ in request["VersionIds"]:
        try:
            delete_version(state, {**request, "VersionId": id_}, at)
        except AwsError as error:
            told = {"TableName": request["TableName"], "VersionId": id_}
            errors.append({**told, "ErrorDetail": error_detail(error)})
    return {"Errors": errors}


def _input(request: Answer) -> Answer:
    given = request.get("TableInput")
    if given is None:
        raise invalid("TableInput is missing")
    return dict(given)


def _attributes(told: Answer, request: Answer) -> Answer:
    wanted = request.get("AttributesToGet") or ("DEFAULT",)
    if "DEFAULT" in wanted:
        return told
    return only(told, (_ATTRIBUTES[name] for name in wanted))


def _pattern(text: str) -> re.Pattern[str]:
    """Hive's `*` for any characters (SDKs send `prefix*`), else a regular expression.

    (Glue API, GetTables: Expression.)
    """
    try:
        return re.compile(re.sub(r"(?<![.\])])\*", ".*", text.lower()))
    except re.error as error:
        raise invalid(f"Expression {text!r} is no pattern: {error}") from error


def _version(table: TableEntity, id_: str | None) -> Version:
    if id_ is None:
        return table.current
    if not id_.isdigit():
        raise invalid(f"VersionId {id_!r} is no number")
    number = int(id_)
    if number == table.current.number:
        return table.current
    found = table.archive.get(number)
    if found is None:
        raise missing(f"Version {id_} of table {table.name} not found.")
    return found


def _told(table: TableEntity, version: Version) -> Answer:
    return {"Table": table.to_api(version), "VersionId": version.id}


READS: dict[str, Any] = {
    "GetTable": get,
    "GetTables": get_all,
    "GetTableVersion": get_version,
    "GetTableVersions": get_versions,
}
WRITES: dict[str, Any] = {
    "CreateTable": create,
    "UpdateTable": update,
    "DeleteTable": delete,
    "BatchDeleteTable": batch_delete,
    "DeleteTableVersion": delete_version,
    "BatchDeleteTableVersion": batch_delete_versions,
}
