"""The raw zone of a dataset as a table of JSON lines: what the live views read of open hours."""

from typing import Any

from coinlake.contracts.datasets import Dataset
from coinlake.contracts.elements import Element
from coinlake.contracts.hours import Hour
from coinlake.contracts.raw_layout import topic_prefix

RECEIVED_HOUR = "received_hour"
"""The partition key: day and hour in one, so that the hours behind a moment are one range, and each hour
that a query asks for is listed once, and none of the rest of the day."""
# Quotes hold what is no part of the time (java.time.format.DateTimeFormatter, "Patterns").
_FORMAT = "yyyy-MM-dd'/hour='HH"
# All hours that CoinCap's third API was there.
_RANGE = "2020-01-01/hour=00,NOW+1HOURS"


def received_hour(hour: Hour) -> str:
    """The value of the partition key for an hour; later hours are greater texts."""
    return f"{hour.dt}/hour={hour.hour}"


def keys_of(element: Element) -> tuple[str, ...]:
    """The JSON keys that columns are made of, each once: a wider column shares the key of another."""
    return tuple(dict.fromkeys(field.key for field in element.fields))


def raw_table_name(dataset: Dataset) -> str:
    return f"raw_{dataset.name}"


def raw_table(dataset: Dataset, bucket: str) -> dict[str, Any]:
    """Glue's TableInput. Raises ValueError for a dataset without elements.

    Lines that are no JSON to the SerDe are passed over: the job puts them into the quarantine, or makes
    rows of them where they are only odd (`answers.Oddity`). Partitions are
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
        "PartitionKeys": [{"Name": RECEIVED_HOUR, "Type": "string"}],
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
            f"projection.{RECEIVED_HOUR}.type": "date",
            f"projection.{RECEIVED_HOUR}.format": _FORMAT,
            f"projection.{RECEIVED_HOUR}.range": _RANGE,
            f"projection.{RECEIVED_HOUR}.interval": "1",
            f"projection.{RECEIVED_HOUR}.interval.unit": "HOURS",
            "storage.location.template": f"{location}dt=${{{RECEIVED_HOUR}}}/",
        },
    }
