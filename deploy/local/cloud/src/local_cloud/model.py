"""AWS's own description of the Glue API: which operations exist, and what they take."""

from functools import cache
from typing import Any

import botocore.session
from botocore.validate import ParamValidator

from local_cloud.errors import AwsError


@cache
def _glue() -> Any:
    return botocore.session.get_session().get_service_model("glue")


def check(operation: str, request: dict[str, Any]) -> None:
    """Refuse a request that AWS's model does not allow: missing, unknown or mistyped members."""
    if operation not in _glue().operation_names:
        raise AwsError("UnknownOperationException", f"there is no operation {operation}")
    shape = _glue().operation_model(operation).input_shape
    report = ParamValidator().validate(request, shape)
    if report.has_errors():
        raise AwsError("InvalidInputException", report.generate_report())
