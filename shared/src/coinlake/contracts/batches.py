"""A batch: the manifest that the runner freezes, and the result that the job hands back."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from coinlake.contracts.compact_json import compact_json
from coinlake.contracts.hours import Hour
from coinlake.contracts.ledger import (
    Counts,
    RuleCount,
    UnknownField,
    known,
    parse_unknown_fields,
    rule_counts,
)

JOB_VERSION = 3
"""Raised with every change of what the job makes of raw; a runner never replaces a higher one."""
MAX_HOUR_BYTES = 512 * 1024 * 1024
"""The most raw bytes of one hour: one table of it is one object, made in the memory of one task."""


@dataclass(frozen=True, slots=True)
class BatchInput:
    """A raw object as it was listed. `etag` is without quotes, `size` in bytes."""

    key: str
    etag: str
    size: int


@dataclass(frozen=True, slots=True)
class FrozenOutput:
    """What is published for a table at the time of freezing; `etag` None where nothing is."""

    table: str
    etag: str | None


@dataclass(frozen=True, slots=True)
class BatchHour:
    """One hour of a feed to rebuild. `base_version` is the ledger's head, 0 where there is none.

    `refused` batches of the very same work could not be used, so this one has another name.
    `valueless` are the keys of the raw objects that were listed and have nothing for any table.
    """

    feed: str
    dt: str
    hour: str
    base_version: int
    published: tuple[FrozenOutput, ...]
    inputs: tuple[BatchInput, ...]
    refused: int = 0
    valueless: tuple[str, ...] = ()

    @property
    def at(self) -> Hour:
        return Hour(self.dt, self.hour)

    @property
    def version(self) -> int:
        """The version that publishing this hour makes."""
        return self.base_version + 1


@dataclass(frozen=True, slots=True)
class Manifest:
    """A frozen batch. `max_skew_ms` bounds |receive time - source time| for the quality rule."""

    batch_id: str
    job_version: int
    code_version: str
    max_skew_ms: int
    hours: tuple[BatchHour, ...]

    def encode(self) -> bytes:
        return _encode(self)


@dataclass(frozen=True, slots=True)
class StagedFile:
    """A Parquet object in staging. `etag` is without quotes, `size` in bytes."""

    table: str
    key: str
    etag: str
    size: int
    rows: int


@dataclass(frozen=True, slots=True)
class HourResult:
    """What the job made of one hour.

    `unreadable` are keys of raw objects that no record could be read from; `unknown` counts keys
    that no column knows; `notes` counts values that did not fit (`unfit:<column>`) or that a wider
    column took (`widened:<column>`), keys that an object had more than once (`repeated:<key>`) and
    soft rules that failed (`rule:<name>`). Times are ms since the epoch, UTC. `unknown_fields` says
    more of the keys in `unknown`; `contract` is the version of the dataset's contract that the job
    has, None where the job is older than that. `quality` counts each rule; a job of before 0.1.0
    counts none.
    """

    feed: str
    dt: str
    hour: str
    counts: Counts
    files: tuple[StagedFile, ...]
    unreadable: tuple[str, ...] = ()
    unknown: Mapping[str, int] = field(default_factory=dict)
    notes: Mapping[str, int] = field(default_factory=dict)
    min_received_ms: int | None = None
    max_received_ms: int | None = None
    unknown_fields: tuple[UnknownField, ...] = ()
    contract: int | None = None
    quality: tuple[RuleCount, ...] = ()

    @property
    def at(self) -> Hour:
        return Hour(self.dt, self.hour)


@dataclass(frozen=True, slots=True)
class Result:
    """The winning attempt of a batch. `useful_ms` is the time between manifest and result."""

    batch_id: str
    attempt: str
    job_version: int
    code_version: str
    useful_ms: int
    hours: tuple[HourResult, ...]

    def encode(self) -> bytes:
        return _encode(self)


def parse_manifest(body: bytes) -> Manifest:
    """Read a manifest back. Raises ValueError where it is none."""
    try:
        raw: dict[str, Any] = json.loads(body)
        raw["hours"] = tuple(_batch_hour(item) for item in raw["hours"])
        return Manifest(**known(Manifest, raw))
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise ValueError(f"not a manifest: {error}") from error


def parse_result(body: bytes) -> Result:
    """Read a result back. Raises ValueError where it is none."""
    try:
        raw: dict[str, Any] = json.loads(body)
        raw["hours"] = tuple(_hour_result(item) for item in raw["hours"])
        return Result(**known(Result, raw))
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise ValueError(f"not a result: {error}") from error


def _batch_hour(raw: dict[str, Any]) -> BatchHour:
    raw["published"] = tuple(FrozenOutput(**item) for item in raw["published"])
    raw["inputs"] = tuple(BatchInput(**item) for item in raw["inputs"])
    raw["valueless"] = tuple(raw.get("valueless", ()))
    return BatchHour(**known(BatchHour, raw))


def _hour_result(raw: dict[str, Any]) -> HourResult:
    raw["counts"] = Counts(**raw["counts"])
    raw["files"] = tuple(StagedFile(**item) for item in raw["files"])
    raw["unreadable"] = tuple(raw["unreadable"])
    raw["unknown_fields"] = parse_unknown_fields(raw)
    raw["quality"] = rule_counts(raw.get("quality", ()))
    return HourResult(**known(HourResult, raw))


def _encode(value: Manifest | Result) -> bytes:
    return compact_json(value)
