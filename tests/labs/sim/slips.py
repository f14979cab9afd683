"""More broken variants: of what a sink says, holds, commits and refuses, one for each rule of the judge."""

from collections.abc import Awaitable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any
from uuid import UUID

from coinlake.contracts.announcements import Landed
from coinlake.contracts.epochs import Epoch
from coinlake.contracts.raw_codec import Encoded
from coinlake.contracts.raw_columns import columns_of
from coinlake.contracts.raw_index import Record
from coinlake.contracts.raw_layout import epoch_key
from coinlake.contracts.raw_meta import RawMeta
from coinlake.errors import InvariantError, PreconditionFailedError
from s3_sink.core import lag
from s3_sink.core.found import Found
from s3_sink.core.part import OpenPart, Part
from s3_sink.core.partition_state import PartitionState, Phase
from s3_sink.core.ports import Commit, Log, LogRange, Partition, Store
from s3_sink.core.start import Tip
from s3_sink.loop import epochs, finder, partition_worker
from s3_sink.loop import sink as loop_sink
from s3_sink.loop.finder import Finder
from s3_sink.loop.partition_worker import PartitionWorker
from s3_sink.loop.writer import Writer, announcement
from tests.labs.sim.controls import Control
from tests.labs.sim.scenario import DISASTERS


class OrderedWriter(Writer):
    """Takes the first and the last record for the oldest and the newest."""

    def _meta(self, state: PartitionState, part: Part, encoded: Encoded) -> RawMeta:
        times = part.records.timestamps_ms
        meta = super()._meta(state, part, encoded)
        return replace(meta, min_timestamp_ms=times[0], max_timestamp_ms=times[-1])


def _stop_and_hold(state: PartitionState, reason: str) -> None:
    state.phase, state.reason = Phase.STOPPED, reason


_LANDED = PartitionState.landed


def _as_heavy_as_before(
    state: PartitionState, next_offset: int, complete_to_ms: int | None
) -> bool:
    weight = state._sealed_weight
    jump = _LANDED(state, next_offset, complete_to_ms)
    state._sealed_weight = weight
    return jump


def _due_at_twice_its_age(part: OpenPart, now_s: float) -> bool:
    first_s = part.first_value_at_s
    return first_s is not None and now_s - first_s >= 2 * part._limits.max_age_s


_ADD = PartitionState.add


def _promised_when_read(state: PartitionState, records: Iterable[Record], now_s: float) -> None:
    kept = list(records)
    state.watermark = state.watermark.after(columns_of(kept).null_values())
    _ADD(state, kept, now_s)


_LAG_OF = lag.lag_of


def _lag_of_what_is_read(state: PartitionState, log_end: int, now_ms: int) -> lag.Lag:
    told = _LAG_OF(state, log_end, now_ms)
    return replace(told, records=max(0, log_end - state.fetched_to))


def _end_by_counting(found: Found) -> Landed:
    meta = found.meta
    return replace(announcement(found), next_offset=meta.first_offset + meta.records)


async def _heartbeats_untold(worker: PartitionWorker, part: Part) -> None:
    together, state = worker._together, worker.state
    outcome = await together.writer.write(state, part)
    if outcome.jump:
        worker.restart()
    together.committer.confirm(worker.partition, Commit(state.link, str(outcome.found.key)))
    if outcome.found.meta.values:
        together.outside.announce(announcement(outcome.found))
    together.regulate()


async def _commit_as_meant(worker: PartitionWorker, part: Part) -> None:
    together, state = worker._together, worker.state
    outcome = await together.writer.write(state, part)
    if outcome.jump:
        worker.restart()
    meant = Commit(part.next_offset, str(outcome.found.key))
    together.committer.confirm(worker.partition, meant)
    together.outside.announce(announcement(outcome.found))
    together.regulate()


_WRITE_ONE = PartitionWorker._write_one


async def _commit_first(worker: PartitionWorker, part: Part) -> None:
    reached = worker._together.committer._commits._confirmed.get(worker.partition)
    if reached is not None:
        early = replace(reached, offset=part.next_offset)
        worker._together.committer.confirm(worker.partition, early)
    await _WRITE_ONE(worker, part)


