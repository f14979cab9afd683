"""A route is its operation with its handler: what is not declared cannot be reached."""

from dataclasses import dataclass, replace

from aiohttp import web
from aiohttp.typedefs import Handler

from query_api.core.negotiation import Format
from query_api.core.operation import Operation
from query_api.core.parameters import choice
from query_api.routes.formats import EXTENSION

_FORMAT = replace(
    choice(
        "format",
        "The form of the rows; it decides whatever Accept says.",
        tuple(form.value for form in Format),
        Format.JSON.value,
    ),
    where="path",
    is_required=True,
)


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one path."""

    operation: Operation
    handler: Handler

    @property
    def definition(self) -> web.RouteDef:
        """The same for aiohttp's router; GET answers HEAD, too."""
        of = self.operation
        path = of.path.replace("{format}", EXTENSION)
        if of.method == "GET":
            return web.get(path, self.handler)
        return web.route(of.method, path, self.handler)


def in_each_form(operation: Operation, handler: Handler) -> list[Route]:
    """The operation, and the same with the extension of each form.

    This comes first: a name in the last place of a path takes dots too.
    """
    extended = replace(
        operation,
        path=f"{operation.path}.{{format}}",
        parameters=(*operation.parameters, _FORMAT),
        # Another extension is no path of ours.
        problems=tuple({404, *operation.problems}),
        example=operation.example and _extended(operation.example),
    )
    return [Route(extended, handler), Route(operation, handler)]


def _extended(example: str) -> str:
    path, mark, query = example.partition("?")
    return f"{path}.csv{mark}{query}"
