"""The parameters of a request: only those that its operation declares, each once, each in its range."""

from urllib.parse import unquote_to_bytes

from aiohttp import web

from query_api.core.operation import Operation
from query_api.core.parameters import Given
from query_api.core.problems import BadRequestError


def read(request: web.Request, operation: Operation) -> Given:
    """What the request says, in the types of the parameters. Raises BadRequestError."""
    given = only(request, *operation.parameter_names())
    values = {}
    for one in operation.parameters:
        text = request.match_info[one.name] if one.where == "path" else given.get(one.name)
        if text is None and one.is_required:
            raise BadRequestError(f"{one.name} is required: {one.meaning}")
        values[one.name] = one.default if text is None else one.read(text)
    return Given(values)


def only(request: web.Request, *names: str) -> dict[str, str]:
    """The query string, where it holds nothing but these names, each once."""
    _require_utf8(request.rel_url.raw_path)
    _require_utf8(request.rel_url.raw_query_string)
    given = request.query
    for name in given:
        if name not in names:
            raise BadRequestError(
                "unknown parameter; the known ones are: " + (", ".join(names) or "none")
            )
        if len(given.getall(name)) > 1:
            raise BadRequestError(f"{name} was given more than once")
    return dict(given)


def _require_utf8(raw: str) -> None:
    # yarl puts other bytes for what is no UTF-8, and another value is asked for than was meant.
    try:
        unquote_to_bytes(raw).decode()
    except UnicodeDecodeError:
        raise BadRequestError("the path or the query string is not UTF-8, %-encoded") from None
