"""What coinlake owns in AWS, as the requests that create it. Pure: names in, requests out."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from coinlake.contracts.cloud import (
    ATHENA_RESULTS_PREFIX,
    CRAWLER,
    CURATED_PREFIX,
    GLUE_JOB,
    GLUE_VERSION,
    LEDGER_PREFIX,
    QUALITY_PREFIX,
    WORKGROUP,
)
from coinlake.contracts.datasets import TABULAR
from coinlake.contracts.glue_quality import (
    GLUE_QUALITY_TABLE,
    RULED_BY_GLUE,
    dqdl,
    ruleset_name,
)
from coinlake.contracts.ledger import (
    LEDGER_TABLE,
    LEDGER_VIEW,
    QUALITY_VIEW,
    UNKNOWN_FIELDS_VIEW,
    LedgerEntry,
    RuleCount,
    UnknownField,
)
from coinlake.contracts.quality import VIEW_COLUMNS, rules_of_table
from coinlake_tools.bundle import Bundle
from coinlake_tools.catalog_tables import curated_tables
from coinlake_tools.hive_types import columns
from coinlake_tools.quality_glue import GlueOutcome

PYTHON_MODULES = "isal==1.9.1,orjson==3.13.0"
"""What the job needs and Glue does not ship; pip installs it when a run starts (Glue developer guide,
"Using Python libraries with AWS Glue")."""
# A rebuild takes a minute or two; a run that hangs must not be billed for Glue's eight hours (Glue
# API, Job: Timeout).
_TIMEOUT_MINUTES = 20
# Later than any time of a record.
_NEVER_MS = 253_402_300_800_000
# 10 GB: a question that scans more than that is a mistake, not a question.
_SCAN_LIMIT_BYTES = 10 * 1024**3


@dataclass(frozen=True, slots=True)
class Lake:
    """The names that differ between deployments."""

    bucket: str
    database: str
    role: str

    def url(self, key: str) -> str:
        """The s3 URL of a key or prefix."""
        return f"s3://{self.bucket}/{key}"


def workgroup(lake: Lake) -> dict[str, Any]:
    """CreateWorkGroup: results in our bucket whatever a client says, and a scan limit."""
    return {
        "Name": WORKGROUP,
        "Configuration": {
            "EnforceWorkGroupConfiguration": True,
            "BytesScannedCutoffPerQuery": _SCAN_LIMIT_BYTES,
            "ResultConfiguration": {"OutputLocation": lake.url(ATHENA_RESULTS_PREFIX)},
        },
    }


def job(lake: Lake, bundle: Bundle) -> dict[str, Any]:
    """The definition of the Glue job, as UpdateJob takes it (CreateJob adds the name)."""
    return {
        "Role": lake.role,
        "Command": {
            "Name": "glueetl",
            "PythonVersion": "3",
            "ScriptLocation": lake.url(bundle.script_key),
        },
        "DefaultArguments": {
            "--extra-py-files": lake.url(bundle.archive_key),
            "--additional-python-modules": PYTHON_MODULES,
            # Our ledger knows what was read; a bookmark is a timestamp filter (Glue developer
            # guide, "Tracking processed data using job bookmarks").
            "--job-bookmark-option": "job-bookmark-disable",
        },
        "GlueVersion": GLUE_VERSION,
        "WorkerType": "G.1X",
        "NumberOfWorkers": 2,
        "ExecutionProperty": {"MaxConcurrentRuns": 1},
        # A retry is the runner's decision: it plans again from what is there then.
        "MaxRetries": 0,
        "Timeout": _TIMEOUT_MINUTES,
    }


def job_creation(lake: Lake, bundle: Bundle) -> dict[str, Any]:
    """CreateJob."""
    return {"Name": GLUE_JOB, **job(lake, bundle)}


def crawler(lake: Lake) -> dict[str, Any]:
    """CreateCrawler or UpdateCrawler: one target per table, and a policy that only adds.

    The default policy erases table parameters, drops columns and changes types (Glue developer
    guide, "Setting crawler configuration options").
    """
    policy = {
        "Version": 1.0,
        "CreatePartitionIndex": True,
        "CrawlerOutput": {
            "Partitions": {"AddOrUpdateBehavior": "InheritFromTable"},
            "Tables": {"AddOrUpdateBehavior": "MergeNewColumns"},
        },
    }
    return {
        "Name": CRAWLER,
        "Role": lake.role,
        "DatabaseName": lake.database,
        "Targets": {
            "S3Targets": [
                {"Path": lake.url(f"{CURATED_PREFIX}{table}/")} for table in curated_tables()
            ]
        },
        "SchemaChangePolicy": {
            "UpdateBehavior": "UPDATE_IN_DATABASE",
            "DeleteBehavior": "LOG",
        },
        "RecrawlPolicy": {"RecrawlBehavior": "CRAWL_EVERYTHING"},
        "Configuration": json.dumps(policy),
    }


def ledger_table(lake: Lake) -> dict[str, Any]:
    """TableInput of the ledger: JSON lines, partitioned by feed through projection.

    Day and hour are columns, not partitions: a projected range of days would hide every hour
    outside it without a word, and late data can be of any day.
    """
    plain = {name: kind for name, kind in columns(LedgerEntry).items() if name != "feed"}
    location = lake.url(LEDGER_PREFIX)
    return {
        "Name": LEDGER_TABLE,
        "TableType": "EXTERNAL_TABLE",
        "PartitionKeys": [{"Name": "feed", "Type": "string"}],
        "StorageDescriptor": _json_lines(plain, location),
        "Parameters": {
            "EXTERNAL": "TRUE",
            "classification": "json",
            "projection.enabled": "true",
            "projection.feed.type": "enum",
            "projection.feed.values": ",".join(TABULAR),
            "storage.location.template": f"{location}feed=${{feed}}/",
        },
    }


def _json_lines(types: Mapping[str, str], location: str) -> dict[str, Any]:
    """The StorageDescriptor of lines of JSON below a location."""
    return {
        "Columns": [{"Name": name, "Type": kind} for name, kind in types.items()],
        "Location": location,
        "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
        "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
        "SerdeInfo": {
            "SerializationLibrary": "org.openx.data.jsonserde.JsonSerDe",
            "Parameters": {"serialization.format": "1"},
        },
    }


def ledger_view() -> str:
    """The statement that makes the view of each hour's head: its highest version."""
    names = ", ".join(f"l.{name}" for name in columns(LedgerEntry))
    return (
        f"CREATE OR REPLACE VIEW {LEDGER_VIEW} AS SELECT {names} FROM {LEDGER_TABLE} l "
        f"INNER JOIN (SELECT feed, dt, hour, max(version) AS version FROM {LEDGER_TABLE} "
        "GROUP BY feed, dt, hour) h ON l.feed = h.feed AND l.dt = h.dt "
        "AND l.hour = h.hour AND l.version = h.version"
    )


