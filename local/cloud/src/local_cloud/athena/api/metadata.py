"""Athena's reading operations on the catalog: data catalogs, databases, tables."""

import re
from collections.abc import Callable
from typing import Any

from local_cloud.athena.sql.failures import QueryError
from local_cloud.athena.sql.names import CATALOG as CATALOG_NAME
from local_cloud.athena.sql.names import folded
from local_cloud.athena.storage.catalog import CatalogClient
from local_cloud.errors import AwsError
from local_cloud.pages import keyed_page

MAX_PAGE = 50

NAME = "AwsDataCatalog"
CATALOG = {"Name": NAME, "Type": "GLUE", "Description": "", "Parameters": {}}
Request = dict[str, Any]


def operations(catalog: CatalogClient) -> dict[str, Callable[[Request], Request]]:
    """The operations by name."""
    return {
        "GetDataCatalog": lambda request: {"DataCatalog": _catalog(request, "Name")},
        "ListDataCatalogs": _catalogs,
        "ListDatabases": lambda request: _databases(catalog, request),
        "GetTableMetadata": lambda request: _table(catalog, request),
        "ListTableMetadata": lambda request: _tables(catalog, request),
    }


def _catalog(request: Request, key: str = "CatalogName") -> Request:
    if folded(request[key]) != CATALOG_NAME:
        raise AwsError("InvalidRequestException", f"Catalog {request[key]} was not found")
    return CATALOG


def _catalogs(request: Request) -> Request:
    names, rest = _page([NAME], request)
    return {"DataCatalogsSummary": [{"CatalogName": n, "Type": "GLUE"} for n in names], **rest}


def _databases(catalog: CatalogClient, request: Request) -> Request:
    _catalog(request)
    found = {one["Name"]: one for one in catalog.databases()}
    names, rest = _page(sorted(found), request)
    return {
        "DatabaseList": [
            {"Name": name, "Description": found[name].get("Description", "")} for name in names
        ],
        **rest,
    }


def _table(catalog: CatalogClient, request: Request) -> Request:
    _catalog(request)
    try:
        raw = catalog.table(folded(request["DatabaseName"]), folded(request["TableName"])).raw
    except QueryError as error:
        raise AwsError("MetadataException", str(error)) from error
    return {"TableMetadata": _described(raw)}


def _tables(catalog: CatalogClient, request: Request) -> Request:
    _catalog(request)
    try:
        found = {one["Name"]: one for one in catalog.tables(folded(request["DatabaseName"]))}
    except QueryError as error:
        raise AwsError("MetadataException", str(error)) from error
    kept = sorted(name for name in found if _matches(request.get("Expression"), name))
    names, rest = _page(kept, request)
    return {"TableMetadataList": [_described(found[name]) for name in names], **rest}


def _page(names: list[str], request: Request) -> tuple[list[str], dict[str, str]]:
    return keyed_page(names, request, MAX_PAGE, "InvalidRequestException")


def _matches(expression: str | None, name: str) -> bool:
    """ "A regex filter that pattern-matches table names" (the API reference)."""
    if not expression:
        return True
    try:
        return re.fullmatch(expression, name, re.IGNORECASE) is not None
    except re.error as error:
        raise AwsError(
            "InvalidRequestException", f"Expression {expression!r}: {error}"
        ) from error


def _described(raw: dict[str, Any]) -> Request:
    storage = raw.get("StorageDescriptor", {})
    said: Request = {
        "Name": raw["Name"],
        "TableType": raw.get("TableType", ""),
        "Columns": [_column(one) for one in storage.get("Columns", [])],
        "PartitionKeys": [_column(one) for one in raw.get("PartitionKeys", [])],
        "Parameters": {**raw.get("Parameters", {}), "location": storage.get("Location", "")},
    }
    if raw.get("CreateTime") is not None:
        said["CreateTime"] = raw["CreateTime"].timestamp()
    return said


def _column(raw: dict[str, Any]) -> Request:
    return {"Name": raw["Name"], "Type": raw.get("Type", ""), "Comment": raw.get("Comment", "")}
