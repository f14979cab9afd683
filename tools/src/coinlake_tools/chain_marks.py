"""`coinlake abandon` and `coinlake epoch raise`: an operator's deeds, written into the chain."""

from dataclasses import dataclass

from coinlake.contracts.abandoned import MAX_REASON_BYTES, AbandonedRange
from coinlake.contracts.epochs import Epoch
from coinlake.contracts.hours import hour_of
from coinlake.contracts.raw_codec import encode
from coinlake.contracts.raw_layout import RawKey, epoch_key, parse_raw_key
from coinlake.contracts.raw_meta import RawMeta
from coinlake.errors import ConfigError, PreconditionFailedError
from coinlake.store import ObjectStore
from coinlake_tools.chain_audit import Audited, Chain, Kind
from coinlake_tools.lake_chain import topic_view
from coinlake_tools.lake_log import LakeLog

WRITER = "coinlake-abandon"
# A chain without any object has no hour to put the marker into: the hour that means none.
_NO_TIME_MS = -1
# Where the chain's end cannot be told for sure, a marker could land in the wrong place.
_BREAKS = frozenset({Kind.MISSING, Kind.OVERLAP, Kind.DUPLICATE, Kind.METADATA})


@dataclass(frozen=True, slots=True)
class Marks:
    """Writes marks. The sinks must have let go: `group` is the one that they are members of."""

    store: ObjectStore
    log: LakeLog
    group: str

    async def abandon(self, topic: str, partition: int, next_offset: int, reason: str) -> str:
        """Give up the offsets from the chain's end up to `next_offset`; the marker's key.

        Raises ConfigError where Kafka still has some of them, TransientError.
        """
        _check_reason(reason)
        await self._check_alone()
        view, kept = await topic_view(self.store, topic), await self.log.kept(topic)
        if not view.newest or partition not in kept:
            raise ConfigError(f"{topic}-{partition} has no chain, or is not in Kafka")
        chain, result = view.chain(view.newest, partition), view.audited(view.newest, partition)
        start = kept[partition].start
        broken = [one for one in result.findings if one.kind in _BREAKS]
        if broken:
            raise ConfigError(f"the chain is broken somewhere else: {broken[0].text}")
        if not result.end < next_offset:
            raise ConfigError(f"the chain ends at {result.end}: nothing to give up")
        if next_offset > start:
            raise ConfigError(
                f"Kafka still has the offsets from {start} on: give up at most the offsets before {start}, "
                "and let the sink or `coinlake repair` store the rest"
            )
        key, meta, body = _marker(
            chain, result, AbandonedRange(result.end, next_offset, reason)
        )
        await self._create(str(key), body, meta)
        return str(key)

    async def raise_epoch(self, topic: str, reason: str, now_ms: int) -> Epoch:
        """Begin a new epoch: each partition's chain begins where Kafka's log starts now."""
        _check_reason(reason)
        await self._check_alone()
        topic_id = await self.log.topic_id(topic)
        newest, kept = await self._newest(topic), await self.log.kept(topic)
        if not newest or not kept:
            raise ConfigError(f"{topic} has no epoch yet, or is not in Kafka")
        if topic_id != await self.log.topic_id(topic):
            raise ConfigError(f"{topic} was re-created just now: try again")
        origins = {number: one.start for number, one in kept.items()}
        epoch = Epoch(topic, newest + 1, origins, reason, now_ms, topic_id)
        await self._create(epoch_key(topic, epoch.number), epoch.encode(), {})
        return epoch

    async def _newest(self, topic: str) -> int:
        """The newest epoch that anything tells of: its record, an object, or a commit.

        A bucket that was emptied has no records; the same number again would mix two chains.
        """
        view = await topic_view(self.store, topic)
        named = [one.epoch for one in view.findings if one.epoch is not None]
        for key in map(parse_raw_key, (await self.log.commits(self.group, topic)).values()):
            named += [key.epoch] if key is not None and key.topic == topic else []
        return max((view.newest, *named))

    async def _check_alone(self) -> None:
        members = await self.log.members(self.group)
        if members:
            raise ConfigError(
                f"group {self.group} still has {members} members: stop every sink first, because "
                "sinks read marks only when they are assigned a partition"
            )

    async def _create(self, key: str, body: bytes, metadata: dict[str, str]) -> None:
        try:
            await self.store.put(key, body, metadata=metadata, if_none_match=True)
        except PreconditionFailedError as error:
            raise ConfigError(f"{key} exists already: check the state and try again") from error


def _marker(
    chain: Chain, result: Audited, left: AbandonedRange
) -> tuple[RawKey, dict[str, str], bytes]:
    last = result.tiles[-1].meta if result.tiles else None
    # The hour in which the chain broke off: two operators at once want the same key.
    time_ms = _NO_TIME_MS if last is None else last.max_timestamp_ms
    record = left.record(time_ms)
    encoded = encode([record])
    key = RawKey(chain.topic, hour_of(time_ms), chain.epoch, chain.partition, left.link)
    meta = RawMeta(
        link=left.link,
        first_offset=record.offset,
        next_offset=left.next_offset,
        records=1,
        values=0,
        sha256=encoded.sha256,
        min_timestamp_ms=time_ms,
        max_timestamp_ms=time_ms,
        complete_to_ms=None if last is None else last.complete_to_ms,
        writer=WRITER,
    )
    return key, {**meta.encode(), **left.metadata()}, encoded.body


def _check_reason(reason: str) -> None:
    if not reason.strip():
        raise ConfigError("--reason must not be empty: say why")
    if len(reason.encode()) > MAX_REASON_BYTES // 3:  # percent-encoding may treble it
        raise ConfigError(f"the reason is longer than {MAX_REASON_BYTES // 3} bytes")
