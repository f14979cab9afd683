"""What an S3 request is called and costs, and the lock that makes its condition atomic."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import parse_qs

from local_cloud.bill import USD_PER_GET, USD_PER_PUT, Bill

# Writers of one key wait for each other; this many keys may be written at a time.
STRIPES = 512

_BY_SUBRESOURCE = {
    ("POST", "uploads"): "CreateMultipartUpload",
    ("POST", "uploadId"): "CompleteMultipartUpload",
    ("PUT", "uploadId"): "UploadPart",
    ("DELETE", "uploadId"): "AbortMultipartUpload",
    ("POST", "delete"): "DeleteObjects",
    ("GET", "list-type"): "ListObjectsV2",
    ("GET", "uploads"): "ListMultipartUploads",
    ("GET", "versions"): "ListObjectVersions",
    ("GET", "location"): "GetBucketLocation",
}
_PLAIN = {
    (False, "GET"): "ListObjects",
    (False, "PUT"): "CreateBucket",
    (False, "HEAD"): "HeadBucket",
    (False, "DELETE"): "DeleteBucket",
    (True, "GET"): "GetObject",
    (True, "HEAD"): "HeadObject",
    (True, "PUT"): "PutObject",
    (True, "POST"): "PostObject",
    (True, "DELETE"): "DeleteObject",
}


def operation(method: str, path: str, query: str, copies: bool) -> str:
    """The operation's API name, from a path-style request (`/bucket/key`)."""
    names = parse_qs(query, keep_blank_values=True)
    for (verb, subresource), name in _BY_SUBRESOURCE.items():
        if method == verb and subresource in names:
            return name
    bucket, _, key = path.lstrip("/").partition("/")
    if not bucket:
        return "ListBuckets"
    if copies and method == "PUT" and key:
        return "CopyObject"
    return _PLAIN.get((bool(key), method), method)


def charge(bill: Bill, name: str) -> None:
    """Put one request on the bill. Deletes are free; lists are of the dear class."""
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
