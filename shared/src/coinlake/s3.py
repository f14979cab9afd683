"""The object store on S3: what each call may come to, and nothing else."""

import io
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import unquote

from botocore.exceptions import ClientError, NoRegionError

from coinlake.aws import open_client
from coinlake.errors import (
    ArchivedError,
    CoinlakeError,
    ConfigError,
    ConflictError,
    NotFoundError,
    PreconditionFailedError,
    TransientError,
)
from coinlake.outcomes import (
    LastAnswer,
    UnknownAnswerError,
    answered,
    away,
    code_of,
    status_of,
)
from coinlake.s3_multipart import MultipartCopy
from coinlake.store import Listed, ObjectHead, ObjectStore

_Refusals = Mapping[tuple[int, str], type[CoinlakeError]]
# What S3 says beside "done" (S3 API Reference, GetObject and PutObject). A status alone is nobody's
# word: any gateway can say 404 and 412.
_ABSENT: _Refusals = {(404, "NoSuchKey"): NotFoundError}
# Its bytes lie in an archive class: HEAD tells of it, GET does not (S3 API, GetObject).
_READ: _Refusals = {**_ABSENT, (403, "InvalidObjectState"): ArchivedError}
_CREATE: _Refusals = {
    (412, "PreconditionFailed"): PreconditionFailedError,
    (409, "ConditionalRequestConflict"): ConflictError,
}
_REPLACE: _Refusals = {**_CREATE, **_ABSENT}
_NONE: _Refusals = {}


class S3Store:
    """One bucket on S3 or on anything that speaks its protocol."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

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
        condition, refusals = _condition(if_none_match, if_match)
        with _asked("PUT", key, refusals) as answer:
            done = await self._client.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=_Body(body),
                Metadata=dict(metadata or {}),
                ContentType=content_type,
                **condition,
            )
            _require_status(done, 200)
            if answer.body:
                raise UnknownAnswerError("S3 answered a PUT without a body")
            return _etag(done["ETag"])

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
        # In parts, as what ends them is conditional on every S3; a CopyObject in one is not
        # (measured: versitygw 1.8.0 ignores its If-Match and If-None-Match).
        condition, refusals = _condition(if_none_match, if_match)
        upload = MultipartCopy(self._client, self._bucket, key, partial(_asked, refusals=_NONE))
        async with upload.begun(dict(metadata or {}), content_type):
            await upload.take(source, source_etag, size)
            with _asked("COMPLETE", key, refusals):
                return _etag(await upload.complete(condition))

    async def head(self, key: str) -> ObjectHead | None:
        with _asked("HEAD", key, _NONE) as answer:
            try:
                found = await self._client.head_object(Bucket=self._bucket, Key=key)
            except ClientError as error:
                if status_of(error) != 404:
                    raise
            else:
                return _head(found, answer)
        # It has no body (S3 API, HeadObject), so nobody knows who says that: S3 of the key, S3 of
        # the bucket, a gateway.
        return await self._head_by_get(key)

    async def _head_by_get(self, key: str) -> ObjectHead | None:
        """What HEAD tells, asked in a way that can be refused in S3's own words."""
        try:
            with _asked("GET", key, _READ) as answer:
                found = await self._client.get_object(Bucket=self._bucket, Key=key)
                async with found["Body"]:
                    return _head(found, answer)
        except NotFoundError:
            return None

    async def get(self, key: str) -> bytes | None:
        try:
            with _asked("GET", key, _READ) as answer:
                found = await self._client.get_object(Bucket=self._bucket, Key=key)
                async with found["Body"] as stream:
                    body: bytes = await stream.read()
                answer.body = body
                if _head(found, answer).size != len(body):
                    raise UnknownAnswerError(f"{len(body)} bytes came")
        except NotFoundError:
            return None
        return body

    async def list(self, prefix: str, start_after: str | None = None) -> AsyncIterator[Listed]:
        extra = {} if start_after is None else {"StartAfter": start_after}
        async for page in self._pages(prefix, extra):
            for item in page.listed:
                yield item

    async def list_folders(self, prefix: str) -> AsyncIterator[str]:
        async for page in self._pages(prefix, {"Delimiter": "/"}):
            for folder in page.folders:
                yield folder

    async def delete(self, key: str) -> None:
        try:
            with _asked("DELETE", key, _ABSENT):
                done = await self._client.delete_object(Bucket=self._bucket, Key=key)
                _require_status(done, 204)
        except NotFoundError:
            return  # S3 says 204 then too (S3 API, DeleteObject); others name it

    async def _pages(self, prefix: str, extra: Mapping[str, str]) -> AsyncIterator["_Page"]:
        more: dict[str, str] = {}
        while True:
            with _asked("LIST", prefix, _NONE):
                found = await self._client.list_objects_v2(
                    Bucket=self._bucket, Prefix=prefix, **extra, **more
                )
                page = _page(found, prefix)
                if page.token is not None and page.token == more.get("ContinuationToken"):
                    raise UnknownAnswerError("the same page keeps coming back")
            yield page
            if page.token is None:
                return
            more = {"ContinuationToken": page.token}


