"""An S3 request as its operation and members, from method, path, query, headers and XML body."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl
from xml.etree import ElementTree

from local_cloud.errors import AwsError
from local_cloud.fields import model
from local_cloud.server import Environ
from local_cloud.wire.asked import AskedOperation
from local_cloud.wire.s3_route import Route, routed

# Headers that sign, frame or trace a request and ask S3 for nothing. Checksums that are not
# members of an operation are checked all the same (`checksums.py`).
_TRANSPORT = frozenset(
    {
        "x-amz-date",
        "x-amz-content-sha256",
        "x-amz-security-token",
        "x-amz-decoded-content-length",
        "x-amz-trailer",
        "x-amz-te",
        "x-amz-user-agent",
        "x-amz-api-version",
        "x-amz-sdk-checksum-algorithm",
        "x-amz-checksum-crc32",
        "x-amz-checksum-crc32c",
        "x-amz-checksum-crc64nvme",
        "x-amz-checksum-sha1",
        "x-amz-checksum-sha256",
    }
)
# `x-id` names the operation once more (SDKs of 2021 and later); the rest sign a URL, by Signature
# Version 2 or 4.
_QUERY = frozenset(
    {
        "x-id",
        "awsaccesskeyid",
        "signature",
        "expires",
        "x-amz-algorithm",
        "x-amz-credential",
        "x-amz-date",
        "x-amz-expires",
        "x-amz-signedheaders",
        "x-amz-signature",
        "x-amz-security-token",
        "x-amz-content-sha256",
    }
)


def read(environ: Environ) -> AskedOperation:
    """The request; an operation that AWS has not is called by its method and path."""
    method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
    bucket, slash, key = path.lstrip("/").partition("/")
    query = dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
    headers = headers_of(environ)
    parts = 0 if not bucket else 2 if slash and key else 1
    route = routed(method, parts, query, headers)
    if route is None:
        return AskedOperation(f"{method} {'/'.join(('bucket', 'key')[:parts]) or '/'}", {})
    shape = model.operation("s3", route.operation).input_shape
    reader = _Reader(shape, bucket, key, query, headers)
    found = reader.members(environ["wsgi.input"])
    return AskedOperation(route.operation, found, reader.strange(route))


def headers_of(environ: Environ) -> dict[str, str]:
    """The headers that say something, by their lower-case names."""
    found = {
        name[5:].replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_") and value
    }
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            found[name.replace("_", "-").lower()] = environ[name]
    return found


class _Reader:
    """Takes members of one input shape out of a request, and knows what is left."""

    def __init__(
        self,
        shape: Any,
        bucket: str,
        key: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
    ) -> None:
        self._shape = shape
        self._path = {"Bucket": bucket, "Key": key}
        self._query, self._headers = query, headers
        self._read: set[str] = set()

    def members(self, body: Any) -> dict[str, Any]:
        if self._shape is None:
            return {}
        found = {}
        for name, shape in self._shape.members.items():
            value = self._member(name, shape)
            if value is not None:
                found[name] = value
        payload = self._shape.serialization.get("payload")
        if payload is not None and self._shape.members[payload].type_name == "structure":
            inner = _document(self._shape.members[payload], body)
            if inner is not None:
                found[payload] = inner
        return found

    def _member(self, name: str, shape: Any) -> Any:
        where = shape.serialization
        location, wire = where.get("location"), where.get("name", name)
        if location == "uri":
            return self._path[name]
        if location == "querystring":
            return _typed(shape, self._taken(self._query, wire))
        if location == "header":
            return _typed(shape, self._taken(self._headers, wire.lower()))
        if location == "headers":
            prefix = wire.lower()
            names = [one for one in self._headers if one.startswith(prefix)]
            self._read.update(names)
            return {one[len(prefix) :]: self._headers[one] for one in names} or None
        return None

    def _taken(self, source: Mapping[str, str], name: str) -> str | None:
        self._read.add(name)
        return source.get(name)

    def strange(self, route: Route) -> tuple[str, ...]:
        """Parts of the request that ask for something and are no member of the operation."""
        fixed = {name for name, _ in route.fixed}
        queries = (
            name
            for name in self._query
            if name not in fixed and name not in self._read and name.lower() not in _QUERY
        )
        headers = (
            name
            for name in self._headers
            if name not in self._read
            and name not in _TRANSPORT
            and name.startswith(("x-amz-", "if-"))
        )
        return (*sorted(queries), *sorted(headers))


def _document(shape: Any, body: Any) -> Any:
    raw = body.read()
    body.seek(0)
    if not raw.strip():
        return None
    try:
        root = ElementTree.fromstring(raw)
    except ElementTree.ParseError as error:
        raise AwsError("MalformedXML", f"the body is no XML: {error}") from error
    return _element(shape, root)


def _element(shape: Any, element: ElementTree.Element) -> Any:
    """An XML element as its shape's value; elements that the shape has not keep their names."""
    if shape.type_name != "structure":
        return _typed(shape, element.text or "")
    by_wire = {}
    for name, member in shape.members.items():
        by_wire[member.serialization.get("name", name)] = (name, member)
    found: dict[str, Any] = {}
    for child in element:
        tag = child.tag.rpartition("}")[2]
        name, member = by_wire.get(tag, (tag, None))
        if member is None:
            found[name] = child.text or ""
        elif member.type_name == "list":
            listed = [child] if member.serialization.get("flattened") else list(child)
            found.setdefault(name, []).extend(_element(member.member, one) for one in listed)
        else:
            found[name] = _element(member, child)
    return found


def _typed(shape: Any, text: str | None) -> Any:
    """A text as its shape's type; the judge says what is wrong with one that is none."""
    if text is None:
        return None
    if shape.type_name == "list":
        return [one.strip() for one in text.split(",")]
    if shape.type_name in ("integer", "long") and text.strip().lstrip("-").isdigit():
        return int(text)
    if shape.type_name == "boolean" and text.lower() in ("true", "false"):
        return text.lower() == "true"
    return text
