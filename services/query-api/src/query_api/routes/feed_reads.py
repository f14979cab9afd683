"""What the typed endpoints of a feed share: which hours, latest rows, ranges, and the answer."""

from collections.abc import Callable
from typing import Any

from aiohttp import web

from coinlake.contracts.hours import HOUR_MS, Hour, hour_of
from query_api.core.answers import ResultColumn, Rows, text_rows
from query_api.core.coverage import Heads, between, is_open, newest_hours
from query_api.core.days import days_of
from query_api.core.encoders import JsonShape
from query_api.core.feed_rows import FeedRows
from query_api.core.known_columns import of_feed, told
from query_api.core.latest import latest
from query_api.core.statements import Condition, Statement
from query_api.core.window import TimeWindow, received_hours
from query_api.routes.answer_meta import answer_meta
from query_api.routes.asked import asked_of
from query_api.routes.consistent_read import BoundedStatement, SteadyAnswer, steady
from query_api.routes.parts import ApiParts
from query_api.routes.responses import validators
from query_api.routes.row_answers import OBJECTS


class FeedReads:
    """Questions about one feed."""

    def __init__(self, parts: ApiParts, rows: FeedRows) -> None:
        self._parts = parts
        self.rows = rows
        self.feed = rows.dataset.name
        self.skew_ms = parts.settings.max_skew_s * 1000

    async def latest(
        self,
        request: web.Request,
        limit: int,
        which: Condition | None = None,
        having: Condition | None = None,
    ) -> SteadyAnswer:
        """The newest row of each thing in the newest hours, also of those that are open."""

        def build(heads: Heads) -> BoundedStatement:
            since, now = self._latest_hours(heads)
            database = self._parts.database
            asked = latest(database, self.rows, since, limit, which=which, having=having)
            return BoundedStatement(asked, since, now, limit, is_live=True, feed=self.feed)

        return await steady(self._parts, build, feed=self.feed, asked=asked_of(request))

    async def ranged(
        self,
        request: web.Request,
        ask: Callable[[bool], Statement],
        window: TimeWindow,
        max_rows: int,
    ) -> SteadyAnswer:
        """What a range of source time holds; `ask` is told whether that is live."""
        first, last = received_hours(window, self.skew_ms)

        def build(heads: Heads) -> BoundedStatement | None:
            is_live = is_open(heads, self.feed, last)
            # Nothing published in the range is an empty answer, and not worth a query.
            if not is_live and not between(heads, self.feed, first, last):
                return None
            asked = ask(is_live)
            return BoundedStatement(
                asked, first, last, max_rows, is_live=is_live, feed=self.feed
            )

        return await steady(
            self._parts, build, days_of(first, last), feed=self.feed, asked=asked_of(request)
        )

    async def answer(
        self,
        request: web.Request,
        found: SteadyAnswer,
        rows: Rows,
        more: dict[str, Any] | None = None,
        shape: JsonShape = OBJECTS,
    ) -> web.Response:
        """Rows in the form that is wanted, with how fresh they are and what they cost."""
        about = {**self.about(found), **(more or {})}
        answer = await self._parts.answers.of(request, rows, about, shape)
        answer.headers.update(validators(found.tag))
        return answer

    def about(self, found: SteadyAnswer) -> dict[str, Any]:
        """The `meta` of an answer."""
        return answer_meta(
            found.view,
            [self.feed],
            found.result,
            self._parts.settings.athena.usd_per_tb,
            found.version,
            is_live=found.is_live,
            version_after=found.version_after,
            is_kept=found.is_kept,
        )

    def listed(self, found: SteadyAnswer) -> Rows:
        """The latest rows of an answer."""
        return rows_of(found, of_feed(self.rows, self.rows.listed))

    def missing(self, wanted: tuple[str, ...], rows: Rows) -> dict[str, Any] | None:
        """What of the ids that were asked for the rows do not have; nothing where none were."""
        if not wanted:
            return None
        there = set(texts(rows, self.rows.identity[0]))
        return {"missing": [one for one in wanted if one not in there]}

    def _latest_hours(self, heads: Heads) -> tuple[Hour, Hour]:
        """From where on the latest rows are looked for, and the hour now.

        A pipeline that stands has its newest rows further back.
        """
        count = self._parts.settings.latest_hours
        now = hour_of(self._parts.now_ms())
        published = newest_hours(heads, self.feed, count)
        return min([hour_of(now.start_ms - (count - 1) * HOUR_MS), *published[-1:]]), now


def rows_of(found: SteadyAnswer, columns: tuple[ResultColumn, ...]) -> Rows:
    """The rows of an answer; where no query was made, none of these columns."""
    return text_rows(columns, ()) if found.result is None else told(found.result.rows)


def texts(rows: Rows, name: str) -> list[Any]:
    """A column as Athena's texts."""
    place = next(n for n, column in enumerate(rows.columns) if column.name == name)
    return list(rows.cells.column(place).to_pylist())
