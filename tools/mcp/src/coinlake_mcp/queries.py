"""A statement from its submission to its rows; whoever stops waiting for it stops it."""

import logging
import time
from collections.abc import Mapping
from typing import Any

import anyio

from coinlake_mcp.service import QueryService, ServiceError, sentence

log = logging.getLogger(__name__)

_WAIT_S = 15.0
_PATH = "/v1/queries"
_CANCEL_S = 5.0


async def ran(
    service: QueryService, key: str | None, asked: Mapping[str, Any], deadline_s: float
) -> dict[str, Any]:
    """The service's answer for a query that succeeded. Raises ServiceError for any other end.

    `asked` is the body of POST /v1/queries without `wait`.
    """
    ends = time.monotonic() + deadline_s
    body = {**asked, "wait": min(_WAIT_S, deadline_s)}
    # Whoever leaves during this call stops the query by leaving (docs/reference/http-api.md, SQL).
    found = await service.post(_PATH, key, body)
    try:
        while found["state"] in ("QUEUED", "RUNNING"):
            left_s = ends - time.monotonic()
            if left_s <= 0:
                raise ServiceError(
                    f"the query ran longer than {deadline_s:g} s and was cancelled", "deadline"
                )
            query = {"wait": f"{min(_WAIT_S, left_s):.3f}"}
            found = await service.get(f"{_PATH}/{found['id']}", key, query)
    except BaseException:
        await _cancel(service, key, str(found["id"]))
        raise
    if found["state"] != "SUCCEEDED":
        raise _failed(found)
    return dict(found)


def _failed(found: dict[str, Any]) -> ServiceError:
    problem = found.get("problem")
    if not isinstance(problem, dict):
        return ServiceError(f"the query ended as {found['state']}", "query_failed")
    return ServiceError(sentence(problem), "query_failed")


async def _cancel(service: QueryService, key: str | None, query_id: str) -> None:
    """Ask once for the query's end; where that fails its deadline in the service ends it."""
    # Shielded: who left has cancelled what runs here.
    with anyio.move_on_after(_CANCEL_S, shield=True):
        try:
            await service.delete(f"{_PATH}/{query_id}", key)
        except ServiceError as error:
            log.warning("query %s was not cancelled: %s", query_id, error)
