"""The query string: only known names, each once, each in its range."""

from aiohttp import web

from query_api.core.problems import BadRequestError


def integer(text: str | None, name: str, *, default: int, low: int, high: int) -> int:
    """A whole number of the query string. Raises BadRequestError."""
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise BadRequestError(f"{name} must be a whole number from {low} to {high}")
    if not low <= int(text) <= high:
        raise BadRequestError(f"{name} must be a whole number from {low} to {high}")
    return int(text)


def only(request: web.Request, *names: str) -> dict[str, str]:
    """The query string, where it holds nothing but these names, each once."""
    given = request.query
    for name in given:
        if name not in names:
            raise BadRequestError(
                "unknown parameter; the known ones are: " + (", ".join(names) or "none")
            )
        if len(given.getall(name)) > 1:
            raise BadRequestError(f"{name} was given more than once")
    return dict(given)
