"""The body of POST /v1/queries, read and held against the limits."""

import orjson
from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from query_api.config import LimitSettings
from query_api.core.problems import BadRequestError
from query_api.loop.in_hand import out_of_hand

PAGE_ROWS = 1000


class Ask(BaseModel):
    """The body of POST /v1/queries."""

    model_config = ConfigDict(extra="forbid", strict=True)

    sql: str
    wait: float = Field(default=10.0, ge=0)
    max_rows: int = Field(default=PAGE_ROWS, ge=1)
    max_age: float | None = Field(default=None, ge=0, le=999_999_999)
    as_of: str | None = None
    dry_run: bool = False
    max_scan_bytes: int | None = Field(default=None, ge=0)


async def asked_sql(request: web.Request, limits: LimitSettings) -> Ask:
    """What is asked. Raises BadRequestError."""
    if request.content_type != "application/json":
        raise BadRequestError("the body must be application/json")
    async with out_of_hand():
        body = await request.read()
    ask = _read(body)
    if ask.wait > limits.max_wait_s or ask.max_rows > limits.max_result_rows:
        raise BadRequestError(
            f"wait is at most {limits.max_wait_s:g}, max_rows at most {limits.max_result_rows}"
        )
    return ask


def _read(body: bytes) -> Ask:
    try:
        return Ask.model_validate(orjson.loads(body))
    except ValidationError as error:
        wrong = ", ".join(".".join(map(str, item["loc"])) or "body" for item in error.errors())
        raise BadRequestError(f"invalid request body: {wrong}"[:200]) from None
    except orjson.JSONDecodeError:
        raise BadRequestError("the body is not JSON") from None
