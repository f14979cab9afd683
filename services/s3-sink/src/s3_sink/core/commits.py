"""Which offsets are still to be committed. Commits only trail the chain."""

from collections.abc import Collection, Mapping

from s3_sink.core.ports import Commit, Partition


class PendingCommits:
    """Confirmed ends of chains, until Kafka has them too."""

    def __init__(self) -> None:
        self._confirmed: dict[Partition, Commit] = {}
        self._committed: dict[Partition, Commit] = {}

    def confirm(self, partition: Partition, commit: Commit) -> None:
        """An object that ends at this offset is in the store."""
        self._confirmed[partition] = commit

    def known(self, partition: Partition, commit: Commit) -> None:
        """What Kafka had when the partition was assigned."""
        self._committed[partition] = commit

    def pending(self, partitions: Collection[Partition]) -> dict[Partition, Commit]:
        """What of these partitions is confirmed but not committed."""
        return {
            partition: commit
            for partition, commit in self._confirmed.items()
            if partition in partitions and self._committed.get(partition) != commit
        }

    def done(self, commits: Mapping[Partition, Commit]) -> None:
        """Kafka has taken these."""
        self._committed.update(commits)

    def forget(self, partition: Partition) -> None:
        """The partition has gone to another member, whose commits count now."""
        self._confirmed.pop(partition, None)
        self._committed.pop(partition, None)

    def committed(self, partition: Partition) -> int | None:
        commit = self._committed.get(partition)
        return None if commit is None else commit.offset
