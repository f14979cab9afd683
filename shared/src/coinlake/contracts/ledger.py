"""The ledger: one JSON line per published version of an hour, and the folders of a batch."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

from coinlake.contracts.cloud import (
    BATCHES_PREFIX,
    CURATED_PREFIX,
    LEDGER_PREFIX,
    STAGING_PREFIX,
)
from coinlake.contracts.compact_json import compact_json
from coinlake.contracts.hours import Hour, parse_hour

LEDGER_TABLE = "ledger"
"""The ledger as a table: a row for each version of an hour."""
LEDGER_VIEW = "ledger_head"
"""The view of each hour's newest version."""
QUALITY_VIEW = "quality"
"""The view of the rule counts of the same."""
_NAME = re.compile(r"(\d{10})\.json")


@dataclass(frozen=True, slots=True)
class RawInput:
    """A raw object that a version was made from."""

    key: str
    etag: str


@dataclass(frozen=True, slots=True)
class Output:
    """A published Parquet object. `etag` is S3's, quotes taken off; `size` in bytes."""

    table: str
    key: str
    etag: str
    size: int
    rows: int


@dataclass(frozen=True, slots=True)
class Counts:
    """records = usable + quarantined + duplicates + heartbeats; elements = rows + quarantined."""

    records: int
    usable: int
    quarantined_records: int
    duplicates: int
    heartbeats: int
    elements: int
    rows: int
    quarantined_rows: int
    unknown_fields: int


@dataclass(frozen=True, slots=True)
class UnknownField:
    """A key that no column knows, as an hour's answers had it.

    `rows` counts its values, `example` is the beginning of the first one's text. `seen` are receive
    times in ms since the epoch; None where the records have none.
    """

    name: str
    rows: int
    example: str
    first_seen_ms: int | None
    last_seen_ms: int | None


UNKNOWN_FIELDS_VIEW = "unknown_fields"
"""The view of every such key, over the newest versions of all hours."""
MAX_UNKNOWN_FIELDS = 64
"""The most names that an hour tells; those with the most values are told."""


@dataclass(frozen=True, slots=True)
class RuleCount:
    """How often a quality rule was evaluated for an hour, and how often it failed.

    Rules that held are there too; `evaluated` 0 says that there was nothing to judge, which is no
    success. `evaluated` counts what the rule says of itself (`quality.QualityRule.evaluates`); what
    failed a hard rule reaches none of those after it.
    """

    table: str
    rule: str
    dimension: str
    hard: bool
    evaluated: int
    failed: int


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One version of one hour of a feed, as committed. Times are ms since the epoch, UTC.

    `watermark_ms` tells up to where the feed's tables are complete with this version: every record
    received before is in them. None where nobody has promised, and in entries of before 0.1.0.
    `valueless` are the keys of the hour's other raw objects, which have nothing for any table.
    `contract` is the version of the dataset's contract that the tables have; None in older entries.
    `quality` is empty in entries of before 0.1.0, which counted no rules.
    """

    feed: str
    dt: str
    hour: str
    version: int
    batch_id: str
    job_version: int
    code_version: str
    inputs: tuple[RawInput, ...]
    outputs: tuple[Output, ...]
    counts: Counts
    run_id: str
    attempt: str
    billed_seconds: int
    min_received_ms: int | None
    max_received_ms: int | None
    complete: bool
    closed_by: str
    committed_at_ms: int
    watermark_ms: int | None = None
    valueless: tuple[str, ...] = ()
    unknown_fields: tuple[UnknownField, ...] = ()
    contract: int | None = None
    quality: tuple[RuleCount, ...] = ()

    @property
    def at(self) -> Hour:
        return Hour(self.dt, self.hour)

    def encode(self) -> bytes:
        """One line of JSON, so that the ledger is a table."""
        return compact_json(self) + b"\n"


def parse_entry(line: bytes) -> LedgerEntry:
    """Read an entry back. Raises ValueError where it is none."""
    try:
        raw: dict[str, Any] = json.loads(line)
        raw["inputs"] = tuple(RawInput(**item) for item in raw["inputs"])
        raw["outputs"] = tuple(Output(**item) for item in raw["outputs"])
        raw["counts"] = Counts(**raw["counts"])
        raw["valueless"] = tuple(raw.get("valueless", ()))
        raw["unknown_fields"] = parse_unknown_fields(raw)
        raw["quality"] = rule_counts(raw.get("quality", ()))
        return LedgerEntry(**known(LedgerEntry, raw))
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise ValueError(f"not a ledger entry: {error}") from error


def parse_unknown_fields(raw: dict[str, Any]) -> tuple[UnknownField, ...]:
    """Those of an entry or a result; none in one of before there were any."""
    return tuple(
        UnknownField(**known(UnknownField, item)) for item in raw.get("unknown_fields", ())
    )


def rule_counts(raw: Iterable[dict[str, Any]]) -> tuple[RuleCount, ...]:
    """Counts as they were written. Raises TypeError where one lacks a field."""
    return tuple(RuleCount(**known(RuleCount, item)) for item in raw)


def known(kind: type[Any], raw: dict[str, Any]) -> dict[str, Any]:
    """The fields that this version knows: a later one may say more."""
    names = {field.name for field in fields(kind)}
    return {name: value for name, value in raw.items() if name in names}


def ledger_prefix(feed: str, hour: Hour) -> str:
    """The prefix of all versions of an hour."""
    return f"{LEDGER_PREFIX}feed={feed}/{hour.path}/"


def ledger_key(feed: str, hour: Hour, version: int) -> str:
    """The key of one version; versions start at 1."""
    return f"{ledger_prefix(feed, hour)}{version:010d}.json"


def parse_ledger_key(key: str) -> tuple[str, Hour, int] | None:
    """Feed, hour and version of a ledger key; None where it is none."""
    parts = key.split("/")
    if len(parts) != 5 or f"{parts[0]}/" != LEDGER_PREFIX or not parts[1].startswith("feed="):
        return None
    hour, name = parse_hour(f"{parts[2]}/{parts[3]}"), _NAME.fullmatch(parts[4])
    if hour is None or name is None:
        return None
    return parts[1].removeprefix("feed="), hour, int(name.group(1))


def curated_key(table: str, hour: Hour) -> str:
    """The one Parquet object of a table and an hour."""
    return f"{CURATED_PREFIX}{table}/{hour.path}/part-0.parquet"


def manifest_key(batch_id: str) -> str:
    return f"{BATCHES_PREFIX}{batch_id}/manifest.json"


def result_key(batch_id: str) -> str:
    return f"{BATCHES_PREFIX}{batch_id}/result.json"


def staging_prefix(batch_id: str, attempt: str) -> str:
    return f"{STAGING_PREFIX}{batch_id}/{attempt}/"
