"""The contract's tables as the Glue Data Catalog has them. Pure: schemas in, requests out.

Tables are made from the contract, so that they are there with their meaning before the first hour; the
crawler looks after them, and what it adds stays. A table that a crawler is to go on with must have the
parameters that it would write (aws-solutions-library-samples/cloud-intelligence-dashboards-data-collection
#463: "Cannot merge new columns … parameter 'compressionType' has changed").
"""

from collections.abc import Mapping
from typing import Any

from coinlake.contracts.cloud import CRAWLER, CURATED_PREFIX
from coinlake.contracts.datasets import TABULAR, table_named
from coinlake.contracts.meanings import described, table_meaning
from coinlake.contracts.tables import PARTITION_KEYS, TableSchema

_PARQUET = "org.apache.hadoop.hive.ql.io.parquet"
_PARAMETERS = {
    "EXTERNAL": "TRUE",
    "classification": "parquet",
    "compressionType": "none",
    "typeOfData": "file",
    "CrawlerSchemaSerializerVersion": "1.0",
    "CrawlerSchemaDeserializerVersion": "1.0",
    "UPDATED_BY_CRAWLER": CRAWLER,
    # Athena reads a partition index only then (user guide, "Optimize query performance").
    "partition_filtering.enabled": "true",
}
_INDEX = {"IndexName": "crawler_partition_index", "Keys": list(PARTITION_KEYS)}
"""The index that a crawler with CreatePartitionIndex makes."""


def curated_tables() -> list[str]:
    """The name of each table that the crawler looks after, quarantines included."""
    return [name for dataset in TABULAR.values() for name in dataset.published]


def table_creation(database: str, name: str, bucket: str) -> dict[str, Any]:
    """CreateTable of a contract's table."""
    return {
        "DatabaseName": database,
        "TableInput": table_input(table_named(name), bucket),
        "PartitionIndexes": [_INDEX],
    }


def table_input(table: TableSchema, bucket: str) -> dict[str, Any]:
    """Glue's TableInput of a contract's table, each column with what it means."""
    meanings = described(table)
    return {
        "Name": table.name,
        "Description": table_meaning(table.name),
        "Owner": "owner",
        "TableType": "EXTERNAL_TABLE",
        "PartitionKeys": [
            {"Name": name, "Type": "string", "Comment": meanings[name]}
            for name in PARTITION_KEYS
        ],
        "StorageDescriptor": {
            "Columns": [
                {"Name": one.name, "Type": one.type, "Comment": meanings[one.name]}
                for one in table.columns
            ],
            "Location": f"s3://{bucket}/{CURATED_PREFIX}{table.name}/",
            "InputFormat": f"{_PARQUET}.MapredParquetInputFormat",
            "OutputFormat": f"{_PARQUET}.MapredParquetOutputFormat",
            "Compressed": False,
            "NumberOfBuckets": -1,
            "SerdeInfo": {
                "SerializationLibrary": f"{_PARQUET}.serde.ParquetHiveSerDe",
                "Parameters": {"serialization.format": "1"},
            },
            "StoredAsSubDirectories": False,
        },
        "Parameters": _PARAMETERS,
    }


def brought_up(there: Mapping[str, Any], contract: Mapping[str, Any]) -> dict[str, Any] | None:
    """The TableInput that gives a table of the catalog the contract's meanings and further columns.

    Only ever adds: columns keep their place and type, and parameters stay. None where nothing is to be
    done.
    """
    wanted = {one["Name"]: one for one in contract["StorageDescriptor"]["Columns"]}
    old = there["StorageDescriptor"]["Columns"]
    columns = [_commented(one, wanted) for one in old]
    known = {one["Name"] for one in old}
    columns += [one for name, one in wanted.items() if name not in known]
    keys = {one["Name"]: one for one in contract["PartitionKeys"]}
    partition_keys = [_commented(one, keys) for one in there.get("PartitionKeys", [])]
    made = {name: there[name] for name in _KEPT if name in there} | {
        "Description": contract["Description"],
        "PartitionKeys": partition_keys,
        "StorageDescriptor": {**there["StorageDescriptor"], "Columns": columns},
    }
    return None if all(there.get(name) == made[name] for name in made) else made


_KEPT = ("Name", "Owner", "Retention", "TableType", "Parameters")


def odd_types(there: Mapping[str, Any], contract: Mapping[str, Any]) -> list[str]:
    """What is of another type in the catalog than in the contract: `column: catalog's, contract's`."""
    wanted = {one["Name"]: one["Type"] for one in contract["StorageDescriptor"]["Columns"]}
    return [
        f"{one['Name']}: {one['Type']}, not {wanted[one['Name']]}"
        for one in there["StorageDescriptor"]["Columns"]
        if one["Type"] != wanted.get(one["Name"], one["Type"])
    ]


def _commented(
    column: Mapping[str, Any], wanted: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    contract = wanted.get(column["Name"])
    return dict(column) if contract is None else {**column, "Comment": contract["Comment"]}
