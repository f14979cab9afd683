"""The one bucket in memory: S3's rules, strongly consistent, over a network that may fail."""

import hashlib
import itertools
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

from sortedcontainers import SortedDict

from coinlake.errors import NotFoundError, PreconditionFailedError, TransientError
from coinlake.store import Listed, ObjectHead

Answer = TypeVar("Answer")
# What S3 gives at once (S3 API Reference, ListObjectsV2: MaxKeys).
PAGE = 1000
# The first and the last code point: right behind a name, and behind all that begin with it.
_FIRST, _LAST = "\0", "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Stored:
    """One object as it lies there."""

    body: bytes
    etag: str
    metadata: Mapping[str, str]
    last_modified_ms: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    """One answer to LIST. `token` is that of the next page; None where this is the last."""

    listed: tuple[Listed, ...]
    folders: tuple[str, ...]
    token: str | None


class Objects(SortedDict):  # type: ignore[misc]  # the library has no types
    """What lies in a bucket, by key and in the order of the keys."""


class Bucket:
    """The server's side. `overwrites` is the control in which If-None-Match is ignored.

    `now_ms` tells when an object was last modified; without it that is the number of its PUT.
    """

    def __init__(
        self,
        *,
        overwrites: bool = False,
        page: int = PAGE,
        now_ms: Callable[[], int] | None = None,
    ) -> None:
        self.objects = Objects()
        self.puts: list[str] = []
        """The key of every PUT that was done, in order."""
        self._now_ms = now_ms or (lambda: len(self.puts))
        self._overwrites = overwrites
        self._page = page

    def put(
        self,
        key: str,
        body: bytes,
        metadata: Mapping[str, str],
        *,
        if_none_match: bool = False,
        if_match: str | None = None,
    ) -> str:
        self._check(key, if_none_match, if_match)
        etag = hashlib.md5(body, usedforsecurity=False).hexdigest()
        self._keep(key, body, etag, metadata)
        return etag

    def _check(self, key: str, if_none_match: bool, if_match: str | None) -> None:
        present = self.objects.get(key)
        if if_none_match and present is not None and not self._overwrites:
            raise PreconditionFailedError(f"PUT {key}: 412 PreconditionFailed")
        if if_match is not None:
            if present is None:
                raise NotFoundError(f"PUT {key}: 404 NoSuchKey")
            if present.etag != if_match:
                raise PreconditionFailedError(f"PUT {key}: 412 PreconditionFailed")

    def _keep(self, key: str, body: bytes, etag: str, metadata: Mapping[str, str]) -> None:
        # Metadata travels in headers, and S3 gives their names back in lower case.
        told = {name.lower(): value for name, value in metadata.items()}
        self.objects[key] = Stored(body, etag, told, self._now_ms())
        self.puts.append(key)

    def copy(
        self,
        source: str,
        key: str,
        metadata: Mapping[str, str],
        *,
        source_etag: str,
        if_none_match: bool = False,
        if_match: str | None = None,
    ) -> str:
        """As a copy in parts: its ETag is that of the parts' (S3 API, Object: ETag)."""
        found = self.objects.get(source)
        if found is None or found.etag != source_etag:
            raise TransientError(f"COPY {source}: 412 PreconditionFailed")
        self._check(key, if_none_match, if_match)
        part = hashlib.md5(found.body, usedforsecurity=False).digest()
        etag = f"{hashlib.md5(part, usedforsecurity=False).hexdigest()}-1"
        self._keep(key, found.body, etag, metadata)
        return etag

    def head(self, key: str) -> ObjectHead | None:
        found = self.objects.get(key)
        if found is None:
            return None
        return ObjectHead(found.etag, len(found.body), found.last_modified_ms, found.metadata)

    def get(self, key: str) -> bytes | None:
        found = self.objects.get(key)
        return None if found is None else found.body

    def page(self, prefix: str, after: str = "", delimiter: str = "") -> Page:
        """The next names behind `after`, in byte order: an object each, or a common prefix."""
        names = self._names_behind(prefix, after, delimiter)
        given = list(itertools.islice(names, self._page))
        return Page(
            tuple(self._listed(name) for name, is_folder in given if not is_folder),
            tuple(name for name, is_folder in given if is_folder),
            given[-1][0] if next(names, None) is not None else None,
        )

    def _names_behind(
        self, prefix: str, after: str, delimiter: str
    ) -> Iterator[tuple[str, bool]]:
        """Each name behind `after`, and whether it is a common prefix."""
        start = max(prefix, after)
        if delimiter and after.startswith(prefix) and after.endswith(delimiter):
            start = after + _LAST
        # Text sorts by code point, and UTF-8 keeps that order in its bytes.
        while (key := next(self.objects.irange(start), None)) and key.startswith(prefix):
            folder = _folder(key, prefix, delimiter)
            if key > after:
                yield folder or key, folder is not None
            # The next name that is another: what a folder holds is not looked at.
            start = folder + _LAST if folder else key + _FIRST

    def delete(self, key: str) -> None:
        self.objects.pop(key, None)

    def _listed(self, key: str) -> Listed:
        found = self.objects[key]
        return Listed(key, found.etag, len(found.body), found.last_modified_ms)


