"""Every route below /v1, in the order of the document."""

from collections.abc import Callable
from dataclasses import dataclass

from query_api.core.ports import SqlEngine
from query_api.routes.assets import AssetRoutes
from query_api.routes.candles import CandleRoutes
from query_api.routes.coverage import CoverageRoutes
from query_api.routes.functions import functions_route
from query_api.routes.lake import LakeRoutes
from query_api.routes.lineage import LineageRoutes
from query_api.routes.markets import MarketRoutes
from query_api.routes.movers import MoverRoutes
from query_api.routes.parts import ApiParts
from query_api.routes.queries import QueryRoutes
from query_api.routes.route import Route
from query_api.routes.sparklines import SparklineRoutes
from query_api.routes.tables import table_routes
from query_api.routes.things import EXCHANGE, RATE, ThingRoutes


@dataclass(frozen=True, slots=True)
class SqlParts:
    """What ad-hoc SQL needs beside: `clock` is monotonic, in seconds; `secret` signs cursors."""

    engine: SqlEngine
    clock: Callable[[], float]
    secret: bytes


def every_route(parts: ApiParts, of_sql: SqlParts) -> list[Route]:
    """The routes that need a key."""
    return [
        *AssetRoutes(parts).routes(),
        *CandleRoutes(parts).routes(),
        *MoverRoutes(parts).routes(),
        *ThingRoutes(parts, RATE).routes(),
        *ThingRoutes(parts, EXCHANGE).routes(),
        *MarketRoutes(parts).routes(),
        *SparklineRoutes(parts).routes(),
        *LineageRoutes(parts).routes(),
        *CoverageRoutes(parts).routes(),
        *LakeRoutes(parts).routes(),
        *table_routes(),
        *QueryRoutes(parts, of_sql.engine, of_sql.clock, of_sql.secret).routes(),
        functions_route(),
    ]
