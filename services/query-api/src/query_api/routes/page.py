"""The page at `/`, the API's pages at `/docs`, and the files that both are made of; open to all.

The files hold nothing of the lake: what they show comes from documented endpoints, under the same
keys as anybody's requests.
"""

from aiohttp import web

from query_api.core.etag import matches
from query_api.core.negotiation import wanted_coding
from query_api.core.operation import Answer, Operation
from query_api.core.page_set import PageFile, PageSet
from query_api.core.parameters import Parameter, path_id
from query_api.core.problems import not_found
from query_api.core.schema_parts import STRING
from query_api.routes.headers import joined
from query_api.routes.route import Route

# No inline script or style, no other host, no frame, no form; and no text becomes markup or code
# (CSP level 3; Trusted Types, where the browser has them).
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none';"
    " require-trusted-types-for 'script'; trusted-types 'none'"
)
_INDEX, _DOCS = "index.html", "docs.html"
# The address holds the version: what is there never changes.
_FOR_EVER = "public, max-age=31536000, immutable"
_VERSION = path_id("version", "The hash of all files of the page, as its documents name it.")
_FOLDER = path_id("folder", "A folder of the page.")
_NAME = path_id("name", "A file of the page.")
_MEDIA = ("text/javascript", "text/css", "image/svg+xml", "text/plain", "text/html")


def page_routes(page: PageSet) -> list[Route]:
    """Routes of the static files, each held in memory in both forms."""

    async def index(request: web.Request) -> web.Response:
        # Asked for again each time, and 304 while it is the same.
        return _sent(request, page.files[_INDEX], "no-cache")

    async def docs(request: web.Request) -> web.Response:
        return _sent(request, page.files[_DOCS], "no-cache")

    async def file(request: web.Request) -> web.Response:
        at = request.match_info
        found = page.files.get("/".join(filter(None, (at.get("folder"), at["name"]))))
        if found is None or at["version"] != page.version:
            raise not_found("this version of the page has no such file")
        return _sent(request, found, _FOR_EVER)

    return [
        Route(_operation("/", "The page: the lake in a browser", ("text/html",)), index),
        Route(_operation("/docs", "The API's pages", ("text/html",)), docs),
        Route(_operation("/page/{version}/{name}", "A file of it", _MEDIA, _NAME), file),
        Route(
            _operation("/page/{version}/{folder}/{name}", "The same", _MEDIA, _FOLDER, _NAME),
            file,
        ),
    ]


def _operation(
    path: str, summary: str, media: tuple[str, ...], *names: Parameter[str]
) -> Operation:
    answers = {200: Answer(f"{summary}.", STRING, media, ("ETag",))}
    parameters = (_VERSION, *names) if names else ()
    problems = (404,) if names else ()
    example = "" if names else path
    return Operation(
        "GET", path, "Page", summary, answers, parameters, problems, None, example=example
    )


def _sent(request: web.Request, file: PageFile, caching: str) -> web.Response:
    headers = {
        "Cache-Control": caching,
        "Content-Security-Policy": CSP,
        "Cross-Origin-Opener-Policy": "same-origin",
        "ETag": file.etag,
        "Referrer-Policy": "no-referrer",
        "Vary": "Accept-Encoding",
    }
    if matches(joined(request, "If-None-Match"), file.etag):
        return web.Response(status=304, headers=headers)
    body = file.body
    if wanted_coding(joined(request, "Accept-Encoding"), ("gzip",)) == "gzip":
        body = file.gzipped
        headers["Content-Encoding"] = "gzip"
    return web.Response(body=body, content_type=file.media, charset="utf-8", headers=headers)