def unknown_fields_view() -> str:
    """The statement that makes the view of every key without a column, over the heads of all hours."""
    names = ", ".join(columns(UnknownField))
    times = ", ".join(
        f"CAST(from_unixtime({which}(u.{which_seen}_ms) / 1e3) AS timestamp(3)) {which_seen}"
        for which, which_seen in (("min", "first_seen"), ("max", "last_seen"))
    )
    return (
        f"CREATE OR REPLACE VIEW {UNKNOWN_FIELDS_VIEW} AS SELECT h.feed, u.name, {times}, "
        # Records without a time have an example, too; min_by leaves nulls out.
        "sum(u.rows) AS rows, count(*) AS hours, "
        f"min_by(u.example, coalesce(u.first_seen_ms, {_NEVER_MS})) AS example "
        f"FROM {LEDGER_VIEW} h CROSS JOIN UNNEST(h.unknown_fields) AS u ({names}) "
        "GROUP BY h.feed, u.name"
    )


def glue_quality_table(lake: Lake) -> dict[str, Any]:
    """TableInput of what Glue Data Quality said, a line of JSON for each rule of each result."""
    return {
        "Name": GLUE_QUALITY_TABLE,
        "TableType": "EXTERNAL_TABLE",
        "StorageDescriptor": _json_lines(columns(GlueOutcome), lake.url(QUALITY_PREFIX)),
        "Parameters": {"EXTERNAL": "TRUE", "classification": "json"},
    }


def rulesets(lake: Lake) -> list[dict[str, Any]]:
    """CreateDataQualityRuleset for each table whose rules can be said in DQDL."""
    return [
        {
            "Name": ruleset_name(table),
            "Description": f"The rules of {table} that the job counts itself.",
            "Ruleset": dqdl(rules_of_table(table)),
            "TargetTable": {"DatabaseName": lake.database, "TableName": table},
        }
        for table in RULED_BY_GLUE
    ]


def quality_view() -> str:
    """The statement that makes the view of each head's rule counts; see `quality.VIEW_COLUMNS`.

    An array of rows is unnested into a column for each of their fields, and an entry without one
    has no rows here (Trino 476, "UNNEST").
    """
    hour, counts = VIEW_COLUMNS[:4], VIEW_COLUMNS[4:-1]
    assert len(counts) == len(columns(RuleCount))
    names = ", ".join(column.name for column in counts)
    return (
        f"CREATE OR REPLACE VIEW {QUALITY_VIEW} AS "
        f"SELECT {', '.join(f'l.{column.name}' for column in hour)}, "
        f"{', '.join(f'q.{column.name}' for column in counts)}, "
        "CAST(q.failed AS double) / nullif(q.evaluated, 0) AS share "
        f"FROM {LEDGER_VIEW} l CROSS JOIN UNNEST(l.quality) AS q ({names})"
    )
