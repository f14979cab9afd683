"""What must be true, checked at the very moment something lands: the judge of a run.

It reads keys, metadata and bytes with the contract's codec and compares them with what the
simulated producer sent; it shares nothing else with the sink.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from coinlake.contracts.abandoned import abandoned_reason
from coinlake.contracts.epochs import Epoch, parse_epoch
from coinlake.contracts.headers import COMPLETE_TO, complete_to_ms
from coinlake.contracts.hours import UNKNOWN_HOUR, hour_of
from coinlake.contracts.raw_codec import decode
from coinlake.contracts.raw_index import RawFormatError, Record
from coinlake.contracts.raw_layout import CHAIN_PREFIX, RawKey, parse_raw_key
from coinlake.contracts.raw_meta import RawMeta, parse_raw_meta
from s3_sink.core.ports import Commit, Partition
from s3_sink.core.start import Start
from tests.labs.bucket import Stored
from tests.labs.sim.announced import Announcements
from tests.labs.sim.broker import Broker, PartitionLog


@dataclass
class Chain:
    """One partition's chain in one epoch. `life` is that of the topic whose records it holds."""

    origin: int
    life: int | None = None
    promised_ms: int | None = None
    newest_ms: int | None = None
    objects: list[tuple[RawKey, RawMeta]] = field(default_factory=list)

    @property
    def end(self) -> int:
        return max((meta.next_offset for _, meta in self.objects), default=self.origin)

    @property
    def last_key(self) -> str:
        return str(self.objects[-1][0]) if self.objects else ""

    def add(self, raw: RawKey, meta: RawMeta) -> None:
        self.objects.append((raw, meta))
        if raw.hour != UNKNOWN_HOUR:
            self.newest_ms = max(meta.max_timestamp_ms, self.newest_ms or 0)

    def lose_last(self) -> RawKey:
        """The newest object is gone; what was promised is what the one before it says."""
        lost, _ = self.objects.pop()
        self.promised_ms = self.objects[-1][1].complete_to_ms if self.objects else None
        known = [
            meta.max_timestamp_ms for raw, meta in self.objects if raw.hour != UNKNOWN_HOUR
        ]
        self.newest_ms = max(known, default=None)
        self.life = self.life if self.objects else None
        return lost


