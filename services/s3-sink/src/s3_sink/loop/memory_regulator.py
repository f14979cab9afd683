"""Keeps what all partitions hold under one budget: who may read, and who must let go."""

from collections.abc import Callable, Collection

from s3_sink.core.memory_budget import MemoryBudget
from s3_sink.core.part import SealReason
from s3_sink.loop.partition_worker import PartitionWorker


class MemoryRegulator:
    """Pauses and resumes reading. `now_s` is monotonic."""

    def __init__(self, budget: MemoryBudget, now_s: Callable[[], float]) -> None:
        self._budget = budget
        self._now_s = now_s
        self.is_paused = False
        """Whether all of them together hold too much."""

    def regulate(self, workers: Collection[PartitionWorker]) -> None:
        """Look at what is held now."""
        held = sum(worker.state.weight for worker in workers)
        self.is_paused = self._budget.is_paused(held, len(workers), self.is_paused)
        for worker in workers:
            if worker.is_reading:
                self._one(worker, len(workers))
        if self.is_paused and not any(worker.state.first_sealed for worker in workers):
            self._relieve(workers)

    def _one(self, worker: PartitionWorker, partitions: int) -> None:
        is_alone = self._budget.is_held(worker.state.weight, partitions, worker.is_paused)
        worker.let_read(not (self.is_paused or is_alone))
        if is_alone and worker.state.first_sealed is None:
            worker.seal(SealReason.PRESSURE)

    def _relieve(self, workers: Collection[PartitionWorker]) -> None:
        """Nothing is on its way out: the oldest open part must go."""
        waiting = [worker for worker in workers if worker.state.open_records]
        if waiting:
            latest_s = self._now_s()
            oldest = min(waiting, key=lambda one: one.state.oldest_value_at_s or latest_s)
            oldest.seal(SealReason.PRESSURE)