def _folder(key: str, prefix: str, delimiter: str) -> str | None:
    """The common prefix that stands for a key in a listing; None where the key is named."""
    if not delimiter or delimiter not in key[len(prefix) :]:
        return None
    return key[: key.index(delimiter, len(prefix)) + len(delimiter)]


class Network(Protocol):
    """What lies between a client and the bucket."""

    async def ask(self, what: str, apply: Callable[[], Answer]) -> Answer:
        """Carry a question to the bucket: `apply` answers it and changes nothing."""
        ...

    async def tell(self, what: str, apply: Callable[[], Answer]) -> Answer:
        """Carry a request that changes something."""
        ...


class Faults:
    """A network without delay, that fails as it is told."""

    def __init__(self, *, is_down: bool = False) -> None:
        self.is_down = is_down
        """Every request fails."""
        self.failures: list[Exception] = []
        """What the next changes fail with, before they reach the bucket."""
        self.lost_answers = 0
        """So many of the next changes are made, and nobody hears of it."""

    async def ask(self, what: str, apply: Callable[[], Answer]) -> Answer:
        if self.is_down:
            raise TransientError(f"{what}: the connection was refused")
        return apply()

    async def tell(self, what: str, apply: Callable[[], Answer]) -> Answer:
        if self.failures:
            raise self.failures.pop(0)
        answer = await self.ask(what, apply)
        if self.lost_answers:
            self.lost_answers -= 1
            raise TransientError(f"{what}: the connection was closed")
        return answer


class BucketStore:
    """One client of a bucket, over a network of its own: the services' `ObjectStore`."""

    def __init__(self, bucket: Bucket, network: Network) -> None:
        self.bucket = bucket
        """To look at and to change behind everybody's back."""
        self._network = network

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
        return await self._network.tell(
            f"PUT {key}",
            lambda: self.bucket.put(
                key, body, metadata or {}, if_none_match=if_none_match, if_match=if_match
            ),
        )

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
        return await self._network.tell(
            f"COPY {key}",
            lambda: self.bucket.copy(
                source,
                key,
                metadata or {},
                source_etag=source_etag,
                if_none_match=if_none_match,
                if_match=if_match,
            ),
        )

    async def head(self, key: str) -> ObjectHead | None:
        return await self._network.ask(f"HEAD {key}", lambda: self.bucket.head(key))

    async def get(self, key: str) -> bytes | None:
        return await self._network.ask(f"GET {key}", lambda: self.bucket.get(key))

    async def list(self, prefix: str, start_after: str | None = None) -> AsyncIterator[Listed]:
        async for page in self._pages(prefix, start_after or "", ""):
            for entry in page.listed:
                yield entry

    async def list_folders(self, prefix: str) -> AsyncIterator[str]:
        async for page in self._pages(prefix, "", "/"):
            for folder in page.folders:
                yield folder

    async def delete(self, key: str) -> None:
        await self._network.tell(f"DELETE {key}", lambda: self.bucket.delete(key))

    async def _pages(self, prefix: str, after: str, delimiter: str) -> AsyncIterator[Page]:
        token: str | None = after
        while token is not None:
            page = await self._page_of(prefix, token, delimiter)
            yield page
            token = page.token

    async def _page_of(self, prefix: str, after: str, delimiter: str) -> Page:
        return await self._network.ask(
            f"LIST {prefix}", lambda: self.bucket.page(prefix, after, delimiter)
        )


def store_in_memory() -> BucketStore:
    """A store of its own that does not fail."""
    return BucketStore(Bucket(), Faults())
