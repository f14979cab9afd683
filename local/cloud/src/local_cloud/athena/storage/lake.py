"""The objects of the lake: listing them as Athena does, reading ranges that cannot be torn."""

from dataclasses import dataclass, field
from threading import Event, Lock
from typing import IO, Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from local_cloud.athena.sql.failures import CutoffError, QueryError

# Below this an object is fetched whole: one request is cheaper than three small ranges.
WHOLE_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class LakeObject:
    """One object as it was listed; reads demand that exact version."""

    bucket: str
    key: str
    size: int
    etag: str

    @property
    def url(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


def split_url(url: str) -> tuple[str, str]:
    """(bucket, key) of an s3:// URL."""
    parts = urlsplit(url)
    if parts.scheme not in ("s3", "s3a", "s3n") or not parts.netloc:
        raise QueryError("HIVE_METASTORE_ERROR", f"not an S3 location: {url!r}")
    # Not parts.path alone: a `#` or `?` may be part of a key.
    return parts.netloc, url.split("://", 1)[1].partition("/")[2]


def hidden(relative: str) -> bool:
    """Whether Athena ignores this path below a table: any part starting with `_` or `.`.

    (User guide, "Considerations and limitations for SQL queries in Amazon Athena".)
    """
    return any(part.startswith(("_", ".")) for part in relative.split("/"))


@dataclass(slots=True)
class Meter:
    """What one query has read, its limit, and whether it was told to stop.

    `tables` are all that were looked up for it in the catalog, `database.table`: those that it names
    and those behind the views among them.
    """

    limit: int | None = None
    scanned: int = 0
    stopped: Event = field(default_factory=Event)
    tables: set[str] = field(default_factory=set)
    _lock: Lock = field(default_factory=Lock)

    def count(self, size: int) -> None:
        with self._lock:
            self.scanned += size
            if self.limit is not None and self.scanned > self.limit:
                raise CutoffError(self.scanned, self.limit)

    def check(self) -> None:
        if self.stopped.is_set():
            raise QueryError("USER_CANCELED", "Query was canceled")


class S3Lake:
    """S3 through one client."""

    def __init__(self, s3: Any) -> None:
        self.s3 = s3

    def objects(self, location: str) -> list[LakeObject]:
        """The visible, non-empty objects under a location, in key order."""
        bucket, prefix = split_url(location)
        if prefix and not prefix.endswith("/"):
            prefix += "/"
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        try:
            listed = [one for page in pages for one in page.get("Contents", [])]
        except ClientError as error:
            raise QueryError(
                "HIVE_FILESYSTEM_ERROR", f"cannot list {location}: {error}", error_type=1100
            ) from error
        return [
            LakeObject(bucket, one["Key"], one["Size"], one["ETag"])
            for one in listed
            if one["Size"] > 0 and not hidden(one["Key"][len(prefix) :])
        ]

    def folders(self, location: str) -> list[str]:
        """Names of the folders directly under a location."""
        bucket, prefix = split_url(location)
        if prefix and not prefix.endswith("/"):
            prefix += "/"
        pages = self.s3.get_paginator("list_objects_v2").paginate(
            Bucket=bucket, Prefix=prefix, Delimiter="/"
        )
        names = [
            one["Prefix"][len(prefix) : -1]
            for page in pages
            for one in page.get("CommonPrefixes", [])
        ]
        return [name for name in names if not hidden(name)]

    def read(self, of: LakeObject, start: int = 0, size: int | None = None) -> bytes:
        """Bytes of exactly the listed version; an error if it was replaced or deleted."""
        arguments: dict[str, Any] = {"Bucket": of.bucket, "Key": of.key, "IfMatch": of.etag}
        if size is not None:
            arguments["Range"] = f"bytes={start}-{start + size - 1}"
        try:
            answer = self.s3.get_object(**arguments)
            body: bytes = answer["Body"].read()
        except ClientError as error:
            raise QueryError(
                "HIVE_CANNOT_OPEN_SPLIT",
                f"{of.url} was deleted or replaced while the query ran: {error}",
                error_type=1100,
                retryable=True,
            ) from error
        # A store that ignores If-Match is caught by the ETag that it sends back.
        if answer.get("ETag", of.etag) != of.etag:
            raise QueryError(
                "HIVE_CANNOT_OPEN_SPLIT",
                f"{of.url} was replaced",
                error_type=1100,
                retryable=True,
            )
        if len(body) != (of.size if size is None else size):
            raise QueryError("HIVE_CURSOR_ERROR", f"short read of {of.url}", retryable=True)
        return body

    def put(
        self, url: str, body: bytes, content_type: str = "application/octet-stream"
    ) -> None:
        bucket, key = split_url(url)
        try:
            self.s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType=content_type)
        except ClientError as error:
            raise QueryError(
                "HIVE_WRITER_OPEN_ERROR", f"cannot write {url}: {error}", error_type=401
            ) from error

    def upload(self, file: IO[bytes], url: str) -> None:
        """Write what may be large, in parts where it is."""
        bucket, key = split_url(url)
        try:
            self.s3.upload_fileobj(file, bucket, key)
        except Exception as error:  # boto3's transfer raises its own errors, and botocore's
            raise QueryError(
                "HIVE_WRITER_CLOSE_ERROR", f"cannot write {url}: {error}", error_type=401
            ) from error

    def get(self, url: str) -> bytes:
        """A whole object; KeyError where there is none."""
        bucket, key = split_url(url)
        try:
            body: bytes = self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        except ClientError as error:
            raise KeyError(url) from error
        return body


class ObjectFile:
    """A read-only file over one object, for pyarrow; small ones are fetched whole."""

    def __init__(self, lake: S3Lake, of: LakeObject) -> None:
        self._lake, self._of = lake, of
        self._at = 0
        self._whole = lake.read(of) if of.size <= WHOLE_BYTES else None
        self.closed = False

    def read(self, size: int = -1) -> bytes:
        left = self._of.size - self._at
        size = left if size is None or size < 0 else min(size, left)
        if size == 0:
            return b""
        start, self._at = self._at, self._at + size
        if self._whole is not None:
            return self._whole[start : start + size]
        return self._lake.read(self._of, start, size)

    def seek(self, offset: int, whence: int = 0) -> int:
        base = {0: 0, 1: self._at, 2: self._of.size}[whence]
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return False

    def flush(self) -> None:
        """Nothing to flush: pyarrow asks all the same."""

    def close(self) -> None:
        self.closed = True
        self._whole = None
