"""Tables and partitions as a crawler writes them for Parquet: every parameter of the real one.

(As several crawlers' tables in public repositories have them; Glue's guide lists no parameters.)
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from local_cloud.crawler.layout import Target
from local_cloud.crawler.schema import SchemaColumn

_PARQUET = "org.apache.hadoop.hive.ql.io.parquet"


@dataclass(frozen=True, slots=True)
class Stats:
    """Of a table or of one partition: objects, their bytes, and the rows their footers tell."""

    objects: int
    bytes: int
    rows: int

    def parameters(self) -> dict[str, str]:
        """As the catalog has them."""
        return {
            "objectCount": str(self.objects),
            "recordCount": str(self.rows),
            "averageRecordSize": str(self.bytes // self.rows if self.rows else 0),
            "sizeKey": str(self.bytes),
        }


def total(stats: Iterable[Stats]) -> Stats:
    """The sum."""
    objects = size = rows = 0
    for one in stats:
        objects, size, rows = objects + one.objects, size + one.bytes, rows + one.rows
    return Stats(objects, size, rows)


def descriptor(
    location: str, columns: Iterable[SchemaColumn], parameters: dict[str, str]
) -> Any:
    """The StorageDescriptor of Parquet at `location`, which ends with a slash."""
    return {
        "Columns": [column.to_api() for column in columns],
        "Location": location,
        "InputFormat": f"{_PARQUET}.MapredParquetInputFormat",
        "OutputFormat": f"{_PARQUET}.MapredParquetOutputFormat",
        "Compressed": False,
        "NumberOfBuckets": -1,
        "SerdeInfo": {
            "SerializationLibrary": f"{_PARQUET}.serde.ParquetHiveSerDe",
            "Parameters": {"serialization.format": "1"},
        },
        "BucketColumns": [],
        "SortColumns": [],
        "Parameters": parameters,
        "StoredAsSubDirectories": False,
    }


def table(
    name: str,
    where: Target,
    columns: tuple[SchemaColumn, ...],
    keys: tuple[str, ...],
    stats: Stats,
    crawl: tuple[str, str],
) -> dict[str, Any]:
    """A `TableInput`. `crawl` is the crawler's name and the id of this crawl."""
    crawler, crawl_id = crawl
    parameters = {
        "classification": "parquet",
        "compressionType": "none",
        "typeOfData": "file",
        "CrawlerSchemaSerializerVersion": "1.0",
        "CrawlerSchemaDeserializerVersion": "1.0",
        "UPDATED_BY_CRAWLER": crawler,
        "CRAWL_RUN_ID": crawl_id,
        **stats.parameters(),
    }
    if keys:
        parameters["partition_filtering.enabled"] = "true"
    return {
        "Name": name,
        "Owner": "owner",
        "Retention": 0,
        "StorageDescriptor": descriptor(where.location, columns, dict(parameters)),
        "PartitionKeys": [{"Name": key, "Type": "string"} for key in keys],
        "TableType": "EXTERNAL_TABLE",
        "Parameters": parameters,
    }


def partition(
    values: tuple[str, ...], location: str, columns: Iterable[SchemaColumn], stats: Stats
) -> dict[str, Any]:
    """A `PartitionInput`."""
    parameters = {
        "classification": "parquet",
        "compressionType": "none",
        "typeOfData": "file",
        "CrawlerSchemaSerializerVersion": "1.0",
        "CrawlerSchemaDeserializerVersion": "1.0",
        **stats.parameters(),
    }
    return {
        "Values": list(values),
        "StorageDescriptor": descriptor(location, columns, parameters),
        "Parameters": parameters,
    }
