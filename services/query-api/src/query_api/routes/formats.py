"""The form in which a request wants its rows: by the path's extension, or by Accept."""

from aiohttp import web
from aiohttp.typedefs import Handler

from query_api.core.negotiation import MEDIA_TYPES, OFFERS, Format, Offer, wanted_offer
from query_api.core.problems import not_acceptable
from query_api.routes.headers import joined

OFFER: web.RequestKey[Offer] = web.RequestKey("offer", Offer)

EXTENSION = "{format:" + "|".join(form.value for form in Format) + "}"


def json_alone(request: web.Request) -> None:
    """What has no rows has no other form. Raises ProblemError (406)."""
    if request[OFFER].format is not Format.JSON:
        raise not_acceptable([MEDIA_TYPES[Format.JSON]])


@web.middleware
async def negotiated(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Settles the form before any work is done. Raises ProblemError (406) where there is none.

    An extension decides whatever Accept says: a link that names its form gives it in a browser too.
    """
    if request.path.startswith("/v1/") and request.method in ("GET", "HEAD", "POST"):
        extension = request.match_info.get("format")
        offer = (
            wanted_offer(joined(request, "Accept"))
            if extension is None
            else Offer(MEDIA_TYPES[Format(extension)], Format(extension))
        )
        if offer is None:
            raise not_acceptable([one.media_type for one in OFFERS[: len(MEDIA_TYPES)]])
        request[OFFER] = offer
    response = await handler(request)
    if OFFER in request:
        response.headers.setdefault("Vary", "Accept, Accept-Encoding")
    return response