class Oracle:
    """Watches the bucket and the group. `violations` is empty in a good run."""

    def __init__(
        self,
        note: Callable[[str], None],
        counts: Callable[[str], bool],
        reached: Callable[[str], None],
        holds: Callable[[str, int], bool],
    ) -> None:
        self._note = note
        self._counts = counts
        self._reached = reached
        self.announcements = Announcements(self.blame, holds)
        self.committed_once: dict[Partition, set[int]] = defaultdict(set)
        """All that the group has ever had, of whomever."""
        self._known: dict[str, RawMeta] = {}
        self.broker: Broker | None = None
        self.violations: list[str] = []
        self.epochs: dict[int, Epoch] = {}
        self.chains: dict[tuple[int, int], Chain] = {}
        self.lost_epochs: set[int] = set()
        """Those of a bucket that was emptied: their sinks may not have noticed yet."""
        self.is_empty = False
        self.must_have_noticed = False
        self.objects = 0
        self.values = 0

    def blame(self, kind: str, text: str) -> None:
        """Something is not as promised; a control may be about worse than this kind."""
        if self._counts(kind):
            self._note(f"VIOLATION {kind}: {text}")
            self.violations.append(f"{kind}: {text}")

    @property
    def epoch(self) -> int:
        return max(self.epochs, default=0)

    def chain(self, partition: int) -> Chain:
        """The chain of a partition in the current epoch."""
        return self.chain_of(self.epoch, partition)

    def chain_of(self, epoch: int, partition: int) -> Chain:
        """The chain of a partition in one epoch."""
        known = self.epochs.get(epoch)
        origin = known.origin(partition) if known is not None else 0
        return self.chains.setdefault((epoch, partition), Chain(origin))

    def emptied(self) -> None:
        """Nothing is left of the bucket: what was there does not count any more."""
        self.lost_epochs |= set(self.epochs)
        self.epochs.clear()
        self.chains.clear()
        self.is_empty, self.must_have_noticed = True, False

    def restored(self, partition: int) -> str | None:
        """The bucket is put back to before a partition's newest object; its key."""
        chain = self.chain(partition)
        return str(chain.lose_last()) if chain.objects else None

    def expired(self, partition: Partition, commit: Commit | None) -> list[str]:
        """A rule of the bucket has taken a whole chain: it goes on from its commit, if that tells of it."""
        chain = self.chain(partition.number)
        keys = [str(raw) for raw, _ in chain.objects]
        while chain.objects:
            chain.lose_last()
        named = parse_raw_key(commit.metadata) if commit is not None else None
        knows = named is not None and named.epoch == self.epoch and named.hour != UNKNOWN_HOUR
        if commit is not None and knows:
            chain.origin = commit.offset
        return keys

    # What lands.

    def landed(self, key: str, stored: Stored, replaced: bool) -> None:
        if key.startswith(CHAIN_PREFIX):
            self._epoch_landed(key, stored)
            return
        raw, meta = parse_raw_key(key), parse_raw_meta(stored.metadata)
        if raw is None or meta is None:
            self.blame("foreign", f"foreign object {key}")
            return
        self._note(f"bucket: {key} [{meta.link}, {meta.next_offset}) of {meta.writer}")
        self._known[key] = meta
        self.announcements.landed(raw, meta, stored)
        if raw.epoch in self.lost_epochs:
            if self.must_have_noticed:
                self.blame("emptied", f"{raw} goes on although what was before it is gone")
            return
        if replaced:
            self.blame("overwritten", f"{key} was overwritten")
        self._extends(raw, meta, is_mark=abandoned_reason(stored.metadata) is not None)
        self._holds(raw, meta, stored)

    def committed(self, member: str, partition: Partition, commit: Commit) -> None:
        """Commits never run ahead of data, and name the object that ends there."""
        self._note(f"commit: {member} {partition} {commit.offset}")
        self.committed_once[partition].add(commit.offset)
        named = parse_raw_key(commit.metadata)
        if named is None:
            self.blame("commit", f"{partition}: commit {commit.offset} names no object")
            return
        if named.epoch in self.lost_epochs:
            return
        chain = self.chains.get((named.epoch, partition.number))
        if chain is None or commit.offset > chain.end:
            end = None if chain is None else chain.end
            self.blame(
                "ahead",
                f"{partition}: commit {commit.offset} is ahead of the chain's end {end}",
            )
        known = self._known.get(commit.metadata)
        if known is None or (known.next_offset, named.partition) != (
            commit.offset,
            partition.number,
        ):
            self.blame("commit", f"{partition}: {commit} is not where that object ends")

    def started(self, partition: Partition, start: Start) -> None:
        """Nobody goes on below what was committed in the same epoch: what is between is missing."""
        commit, link = start.committed, start.tip.link
        if commit is None or commit.offset <= link:
            return
        named = parse_raw_key(commit.metadata)
        if named is None or named.epoch >= start.epoch:
            self.blame("no refusal", f"{partition} starts at {link}, committed is {commit}")

    def _epoch_landed(self, key: str, stored: Stored) -> None:
        if key.endswith(".json"):
            epoch = parse_epoch(stored.body)
            if epoch.number in self.lost_epochs:
                self.blame("emptied", f"epoch {epoch.number} is made a second time")
            self.epochs.setdefault(epoch.number, epoch)
            self.is_empty = False
            if epoch.number > 1:
                self._reached("epoch-raised")
            self._note(f"bucket: epoch {epoch.number} from {dict(epoch.origins)}")

    def _extends(self, raw: RawKey, meta: RawMeta, *, is_mark: bool) -> None:
        epoch = self.epochs.get(raw.epoch)
        if epoch is None:
            self.blame("foreign", f"{raw} is of an epoch that is not there")
            return
        chain = self.chain_of(raw.epoch, raw.partition)
        if meta.link != raw.link or not meta.link <= meta.first_offset < meta.next_offset:
            self.blame("metadata", f"{raw} says link {meta.link}, first {meta.first_offset}")
        # Where a whole chain has expired, an operator's mark is for all that the epoch ever had.
        is_all = is_mark and not chain.objects and raw.link == epoch.origin(raw.partition)
        if raw.link < chain.end and not is_all:
            self.blame("doubling", f"{raw} starts before the chain's end {chain.end}")
        elif raw.link > chain.end:
            self.blame("loss", f"{raw} leaves a gap from {chain.end}")
        chain.add(raw, meta)
        self.objects += 1
        self.values += meta.values

    def _holds(self, raw: RawKey, meta: RawMeta, stored: Stored) -> None:
        try:
            decoded = decode(stored.body)
        except RawFormatError as error:
            self.blame("bytes", f"{raw} cannot be decoded: {error}")
            return
        records = decoded.records
        told = (meta.sha256, meta.records, meta.first_offset, meta.values)
        values = sum(one.value is not None for one in records)
        if told != (decoded.sha256, len(records), records[0].offset, values):
            self.blame("metadata", f"{raw} is not what its metadata says")
        times = [one.timestamp_ms for one in records]
        if (meta.min_timestamp_ms, meta.max_timestamp_ms) != (min(times), max(times)):
            self.blame(
                "times", f"{raw} says {meta.min_timestamp_ms} to {meta.max_timestamp_ms}"
            )
        if {hour_of(one) for one in times} != {raw.hour}:
            self.blame("hour", f"{raw} holds records of another hour")
        self._count(raw, values, times)
        chain = self.chains.get((raw.epoch, raw.partition))
        if abandoned_reason(stored.metadata) is not None:
            self._gives_up(raw, meta)
        elif chain is not None:
            self._same_bytes(raw, meta, records, chain)
            self._same_promise(raw, meta, records, chain)

    def _count(self, raw: RawKey, values: int, times: list[int]) -> None:
        if values == 0:
            self._reached("object-heartbeats")
        if times != sorted(times):
            self._reached("object-out-of-order")
        if raw.hour == UNKNOWN_HOUR:
            self._reached("object-unknown-hour")

    def _gives_up(self, raw: RawKey, meta: RawMeta) -> None:
        """A gap marker may only stand for what Kafka has no more."""
        self._reached("range-abandoned")
        start = self._lives(raw.partition)[-1].start
        if meta.next_offset > start:
            self.blame("gap", f"{raw} gives up to {meta.next_offset}, Kafka has from {start}")

    def _same_bytes(
        self, raw: RawKey, meta: RawMeta, records: tuple[Record, ...], chain: Chain
    ) -> None:
        for log in self._lives(raw.partition):
            sent = [one for one in log.records if meta.link <= one.offset < meta.next_offset]
            if tuple(sent) == records:
                break
        else:
            self.blame("bytes", f"{raw} holds what Kafka never had, or not all of it")
            return
        if chain.life not in (None, log.life):
            self.blame("mixture", f"{raw} is of life {log.life}, its chain of {chain.life}")
        chain.life = log.life

    def _same_promise(
        self, raw: RawKey, meta: RawMeta, records: tuple[Record, ...], chain: Chain
    ) -> None:
        for one in records:
            if one.value is None and any(name == COMPLETE_TO for name, _ in one.headers):
                promised = complete_to_ms(one.headers)
                if promised is not None:
                    chain.promised_ms = max(promised, chain.promised_ms or 0)
        if meta.complete_to_ms != chain.promised_ms:
            told, promised_ms = meta.complete_to_ms, chain.promised_ms
            self.blame("promise", f"{raw} says complete to {told}, promised {promised_ms}")

    def _lives(self, partition: int) -> list[PartitionLog]:
        assert self.broker is not None
        return self.broker.lives(self.broker.partitions[partition])
