"""Answers that are right while the lake moves: asked again where an hour changed meanwhile."""

from collections.abc import Callable
from dataclasses import dataclass

from coinlake.contracts.datasets import ASSETS
from coinlake.contracts.hours import Hour
from query_api.adapters.ledger import LedgerView
from query_api.core.answers import QueryResult
from query_api.core.coverage import Heads, between, dataset_version, within
from query_api.core.days import Days
from query_api.core.statements import Statement
from query_api.routes.parts import ApiParts


@dataclass(frozen=True, slots=True)
class BoundedStatement:
    """A statement, the receive hours that it can read, and the most rows of its answer.

    `is_live`: it reads answers that are in no table yet, so that its rows change with every poll.
    """

    statement: Statement
    first: Hour
    last: Hour
    max_rows: int
    is_live: bool = False
    feed: str = ASSETS.name


@dataclass(frozen=True, slots=True)
class SteadyAnswer:
    """The view before the query that answered, and the version of the hours that it could read."""

    view: LedgerView
    version: str
    result: QueryResult | None
    is_live: bool = False


Build = Callable[[Heads], BoundedStatement | None]
"""What to ask of the lake in this state; None where it holds nothing to ask."""


async def steady(
    parts: ApiParts, build: Build, days: Days | None = None, feed: str = ASSETS.name
) -> SteadyAnswer:
    """Ask, and once more where an hour of the feed in the range was published while the query ran.

    `days` are those that the range touches; None where only the newest hours can be in it.

    The view is the one before the query that answered: the rows hold at least what it shows.
    """
    view = await parts.view((feed,), days)
    asked = build(view.heads)
    if asked is None:
        return SteadyAnswer(view, dataset_version({}, (feed,)), None)
    result = await _fetch(parts, view, asked)
    after = await parts.view((feed,), days, max_age_ms=0)
    again = build(after.heads)
    if again is None or _same(view, asked, after, again):
        return SteadyAnswer(view, _version(view, asked), result, asked.is_live)
    second = (await _fetch(parts, after, again)).after(result)
    return SteadyAnswer(after, _version(after, again), second, again.is_live)


def _version(view: LedgerView, asked: BoundedStatement) -> str:
    return dataset_version(within(view.heads, asked.first, asked.last), (asked.feed,))


def _same(
    view: LedgerView, asked: BoundedStatement, after: LedgerView, again: BoundedStatement
) -> bool:
    return asked == again and (
        between(view.heads, asked.feed, asked.first, asked.last)
        == between(after.heads, asked.feed, asked.first, asked.last)
    )


async def _fetch(parts: ApiParts, view: LedgerView, asked: BoundedStatement) -> QueryResult:
    # The dataset version is part of the key: an answer is never shared across a publish.
    key = (asked, _version(view, asked))
    return await parts.shared.fetch(
        key,
        asked.statement,
        max_rows=asked.max_rows,
        deadline_s=parts.settings.limits.typed_deadline_s,
    )
