"""Who answers a request: our Glue and Athena, moto, or a refusal."""

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

import structlog

from local_cloud import moto_requests, s3_front
from local_cloud.bill import Bill
from local_cloud.errors import JSON_TYPE, AwsError, not_there
from local_cloud.faults import Fault, Faults
from local_cloud.server import (
    Application,
    ConnectionDropError,
    Environ,
    HttpReply,
    StartResponse,
    call,
)

log = structlog.get_logger(__name__)

_SCOPE = re.compile(r"Credential=[^/]*/\d{8}/[^/]+/([^/,]+)/aws4_request")
_TARGETS = {"AWSGlue": "glue", "AmazonAthena": "athena", "AmazonSQS": "sqs"}


class AwsService(Protocol):
    """A service of ours: one call per operation, AwsError for anything but success."""

    def handle(self, operation: str, request: dict[str, Any]) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class CloudParts:
    """What the dispatcher hands requests to."""

    moto: Mapping[str, Application]
    engines: Mapping[str, AwsService]
    faults: Faults
    bill: Bill
    s3_elsewhere: str | None


class Dispatcher:
    """The WSGI application of the one port."""

    def __init__(self, parts: CloudParts) -> None:
        self._parts = parts
        self._locks = s3_front.KeyLocks()
        self._s3_front = s3_front.S3Front(parts.moto["s3"])

    def __call__(self, environ: Environ, start_response: StartResponse) -> list[bytes]:
        target = environ.get("HTTP_X_AMZ_TARGET", "")
        prefix, _, operation = target.rpartition(".")
        service = _TARGETS.get(prefix) or service_of(environ)
        try:
            reply = self._answer(service, operation, environ)
        except AwsError as error:
            reply = refusal(service, error)
        return reply.send(start_response)

    def _answer(self, service: str, operation: str, environ: Environ) -> HttpReply:
        if service == "s3":
            return self._s3(environ)
        if service in ("glue", "athena"):
            fault = self._before(f"{service}:{operation}")
            return _after(fault, self._json(service, operation, environ))
        fake = self._parts.moto.get(service)
        if fake is None:
            raise not_there(service, operation or "*", "the service is not part of it")
        moto_requests.check(service, operation, environ)
        return call(fake, environ)

    def _json(self, service: str, operation: str, environ: Environ) -> HttpReply:
        engine = self._parts.engines.get(service)
        if engine is None:
            raise not_there(service, operation)
        answer = engine.handle(operation, _request(environ))
        return HttpReply("200 OK", [("Content-Type", JSON_TYPE)], encoded(answer))

    def _s3(self, environ: Environ) -> HttpReply:
        if self._parts.s3_elsewhere is not None:
            raise not_there("s3", "*", f"objects live at {self._parts.s3_elsewhere}")
        asked, path = s3_front.asked(environ), environ["PATH_INFO"]
        fault = self._before(f"s3:{asked.operation}", path.lstrip("/"))
        s3_front.charge(self._parts.bill, asked.operation)
        with self._locks.around(asked.operation, path):
            reply = self._s3_front.answer(asked, environ)
        return _after(fault, reply)

    def _before(self, operation: str, key: str = "") -> Fault | None:
        """Wait and refuse as the rules say; what is left is done after the operation."""
        fault = self._parts.faults.draw(operation, key)
        if fault is None:
            return None
        log.info(
            "fault_injected", operation=operation, code=fault.code, delay_ms=fault.delay_ms
        )
        time.sleep(fault.delay_ms / 1000)
        if fault.code is not None:
            raise AwsError(fault.code, fault.message, fault.status)
        return fault


def _after(fault: Fault | None, reply: HttpReply) -> HttpReply:
    if fault is not None and fault.lose_reply:
        raise ConnectionDropError
    return reply


def service_of(environ: Environ) -> str:
    """The service in the signature's scope (header or presigned query); S3 if unsigned.

    (IAM user guide, "Create a signed AWS API request": the credential scope.)
    """
    auth = environ.get("HTTP_AUTHORIZATION", "")
    if not auth:
        presigned = parse_qs(environ.get("QUERY_STRING", "")).get("X-Amz-Credential", [""])[0]
        auth = f"Credential={presigned}"
    found = _SCOPE.search(auth)
    return found.group(1).lower() if found else "s3"


def refusal(service: str, error: AwsError) -> HttpReply:
    """An error in the protocol of its service: XML for S3, STS and IAM, JSON elsewhere."""
    status = f"{error.status} {error.code}"
    if service in ("sts", "iam"):
        body = (
            f"<ErrorResponse><Error><Type>Sender</Type><Code>{escape(error.code)}</Code>"
            f"<Message>{escape(error.message)}</Message></Error></ErrorResponse>"
        )
        return HttpReply(status, [("Content-Type", "text/xml")], body.encode())
    if service == "s3":
        body = (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{escape(error.code)}</Code>'
            f"<Message>{escape(error.message)}</Message></Error>"
        )
        return HttpReply(status, [("Content-Type", "application/xml")], body.encode())
    return HttpReply(status, list(error.headers().items()), encoded(error.to_json()))


def _request(environ: Environ) -> dict[str, Any]:
    try:
        request = json.loads(environ["wsgi.input"].read() or b"{}")
    except ValueError as error:
        raise AwsError("SerializationException", f"the body is no JSON: {error}") from error
    if not isinstance(request, dict):
        raise AwsError("SerializationException", "the body is no JSON object")
    return request


def encoded(answer: Mapping[str, Any]) -> bytes:
    """The JSON of an answer; times go as seconds since 1970, as JSON 1.1 wants them.

    (Smithy, "AWS JSON 1.1 protocol".)
    """
    return json.dumps(answer, default=_epoch, separators=(",", ":")).encode()


def _epoch(value: object) -> float:
    if isinstance(value, datetime):
        return round(value.timestamp(), 3)
    raise TypeError(f"no JSON for {type(value).__name__}")
