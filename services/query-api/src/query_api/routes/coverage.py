"""Coverage: what is published, by table; from the ledger, so it costs no query."""

from aiohttp import web

from coinlake.contracts.datasets import ELEMENTS, TABULAR
from query_api.core.coverage import coverage_rows, dataset_version
from query_api.core.days import ALL_DAYS
from query_api.core.known_columns import COVERAGE, rows_of_records
from query_api.core.media import ROW_MEDIA
from query_api.core.operation import Answer, Operation
from query_api.core.schema_parts import many, ref
from query_api.core.schemas import enveloped
from query_api.routes.answer_meta import answer_meta
from query_api.routes.parameters import read
from query_api.routes.parts import ApiParts
from query_api.routes.route import Route, in_each_form

_OPERATION = Operation(
    "GET",
    "/v1/coverage",
    "Coverage",
    "Per table: hours published, how many are complete, first and last hour, newest receive time, "
    "watermark, rows, quarantined rows",
    {
        200: Answer(
            "One row for each table.", enveloped(many(ref("Coverage"))), ROW_MEDIA, ("Vary",)
        )
    },
    problems=(406, 503),
    example="/v1/coverage",
)


class CoverageRoutes:
    """Handlers of scope `read`."""

    def __init__(self, parts: ApiParts) -> None:
        self._parts = parts

    def routes(self) -> list[Route]:
        return in_each_form(_OPERATION, self.coverage)

    async def coverage(self, request: web.Request) -> web.Response:
        """Per table what is published."""
        read(request, _OPERATION)
        view = await self._parts.view(days=ALL_DAYS)
        rows = coverage_rows(view.heads)
        version = dataset_version(view.heads, TABULAR)
        # What was rejected says nothing of freshness: it may be nothing for weeks.
        about = answer_meta(
            view,
            ELEMENTS,
            None,
            self._parts.settings.athena.usd_per_tb,
            version,
            version_after=version,
        )
        told = rows_of_records(COVERAGE, rows)
        return await self._parts.answers.of(request, told, about)
