"""What stands between an S3 request and moto: names, judgement, price, locks, and the checks that
S3 makes and moto does not."""

import io
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any
from urllib.parse import parse_qs, unquote

from local_cloud.bill import USD_PER_GET, USD_PER_PUT, Bill
from local_cloud.catalog.entities import ACCOUNT
from local_cloud.errors import AwsError
from local_cloud.fields import model
from local_cloud.fields.judge import Judge
from local_cloud.fields.s3 import S3
from local_cloud.s3_parts import PartSums
from local_cloud.server import Application, Environ, HttpReply, call
from local_cloud.wire import checksums, s3_request
from local_cloud.wire.asked import AskedOperation

# Writers of one key wait for each other; this many keys may be written at a time.
STRIPES = 512
_DELETED = re.compile(rb"<Deleted>.*?</Deleted>", re.DOTALL)
_JUDGE = Judge(S3)


def asked(environ: Environ) -> AskedOperation:
    """What a request asks for; AwsError where some of it is not done here."""
    environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read())
    if "HTTP_X_AMZ_CHECKSUM_MODE" in environ:
        # Some of AWS's SDKs write it small, and S3 takes it so (versity/versitygw #1527).
        environ["HTTP_X_AMZ_CHECKSUM_MODE"] = environ["HTTP_X_AMZ_CHECKSUM_MODE"].upper()
    found = s3_request.read(environ)
    _JUDGE.check(found.operation, found.fields)
    if found.strange:
        raise AwsError(
            "NotImplemented",
            f"{', '.join(found.strange)} of {found.operation} is not there in this local cloud",
            501,
        )
    return found


class S3Front:
    """moto's S3 behind the checks that it does not make itself."""

    def __init__(self, moto: Application) -> None:
        self._moto = moto
        self._parts = PartSums()

    def answer(self, request: AskedOperation, environ: Environ) -> HttpReply:
        """Check what moto would pass over, then let it do the operation."""
        fields = request.fields
        for name in ("ExpectedBucketOwner", "ExpectedSourceBucketOwner"):
            if fields.get(name, ACCOUNT) != ACCOUNT:
                raise AwsError("AccessDenied", f"Access Denied: {name} {fields[name]}", 403)
        self._check_conditions(request, environ)
        headers = s3_request.headers_of(environ)
        sums: dict[str, str] = {}
        if _has_body(request.operation):
            # S3A copies a source's Content-MD5 onto the bodiless request of its copy (hadoop-aws
            # 3.3.4, HeaderProcessing.cloneObjectMetadata).
            sums = checksums.check(headers, environ["wsgi.input"].getvalue())
        algorithm = checksums.algorithm(headers)
        if algorithm is not None:
            # moto keeps a sum only where the SDK's own header names its algorithm (moto 5.2.5,
            # s3/responses.py).
            environ.setdefault("HTTP_X_AMZ_SDK_CHECKSUM_ALGORITHM", algorithm)
        reply = call(self._moto, environ)
        return self._after(request, sums, reply)

    def _check_conditions(self, request: AskedOperation, environ: Environ) -> None:
        fields = request.fields
        if "CopySource" in fields:
            _check_source(self._moto, fields, environ)
        # moto looks at those of PutObject itself (moto 5.2.5, s3/responses.py).
        if request.operation in ("CopyObject", "CompleteMultipartUpload") and (
            "IfMatch" in fields or "IfNoneMatch" in fields
        ):
            etag = _etag(self._moto, environ, environ["PATH_INFO"], "")
            if etag is None and "IfMatch" in fields:
                # (S3 user guide, "How to prevent object overwrites with conditional writes".)
                raise AwsError("NoSuchKey", "The specified key does not exist.", 404)
            _compare(etag, fields.get("IfMatch"), fields.get("IfNoneMatch"))
        if request.operation == "CompleteMultipartUpload":
            parts = (fields.get("MultipartUpload") or {}).get("Parts", [])
            self._parts.check(fields["UploadId"], parts)

    def _after(
        self, request: AskedOperation, sums: Mapping[str, str], reply: HttpReply
    ) -> HttpReply:
        if reply.code != 200 and reply.code != 204:
            return reply
        fields = request.fields
        if request.operation == "UploadPart":
            self._parts.keep(fields["UploadId"], fields["PartNumber"], sums)
        elif request.operation in ("CompleteMultipartUpload", "AbortMultipartUpload"):
            self._parts.forget(fields["UploadId"])
        elif request.operation == "DeleteObjects" and fields["Delete"].get("Quiet"):
            # "Quiet mode: the response includes only keys where the delete failed" (S3 API,
            # DeleteObjects).
            return HttpReply(reply.status, reply.headers, _DELETED.sub(b"", reply.body))
        return reply


