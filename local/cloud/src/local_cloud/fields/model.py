"""AWS's own description of its services, as botocore has it: operations, and what they take."""

from functools import cache
from typing import Any

import botocore.session


@cache
def service(name: str) -> Any:
    """The model of one service."""
    return botocore.session.get_session().get_service_model(name)


@cache
def operation(of: str, name: str) -> Any:
    """The model of one operation; None where AWS has none of that name."""
    found = service(of)
    return found.operation_model(name) if name in found.operation_names else None


def shape_key(shape: Any) -> str:
    """The name under which a structure is declared."""
    return str(shape.name)
