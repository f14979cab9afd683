"""What a statement would read, asked for or held against limits before it costs."""

from typing import Any

from aiohttp import web

from query_api.core.estimate import Estimate
from query_api.core.guard import Checked
from query_api.core.keys import Caller
from query_api.core.problems import ProblemError, never_fits, unavailable
from query_api.loop.spending import PAYER, Payer
from query_api.routes.parts import ApiParts
from query_api.routes.responses import json_answer


def dry_run(
    parts: ApiParts,
    caller: Caller,
    checked: Checked,
    estimate: Estimate | None,
    max_scan_bytes: int | None,
) -> web.Response:
    """The estimate, and the problem that the statement would end in; nothing is started or charged."""
    if estimate is None:
        raise unavailable("the estimate")
    told: dict[str, Any] | None = None
    try:
        _require_bound(estimate, max_scan_bytes)
        parts.accounts.require(caller, estimate.to_hold_against)
    except ProblemError as error:
        told = error.problem.document()
    body = estimate.document(parts.settings.athena.usd_per_tb)
    return json_answer({"tables": list(checked.tables), "estimate": body, "problem": told})


def paying(
    caller: Caller, checked: Checked, estimate: Estimate | None, max_scan_bytes: int | None
) -> None:
    """Say who pays for a statement, if it comes to a query, and what it needs.

    Raises ProblemError (422, 503) where that is more than the request itself allows.
    """
    known = None if estimate is None else estimate.to_hold_against
    PAYER.set(Payer(caller, known, checked.tables))
    _require_bound(estimate, max_scan_bytes)


def estimated_meta(estimate: Estimate | None) -> dict[str, Any]:
    """What stands beside the actual bytes of an answer; null where nobody could tell."""
    return {
        "estimated_bytes": None if estimate is None else estimate.bytes,
        "estimate_is_upper_bound": estimate is None or estimate.is_upper_bound,
    }


def _require_bound(estimate: Estimate | None, max_scan_bytes: int | None) -> None:
    if max_scan_bytes is None:
        return
    if estimate is None:
        # Who asked for a limit gets no query of which nobody knows whether it keeps to it.
        raise unavailable("the estimate")
    if estimate.bytes > max_scan_bytes:
        raise never_fits(estimate.bytes, max_scan_bytes, "the request's max_scan_bytes")
