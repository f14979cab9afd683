"""Is it still the same bucket? One that was emptied or made anew takes the next link without a word."""

from collections.abc import Callable
from dataclasses import dataclass

from coinlake.contracts.raw_layout import RawKey
from coinlake.errors import InvariantError
from s3_sink.core.partition_state import PartitionState
from s3_sink.core.ports import Partition, Store
from s3_sink.loop.epochs import require_epoch

EVERY_S = 60.0
# A lifecycle rule counts in days (S3 API, LifecycleExpiration: Days): an object of ours that is
# younger is not gone by one. (One with a Date may take it, and is then taken for a loss.)
_YOUNG_S = 12 * 3600.0


@dataclass(slots=True)
class _Seen:
    """When a partition's chain was looked at, and the last object that it is known to have."""

    checked_at_s: float
    key: RawKey | None = None
    landed_at_s: float = 0.0


class Guard:
    """Two HEADs a minute for a partition that is written. `now_s` is monotonic."""

    def __init__(
        self, store: Store, now_s: Callable[[], float], every_s: float = EVERY_S
    ) -> None:
        self._store = store
        self._now_s = now_s
        self._every_s = every_s
        self._seen: dict[Partition, _Seen] = {}

    def begin(self, partition: Partition) -> None:
        """The chain's end has just been looked for."""
        self._seen[partition] = _Seen(self._now_s())

    def landed(self, partition: Partition, key: RawKey) -> None:
        """This is the newest object now."""
        seen = self._seen.setdefault(partition, _Seen(self._now_s()))
        seen.key, seen.landed_at_s = key, self._now_s()

    async def check(self, state: PartitionState, *, doubtful: bool) -> None:
        """Before a PUT: look where it is time to, and after every trouble (`doubtful`).

        Raises InvariantError where what was there is not any more, TransientError.
        """
        now_s, seen = self._now_s(), self._seen.get(state.partition)
        if seen is not None and not doubtful and now_s - seen.checked_at_s < self._every_s:
            return
        await require_epoch(self._store, state.partition.topic, state.epoch)
        if seen is not None and seen.key is not None:
            is_young = now_s - seen.landed_at_s < _YOUNG_S
            if is_young and await self._store.head(str(seen.key)) is None:
                raise InvariantError(f"{seen.key} has vanished: the raw zone was emptied")
        self._seen.setdefault(state.partition, _Seen(now_s)).checked_at_s = now_s
