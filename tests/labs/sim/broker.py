"""A Kafka broker in memory: logs that expire and are made anew, and one consumer group."""

import asyncio
from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from coinlake.contracts.raw_index import Record
from coinlake.errors import TransientError
from s3_sink.core.ports import Commit, LogRange, Partition


@dataclass
class PartitionLog:
    """The log of one partition in one life of its topic; `records` also keeps what expired."""

    life: int
    start: int = 0
    end: int = 0
    records: list[Record] = field(default_factory=list)
    is_truncated: bool = False
    """Nobody produces until it is mended: a log that has grown again is only told by its records."""

    def append(self, record: Record) -> None:
        self.records.append(record)
        self.end = record.offset + 1

    def from_offset(self, offset: int, count: int) -> list[Record]:
        """The first records at or after an offset that are still kept."""
        at = bisect_left(self.records, max(offset, self.start), key=lambda one: one.offset)
        found = self.records[at : at + count]
        return [one for one in found if one.offset < self.end] if self.is_truncated else found

    def truncate(self, end: int) -> None:
        """An unclean leader has less; `records` keeps what was sent, and perhaps stored."""
        self.end, self.start, self.is_truncated = end, min(self.start, end), True


@dataclass
class _Member:
    seen_s: float
    joining: "asyncio.Future[tuple[int, list[Partition]]] | None" = None


CommitWatcher = Callable[[str, Partition, Commit], None]


class Group:
    """Eager rebalances, generations, sessions, fenced commits. Times in seconds."""

    SESSION_S = 6.0
    REBALANCE_S = 6.0

    def __init__(
        self,
        now_s: Callable[[], float],
        subscribed: Callable[[], list[Partition]],
        watch: CommitWatcher,
        note: Callable[[str], None],
        reached: Callable[[str], None],
    ) -> None:
        self._now_s = now_s
        self._subscribed = subscribed
        self._watch = watch
        self._note = note
        self._reached = reached
        self._members: dict[str, _Member] = {}
        self._closes_at_s: float | None = None
        self.generation = 0
        self.commits: dict[Partition, Commit] = {}

    @property
    def members(self) -> int:
        return len(self._members)

    def join(self, name: str) -> "asyncio.Future[tuple[int, list[Partition]]]":
        """A place in the next generation; the answer comes once all have joined."""
        member = self._members.setdefault(name, _Member(self._now_s()))
        member.seen_s = self._now_s()
        member.joining = asyncio.get_running_loop().create_future()
        self.rebalance()
        joining = member.joining
        self._complete_if_all_joined()
        return joining

    def leave(self, name: str) -> None:
        if self._members.pop(name, None) is not None:
            self.rebalance()

    def leave_all(self) -> None:
        """All members are gone at once, with what they had sent."""
        self._members.clear()
        self.rebalance()

    def heartbeat(self, name: str, generation: int) -> bool:
        """Whether the member may keep its partitions. Raises TransientError for strangers."""
        member = self._members.get(name)
        if member is None:
            raise TransientError("unknown member")
        member.seen_s = self._now_s()
        return generation == self.generation and self._closes_at_s is None

    def commit(self, name: str, generation: int, commits: Mapping[Partition, Commit]) -> None:
        """Raises TransientError where the member is not of this generation."""
        if name not in self._members or generation != self.generation:
            self._reached("commit-fenced")
            raise TransientError(f"commit of {name}: illegal generation {generation}")
        for partition, commit in commits.items():
            self.commits[partition] = commit
            self._watch(name, partition, commit)

    def rebalance(self) -> None:
        """Ask all members to join again."""
        if self._closes_at_s is None:
            self._closes_at_s = self._now_s() + self.REBALANCE_S

    def tick(self) -> None:
        """Time goes on: the silent are expelled, the slow are not waited for for ever."""
        now_s = self._now_s()
        for name, member in list(self._members.items()):
            if member.joining is None and now_s - member.seen_s > self.SESSION_S:
                self._note(f"group: {name} is expelled")
                self._reached("expelled")
                self.leave(name)
        if self._closes_at_s is not None and now_s > self._closes_at_s:
            for name, member in list(self._members.items()):
                if member.joining is None:
                    self._note(f"group: {name} did not join in time")
                    self._reached("join-too-slow")
                    del self._members[name]
        self._complete_if_all_joined()

    def _complete_if_all_joined(self) -> None:
        members = self._members
        if self._closes_at_s is None or any(one.joining is None for one in members.values()):
            return
        self._closes_at_s = None
        self.generation += 1
        names = sorted(members)
        share: dict[str, list[Partition]] = {name: [] for name in names}
        for number, partition in enumerate(self._subscribed() if names else []):
            share[names[(number + self.generation) % len(names)]].append(partition)
        for name, member in members.items():
            member.seen_s = self._now_s()
            joining, member.joining = member.joining, None
            if joining is not None and not joining.done():
                joining.set_result((self.generation, share[name]))
        said = {name: [str(one) for one in given] for name, given in share.items()}
        self._note(f"group: generation {self.generation}: {said}")


