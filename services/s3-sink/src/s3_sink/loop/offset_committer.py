"""Commits follow the chains: what is stored is committed, later, and never the other way round."""

import asyncio
from collections.abc import Callable, Collection

from coinlake.errors import TransientError
from s3_sink.core.commits import PendingCommits
from s3_sink.core.ports import Commit, CommitReport, Partition, RecordSource, Wait


class OffsetCommitter:
    """The commits of this member's partitions. `now_s` is monotonic."""

    def __init__(
        self, source: RecordSource, tell: CommitReport, wait: Wait, now_s: Callable[[], float]
    ) -> None:
        self._source = source
        self._tell = tell
        self._wait = wait
        self._now_s = now_s
        self._commits = PendingCommits()
        self._due = asyncio.Event()

    def begin(self, partition: Partition, found: Commit | None, reached: Commit | None) -> None:
        """A partition starts: what Kafka has of it, and how far its chain is; None for nothing."""
        self._commits.forget(partition)
        if found is not None:
            self._commits.known(partition, found)
        if reached is not None:
            self.confirm(partition, reached)

    def confirm(self, partition: Partition, commit: Commit) -> None:
        """A chain has come so far; Kafka is told soon."""
        self._commits.confirm(partition, commit)
        self._due.set()

    def forget(self, partition: Partition) -> None:
        """A partition has gone: its commits are another member's."""
        self._commits.forget(partition)

    def committed(self, partition: Partition) -> int | None:
        """The offset that Kafka has for a partition of ours; None where it has none."""
        return self._commits.committed(partition)

    async def follow(self, partitions: Collection[Partition]) -> None:
        """Commit what is confirmed of the partitions that there are at that time, for ever."""
        failures = 0
        while True:
            await self._due.wait()
            self._due.clear()
            try:
                await self._commit(partitions)
                failures = 0
            except TransientError as error:
                self._tell.commit_failed(str(error))
                self._due.set()
                await self._wait(failures)
                failures += 1

    async def end(self, partitions: Collection[Partition]) -> None:
        """The last commit of partitions that go; without it the next owner looks once more."""
        try:
            await self._commit(partitions)
        except TransientError as error:
            self._tell.commit_failed(str(error))

    async def _commit(self, partitions: Collection[Partition]) -> None:
        pending = self._commits.pending(partitions)
        if pending:
            began_s = self._now_s()
            await self._source.commit(pending)
            self._commits.done(pending)
            self._tell.committed(self._now_s() - began_s)
