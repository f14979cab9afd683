"""The object store on S3: the only place that knows botocore's errors."""

import io
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import aiohttp
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
)
from botocore.exceptions import (
    ConnectionError as NoConnectionError,
)

from coinlake.aws import open_client
from coinlake.errors import (
    ArchivedError,
    ConfigError,
    ConflictError,
    NotFoundError,
    PreconditionFailedError,
    TransientError,
    Trouble,
)
from coinlake.store import Listed, ObjectHead, ObjectStore

_NO_KEYS = (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError)
_NO_ANSWER = (
    NoConnectionError, HTTPClientError, IncompleteReadError, aiohttp.ClientError, OSError,
)  # fmt: skip
# Some are said with a status of another class: S3 gives 400 for a token that has expired.
_CODES = {
    "SlowDown": Trouble.THROTTLED,
    "Throttling": Trouble.THROTTLED,
    "ThrottlingException": Trouble.THROTTLED,
    "RequestLimitExceeded": Trouble.THROTTLED,
    "ExpiredToken": Trouble.DENIED,
    "InvalidToken": Trouble.DENIED,
    "TokenRefreshRequired": Trouble.DENIED,
    "RequestTimeout": Trouble.CONNECTION,
}
_STATUSES = {
    401: Trouble.DENIED,
    403: Trouble.DENIED,
    409: Trouble.CONFLICT,
    429: Trouble.THROTTLED,
}


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
        condition: dict[str, str] = {}
        if if_none_match:
            condition["IfNoneMatch"] = "*"
        if if_match is not None:
            condition["IfMatch"] = f'"{if_match}"'
        with _translated("PUT", key):
            answer = await self._client.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=_Body(body),
                Metadata=dict(metadata or {}),
                ContentType=content_type,
                **condition,
            )
        return _etag(answer["ETag"])

    async def head(self, key: str) -> ObjectHead | None:
        try:
            with _translated("HEAD", key):
                answer = await self._client.head_object(Bucket=self._bucket, Key=key)
        except NotFoundError:
            return None
        return ObjectHead(
            _etag(answer["ETag"]),
            answer["ContentLength"],
            _ms(answer["LastModified"]),
            answer.get("Metadata", {}),
        )

    async def get(self, key: str) -> bytes | None:
        try:
            with _translated("GET", key):
                answer = await self._client.get_object(Bucket=self._bucket, Key=key)
                async with answer["Body"] as stream:
                    body: bytes = await stream.read()
        except NotFoundError:
            return None
        return body

    async def list(self, prefix: str, start_after: str | None = None) -> AsyncIterator[Listed]:
        extra = {} if start_after is None else {"StartAfter": start_after}
        async for page in self._pages(prefix, extra):
            for item in page.get("Contents", ()):
                yield Listed(
                    item["Key"], _etag(item["ETag"]), item["Size"], _ms(item["LastModified"])
                )

    async def list_folders(self, prefix: str) -> AsyncIterator[str]:
        async for page in self._pages(prefix, {"Delimiter": "/"}):
            for item in page.get("CommonPrefixes", ()):
                yield item["Prefix"]

    async def delete(self, key: str) -> None:
        with _translated("DELETE", key):
            await self._client.delete_object(Bucket=self._bucket, Key=key)

    async def _pages(self, prefix: str, extra: Mapping[str, str]) -> AsyncIterator[Any]:
        token: dict[str, str] = {}
        while True:
            with _translated("LIST", prefix):
                page = await self._client.list_objects_v2(
                    Bucket=self._bucket, Prefix=prefix, **extra, **token
                )
            yield page
            if not page.get("IsTruncated"):
                return
            token = {"ContinuationToken": page["NextContinuationToken"]}


class _Body(io.BytesIO):
    """The bytes of an object on their way. aiohttp asks for a view to learn the size, and BytesIO
    would copy all of them first, as somebody else holds them too."""

    def __init__(self, body: bytes) -> None:
        super().__init__(body)
        self._body = body

    def getbuffer(self) -> memoryview:
        return memoryview(self._body)


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
def _translated(verb: str, key: str) -> Iterator[None]:
    """Turn what the client library raises into our words."""
    try:
        yield
    except ClientError as error:
        raise _decided(verb, key, error) from error
    except NoCredentialsError as error:
        raise TransientError(f"{verb} {key}: no AWS credentials", trouble_of(error)) from error
    except (BotoCoreError, aiohttp.ClientError, OSError) as error:
        said = f"{verb} {key}: {type(error).__name__}: {error}"
        raise TransientError(said, trouble_of(error)) from error


def trouble_of(error: Exception) -> Trouble:
    """What kind of trouble an error of the client library tells of."""
    if isinstance(error, ClientError):
        status, code = _answered(error)
        by_status = Trouble.SERVER if status >= 500 else _STATUSES.get(status, Trouble.OTHER)
        return _CODES.get(code, by_status)
    if isinstance(error, _NO_KEYS):
        return Trouble.DENIED
    return Trouble.CONNECTION if isinstance(error, _NO_ANSWER) else Trouble.OTHER


def _decided(verb: str, key: str, error: ClientError) -> Exception:
    status, code = _answered(error)
    said = f"{verb} {key}: {status} {code}"
    if code == "NoSuchBucket":
        # Not "the key is not there": a writer that believed so would start a new chain.
        return TransientError(f"{said}: the bucket does not exist")
    if code == "InvalidObjectState":
        return ArchivedError(said)
    if status == 404:
        return NotFoundError(said)
    if status == 412:
        return PreconditionFailedError(said)
    if status == 409:
        return ConflictError(said)
    return TransientError(said, trouble_of(error))


def _answered(error: ClientError) -> tuple[int, str]:
    """Status and code of an answer."""
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    return status, error.response.get("Error", {}).get("Code", "")


def _etag(quoted: str) -> str:
    return quoted.strip('"')


def _ms(moment: Any) -> int:
    return int(moment.timestamp() * 1000)
