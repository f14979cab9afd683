"""What the handlers work with, and the envelope of their answers."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import orjson
from aiohttp import web

from coinlake.errors import TransientError
from query_api.adapters.ledger import Ledger, View
from query_api.config import Settings
from query_api.core.answers import Result
from query_api.core.cost import total_dollars
from query_api.core.coverage import dataset_version, newest_received_ms, watermark_ms
from query_api.core.keys import Caller
from query_api.core.ports import Guard
from query_api.core.problems import BadRequestError, Problem, unavailable
from query_api.core.window import rfc3339, time_or_null
from query_api.loop.runs import Runs
from query_api.metrics import QueryApiMetrics

CALLER: web.RequestKey[Caller] = web.RequestKey("caller", Caller)


@dataclass(frozen=True, slots=True)
class Context:
    """The parts that app.py has opened."""

    settings: Settings
    database: str
    runs: Runs
    ledger: Ledger
    guard: Guard
    metrics: QueryApiMetrics
    now_ms: Callable[[], int]

    async def view(self, max_age_ms: int | None = None) -> View:
        """The ledger now; a problem (503) while the bucket is away."""
        try:
            return await self.ledger.view(max_age_ms)
        except TransientError as error:
            raise unavailable("the ledger") from error


def json_answer(
    body: Any, status: int = 200, headers: dict[str, str] | None = None
) -> web.Response:
    """JSON; decimals are strings before they get here."""
    return web.Response(
        body=orjson.dumps(body),
        status=status,
        content_type="application/json",
        charset="utf-8",
        headers=headers,
    )


def problem_answer(problem: Problem) -> web.Response:
    headers = {}
    if problem.retry_after_s is not None:
        headers["Retry-After"] = str(problem.retry_after_s)
    if problem.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="coinlake"'
    return web.Response(
        body=orjson.dumps(problem.document()),
        status=problem.status,
        content_type="application/problem+json",
        headers=headers,
    )


def meta(
    context: Context, view: View, feeds: Iterable[str], result: Result | None
) -> dict[str, Any]:
    """How fresh an answer is and what it cost. Without a query it cost nothing."""
    names = sorted(set(feeds))
    scans = () if result is None else result.scans
    usd = total_dollars(scans, context.settings.athena.usd_per_tb)
    return {
        "as_of": rfc3339(view.at_ms),
        "newest_received": time_or_null(
            _oldest(newest_received_ms(view.heads, feed) for feed in names)
        ),
        "watermark": time_or_null(_oldest(watermark_ms(view.heads, feed) for feed in names)),
        "dataset_version": dataset_version(view.heads, names),
        "scanned_bytes": sum(scans),
        "usd": f"{usd:f}",
        "rows": 0 if result is None else len(result.rows.rows),
        "truncated": result is not None and result.rows.truncated,
    }


def _oldest(times: Iterable[int | None]) -> int | None:
    """Of several feeds the oldest, and none where one has none: the stalest part counts."""
    found = list(times)
    known = [ms for ms in found if ms is not None]
    return min(known) if known and len(known) == len(found) else None


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