class Broker:
    """Topics with their partitions, and one group that reads all of them."""

    def __init__(
        self,
        topics: Mapping[str, int],
        now_s: Callable[[], float],
        watch: CommitWatcher,
        note: Callable[[str], None],
        reached: Callable[[str], None],
    ) -> None:
        self.partitions = [
            Partition(topic, number)
            for topic, count in topics.items()
            for number in range(count)
        ]
        self.is_there = True
        self.denied: dict[Partition, str] = {}
        """Partitions that may not be read, and why."""
        self.forgets_when_asked = 0
        """So many records expire once the starts of the logs have been asked for."""
        self.life = 1
        self.logs = {one: PartitionLog(1) for one in self.partitions}
        self.past: dict[Partition, list[PartitionLog]] = {one: [] for one in self.partitions}
        self.group = Group(
            now_s, lambda: self.partitions if self.is_there else [], watch, note, reached
        )

    @property
    def topic_id(self) -> UUID:
        """Raises TransientError while the topic is not there."""
        if not self.is_there:
            raise TransientError("unknown topic or partition")
        return UUID(int=self.life)

    def log(self, partition: Partition, topic_id: UUID | None = None) -> PartitionLog:
        """Raises TransientError while the topic, or that very one, is not there."""
        if topic_id not in (None, self.topic_id) or not self.is_there:
            raise TransientError(f"{partition}: unknown topic or partition")
        return self.logs[partition]

    def range(self, partition: Partition) -> LogRange:
        log = self.log(partition)
        return LogRange(log.start, log.end)

    def partitions_of(self, topic: str) -> list[Partition]:
        """The partitions of one topic."""
        return [one for one in self.partitions if one.topic == topic]

    def starts(self, topic: str) -> dict[int, int]:
        """Where the logs start; a segment may expire as soon as somebody has asked."""
        starts = {one.number: self.log(one).start for one in self.partitions_of(topic)}
        for log in self.logs.values():
            log.start = min(log.start + self.forgets_when_asked, log.end)
        self.forgets_when_asked = 0
        return starts

    def first_from(self, partition: Partition, offset: int, topic_id: UUID) -> Record | None:
        return next(iter(self.log(partition, topic_id).from_offset(offset, 1)), None)

    def lives(self, partition: Partition) -> list[PartitionLog]:
        """All logs that there were of a partition, the newest last."""
        return [*self.past[partition], *([self.logs[partition]] if self.is_there else [])]

    def mend(self, partition: Partition) -> PartitionLog:
        """A truncated log goes on from its new end; what it lost is past."""
        log = self.logs[partition]
        self.past[partition].append(log)
        kept = [one for one in log.records if one.offset < log.end]
        self.logs[partition] = PartitionLog(log.life, log.start, log.end, kept)
        return self.logs[partition]

    def delete_topic(self, keeps_commits: bool) -> None:
        """The topic goes; its group may or may not forget what was committed."""
        if self.is_there:
            for partition, log in self.logs.items():
                self.past[partition].append(log)
        self.is_there = False
        if not keeps_commits:
            self.group.commits.clear()
        self.group.rebalance()

    def create_topic(self) -> None:
        """A topic of the same name, with other records under the same offsets."""
        self.life += 1
        self.logs = {one: PartitionLog(self.life) for one in self.partitions}
        self.is_there = True
        self.group.rebalance()
