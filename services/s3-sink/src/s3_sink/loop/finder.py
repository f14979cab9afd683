"""Finds where a partition goes on: at a link of its chain, never at a bare committed offset."""

from uuid import UUID

from coinlake.contracts.epochs import Epoch
from coinlake.contracts.hours import UNKNOWN_HOUR, hour_of, parse_hour
from coinlake.contracts.raw_codec import Ending
from coinlake.contracts.raw_layout import RawKey, parse_raw_key, topic_prefix
from coinlake.errors import ArchivedError, InvariantError, TransientError
from s3_sink.core.found import Found
from s3_sink.core.ports import Codec, Commit, Log, LogRange, Partition, Store
from s3_sink.core.start import Start, Tip
from s3_sink.loop.look import look, read_ending

# Two days of hours: a sink that was away longer lists the whole topic once.
NEWEST_HOURS = 48
# Of these the last object is looked for where the log cannot tell its hour.
NEWEST_DAYS = 2
# Each step costs a read from Kafka and a HEAD; beyond this one listing is cheaper.
MAX_STEPS = 32
# A lifecycle rule counts in days (S3 API, LifecycleExpiration: Days): what is younger has not gone
# by one. (One with a Date may take it, and is then taken for a loss.)
_EXPIRES_AFTER_MS = 24 * 3_600_000


