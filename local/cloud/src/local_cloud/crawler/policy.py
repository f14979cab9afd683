"""The policy matrix: what a crawl does to a table and to partitions that already exist.

(Glue developer guide, "Setting crawler configuration options".)
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from local_cloud.crawler.configuration import configuration
from local_cloud.errors import AwsError

UPDATE, LOG = "UPDATE_IN_DATABASE", "LOG"
DEPRECATE, DELETE = "DEPRECATE_IN_DATABASE", "DELETE_FROM_DATABASE"
NEW_FOLDERS, EVERYTHING = "CRAWL_NEW_FOLDERS_ONLY", "CRAWL_EVERYTHING"
# A crawl that may only add columns gives up on a table where one of these has changed
# (aws-solutions-library-samples/cloud-intelligence-dashboards-data-collection #463).
BASICS = ("classification", "compressionType", "typeOfData")
DEPRECATED = "DEPRECATED_BY_CRAWLER"


@dataclass(frozen=True, slots=True)
class CrawlerPolicy:
    """The six choices of a crawler."""

    update: str = UPDATE
    delete: str = DEPRECATE
    merge_new_columns: bool = False
    inherit_from_table: bool = False
    new_folders_only: bool = False
    partition_index: bool = False


@dataclass(frozen=True, slots=True)
class TableVerdict:
    """What to do with a table: `create`, `update`, `deprecate` or `leave`, and its input.

    `register` tells whether partitions are to be registered in it.
    """

    action: str
    table: dict[str, Any] = field(default_factory=dict)
    register: bool = True
    reason: str | None = None


def policy(crawler: Mapping[str, Any]) -> CrawlerPolicy:
    """The choices in a CreateCrawler request; AwsError as AWS words it, or for what is not there.

    (The words are from LBHackney-IT/Data-Platform #2418.)
    """
    change = crawler.get("SchemaChangePolicy") or {}
    update, delete = (
        change.get("UpdateBehavior", UPDATE),
        change.get("DeleteBehavior", DEPRECATE),
    )
    recrawl = (crawler.get("RecrawlPolicy") or {}).get("RecrawlBehavior", EVERYTHING)
    if recrawl not in (EVERYTHING, NEW_FOLDERS):
        raise _invalid(f"RecrawlBehavior {recrawl} is not there in this local cloud")
    if recrawl == NEW_FOLDERS and (update, delete) != (LOG, LOG):
        raise _invalid(
            'The SchemaChangePolicy for "Crawl new folders only" Amazon S3 target can have '
            "only LOG DeleteBehavior value and LOG UpdateBehavior value."
        )
    configured = configuration(crawler.get("Configuration"))
    return CrawlerPolicy(
        update,
        delete,
        configured.merge_new_columns,
        configured.inherit_from_table,
        recrawl == NEW_FOLDERS,
        configured.partition_index,
    )


def table_verdict(
    chosen: CrawlerPolicy,
    existing: Mapping[str, Any] | None,
    draft: dict[str, Any],
    crawler: str,
) -> TableVerdict:
    """What becomes of a table that the crawl has just drafted (a `TableInput`)."""
    if existing is None:
        return TableVerdict("create", draft)
    if chosen.update == LOG:
        return TableVerdict("leave")
    if chosen.merge_new_columns:
        return _merged(existing, draft, crawler)
    if _same(existing, draft):
        return TableVerdict("leave")
    # The default is this hard: parameters, comments and columns of others are gone.
    return TableVerdict("update", draft)


def _merged(existing: Mapping[str, Any], draft: dict[str, Any], crawler: str) -> TableVerdict:
    kept = table_input(existing)
    old, new = kept.get("Parameters", {}), draft["Parameters"]
    for name in BASICS:
        if old.get(name) != new[name]:
            was = old.get(name, "null")
            reason = (
                f"Cannot merge new columns to table {draft['Name']}: parameter '{name}' has "
                f"changed. The existing value is '{was}', the new value is '{new[name]}'."
            )
            kept["Parameters"] = {**old, DEPRECATED: crawler}
            return TableVerdict("deprecate", kept, register=False, reason=reason)
    descriptor = kept["StorageDescriptor"]
    columns = descriptor.get("Columns", [])
    known = {column["Name"].lower() for column in columns}
    added = [one for one in draft["StorageDescriptor"]["Columns"] if one["Name"] not in known]
    if not added:
        return TableVerdict("leave")
    kept["StorageDescriptor"] = {**descriptor, "Columns": [*columns, *added]}
    kept["Parameters"] = {**old, **new}
    return TableVerdict("update", kept)


def _same(existing: Mapping[str, Any], draft: Mapping[str, Any]) -> bool:
    """Equal but for the id of the crawl."""
    old, new = table_input(existing), dict(draft)
    return _without_run(old) == _without_run(new)


def _without_run(table: Mapping[str, Any]) -> dict[str, Any]:
    descriptor = dict(table.get("StorageDescriptor", {}))
    for holder in (table, descriptor):
        if "Parameters" in holder:
            parameters = {k: v for k, v in holder["Parameters"].items() if k != "CRAWL_RUN_ID"}
            if holder is descriptor:
                descriptor["Parameters"] = parameters
            else:
                table = {**table, "Parameters": parameters}
    return {**table, "StorageDescriptor": descriptor}


_INPUT = (
    "Name",
    "Description",
    "Owner",
    "Retention",
    "StorageDescriptor",
    "PartitionKeys",
    "ViewOriginalText",
    "ViewExpandedText",
    "TableType",
    "Parameters",
)


def table_input(table: Mapping[str, Any]) -> dict[str, Any]:
    """The `TableInput` that would make this `Table` again."""
    return {name: table[name] for name in _INPUT if name in table}


def _invalid(message: str) -> AwsError:
    return AwsError("InvalidInputException", message)
