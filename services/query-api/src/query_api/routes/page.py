"""The page at `/`, the API's pages at `/docs`, and the files that both are made of; open to all.

The files hold nothing of the lake: what they show comes from documented endpoints, under the same
keys as anybody's requests.
"""

from aiohttp import web

from query_api.core.page_set import PageFile, PageSet, accepts_gzip, is_known
from query_api.core.problems import not_found

# No inline script or style, no other host, no frame, no form; and no text becomes markup or code
# (CSP level 3; Trusted Types, where the browser has them).
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none';"
    " require-trusted-types-for 'script'; trusted-types 'none'"
)
_DOCUMENTS = {"/": "index.html", "/docs": "docs.html"}
# The address holds the version: what is there never changes.
_FOR_EVER = "public, max-age=31536000, immutable"


class PageRoutes:
    """Handlers of the static files, each held in memory in both forms."""

    def __init__(self, page: PageSet) -> None:
        self._page = page

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/", self.document),
            web.get("/docs", self.document),
            web.get("/page/{version}/{name:.+}", self.file),
        ]

    async def document(self, request: web.Request) -> web.Response:
        """A document: asked for again each time, and 304 while it is the same."""
        return _sent(request, self._page.files[_DOCUMENTS[request.path]], "no-cache")

    async def file(self, request: web.Request) -> web.Response:
        """A file of this version of the page; another version's is not here."""
        found = self._page.files.get(request.match_info["name"])
        if found is None or request.match_info["version"] != self._page.version:
            raise not_found("this version of the page has no such file")
        return _sent(request, found, _FOR_EVER)


def _sent(request: web.Request, file: PageFile, caching: str) -> web.Response:
    headers = {
        "Cache-Control": caching,
        "Content-Security-Policy": CSP,
        "Cross-Origin-Opener-Policy": "same-origin",
        "ETag": file.etag,
        "Referrer-Policy": "no-referrer",
        "Vary": "Accept-Encoding",
    }
    if is_known(request.headers.get("If-None-Match"), file.etag):
        return web.Response(status=304, headers=headers)
    body = file.body
    if accepts_gzip(request.headers.get("Accept-Encoding")):
        body = file.gzipped
        headers["Content-Encoding"] = "gzip"
    return web.Response(body=body, content_type=file.media, charset="utf-8", headers=headers)
