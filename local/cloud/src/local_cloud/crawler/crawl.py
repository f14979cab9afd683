"""One crawl: list, read footers, then bring the catalog to what the policy says."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from local_cloud.crawler import footer, layout, policy, schema, table_input
from local_cloud.crawler.catalog import CrawledDatabase
from local_cloud.crawler.layout import Folder, Item, Layout, Target
from local_cloud.crawler.schema import SchemaColumn


class CrawlStoppedError(Exception):
    """Somebody called StopCrawler."""


@dataclass(frozen=True, slots=True)
class Order:
    """What to crawl and how; `crawl` is the crawler's name and this crawl's id."""

    targets: tuple[Target, ...]
    policy: policy.CrawlerPolicy
    table_prefix: str
    crawl: tuple[str, str]
    now_ms: int


@dataclass(slots=True)
class Changes:
    """Names of what a crawl added, updated and deleted."""

    tables: dict[str, list[str]] = field(default_factory=dict)
    partitions: dict[str, list[str]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def table(self, kind: str, name: str) -> None:
        """Note a table; `kind` is ADD, UPDATE or DELETE."""
        self.tables.setdefault(kind, []).append(name)

    def partition(self, kind: str, table: str, values: Iterable[tuple[str, ...]]) -> None:
        """Note partitions of a table."""
        names = [f"{table}:{'/'.join(one)}" for one in values]
        if names:
            self.partitions.setdefault(kind, []).extend(names)


@dataclass(frozen=True, slots=True)
class SeenFolder:
    """A folder with what its footers said."""

    folder: Folder
    columns: tuple[SchemaColumn, ...]
    stats: table_input.Stats


class Crawl:
    """Carries out one order; `changes` tells afterwards what it did."""

    def __init__(
        self, s3: Any, catalog: CrawledDatabase, order: Order, stop: threading.Event
    ) -> None:
        self._s3 = s3
        self._catalog = catalog
        self._order = order
        self._stop = stop
        self.changes = Changes()

    def run(self) -> None:
        """Crawl every target; the first that fails ends the crawl."""
        self._catalog.require()
        for where in self._order.targets:
            self._target(where)

    def _target(self, where: Target) -> None:
        name = layout.table_name(where, self._order.table_prefix)
        existing = self._catalog.table(name)
        found = layout.layout(where, self._list(where))
        if not found.folders:
            self._gone(name, existing)
            return
        known = self._catalog.partitions(name) if existing and found.keys else {}
        if self._order.policy.new_folders_only and existing:
            new = tuple(folder for folder in found.folders if folder.values not in known)
            found = Layout(found.keys, new)
        seen = [self._read(where, folder) for folder in found.folders]
        if not seen:
            return
        columns = schema.merged(one.columns for one in seen)
        columns = tuple(column for column in columns if column.name not in found.keys)
        stats = table_input.total(one.stats for one in seen)
        table = table_input.table(name, where, columns, found.keys, stats, self._order.crawl)
        verdict = policy.table_verdict(
            self._order.policy, existing, table, self._order.crawl[0]
        )
        self._apply(name, verdict)
        if verdict.action == "create" and found.keys and self._order.policy.partition_index:
            self._catalog.index(name, found.keys)
        if verdict.register and found.keys:
            self._partitions(name, where, seen, known)

    def _list(self, where: Target) -> Iterable[Item]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=where.bucket, Prefix=where.prefix
        )
        for answer in pages:
            self._check()
            for one in answer.get("Contents", []):
                yield Item(one["Key"], one["Size"])

    def _read(self, where: Target, folder: Folder) -> SeenFolder:
        """Footers of a folder; with a sample size only of its first files, rows scaled up."""
        sample = folder.items[: where.sample_size or len(folder.items)]
        schemas, rows = [], 0
        for item in sample:
            self._check()
            found, count = footer.footer(self._s3, where.bucket, item.key, item.size)
            schemas.append(schema.columns(found))
            rows += count
        rows = rows * len(folder.items) // len(sample)
        size = sum(item.size for item in folder.items)
        stats = table_input.Stats(len(folder.items), size, rows)
        return SeenFolder(folder, schema.merged(schemas), stats)

    def _apply(self, name: str, verdict: policy.TableVerdict) -> None:
        steps: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
            "create": (self._catalog.create, "ADD"),
            "update": (self._catalog.update, "UPDATE"),
            "deprecate": (self._catalog.update, "UPDATE"),
        }
        if verdict.reason:
            self.changes.problems.append(verdict.reason)
        if verdict.action in steps:
            step, kind = steps[verdict.action]
            step(verdict.table)
            self.changes.table(kind, name)

    def _partitions(
        self,
        name: str,
        where: Target,
        seen: list[SeenFolder],
        known: dict[tuple[str, ...], dict[str, Any]],
    ) -> None:
        """Register new folders, refresh changed ones, and deal with those that are gone."""
        inherited = self._inherited(name)
        drafts = {one.folder.values: _partition(where, one, inherited) for one in seen}
        new = [values for values in drafts if values not in known]
        self._catalog.add(name, [drafts[values] for values in new])
        self.changes.partition("ADD", name, new)
        if self._order.policy.update == policy.UPDATE:
            changed = [
                values
                for values, one in drafts.items()
                if values in known and _columns(one) != _columns(known[values])
            ]
            self._catalog.change(name, [drafts[values] for values in changed])
            self.changes.partition("UPDATE", name, changed)
        if not self._order.policy.new_folders_only:
            self._missing(name, {key: one for key, one in known.items() if key not in drafts})

    def _inherited(self, name: str) -> tuple[SchemaColumn, ...] | None:
        """The table's columns, if partitions are to have them instead of their files'."""
        if not self._order.policy.inherit_from_table:
            return None
        table = self._catalog.table(name) or {}
        kept = table.get("StorageDescriptor", {}).get("Columns", [])
        return tuple(SchemaColumn(column["Name"], column["Type"]) for column in kept)

    def _missing(self, name: str, gone: dict[tuple[str, ...], dict[str, Any]]) -> None:
        if self._order.policy.delete == policy.DELETE:
            self._catalog.remove(name, list(gone))
            self.changes.partition("DELETE", name, gone)
        elif self._order.policy.delete == policy.DEPRECATE:
            marked = [
                one
                for one in gone.values()
                if policy.DEPRECATED not in one.get("Parameters", {})
            ]
            self._catalog.change(name, [self._deprecated_partition(one) for one in marked])
            self.changes.partition("UPDATE", name, [tuple(one["Values"]) for one in marked])

    def _deprecated_partition(self, one: dict[str, Any]) -> dict[str, Any]:
        parameters = {**one.get("Parameters", {}), policy.DEPRECATED: str(self._order.now_ms)}
        kept: dict[str, Any] = {
            key: one[key] for key in ("Values", "StorageDescriptor") if key in one
        }
        return {**kept, "Parameters": parameters}

    def _gone(self, name: str, existing: dict[str, Any] | None) -> None:
        """No data under the target: only a table that this crawler made is touched."""
        parameters = (existing or {}).get("Parameters", {})
        if existing is None or parameters.get("UPDATED_BY_CRAWLER") != self._order.crawl[0]:
            return
        if self._order.policy.delete == policy.DELETE:
            self._catalog.drop(name)
            self.changes.table("DELETE", name)
        elif (
            self._order.policy.delete == policy.DEPRECATE
            and policy.DEPRECATED not in parameters
        ):
            table = policy.table_input(existing)
            table["Parameters"] = {**parameters, policy.DEPRECATED: str(self._order.now_ms)}
            self._catalog.update(table)
            self.changes.table("UPDATE", name)

    def _check(self) -> None:
        if self._stop.is_set():
            raise CrawlStoppedError


def _partition(
    where: Target, one: SeenFolder, inherited: tuple[SchemaColumn, ...] | None
) -> dict[str, Any]:
    location = f"{where.location}{one.folder.path}/"
    columns = one.columns if inherited is None else inherited
    return table_input.partition(one.folder.values, location, columns, one.stats)


def _columns(partition: dict[str, Any]) -> Any:
    return partition.get("StorageDescriptor", {}).get("Columns")
