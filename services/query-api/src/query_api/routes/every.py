"""Every route below /v1, in the order of the document."""

from collections.abc import Callable

from query_api.routes.assets import AssetRoutes
from query_api.routes.candles import CandleRoutes
from query_api.routes.coverage import CoverageRoutes
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


def every_route(parts: ApiParts, clock: Callable[[], float]) -> list[Route]:
    """The routes that need a key. `clock` is monotonic, in seconds."""
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
        *QueryRoutes(parts, clock).routes(),
    ]
