"""The broken variants: each drops one rule of the protocol, and each must be caught."""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from uuid import UUID

import s3_sink.loop.partition_worker
from coinlake.contracts import raw_index
from coinlake.contracts.epochs import Epoch
from coinlake.contracts.headers import Header
from coinlake.contracts.hours import hour_of
from coinlake.contracts.raw_index import _pack_headers
from coinlake.contracts.raw_layout import RawKey
from coinlake.contracts.raw_meta import RawMeta
from coinlake.errors import InvariantError, PreconditionFailedError, TransientError
from s3_sink.core.found import Found
from s3_sink.core.part import Part
from s3_sink.core.partition_state import PartitionState
from s3_sink.core.ports import Commit, Log, Partition, Polled, Store
from s3_sink.core.start import Tip
from s3_sink.loop.epochs import _newest, _read, current_epoch
from s3_sink.loop.finder import Finder, _refuse_outside
from s3_sink.loop.guard import Guard
from s3_sink.loop.writer import CONTENT_TYPE, WriteOutcome, Writer
from tests.labs.patching import Patch, patched
from tests.labs.sim.broker import Broker, PartitionLog
from tests.labs.sim.client import MemberSource
from tests.labs.sim.sink import BEGIN_MS, WALL_MS_PER_S


class TrustingWriter(Writer):
    """Takes a 412 as "mine, fine", without looking."""

    async def _try(
        self, partition: Partition, key: RawKey, meta: RawMeta, body: bytes
    ) -> Found | None:
        try:
            etag = await self._store.put(
                str(key), body, metadata=meta.encode(), if_none_match=True
            )
        except PreconditionFailedError:
            etag = ""
        return Found(key, meta, etag, len(body))


class HastyWriter(Writer):
    """Has two PUTs in flight: the next part starts where this one is meant to end."""

    async def write(self, state: PartitionState, part: Part) -> WriteOutcome:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._ahead(state))
            return await super().write(state, part)

    async def _ahead(self, state: PartitionState) -> None:
        if len(state.sealed_parts) < 2:
            return
        part, following = state.sealed_parts[:2]
        encoded = await self._codec.encode(following.records)
        meta = replace(self._meta(state, following, encoded), link=part.next_offset)
        meta = replace(
            meta,
            complete_to_ms=state.watermark.after(
                (*part.records, *following.records)
            ).complete_to_ms,
        )
        partition = state.partition
        key = RawKey(partition.topic, following.hour, state.epoch, partition.number, meta.link)
        try:
            await self._store.put(
                str(key),
                encoded.body,
                metadata=meta.encode(),
                if_none_match=True,
                content_type=CONTENT_TYPE,
            )
        except (PreconditionFailedError, TransientError):
            return  # It is written again in its turn.


class ClockWriter(Writer):
    """Takes the hour in the key from the wall clock."""

    async def write(self, state: PartitionState, part: Part) -> WriteOutcome:
        now_s = asyncio.get_running_loop().time()
        hour = hour_of(BEGIN_MS + int(now_s * WALL_MS_PER_S))
        return await super().write(state, replace(part, hour=hour))


_landed = PartitionState.landed


def _own_buffer(state: PartitionState, next_offset: int, complete_to_ms: int | None) -> bool:
    part = state.first_sealed
    return _landed(state, part.next_offset if part else next_offset, complete_to_ms)


async def _any_commit(finder: Finder, commit: Commit | None) -> Tip | None:
    return None if commit is None else Tip(commit.offset)


def _any_id(broker: Broker, partition: Partition, topic_id: object = None) -> PartitionLog:
    if not broker.is_there:
        raise TransientError(f"{partition}: unknown topic or partition")
    return broker.logs[partition]


async def _any_epoch(store: Store, log: Log, topic: str, topic_id: UUID, now_ms: int) -> Epoch:
    try:
        return await current_epoch(store, log, topic, topic_id, now_ms)
    except InvariantError:
        return await _read(store, topic, await _newest(store, topic) or 1)


async def _any_bucket(guard: Guard, state: PartitionState, *, doubtful: bool) -> None:
    """Whatever bucket it is, the next link goes there."""


_READ = MemberSource._read


def _all_or_nothing(source: MemberSource) -> Polled:
    polled = _READ(source)
    for trouble in polled.heard.values():
        if trouble is not None:
            raise TransientError(f"poll: {trouble}")
    return polled


def _only_text(rows: Sequence[tuple[Header, ...]]) -> list[bytes]:
    for row in rows:
        for name, _ in row:
            name.encode()
    return _pack_headers(rows)


async def _any_topic(finder: Finder, tip: Tip) -> bool:
    _refuse_outside(finder._partition, tip, await finder._log.range(finder._partition))
    return True


@dataclass(frozen=True)
class Control:
    """A broken variant. `patches` are (owner, name, replacement).

    A control must lose, double or mix records, not merely look odd: the kinds of violation that
    the dropped rule is trivially guilty of are not counted (`ignores`). One that is to show that
    the judge sees one kind is judged by that alone (`seen_as`). One that only shows when something
    is done to the world (`needs`, names of events) is not played where none of it is drawn.
    """

    name: str
    ignores: frozenset[str] = frozenset()
    seen_as: str = ""
    needs: frozenset[str] = frozenset()
    overwrites: bool = False
    writer: type[Writer] = Writer
    patches: tuple[Patch, ...] = ()

    def counts(self, kind: str) -> bool:
        """Whether a violation of this kind is one."""
        return kind == self.seen_as if self.seen_as else kind not in self.ignores

    def applied(self) -> AbstractContextManager[None]:
        """The rule is dropped inside of this."""
        return patched(self.patches)


_ODD = frozenset(
    {
        *("hour", "promise", "commit", "stuck", "refusal", "no refusal", "metadata", "times"),
        *("announcement", "unannounced", "account", "told", "stop", "age"),
    }
)
_ANEW = frozenset({"recreate", "recreate_when"})
NONE = Control("the product")


async def _no_probe(*_: object) -> None:
    """A sink that does not ask whether the store can refuse."""


def controls() -> dict[str, Control]:
    """Every control by name."""
    import tests.labs.sim.sink as sink
    from tests.labs.sim.slips import slips

    every = (
        Control(
            "overwrite",
            ignores=_ODD | {"overwritten"},
            overwrites=True,
            patches=((sink, "require_create_only", _no_probe),),
        ),
        Control("trust-412", ignores=_ODD, writer=TrustingWriter),
        Control(
            "own-position", ignores=_ODD, patches=((PartitionState, "landed", _own_buffer),)
        ),
        Control("two-in-flight", ignores=_ODD, writer=HastyWriter),
        Control("wall-clock", ignores=_ODD, writer=ClockWriter),
        Control("any-commit", ignores=_ODD, patches=((Finder, "_confirmed", _any_commit),)),
        Control(
            "any-topic",
            ignores=_ODD,
            needs=_ANEW,
            patches=(
                (Finder, "_is_same_topic", _any_topic),
                (s3_sink.loop.partition_worker, "current_epoch", _any_epoch),
            ),
        ),
        Control(
            "fetch-by-name", ignores=_ODD, needs=_ANEW, patches=((Broker, "log", _any_id),)
        ),
        Control(
            "any-bucket",
            ignores=_ODD,
            needs=frozenset({"empty"}),
            patches=((Guard, "check", _any_bucket),),
        ),
        Control("one-denied-stops-all", patches=((MemberSource, "_read", _all_or_nothing),)),
        Control("names-are-text", patches=((raw_index, "_pack_headers", _only_text),)),
        *slips(),
    )
    return {control.name: control for control in every}
