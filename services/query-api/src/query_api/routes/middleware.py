"""What every request passes: keys and scopes, problem documents, metrics, one log line."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from coinlake import logs
from coinlake.errors import CoinlakeError
from query_api.adapters.key_reader import KeyReader
from query_api.core.budget import balance_field, policy_field
from query_api.core.etag import matches
from query_api.core.keys import ANONYMOUS, READ, SQL, Caller, presented_key
from query_api.core.problems import (
    Problem,
    ProblemError,
    RefusedSqlError,
    forbidden,
    internal,
    unauthenticated,
)
from query_api.loop.in_hand import RequestsInHand
from query_api.loop.spending import PAYER, Accounts, Payer
from query_api.metrics import QueryApiMetrics
from query_api.routes.headers import joined
from query_api.routes.responses import not_modified, problem_answer

log = logs.get(__name__)


class NotModifiedError(CoinlakeError):
    """The client has this answer already: 304 with its tag, and nothing else was done."""

    def __init__(self, tag: str) -> None:
        super().__init__(tag)
        self.tag = tag


CALLER: web.RequestKey[Caller] = web.RequestKey("caller", Caller)

_GONE = 499  # nginx's code for a client that left; it is never sent
_TITLES = {
    404: ("not_found", "Not found", "there is nothing at this path"),
    405: ("method_not_allowed", "Method not allowed", "this path does not accept this method"),
    413: (
        "too_large",
        "The body is too large",
        "the request body is larger than the service accepts",
    ),
}


def problems(request_problem: web.HTTPException) -> Problem:
    """aiohttp's own refusals in our form."""
    status = request_problem.status
    kind, title, detail = _TITLES.get(
        status, ("bad_request", "The request is invalid", "refused")
    )
    return Problem(status, kind, title, detail)


def observed(metrics: QueryApiMetrics) -> Middleware:
    """The outermost door: every answer counted and logged, every error a problem document."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        began, route, status = time.monotonic(), _route(request), _GONE
        try:
            response = await _answered(request, handler)
            status = response.status
            return response
        finally:
            seconds = time.monotonic() - began
            metrics.requests.labels(route, str(status)).inc()
            metrics.request_seconds.labels(route).observe(seconds)
            caller = request.get(CALLER)
            log.info(
                "request_answered",
                route=route,
                method=request.method,
                status=status,
                seconds=round(seconds, 4),
                caller=caller.name if caller else None,
            )

    return middleware


async def _answered(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        response = _conditional(request, await handler(request))
    except NotModifiedError as error:
        response = not_modified(error.tag)
    except RefusedSqlError as error:
        log.warning("sql_refused", reason=error.reason)
        response = problem_answer(error.problem)
    except ProblemError as error:
        response = problem_answer(error.problem)
    except web.HTTPException as error:
        response = problem_answer(problems(error))
        if "Allow" in error.headers:
            response.headers["Allow"] = error.headers["Allow"]
    except asyncio.CancelledError:
        raise
    except Exception:
        log.exception("request_broke", route=_route(request))
        response = problem_answer(internal())
    response.headers["X-Content-Type-Options"] = "nosniff"
    # An answer with a tag says itself how it may be kept; any other one by nobody.
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def _conditional(request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    """304 where the client has what would be sent: for answers whose handler does not look itself."""
    tag = response.headers.get("ETag")
    if (
        request.method not in ("GET", "HEAD")
        or response.status != 200
        or response.prepared
        or not matches(joined(request, "If-None-Match"), tag)
    ):
        return response
    return not_modified(tag)


def keyed(
    keys: KeyReader, accounts: Accounts, in_hand: RequestsInHand, *, anonymous_read: bool
) -> Middleware:
    """The door to /v1: who asks, whether their scopes reach that far, whose turn it is, and who pays
    for what it starts."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        # All of /v1, also paths that are not there: without a key they look alike.
        if request.path.startswith("/v1/"):
            caller = _caller(request, keys, anonymous_read)
            request[CALLER] = caller
            PAYER.set(Payer(caller))
            await accounts.seen(caller)
            async with in_hand.hold(_asker(caller, request)):
                return await handler(request)
        return await handler(request)

    return middleware


def balanced(
    accounts: Accounts,
) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    """Tells each caller the balance just before an answer's headers leave, streams too."""

    async def prepare(request: web.Request, response: web.StreamResponse) -> None:
        caller = request.get(CALLER)
        if caller is not None:
            left = accounts.balance(caller)
            response.headers["RateLimit-Policy"] = policy_field(left)
            response.headers["RateLimit"] = balance_field(left)

    return prepare


def _asker(caller: Caller, request: web.Request) -> str:
    """Who takes turns with whom: keys; without one, addresses."""
    return f"address {request.remote}" if caller == ANONYMOUS else f"key {caller.name}"


def _caller(request: web.Request, keys: KeyReader, anonymous_read: bool) -> Caller:
    scope = SQL if request.path.startswith(("/v1/queries", "/v1/sql/")) else READ
    headers = request.headers
    presented = presented_key(
        headers.getall("Authorization", ()), headers.getall("X-API-Key", ())
    )
    if presented is None:
        if scope == READ and anonymous_read:
            return ANONYMOUS
        raise unauthenticated()
    caller = keys.caller(presented)
    if caller is None:
        raise unauthenticated()
    if scope not in caller.scopes:
        raise forbidden(scope)
    return caller


def _route(request: web.Request) -> str:
    resource = request.match_info.route.resource
    # The pattern, never the path: ids must not become label values.
    return "unknown" if resource is None else resource.canonical