def _believe(finder: Finder, commit: Commit | None, tip: Tip) -> None:
    """Whatever was committed, the chain's end counts."""


def _any_end(partition: Partition, tip: Tip, kept: LogRange) -> None:
    if tip.link < kept.start:
        raise InvariantError(f"{partition}: [{tip.link}, {kept.start}) has expired")


_SAME_TOPIC = Finder._is_same_topic


async def _short_is_fine(finder: Finder, tip: Tip) -> bool:
    kept = await finder._log.range(finder._partition)
    return tip.link <= kept.end and await _SAME_TOPIC(finder, tip)


def _never_expired(finder: Finder, commit: Commit | None, now_ms: int) -> bool:
    return False


async def _own_epoch(store: Store, log: Log, topic: str, topic_id: UUID, now_ms: int) -> Epoch:
    if await epochs._newest(store, topic) is not None:
        return await epochs.current_epoch(store, log, topic, topic_id, now_ms)
    origins = dict(await log.starts(topic))
    mine = Epoch(topic, 1, origins, epochs.FIRST_SIGHT, now_ms, topic_id)
    with suppress(PreconditionFailedError):
        await store.put(epoch_key(topic, 1), mine.encode(), if_none_match=True)
    return mine


async def _as_long_as_it_takes(seconds: float, work: Awaitable[None]) -> None:
    await work


def _patched(owner: Any, name: str, variant: Any) -> Mapping[str, Any]:
    return {"patches": ((owner, name, variant),)}


def slips() -> tuple[Control, ...]:
    """Each is told with the one kind of violation that must see it."""
    state, worker = PartitionState, PartitionWorker
    return (
        Control("first-for-oldest", seen_as="times", writer=OrderedWriter),
        Control(
            "stops-and-holds",
            seen_as="account",
            needs=frozenset(DISASTERS),
            **_patched(state, "stop", _stop_and_hold),
        ),
        Control(
            "as-heavy-as-before",
            seen_as="account",
            **_patched(state, "landed", _as_heavy_as_before),
        ),
        Control(
            "twice-its-age",
            seen_as="age",
            **_patched(OpenPart, "is_due", _due_at_twice_its_age),
        ),
        Control(
            "promised-when-read", seen_as="told", **_patched(state, "add", _promised_when_read)
        ),
        Control(
            "lag-of-what-is-read",
            seen_as="told",
            **_patched(lag, "lag_of", _lag_of_what_is_read),
        ),
        Control(
            "end-by-counting",
            seen_as="announcement",
            **_patched(partition_worker, "announcement", _end_by_counting),
        ),
        Control(
            "heartbeats-untold",
            seen_as="unannounced",
            **_patched(worker, "_write_one", _heartbeats_untold),
        ),
        Control(
            "commit-as-meant",
            seen_as="commit",
            **_patched(worker, "_write_one", _commit_as_meant),
        ),
        Control(
            "commit-first", seen_as="ahead", **_patched(worker, "_write_one", _commit_first)
        ),
        Control(
            "believes-commits",
            seen_as="no refusal",
            needs=frozenset({"wrong_commit", "restore"}),
            **_patched(Finder, "_refuse_commit_ahead", _believe),
        ),
        Control(
            "any-end",
            seen_as="no refusal",
            needs=frozenset({"truncate"}),
            patches=(
                (finder, "_refuse_outside", _any_end),
                (Finder, "_is_same_topic", _short_is_fine),
            ),
        ),
        Control(
            "never-expired",
            seen_as="stuck",
            needs=frozenset({"expire_raw"}),
            **_patched(Finder, "_has_expired", _never_expired),
        ),
        Control(
            "own-epoch",
            seen_as="loss",
            needs=frozenset({"first_sight"}),
            **_patched(partition_worker, "current_epoch", _own_epoch),
        ),
        Control(
            "no-deadline",
            seen_as="stop",
            **_patched(loop_sink, "_within", _as_long_as_it_takes),
        ),
    )