def _has_body(operation: str) -> bool:
    shape = model.operation("s3", operation).input_shape
    return shape is not None and "payload" in shape.serialization


def _check_source(moto: Application, fields: Mapping[str, Any], environ: Environ) -> None:
    """Conditions of a copy on its source."""
    conditions = ("CopySourceIfMatch", "CopySourceIfNoneMatch")
    if any(name in fields for name in conditions):
        source, _, query = str(fields["CopySource"]).partition("?")
        version = parse_qs(query).get("versionId", [""])[0]
        path = "/" + unquote(source).lstrip("/")
        etag = _etag(moto, environ, path, f"versionId={version}" if version else "")
        _compare(etag, *(fields.get(name) for name in conditions))


def _compare(etag: str | None, match: str | None, none_match: str | None) -> None:
    bare = None if etag is None else etag.strip('"')
    wrong = match is not None and (bare is None or bare != match.strip('"'))
    if none_match is not None and bare is not None:
        wrong = wrong or none_match == "*" or bare == none_match.strip('"')
    if wrong:
        raise AwsError(
            "PreconditionFailed", "At least one of the pre-conditions did not hold", 412
        )


def _etag(moto: Application, environ: Environ, path: str, query: str) -> str | None:
    """The ETag of an object as it is now; None if there is none."""
    kept = ("HTTP_HOST", "HTTP_AUTHORIZATION", "SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL")
    head = {name: environ[name] for name in kept if name in environ}
    head |= {name: value for name, value in environ.items() if name.startswith("wsgi.")}
    head |= {"REQUEST_METHOD": "HEAD", "PATH_INFO": path, "QUERY_STRING": query}
    head |= {"SCRIPT_NAME": "", "wsgi.input": io.BytesIO(b""), "CONTENT_LENGTH": "0"}
    reply = call(moto, head)
    if reply.code != 200:
        return None
    return next((value for name, value in reply.headers if name.lower() == "etag"), None)


def charge(bill: Bill, name: str) -> None:
    """Put one request on the bill. Deletes are free; lists are of the dear class (S3 pricing)."""
    if name.startswith(("Delete", "Abort")):
        bill.charge("s3", "delete requests", 1, 0.0)
    elif name.startswith(("Put", "Post", "Copy", "Create", "Complete", "Upload", "List")):
        bill.charge("s3", "put class requests", 1, USD_PER_PUT)
    else:
        bill.charge("s3", "get class requests", 1, USD_PER_GET)


class KeyLocks:
    """Makes one step of what moto does in several, from several threads.

    Writers of one key exclude each other (a condition is checked, then the object is written);
    listings and deletes exclude each other (a key that goes while it is listed is an error).
    """

    def __init__(self) -> None:
        self._keys = [threading.Lock() for _ in range(STRIPES)]
        self._listing = threading.Lock()

    @contextmanager
    def around(self, name: str, path: str) -> Iterator[None]:
        """Hold what operation `name` on `path` needs. Always key first, then listing."""
        with ExitStack() as held:
            if not name.startswith(("Get", "Head", "List")):
                held.enter_context(self._keys[hash(path) % STRIPES])
            if name.startswith(("List", "Delete")):
                held.enter_context(self._listing)
            yield
