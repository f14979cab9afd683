"""The routes of query-api as they are declared, of parts that no handler asks anything of."""

from dataclasses import fields
from typing import Any, cast

from prometheus_client import CollectorRegistry

from query_api.config import Settings
from query_api.metrics import QueryApiMetrics
from query_api.routes.every import SqlParts, every_route
from query_api.routes.parts import ApiParts
from query_api.routes.route import Route

NOTHING = cast("Any", None)


def unopened() -> ApiParts:
    """Parts with the default settings, and nothing opened."""
    none = {field.name: NOTHING for field in fields(ApiParts)}
    metrics = QueryApiMetrics(CollectorRegistry())
    return ApiParts(
        **none | {"settings": Settings(), "database": "coinlake", "metrics": metrics}
    )


def declared_routes() -> list[Route]:
    """Every route that needs a key."""
    return every_route(unopened(), SqlParts(NOTHING, lambda: 0.0, b""))