class Finder:
    """Finds the end of the chain of one partition and checks that the log goes with it."""

    def __init__(
        self,
        store: Store,
        codec: Codec,
        log: Log,
        partition: Partition,
        epoch: Epoch,
        topic_id: UUID,
    ) -> None:
        self._store = store
        self._codec = codec
        self._log = log
        self._partition = partition
        self._epoch = epoch
        self._topic_id = topic_id

    async def start(self, now_ms: int) -> Start:
        """Raises InvariantError where only an operator can go on, TransientError."""
        commit = await self._log.committed(self._partition)
        low = await self._confirmed(commit)
        if low is None:
            low = await self._newest() or await self._last() or self._origin()
        tip = await self._walk(low)
        expired = tip.found is None and self._has_expired(commit, now_ms)
        if commit is not None and expired:
            tip = await self._walk(Tip(commit.offset))
        self._refuse_commit_ahead(commit, tip)
        compared = await self._is_same_topic(tip)
        await self._refuse_another()
        return Start(self._epoch.number, self._topic_id, tip, commit, compared, expired)

    async def _confirmed(self, commit: Commit | None) -> Tip | None:
        """The link that a commit names, where its object says the same."""
        key = self._own_key(commit.metadata) if commit is not None else None
        found = None if key is None else await look(self._store, self._codec, key)
        if commit is None or found is None or found.meta.next_offset != commit.offset:
            return None
        return Tip(commit.offset, found)

    async def _newest(self) -> Tip | None:
        """A link from the newest hours. Late records may have gone on elsewhere: walk on."""
        left = NEWEST_HOURS
        for day in await self._folders(topic_prefix(self._partition.topic)):
            for hour in (await self._folders(day))[:left]:
                left -= 1
                tip = await self._last(f"{hour}{self._epoch.number}-{self._partition.number}-")
                if tip is not None:
                    return tip
            if not left:
                break
        return None

    async def _last(self, prefix: str | None = None) -> Tip | None:
        """The object with the highest link below a prefix, by default of the whole topic."""
        highest: RawKey | None = None
        async for entry in self._store.list(prefix or topic_prefix(self._partition.topic)):
            key = self._own_key(entry.key)
            if key is not None and (highest is None or key.link > highest.link):
                highest = key
        if highest is None:
            return None
        tip = await self._tip(highest)
        if tip is None:
            raise TransientError(f"{highest} is listed but does not exist: try again")
        return tip

    async def _walk(self, tip: Tip) -> Tip:
        """Forward from a link, which may be too low, to the end of the chain."""
        steps = 0
        while (following := await self._after(tip)) is not None:
            tip = following
            steps += 1
            if steps == MAX_STEPS:
                tip = await self._last() or tip
        return tip

    async def _after(self, tip: Tip) -> Tip | None:
        """The object that starts at a link; its hour is that of the record there."""
        kept = await self._log.range(self._partition)
        if tip.link < kept.start:
            # Kafka has forgotten that record, so its hour is only known by the listing.
            last = await self._last()
            return last if last is not None and last.link > tip.link else None
        record = None
        if tip.link < kept.end:
            record = await self._log.first_from(self._partition, tip.link, self._topic_id)
        if record is None:
            return await self._beyond_the_log(tip.link)
        number, partition = self._epoch.number, self._partition
        hour = hour_of(record.timestamp_ms)
        return await self._tip(
            RawKey(partition.topic, hour, number, partition.number, tip.link)
        )

    async def _beyond_the_log(self, link: int) -> Tip | None:
        """The object that starts where the log ends: there is one where the log was truncated.

        Its first record is gone, so nobody knows its hour: it is asked for in the newest ones.
        """
        topic = self._partition.topic
        hours = {UNKNOWN_HOUR}
        for day in (await self._folders(topic_prefix(topic)))[:NEWEST_DAYS]:
            names = [
                name.removeprefix(topic_prefix(topic)) for name in await self._folders(day)
            ]
            hours |= {hour for name in names if (hour := parse_hour(name.rstrip("/")))}
        for hour in sorted(hours, reverse=True):
            key = RawKey(topic, hour, self._epoch.number, self._partition.number, link)
            tip = await self._tip(key)
            if tip is not None:
                return tip
        return None

    async def _tip(self, key: RawKey) -> Tip | None:
        found = await look(self._store, self._codec, key)
        return None if found is None else Tip(found.meta.next_offset, found)

    async def _folders(self, prefix: str) -> list[str]:
        return sorted([name async for name in self._store.list_folders(prefix)], reverse=True)

    def _origin(self) -> Tip:
        return Tip(self._epoch.origin(self._partition.number))

    def _own_key(self, text: str) -> RawKey | None:
        key = parse_raw_key(text)
        wanted = (self._partition.topic, self._epoch.number, self._partition.number)
        if key is None or (key.topic, key.epoch, key.partition) != wanted:
            return None
        return key

    def _refuse_commit_ahead(self, commit: Commit | None, tip: Tip) -> None:
        if commit is None or commit.offset <= tip.link:
            return
        named = parse_raw_key(commit.metadata)
        if named is not None and named.epoch < self._epoch.number:
            return  # It speaks of offsets of an epoch that an operator has ended.
        raise InvariantError(
            f"{self._partition}: offset {commit.offset} was committed, but the chain ends at "
            f"{tip.link}: [{tip.link}, {commit.offset}) is missing"
        )

    def _has_expired(self, commit: Commit | None, now_ms: int) -> bool:
        """Whether a commit tells of a chain that may be gone by a rule of the bucket."""
        named = self._own_key(commit.metadata) if commit is not None else None
        if commit is None or named is None or named.link >= commit.offset:
            return False
        if named.hour == UNKNOWN_HOUR:
            return False
        return named.hour.end_ms + _EXPIRES_AFTER_MS < now_ms

    async def _refuse_another(self) -> None:
        """All that was asked by name must have been asked of one topic."""
        now = await self._log.topic_id(self._partition.topic)
        if now != self._topic_id:
            raise TransientError(f"{self._partition}: the topic was re-created just now")

    async def _is_same_topic(self, tip: Tip) -> bool:
        """Compare the end of the chain with the log; False where that cannot be told."""
        kept = await self._log.range(self._partition)
        _refuse_outside(self._partition, tip, kept)
        if tip.found is None:
            return False
        try:
            end = await read_ending(self._store, self._codec, tip.found.key)
        except ArchivedError:
            return False  # HEAD has told where it ends; its records are out of reach.
        if end is None:
            raise TransientError(f"{tip.found.key} existed a moment ago: try again")
        _refuse_liar(tip.found, end)
        if end.last_offset < kept.start:
            return False
        theirs = await self._log.first_from(self._partition, end.last_offset, self._topic_id)
        # By their hashes: one record may be as big as everything else together.
        if theirs is None or await self._codec.sha256([theirs]) != end.last_sha256:
            raise InvariantError(
                f"{self._partition}: the record at offset {end.last_offset} is not the one that "
                f"{tip.found.key} ends with: the topic was re-created or truncated"
            )
        return True


def _refuse_outside(partition: Partition, tip: Tip, kept: LogRange) -> None:
    if tip.link > kept.end:
        raise InvariantError(
            f"{partition}: the chain ends at {tip.link}, but the log ends at {kept.end}: "
            "the topic was re-created or truncated"
        )
    if tip.link < kept.start:
        raise InvariantError(
            f"{partition}: the chain ends at {tip.link}, the log starts at {kept.start}: "
            f"[{tip.link}, {kept.start}) has expired"
        )


def _refuse_liar(found: Found, end: Ending) -> None:
    meta = found.meta
    said = (meta.sha256, meta.first_offset)
    if said != (end.sha256, end.first_offset) or end.last_offset >= meta.next_offset:
        raise InvariantError(f"{found.key} does not contain what its metadata says")
