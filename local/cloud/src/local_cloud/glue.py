"""The Glue API: each request is judged, then carried out by jobs, crawlers, catalog or data quality."""

from collections.abc import Callable, Mapping
from typing import Any

from local_cloud.errors import not_there
from local_cloud.fields.glue import GLUE
from local_cloud.fields.judge import Judge

Operation = Callable[[dict[str, Any]], dict[str, Any]]


class Glue:
    """Jobs, crawlers, the catalog and data quality behind one `handle`."""

    def __init__(self, *tables: Mapping[str, Operation]) -> None:
        self._operations = {name: call for table in tables for name, call in table.items()}
        self._judge = Judge(GLUE)

    def handle(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """Carry out one operation; AwsError for a bad request, a refusal or what is not there."""
        request = self._judge.check(operation, request)
        call = self._operations.get(operation)
        if call is None:
            raise not_there("glue", operation)
        return call(request)
