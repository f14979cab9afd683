"""What must be true, checked at the very moment something lands: the judge of a run.

It reads keys, metadata and bytes with the contract's codec and compares them with what the
simulated producer sent; it shares nothing else with the sink.
"""

from collections.abc import Callable
from dataclasses import dataclass

from coinlake.contracts.abandoned import abandoned_reason
from coinlake.contracts.epochs import Epoch, parse_epoch
from coinlake.contracts.headers import COMPLETE_TO, complete_to_ms
from coinlake.contracts.hours import hour_of
from coinlake.contracts.raw_codec import decode
from coinlake.contracts.raw_index import RawFormatError, Record
from coinlake.contracts.raw_layout import CHAIN_PREFIX, RawKey, parse_raw_key
from coinlake.contracts.raw_meta import RawMeta, parse_raw_meta
from s3_sink.core.ports import Commit, Partition
from tests.labs.bucket import Stored
from tests.labs.sim.broker import Broker, PartitionLog


@dataclass
class Chain:
    """One partition's chain in one epoch. `life` is that of the topic whose records it holds."""

    end: int
    life: int | None = None
    promised_ms: int | None = None
    last_key: str = ""


class Oracle:
    """Watches the bucket and the group. `violations` is empty in a good run."""

    def __init__(self, note: Callable[[str], None], ignores: frozenset[str]) -> None:
        self._note = note
        self._ignores = ignores
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
        if kind not in self._ignores:
            self._note(f"VIOLATION {kind}: {text}")
            self.violations.append(f"{kind}: {text}")

    @property
    def epoch(self) -> int:
        return max(self.epochs, default=0)

    def chain(self, partition: int) -> Chain:
        """The chain of a partition in the current epoch."""
        origin = self.epochs[self.epoch].origin(partition) if self.epochs else 0
        return self.chains.setdefault((self.epoch, partition), Chain(origin))

    def emptied(self) -> None:
        """Nothing is left of the bucket: what was there does not count any more."""
        self.lost_epochs |= set(self.epochs)
        self.epochs.clear()
        self.chains.clear()
        self.is_empty, self.must_have_noticed = True, False

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
        if raw.epoch in self.lost_epochs:
            if self.must_have_noticed:
                self.blame("emptied", f"{raw} goes on although what was before it is gone")
            return
        if replaced:
            self.blame("overwritten", f"{key} was overwritten")
        self._extends(raw, meta)
        self._holds(raw, meta, stored)

    def committed(self, member: str, partition: Partition, commit: Commit) -> None:
        """Commits never run ahead of data, and name the object that ends there."""
        self._note(f"commit: {member} {partition} {commit.offset}")
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

    def _epoch_landed(self, key: str, stored: Stored) -> None:
        if key.endswith(".json"):
            epoch = parse_epoch(stored.body)
            if epoch.number in self.lost_epochs:
                self.blame("emptied", f"epoch {epoch.number} is made a second time")
            self.epochs.setdefault(epoch.number, epoch)
            self.is_empty = False
            self._note(f"bucket: epoch {epoch.number} from {dict(epoch.origins)}")

    def _extends(self, raw: RawKey, meta: RawMeta) -> None:
        epoch = self.epochs.get(raw.epoch)
        if epoch is None:
            self.blame("foreign", f"{raw} is of an epoch that is not there")
            return
        slot = (raw.epoch, raw.partition)
        chain = self.chains.setdefault(slot, Chain(epoch.origin(raw.partition)))
        if meta.link != raw.link or not meta.link <= meta.first_offset < meta.next_offset:
            self.blame("metadata", f"{raw} says link {meta.link}, first {meta.first_offset}")
        if raw.link < chain.end:
            self.blame("doubling", f"{raw} starts before the chain's end {chain.end}")
        elif raw.link > chain.end:
            self.blame("loss", f"{raw} leaves a gap from {chain.end}")
        chain.end = max(chain.end, meta.next_offset)
        chain.last_key = str(raw)
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
        if {hour_of(one.timestamp_ms) for one in records} != {raw.hour}:
            self.blame("hour", f"{raw} holds records of another hour")
        chain = self.chains.get((raw.epoch, raw.partition))
        if abandoned_reason(stored.metadata) is not None:
            self._gives_up(raw, meta)
        elif chain is not None:
            self._same_bytes(raw, meta, records, chain)
            self._same_promise(raw, meta, records, chain)

    def _gives_up(self, raw: RawKey, meta: RawMeta) -> None:
        """A gap marker may only stand for what Kafka has no more."""
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
        now = self.broker.logs[self.broker.partitions[partition]]
        past = self.broker.past[partition :: len(self.broker.partitions)]
        return [*past, now] if now not in past else past
