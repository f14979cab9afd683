"""Athena's reading operations on the catalog: data catalogs, databases, tables."""

from collections.abc import Callable
from typing import Any

from local_cloud.athena.catalog import Catalog
from local_cloud.athena.failures import QueryError
from local_cloud.errors import AwsError

CATALOG = {"Name": "AwsDataCatalog", "Type": "GLUE", "Description": "", "Parameters": {}}
Request = dict[str, Any]


def operations(catalog: Catalog) -> dict[str, Callable[[Request], Request]]:
    """The operations by name."""
    return {
        "GetDataCatalog": lambda request: {"DataCatalog": _catalog(request, "Name")},
        "ListDataCatalogs": lambda _: {
            "DataCatalogsSummary": [{"CatalogName": CATALOG["Name"], "Type": "GLUE"}]
        },
        "ListDatabases": lambda request: _databases(catalog, request),
        "GetTableMetadata": lambda request: _table(catalog, request),
        "ListTableMetadata": lambda request: _tables(catalog, request),
    }


def _catalog(request: Request, key: str = "CatalogName") -> Request:
    if str(request.get(key, "")).lower() != "awsdatacatalog":
        raise AwsError("InvalidRequestException", f"Catalog {request.get(key)} was not found")
    return CATALOG


def _databases(catalog: Catalog, request: Request) -> Request:
    _catalog(request)
    found = catalog.databases()
    return {
        "DatabaseList": [
            {"Name": one["Name"], "Description": one.get("Description", "")} for one in found
        ]
    }


def _table(catalog: Catalog, request: Request) -> Request:
    _catalog(request)
    try:
        raw = catalog.table(request["DatabaseName"], request["TableName"]).raw
    except QueryError as error:
        raise AwsError("MetadataException", str(error)) from error
    return {"TableMetadata": _described(raw)}


def _tables(catalog: Catalog, request: Request) -> Request:
    _catalog(request)
    try:
        found = catalog.tables(request["DatabaseName"])
    except QueryError as error:
        raise AwsError("MetadataException", str(error)) from error
    return {"TableMetadataList": [_described(raw) for raw in found]}


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
