"""Writes the parts of a partition into its chain: one PUT in flight, and a look on every 412."""

from dataclasses import dataclass

from coinlake.contracts.announcements import Landed
from coinlake.contracts.raw_codec import Encoded
from coinlake.contracts.raw_layout import RawKey
from coinlake.contracts.raw_meta import RawMeta
from coinlake.errors import (
    InvariantError,
    PreconditionFailedError,
    TransientError,
)
from s3_sink.core.found import Found
from s3_sink.core.part import Part
from s3_sink.core.partition_state import PartitionState
from s3_sink.core.ports import Codec, Partition, Report, Store, Wait
from s3_sink.loop.guard import Guard
from s3_sink.loop.look import look

CONTENT_TYPE = "application/gzip"


@dataclass(frozen=True, slots=True)
class WriteOutcome:
    """The object that holds the place now, and whether fetching must jump to its end."""

    found: Found
    jump: bool


class Writer:
    """Puts sealed parts where the chain ends, for as long as it takes."""

    def __init__(
        self, store: Store, codec: Codec, wait: Wait, report: Report, guard: Guard, name: str
    ) -> None:
        self._store = store
        self._guard = guard
        self._codec = codec
        self._wait = wait
        self._report = report
        self._name = name

    def begin(self, partition: Partition) -> None:
        """The chain's end has just been found in the bucket."""
        self._guard.begin(partition)

    async def write(self, state: PartitionState, part: Part) -> WriteOutcome:
        """Get the first sealed part of a state into the chain, or adopt what is there.

        Raises InvariantError where the chain is not what it promises to be.
        """
        encoded = await self._codec.encode(part.records)
        state.compressed(part.raw_bytes, len(encoded.body))
        key = RawKey(
            state.partition.topic, part.hour, state.epoch, state.partition.number, state.link
        )
        meta = self._meta(state, part, encoded)
        found = await self._landed(state, key, meta, encoded.body)
        if found.meta.writer == self._name and found.meta.sha256 == meta.sha256:
            self._report.written(state.partition, part, found)
        else:
            await self._compare(state, meta, found)
            self._report.adopted(state.partition, found)
        self._guard.landed(state.partition, found.key)
        # The end of what is stored, never the end of what we meant to store.
        jump = state.landed(found.meta.next_offset, found.meta.complete_to_ms)
        return WriteOutcome(found, jump)

    async def _landed(
        self, state: PartitionState, key: RawKey, meta: RawMeta, body: bytes
    ) -> Found:
        """Try until there is an object under the key, ours or another's."""
        attempt, partition = 0, state.partition
        while True:
            try:
                await self._guard.check(state, doubtful=attempt > 0)
                found = await self._try(partition, key, meta, body)
            except TransientError as error:
                # Away, slow, 409, 5xx, 401, 403: the record has nowhere else to go, so it waits.
                self._report.retried(partition, error.trouble, str(error))
            else:
                if found is not None:
                    return found
                self._report.retried(partition, "vanished", f"412, but {key} does not exist")
            await self._wait(attempt)
            attempt += 1

    async def _try(
        self, partition: Partition, key: RawKey, meta: RawMeta, body: bytes
    ) -> Found | None:
        try:
            etag = await self._store.put(
                str(key),
                body,
                metadata=meta.encode(),
                if_none_match=True,
                content_type=CONTENT_TYPE,
            )
        except PreconditionFailedError:
            # Our own PUT whose answer was lost, or another sink's: only a look can tell.
            self._report.met(partition)
            return await look(self._store, self._codec, key)
        return Found(key, meta, etag, len(body))

    async def _compare(self, state: PartitionState, mine: RawMeta, found: Found) -> None:
        """What another wrote must be what Kafka gave to us, as far as we have it."""
        theirs = found.meta
        if theirs.first_offset != mine.first_offset:
            raise InvariantError(
                f"{found.key} starts with offset {theirs.first_offset}, "
                f"Kafka's first record there is {mine.first_offset}"
            )
        held = state.held_before(theirs.next_offset)
        if held is not None and await self._codec.sha256(held) != theirs.sha256:
            raise InvariantError(
                f"{found.key} holds records that differ from Kafka's for "
                f"[{theirs.first_offset}, {theirs.next_offset})"
            )

    def _meta(self, state: PartitionState, part: Part, encoded: Encoded) -> RawMeta:
        records = part.records
        return RawMeta(
            link=state.link,
            first_offset=records.offsets[0],
            next_offset=part.next_offset,
            records=len(records),
            values=part.values,
            sha256=encoded.sha256,
            min_timestamp_ms=min(records.timestamps_ms),
            max_timestamp_ms=max(records.timestamps_ms),
            complete_to_ms=state.watermark.after(records.null_values()).complete_to_ms,
            writer=self._name,
        )


def announcement(found: Found) -> Landed:
    """The hint that an object has landed."""
    key, meta = found.key, found.meta
    return Landed(
        key=str(key),
        etag=found.etag,
        size=found.size,
        topic=key.topic,
        dt=key.hour.dt,
        hour=key.hour.hour,
        epoch=key.epoch,
        partition=key.partition,
        link=key.link,
        next_offset=meta.next_offset,
        values=meta.values,
        complete_to_ms=meta.complete_to_ms,
    )
