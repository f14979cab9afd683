"""The object store in our words: what the services ask of S3."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class ObjectHead:
    """What HEAD tells. `etag` is without quotes, `size` in bytes, the time in ms, UTC."""

    etag: str
    size: int
    last_modified_ms: int
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Listed:
    """One entry of a listing. `etag` is without quotes, `size` in bytes, the time in ms, UTC."""

    key: str
    etag: str
    size: int
    last_modified_ms: int


class ObjectStore(Protocol):
    """One bucket. Every method raises TransientError while the store is away or refuses."""

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
        """Store an object and return its ETag.

        Raises PreconditionFailedError on 412, ConflictError on 409, NotFoundError where
        `if_match` names an object that is gone.
        """
        ...

    async def copy(
        self,
        source: str,
        key: str,
        *,
        source_etag: str,
        size: int,
        metadata: Mapping[str, str] | None = None,
        if_none_match: bool = False,
        if_match: str | None = None,
        content_type: str = "application/octet-stream",
    ) -> str:
        """Copy an object within the bucket, none of its bytes comes here; the copy's ETag.

        `size` is that of the source in bytes, at least 1. Conditions and their errors are those of
        `put`; TransientError where the source is gone or is another than `source_etag`.
        """
        ...

    async def head(self, key: str) -> ObjectHead | None:
        """What the store knows of a key; None where it is not there."""
        ...

    async def get(self, key: str) -> bytes | None:
        """The bytes of an object; None where it is not there."""
        ...

    def list(self, prefix: str, start_after: str | None = None) -> AsyncIterator[Listed]:
        """All objects below a prefix in key order, from after `start_after` on."""
        ...

    def list_folders(self, prefix: str) -> AsyncIterator[str]:
        """The common prefixes one level (`/`) below a prefix, in order."""
        ...

    async def delete(self, key: str) -> None:
        """Remove an object; fine where it is not there."""
        ...
