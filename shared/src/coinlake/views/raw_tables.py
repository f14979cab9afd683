"""The raw zone of a dataset as a table of JSON lines: what the live views read of open hours."""

from typing import Any

from coinlake.contracts.datasets import Dataset
from coinlake.contracts.elements import Element
from coinlake.contracts.raw_layout import topic_prefix
from coinlake.contracts.tables import PARTITION_KEYS

# All days that CoinCap's third API was there; Athena lists those alone that a query asks for.
_DAYS = "2020-01-01,NOW+1DAYS"


def keys_of(element: Element) -> tuple[str, ...]:
    """The JSON keys that columns are made of, each once: a wider column shares the key of another."""
    return tuple(dict.fromkeys(field.key for field in element.fields))


def raw_table_name(dataset: Dataset) -> str:
    return f"raw_{dataset.name}"


def raw_table(dataset: Dataset, bucket: str) -> dict[str, Any]:
    """Glue's TableInput. Raises ValueError for a dataset without elements.

    Lines that are no JSON are passed over: the job puts them into the quarantine. Partitions are
    projected: an hour is there as soon as it has an object. (Athena user guide, "OpenX JSON SerDe" and
    "Use partition projection with Amazon Athena".)
    """
    if dataset.element is None:
        raise ValueError(f"{dataset.name} has no elements")
    location = f"s3://{bucket}/{topic_prefix(dataset.topic)}"
    keys = ",".join(f"{key.lower()}:string" for key in keys_of(dataset.element))
    columns = {"source_ms": "string", "data": f"array<struct<{keys}>>"}
    return {
        "Name": raw_table_name(dataset),
        "Description": f"Answers of {dataset.name} as they came, one a row; see the live views.",
        "TableType": "EXTERNAL_TABLE",
        "PartitionKeys": [{"Name": name, "Type": "string"} for name in PARTITION_KEYS],
        "StorageDescriptor": {
            "Columns": [{"Name": name, "Type": kind} for name, kind in columns.items()],
            "Location": location,
            "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
            "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
            "SerdeInfo": {
                "SerializationLibrary": "org.openx.data.jsonserde.JsonSerDe",
                "Parameters": {
                    "serialization.format": "1",
                    "ignore.malformed.json": "true",
                    "mapping.source_ms": "timestamp",
                },
            },
        },
        "Parameters": {
            "EXTERNAL": "TRUE",
            "classification": "json",
            "compressionType": "gzip",
            "projection.enabled": "true",
            "projection.dt.type": "date",
            "projection.dt.format": "yyyy-MM-dd",
            "projection.dt.range": _DAYS,
            "projection.dt.interval": "1",
            "projection.dt.interval.unit": "DAYS",
            "projection.hour.type": "integer",
            "projection.hour.range": "0,23",
            "projection.hour.digits": "2",
            "storage.location.template": f"{location}dt=${{dt}}/hour=${{hour}}/",
        },
    }