def _condition(if_none_match: bool, if_match: str | None) -> tuple[dict[str, str], _Refusals]:
    """What a write asks for, and what it may be refused with."""
    if if_match is not None:
        return {"IfMatch": f'"{if_match}"'}, _REPLACE
    if if_none_match:
        return {"IfNoneMatch": "*"}, _CREATE
    return {}, _NONE


class _Body(io.BytesIO):
    """The bytes of an object on their way. aiohttp asks for a view to learn the size (aiohttp 3.14,
    payload.py: BytesIOPayload), and BytesIO would copy all of them first, as somebody else holds
    them too."""

    def __init__(self, body: bytes) -> None:
        super().__init__(body)
        self._body = body

    def getbuffer(self) -> memoryview:
        return memoryview(self._body)


@dataclass(frozen=True, slots=True)
class _Page:
    """One answer to LIST. `token` is that of the next page; None where this is the last."""

    listed: tuple[Listed, ...]
    folders: tuple[str, ...]
    token: str | None


@asynccontextmanager
async def open_store(
    bucket: str, *, read_timeout_s: float = 30.0
) -> AsyncIterator[ObjectStore]:
    """Open a bucket; endpoint, region and keys come from the standard environment."""
    try:
        client = open_client("s3", read_timeout_s=read_timeout_s)
        async with client as opened:
            yield S3Store(opened, bucket)
    except NoRegionError as error:
        raise ConfigError(f"no AWS region: set AWS_DEFAULT_REGION ({error})") from error


@contextmanager
def _asked(verb: str, key: str, refusals: _Refusals) -> Iterator[LastAnswer]:
    """A call with what S3 may say beside "done"; everything else is "away"."""
    with away(f"{verb} {key}") as answer:
        try:
            yield answer
        except ClientError as error:
            said = f"{verb} {key}: {answered(error)}"
            if code_of(error) == "NoSuchBucket":
                # Not "the key is not there": a writer that believed so would start a new chain.
                raise TransientError(f"{said}: the bucket does not exist") from error
            refusal = refusals.get((status_of(error), code_of(error)))
            if refusal is None:
                raise
            raise refusal(said) from error


def _require_status(answer: Any, status: int) -> None:
    told = answer["ResponseMetadata"]["HTTPStatusCode"]
    if told != status:
        raise UnknownAnswerError(f"S3 answered {status} where it should have confirmed")


def _head(found: Any, answer: LastAnswer) -> ObjectHead:
    """What HEAD and GET tell of an object. A page may have an ETag and a date too, but none of
    our objects is a page."""
    _require_status(found, 200)
    if answer.content_type.startswith("text/html"):
        raise UnknownAnswerError("a web page, not an object")
    return ObjectHead(
        _etag(found["ETag"]),
        int(found["ContentLength"]),
        _ms(found["LastModified"]),
        found.get("Metadata", {}),
    )


def _page(found: Any, prefix: str) -> _Page:
    """botocore reads an empty body, or XML of another kind, as a listing without any field
    (botocore 1.43, parsers.py: RestXMLParser); S3's own names its prefix and says whether it is
    whole (S3 API, ListObjectsV2)."""
    _require_status(found, 200)
    if unquote(found.get("Prefix") or "") != unquote(prefix):
        raise UnknownAnswerError(f"the listing is of {found.get('Prefix')!r}")
    listed = tuple(
        Listed(item["Key"], _etag(item["ETag"]), item["Size"], _ms(item["LastModified"]))
        for item in found.get("Contents", ())
    )
    folders = tuple(item["Prefix"] for item in found.get("CommonPrefixes", ()))
    names = (*(item.key for item in listed), *folders)
    if not all(name.startswith(prefix) for name in names):
        raise UnknownAnswerError("the listing contains keys that were not asked for")
    return _Page(
        listed, folders, found["NextContinuationToken"] if found["IsTruncated"] else None
    )


def _etag(quoted: str) -> str:
    etag = quoted.strip('"')
    if not etag or etag.startswith("W/"):
        # Whoever changes a body on its way makes the tag a weak one (RFC 9110, 8.8.1), as nginx's
        # gzip.
        raise UnknownAnswerError(f"{quoted!r} is not an S3 ETag")
    return etag


def _ms(moment: Any) -> int:
    return int(moment.timestamp() * 1000)
