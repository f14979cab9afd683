"""The simulation's bucket: watched by the oracle, reached over the simulated network."""

import random
from collections.abc import Callable, Mapping

from coinlake.contracts.raw_layout import CHAIN_PREFIX
from coinlake.errors import ConflictError, PreconditionFailedError
from tests.labs.bucket import Bucket, BucketStore, Stored
from tests.labs.sim.wire import Answer, Wire

Watcher = Callable[[str, Stored, bool], None]
"""Hears of every object that lands: key, object, whether it replaced another."""


class WatchedBucket(Bucket):
    """A bucket that somebody may empty. `life` counts how often that was."""

    def __init__(self, watch: Watcher, *, overwrites: bool = False) -> None:
        super().__init__(overwrites=overwrites)
        self.life = 1
        self._watch = watch

    def empty(self) -> None:
        """Everything is gone; objects that are on their way still land."""
        self.objects.clear()
        self.life += 1

    def put(
        self,
        key: str,
        body: bytes,
        metadata: Mapping[str, str],
        *,
        if_none_match: bool = False,
        if_match: str | None = None,
    ) -> str:
        present = key in self.objects
        etag = super().put(key, body, metadata, if_none_match=if_none_match, if_match=if_match)
        self._watch(key, self.objects[key], present)
        return etag


class StoreNetwork:
    """What lies between one sink and the bucket: the wire, and writes that meet each other."""

    def __init__(self, bucket: WatchedBucket, wire: Wire, rng: random.Random) -> None:
        self._bucket = bucket
        self._wire = wire
        self._rng = rng

    async def ask(self, what: str, apply: Callable[[], Answer]) -> Answer:
        return await self._wire.ask(what, apply)

    async def tell(self, what: str, apply: Callable[[], Answer]) -> Answer:
        if what.startswith("DELETE "):
            raise AssertionError(f"nobody may delete: {what}")
        conflicts = self._rng.random() < self._wire.weather.conflicts
        life = self._bucket.life

        def arrive() -> Answer:
            if conflicts:
                raise ConflictError(f"{what}: 409 ConditionalRequestConflict")
            if life != self._bucket.life and what.startswith(f"PUT {CHAIN_PREFIX}"):
                # An epoch that is late by an emptying makes the bucket look whole. Only the audit
                # could tell (ADR 0066), so it is not asked of the sink.
                raise PreconditionFailedError(f"{what}: late")
            return apply()

        return await self._wire.tell(what, arrive)


def open_bucket(bucket: WatchedBucket, wire: Wire, rng: random.Random) -> BucketStore:
    """One sink's client of the bucket."""
    return BucketStore(bucket, StoreNetwork(bucket, wire, rng))
