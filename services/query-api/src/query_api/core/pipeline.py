"""The way of an answer as stages: how far each has come, and which one stands."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from coinlake.contracts.datasets import DATASETS
from coinlake.contracts.hours import UNKNOWN_HOUR
from query_api.core.coverage import Heads, hour_name, newest_received_ms, watermark_ms
from query_api.core.raw_state import RawState
from query_api.core.window import time_or_null

FRESH, LATE, STALLED, EMPTY = "fresh", "late", "stalled", "empty"
STATES = (FRESH, LATE, STALLED, EMPTY)
# The ingestor's own intervals are its settings; these are their defaults (services/ingestor, feeds.py;
# a test compares them). A feed that is polled less often is late later.
INTERVALS_S = {"assets": 60, "rates": 3_600, "exchanges": 86_400, "markets": 3_600}
# As the alert IngestorFeedStale: three intervals and five minutes.
_SLACK_MS = 300_000
# A promise and an object come each minute or so, also where nothing is polled (the ingestor's heartbeats).
_CHAIN_LATE_MS, _CHAIN_STALLED_MS = 300_000, 900_000
# Spark runs once per closed hour: an hour and half of one for closing and the run; two is the limit of
# the alert EtlRunnerTablesBehind.
TABLES_LATE_MS, _TABLES_STALLED_MS = 5_400_000, 7_200_000
_STALLED_AFTER = 3


@dataclass(frozen=True, slots=True)
class Limits:
    """The ages in ms from which on a stage is late, and stands."""

    late_ms: int
    stalled_ms: int


@dataclass(frozen=True, slots=True)
class Engine:
    """Athena as the service last saw it: `trouble` is None where it answers."""

    trouble: str | None
    running: int
    queued: int


_CHAIN = Limits(_CHAIN_LATE_MS, _CHAIN_STALLED_MS)
_TABLES = Limits(TABLES_LATE_MS, _TABLES_STALLED_MS)


def stages(
    feed: str, raw: RawState | None, heads: Heads, engine: Engine, now_ms: int
) -> list[dict[str, Any]]:
    """The six stages in the order in which an answer passes them. Times as RFC 3339."""
    own = {at: head for at, head in heads.items() if at[0] == feed and at[1] != UNKNOWN_HOUR}
    received_ms = newest_received_ms(own, feed)
    answer_ms = _newest(None if raw is None else raw.newest_answer_ms, received_ms)
    return [
        _source(feed, answer_ms, raw, now_ms),
        _kafka(feed, raw, received_ms, now_ms),
        _raw(raw, received_ms, now_ms),
        _glue(own, answer_ms, received_ms, now_ms),
        _curated(own, feed, received_ms, now_ms),
        _sql(engine, answer_ms, now_ms),
    ]


def worst(told: list[dict[str, Any]]) -> tuple[str, str | None]:
    """The state of the whole, and the first stage that is to blame for it; None where none is."""
    for state in (STALLED, LATE):
        for stage in told:
            if stage["state"] == state:
                return state, stage["name"]
    if all(stage["state"] == EMPTY for stage in told[:-1]):
        return EMPTY, None
    return FRESH, None


def _source(
    feed: str, answer_ms: int | None, raw: RawState | None, now_ms: int
) -> dict[str, Any]:
    late_ms = 3 * INTERVALS_S.get(feed, 86_400) * 1000 + _SLACK_MS
    limits = Limits(late_ms, _STALLED_AFTER * late_ms)
    rate = None if raw is None else raw.records_per_minute
    return _stage("coincap", answer_ms, limits, now_ms, rate=rate)


def _kafka(
    feed: str, raw: RawState | None, received_ms: int | None, now_ms: int
) -> dict[str, Any]:
    # What stood so long that the raw zone was not looked at so far back is not new: it stands.
    promise_ms = received_ms if raw is None else raw.complete_to_ms
    offsets: Mapping[int, int] = {} if raw is None else raw.next_offsets
    detail = {
        "topic": DATASETS[feed].topic,
        "partitions": len(offsets),
        "next_offset": sum(offsets.values()) if offsets else None,
    }
    return _stage("kafka", promise_ms, _CHAIN, now_ms, mark_ms=promise_ms, detail=detail)


def _raw(raw: RawState | None, received_ms: int | None, now_ms: int) -> dict[str, Any]:
    if raw is None:
        return _stage("raw", received_ms, _CHAIN, now_ms)
    detail = {
        "newest_object": raw.newest_key,
        "newest_object_bytes": raw.newest_size,
        "objects_in_hour": raw.objects,
        "bytes_in_hour": raw.size,
    }
    return _stage(
        "raw", raw.stored_ms, _CHAIN, now_ms, mark_ms=raw.complete_to_ms, detail=detail
    )


def _glue(
    own: Heads, answer_ms: int | None, received_ms: int | None, now_ms: int
) -> dict[str, Any]:
    if not own:
        return _stage("glue", None, _TABLES, now_ms)
    (_, hour), head = max(own.items(), key=lambda item: item[1].committed_at_ms)
    detail = {
        "run": head.run_id,
        "hour": hour_name(hour),
        "version": head.version,
        "raw_objects": head.raw_objects,
    }
    told = _stage("glue", head.committed_at_ms, _TABLES, now_ms, detail=detail)
    # A run that had nothing to do is none: behind is what the raw zone has and no table.
    behind_ms = max(0, (answer_ms or 0) - (received_ms or 0))
    told["state"] = _state(behind_ms, _TABLES)
    told["since"] = _since(received_ms, behind_ms, _TABLES)
    return told


def _curated(own: Heads, feed: str, received_ms: int | None, now_ms: int) -> dict[str, Any]:
    mark_ms = watermark_ms(own, feed)
    hours = sorted(hour for _, hour in own)
    detail = {
        "newest_hour": hour_name(hours[-1]) if hours else None,
        "hours_seen": len(hours),
        "hours_complete": sum(head.complete for head in own.values()),
        "rows_in_newest_hour": _rows(own, feed) if hours else None,
    }
    told = _stage("curated", received_ms, _TABLES, now_ms, mark_ms=mark_ms, detail=detail)
    told["state"] = EMPTY if not own else _state(now_ms - (mark_ms or 0), _TABLES)
    told["since"] = _since(mark_ms, now_ms - (mark_ms or 0), _TABLES)
    return told


def _rows(own: Heads, feed: str) -> int:
    newest = max(own, key=lambda at: at[1])
    return own[newest].rows.get(DATASETS[feed].tables[0], 0)


def _sql(engine: Engine, answer_ms: int | None, now_ms: int) -> dict[str, Any]:
    detail = {
        "trouble": engine.trouble,
        "queries_running": engine.running,
        "queries_queued": engine.queued,
    }
    return {
        "name": "sql",
        "state": FRESH if engine.trouble is None else STALLED,
        "newest": time_or_null(answer_ms),
        "watermark": None,
        "age_s": None if answer_ms is None else _seconds(now_ms - answer_ms),
        "since": None,
        "rate_per_minute": None,
        "detail": detail,
    }


def _stage(
    name: str,
    newest_ms: int | None,
    limits: Limits,
    now_ms: int,
    *,
    mark_ms: int | None = None,
    rate: float | None = None,
    detail: dict[str, Any] | None = None,
) -> dict[str, Any]:
    age_ms = None if newest_ms is None else now_ms - newest_ms
    return {
        "name": name,
        "state": EMPTY if age_ms is None else _state(age_ms, limits),
        "newest": time_or_null(newest_ms),
        "watermark": time_or_null(mark_ms),
        "age_s": None if age_ms is None else _seconds(age_ms),
        "since": _since(newest_ms, age_ms or 0, limits),
        "rate_per_minute": rate,
        "detail": detail or {},
    }


def _state(age_ms: int, limits: Limits) -> str:
    if age_ms > limits.stalled_ms:
        return STALLED
    return LATE if age_ms > limits.late_ms else FRESH


def _since(newest_ms: int | None, age_ms: int, limits: Limits) -> str | None:
    """From when on a stage has been late: the last thing that it did."""
    return time_or_null(newest_ms) if age_ms > limits.late_ms else None


def _seconds(ms: int) -> float:
    # Another machine's clock may be ahead of ours.
    return round(max(0, ms) / 1000, 1)


def _newest(*times: int | None) -> int | None:
    return max((ms for ms in times if ms is not None), default=None)
