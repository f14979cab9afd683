"""A route is its operation with its handler: what is not declared cannot be reached."""

from dataclasses import dataclass

from aiohttp import web
from aiohttp.typedefs import Handler

from query_api.core.operation import Operation


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one path."""

    operation: Operation
    handler: Handler

    @property
    def definition(self) -> web.RouteDef:
        """The same for aiohttp's router; GET answers HEAD, too."""
        of = self.operation
        if of.method == "GET":
            return web.get(of.path, self.handler)
        return web.route(of.method, of.path, self.handler)
