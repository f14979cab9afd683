"""Our part of the Glue API: one table of operations, and a refusal for all others."""

from collections.abc import Callable, Mapping
from typing import Any

from local_cloud import model
from local_cloud.errors import not_there

Operation = Callable[[dict[str, Any]], dict[str, Any]]


class Glue:
    """Jobs, crawlers and the catalog behind one `handle`."""

    def __init__(self, *tables: Mapping[str, Operation]) -> None:
        self._operations = {name: call for table in tables for name, call in table.items()}

    def handle(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """Carry out one operation; AwsError for a bad request, a refusal or what is not there."""
        model.check(operation, request)
        call = self._operations.get(operation)
        if call is None:
            raise not_there("glue", operation)
        return call(request)
