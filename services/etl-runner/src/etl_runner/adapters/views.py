"""The live views in the Glue Data Catalog on aiobotocore."""

from typing import Any

from coinlake.contracts.datasets import DATASETS
from coinlake.contracts.hours import Hour
from coinlake.errors import NotFoundError
from coinlake.views.definition import View, boundary_of, table_input
from coinlake.views.live import live_view_names
from etl_runner.adapters.aws import translated


class GlueViews:
    """Views of one database, each put by one call: its readers see the old text or the new one."""

    def __init__(self, glue: Any, database: str) -> None:
        self._glue = glue
        self._database = database

    async def boundary(self, feed: str) -> Hour | None:
        found = {await self._boundary(name) for name in live_view_names(DATASETS[feed])}
        return found.pop() if len(found) == 1 else None

    async def replace(self, view: View) -> None:
        request = {
            "DatabaseName": self._database,
            "TableInput": table_input(view, self._database),
        }
        try:
            with translated(f"UpdateTable {view.name}"):
                # Nobody wants the texts of before, one for each hour.
                await self._glue.update_table(**request, SkipArchive=True)
        except NotFoundError:
            with translated(f"CreateTable {view.name}"):
                await self._glue.create_table(**request)

    async def _boundary(self, name: str) -> Hour | None:
        try:
            with translated(f"GetTable {name}"):
                answer = await self._glue.get_table(DatabaseName=self._database, Name=name)
                return boundary_of(answer["Table"])
        except NotFoundError:
            return None
