"""The simulation's bucket: watched by the oracle, reached over the simulated network."""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from coinlake.contracts.epochs import parse_epoch
from coinlake.contracts.raw_layout import CHAIN_PREFIX, RawKey, parse_raw_key
from coinlake.errors import ConflictError, PreconditionFailedError, TransientError
from tests.labs.bucket import Bucket, BucketStore, Stored
from tests.labs.sim.clock import Process
from tests.labs.sim.wire import Answer, Wire

Watcher = Callable[[str, Stored, bool], None]
"""Hears of every object that lands: key, object, whether it replaced another."""


class WatchedBucket(Bucket):
    """A bucket that somebody may empty. `life` counts how often that was, `restores` how often it was
    put back to what it had been before."""

    def __init__(
        self,
        watch: Watcher,
        reached: Callable[[str], None],
        *,
        overwrites: bool = False,
        now_ms: Callable[[], int] | None = None,
    ) -> None:
        super().__init__(overwrites=overwrites, now_ms=now_ms)
        self.life = 1
        self.restores = 0
        self._watch = watch
        self._reached = reached

    def empty(self) -> None:
        """Everything is gone; objects that are on their way still land."""
        self.objects.clear()
        self.life += 1

    def lose(self, keys: Iterable[str]) -> None:
        """Some objects are gone, and with them what was on its way."""
        for key in keys:
            self.objects.pop(key, None)
        self.restores += 1

    def put(
        self,
        key: str,
        body: bytes,
        metadata: Mapping[str, str],
        *,
        if_none_match: bool = False,
        if_match: str | None = None,
    ) -> str:
        present = self.objects.get(key)
        try:
            etag = super().put(
                key, body, metadata, if_none_match=if_none_match, if_match=if_match
            )
        except PreconditionFailedError:
            if present is not None and present.body != body and key.endswith("/1.json"):
                self._reached("first-epoch-race")
                if parse_epoch(body).origins != parse_epoch(present.body).origins:
                    self._reached("first-origins-differ")
            raise
        self._watch(key, self.objects[key], present is not None)
        return etag


class PutWatch:
    """The PUTs of raw objects of one sink: those under way, and what became of the others.

    `holds` tells whether the sink is at work on a partition.
    """

    def __init__(
        self,
        name: str,
        process: Process,
        holds: Callable[[int], bool],
        reached: Callable[[str], None],
    ) -> None:
        self.name = name
        self.under_way: Counter[int] = Counter()
        """How many, by partition."""
        self._process = process
        self._holds = holds
        self._reached = reached

    def watched(
        self,
        key: RawKey,
        sent: "Sent",
        arrive: Callable[[], Answer],
        present: Callable[[], Stored | None],
    ) -> Callable[[], Answer]:
        """The arrival of a PUT, with what becomes of it noted."""

        def act() -> Answer:
            try:
                answer = arrive()
            except PreconditionFailedError:
                self._refused(key, present())
                raise
            except ConflictError:
                self._reached("put-conflict")
                raise
            self._landed(key, sent)
            return answer

        return act

    def _landed(self, key: RawKey, sent: "Sent") -> None:
        sent.has_landed = True
        if sent.is_given_up:
            self._reached("put-late")
        if self._process.is_dead:
            self._reached("put-of-the-dead")
        elif self._process.is_frozen:
            self._reached("put-of-the-frozen")
        elif not self._holds(key.partition):
            self._reached("put-after-letting-go")

    def _refused(self, key: RawKey, present: Stored | None) -> None:
        another = present is not None and present.metadata.get("writer") != self.name
        asleep = self._process.is_dead or self._process.is_frozen
        if another and (asleep or not self._holds(key.partition)):
            self._reached("zombie-refused")

    def ended(self, sent: "Sent", *, well: bool) -> None:
        if sent.has_landed and not well:
            self._reached("put-answer-lost")
        if sent.arrivals > 1:
            self._reached("put-twice")


@dataclass
class Sent:
    """A request that changes something, as the server sees it."""

    arrivals: int = 0
    has_landed: bool = False
    is_given_up: bool = False


class StoreNetwork:
    """What lies between one sink and the bucket: the wire, and writes that meet each other."""

    def __init__(
        self, bucket: WatchedBucket, wire: Wire, rng: random.Random, watch: PutWatch | None
    ) -> None:
        self._bucket = bucket
        self._wire = wire
        self._rng = rng
        self._watch = watch

    async def ask(self, what: str, apply: Callable[[], Answer]) -> Answer:
        return await self._wire.ask(what, apply)

    async def tell(self, what: str, apply: Callable[[], Answer]) -> Answer:
        if what.startswith("DELETE "):
            raise AssertionError(f"nobody may delete: {what}")
        sent, raw = Sent(), parse_raw_key(what.removeprefix("PUT "))
        arrive = self._arrival(what, apply, sent, raw)
        watch = self._watch
        if raw is None or watch is None:
            return await self._wire.tell(what, arrive)
        watch.under_way[raw.partition] += 1
        well = False
        try:
            answer = await self._wire.tell(what, arrive)
            well = True
        except PreconditionFailedError:
            well = True
            raise
        finally:
            sent.is_given_up = True
            watch.under_way[raw.partition] -= 1
            watch.ended(sent, well=well)
        return answer

    def _arrival(
        self, what: str, apply: Callable[[], Answer], sent: Sent, raw: RawKey | None
    ) -> Callable[[], Answer]:
        conflicts = self._rng.random() < self._wire.weather.conflicts
        bucket, watch = self._bucket, self._watch
        life, restores, key = bucket.life, bucket.restores, what.removeprefix("PUT ")

        def arrive() -> Answer:
            sent.arrivals += 1
            if conflicts:
                raise ConflictError(f"{what}: 409 ConditionalRequestConflict")
            if life != bucket.life and what.startswith(f"PUT {CHAIN_PREFIX}"):
                # An epoch that is late by an emptying makes the bucket look whole. Only the audit
                # could tell (ADR 0066), so it is not asked of the sink.
                raise PreconditionFailedError(f"{what}: late")
            if restores != bucket.restores:
                raise TransientError(f"{what}: the connection was closed")
            return apply()

        if raw is None or watch is None:
            return arrive
        return watch.watched(raw, sent, arrive, lambda: bucket.objects.get(key))


def open_bucket(
    bucket: WatchedBucket, wire: Wire, rng: random.Random, watch: PutWatch | None = None
) -> BucketStore:
    """One client of the bucket; a sink's is watched."""
    return BucketStore(bucket, StoreNetwork(bucket, wire, rng, watch))
