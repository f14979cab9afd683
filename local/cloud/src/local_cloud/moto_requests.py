"""What moto's services are asked for besides objects: read by the model, and judged before moto."""

import io
import json
from typing import Any

from local_cloud.errors import AwsError
from local_cloud.fields.declaration import Service
from local_cloud.fields.identity import IAM, STS
from local_cloud.fields.judge import Judge
from local_cloud.fields.sqs import SQS
from local_cloud.server import Environ
from local_cloud.wire import query_request
from local_cloud.wire.asked import AskedOperation

SERVICES: dict[str, Service] = {"sqs": SQS, "sts": STS, "iam": IAM}
_JUDGES = {name: Judge(service) for name, service in SERVICES.items()}


def check(service: str, operation: str, environ: Environ) -> None:
    """AwsError unless moto does all that the request asks for; the body can be read again."""
    raw = environ["wsgi.input"].read()
    environ["wsgi.input"] = io.BytesIO(raw)
    if service == "sqs":
        asked = AskedOperation(operation or "the Query protocol", _json(raw))
    else:
        form = raw or environ.get("QUERY_STRING", "").encode()
        asked = query_request.read(service, form)
    _JUDGES[service].check(asked.operation, asked.fields)
    if asked.strange:
        raise AwsError(
            SERVICES[service].code,
            f"{', '.join(asked.strange)} is no part of {asked.operation}",
        )


def _json(raw: bytes) -> dict[str, Any]:
    try:
        found = json.loads(raw or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
