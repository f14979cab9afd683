"""Fakes with memory: they behave like the real thing and remember what happened."""

import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

from coinlake.contracts.headers import Header
from coinlake.errors import NotFoundError, PreconditionFailedError, TransientError
from coinlake.store import Listed, ObjectHead


@dataclass(frozen=True, slots=True)
class StoredObject:
    body: bytes
    etag: str
    metadata: Mapping[str, str]
    last_modified_ms: int


class FakeClock:
    """A clock that moves only when told."""

    def __init__(self, now_s: float = 1_700_000_000.0) -> None:
        self.now_s = now_s

    def __call__(self) -> float:
        return self.now_s

    def advance(self, seconds: float) -> None:
        self.now_s += seconds


class FakeStore:
    """A bucket in memory with conditional writes; `down` makes every call fail."""

    def __init__(self, *, down: bool = False) -> None:
        self.objects: dict[str, StoredObject] = {}
        self.down = down
        self.puts: list[str] = []

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
        self._check_up()
        present = self.objects.get(key)
        if if_none_match and present is not None:
            raise PreconditionFailedError(key)
        if if_match is not None:
            if present is None:
                raise NotFoundError(key)
            if present.etag != if_match:
                raise PreconditionFailedError(key)
        etag = hashlib.md5(body, usedforsecurity=False).hexdigest()
        self.objects[key] = StoredObject(body, etag, dict(metadata or {}), len(self.puts))
        self.puts.append(key)
        return etag

    async def head(self, key: str) -> ObjectHead | None:
        self._check_up()
        found = self.objects.get(key)
        if found is None:
            return None
        return ObjectHead(found.etag, len(found.body), found.last_modified_ms, found.metadata)

    async def get(self, key: str) -> bytes | None:
        self._check_up()
        found = self.objects.get(key)
        return None if found is None else found.body

    async def list(self, prefix: str, start_after: str | None = None) -> AsyncIterator[Listed]:
        self._check_up()
        for key in sorted(self.objects):
            if key.startswith(prefix) and (start_after is None or key > start_after):
                found = self.objects[key]
                yield Listed(key, found.etag, len(found.body), found.last_modified_ms)

    async def list_folders(self, prefix: str) -> AsyncIterator[str]:
        self._check_up()
        below = (key[len(prefix) :] for key in self.objects if key.startswith(prefix))
        for folder in sorted({rest.split("/")[0] for rest in below if "/" in rest}):
            yield f"{prefix}{folder}/"

    async def delete(self, key: str) -> None:
        self._check_up()
        self.objects.pop(key, None)

    def _check_up(self) -> None:
        if self.down:
            raise TransientError("the fake store is down")


@dataclass(frozen=True, slots=True)
class SentRecord:
    topic: str
    key: bytes | None
    value: bytes | None
    headers: tuple[Header, ...]
    timestamp_ms: int | None
    partition: int | None


class FakeProducer:
    """A producer that remembers what was acknowledged; `down` makes sends fail."""

    def __init__(self, *, down: bool = False) -> None:
        self.sent: list[SentRecord] = []
        self.down = down

    async def send(
        self,
        topic: str,
        *,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[Header] = (),
        timestamp_ms: int | None = None,
        partition: int | None = None,
    ) -> int:
        if self.down:
            raise TransientError("the fake broker is down")
        offset = sum(record.topic == topic for record in self.sent)
        self.sent.append(SentRecord(topic, key, value, tuple(headers), timestamp_ms, partition))
        return offset
