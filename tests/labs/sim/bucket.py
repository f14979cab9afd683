"""An object store in memory: strongly consistent, create-only, watched by the oracle."""

import hashlib
import random
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass

from coinlake.contracts.raw_layout import CHAIN_PREFIX
from coinlake.errors import ConflictError, PreconditionFailedError
from coinlake.store import Listed, ObjectHead
from tests.labs.sim.wire import Wire


@dataclass(frozen=True, slots=True)
class Stored:
    """One object as it lies there."""

    body: bytes
    etag: str
    metadata: Mapping[str, str]


Watcher = Callable[[str, Stored, bool], None]
"""Hears of every object that lands: key, object, whether it replaced another."""


class Bucket:
    """The server's side. `overwrites` is the control in which If-None-Match is ignored."""

    def __init__(self, watch: Watcher, *, overwrites: bool = False) -> None:
        self.objects: dict[str, Stored] = {}
        self.life = 1
        self._watch = watch
        self._overwrites = overwrites

    def empty(self) -> None:
        """Everything is gone; objects that are on their way still land."""
        self.objects.clear()
        self.life += 1

    def put(
        self, key: str, body: bytes, metadata: Mapping[str, str], if_none_match: bool, life: int
    ) -> str:
        """`life` is the one that the request was sent to. Raises PreconditionFailedError."""
        if life != self.life and key.startswith(CHAIN_PREFIX):
            # An epoch that is late by an emptying makes the bucket look whole. Only the audit
            # could tell (ADR 0066), so it is not asked of the sink.
            raise PreconditionFailedError(f"PUT {key}: late")
        present = key in self.objects
        if if_none_match and present and not self._overwrites:
            raise PreconditionFailedError(f"PUT {key}: 412")
        etag = hashlib.md5(body, usedforsecurity=False).hexdigest()
        self.objects[key] = Stored(body, etag, dict(metadata))
        self._watch(key, self.objects[key], present)
        return etag

    def head(self, key: str) -> ObjectHead | None:
        found = self.objects.get(key)
        return (
            None
            if found is None
            else ObjectHead(found.etag, len(found.body), 0, found.metadata)
        )

    def get(self, key: str) -> bytes | None:
        found = self.objects.get(key)
        return None if found is None else found.body

    def below(self, prefix: str) -> list[Listed]:
        return [
            Listed(key, found.etag, len(found.body), 0)
            for key, found in sorted(self.objects.items())
            if key.startswith(prefix)
        ]


class BucketStore:
    """One client of the bucket, over a network of its own."""

    def __init__(self, bucket: Bucket, wire: Wire, rng: random.Random) -> None:
        self._bucket = bucket
        self._wire = wire
        self._rng = rng

    async def put(
        self,
        key: str,
        body: bytes,
        *,
        metadata: Mapping[str, str] | None = None,
        if_none_match: bool = False,
        if_match: str | None = None,
        content_type: str = "application/octet-stream",
    ) -> str:
        conflicts = self._rng.random() < self._wire.weather.conflicts
        life = self._bucket.life

        def apply() -> str:
            if conflicts:
                raise ConflictError(f"PUT {key}: 409 ConditionalRequestConflict")
            return self._bucket.put(key, body, metadata or {}, if_none_match, life)

        return await self._wire.tell(f"PUT {key}", apply)

    async def head(self, key: str) -> ObjectHead | None:
        return await self._wire.ask(f"HEAD {key}", lambda: self._bucket.head(key))

    async def get(self, key: str) -> bytes | None:
        return await self._wire.ask(f"GET {key}", lambda: self._bucket.get(key))

    async def list(self, prefix: str, start_after: str | None = None) -> AsyncIterator[Listed]:
        page = await self._wire.ask(f"LIST {prefix}", lambda: self._bucket.below(prefix))
        for entry in page:
            if start_after is None or entry.key > start_after:
                yield entry

    async def list_folders(self, prefix: str) -> AsyncIterator[str]:
        page = await self._wire.ask(f"LIST {prefix}", lambda: self._bucket.below(prefix))
        below = (entry.key[len(prefix) :] for entry in page)
        for folder in sorted({rest.split("/")[0] for rest in below if "/" in rest}):
            yield f"{prefix}{folder}/"

    async def delete(self, key: str) -> None:
        raise AssertionError(f"nobody may delete {key}")
