"""Reading query parameters: limit, offset, lists of ids, and windows of time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from coincap_simulator.core.answers import BadParameterError

Row = TypeVar("Row")
Query = Mapping[str, str]

MAX_LIMIT = 2000


@dataclass(frozen=True, slots=True)
class ListPage:
    """A cut out of a list; an offset past its end gives nothing."""

    limit: int
    offset: int

    def of(self, rows: Sequence[Row]) -> Sequence[Row]:
        return rows[self.offset : self.offset + self.limit]


def page(query: Query, default_limit: int, *, refuse_over: bool) -> ListPage:
    """`limit` and `offset`. A limit over 2000 is refused or clamped: it is not known which."""
    limit = whole(query, "limit", default_limit)
    offset = whole(query, "offset", 0)
    if limit > MAX_LIMIT and refuse_over:
        raise BadParameterError(f"limit {limit} is over {MAX_LIMIT}")
    if limit < 1:
        raise BadParameterError("limit is below 1")
    return ListPage(min(limit, MAX_LIMIT), offset)


def whole(query: Query, name: str, default: int) -> int:
    """A number of decimal digits, so nothing negative."""
    text = query.get(name, "")
    if not text:
        return default
    # isascii: int() would take Arabic digits too. 15 digits hold every millisecond there is.
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise BadParameterError(f"{name} is no whole number")
    return int(text)


def names(query: Query, name: str) -> frozenset[str] | None:
    """A comma list, or None when it is not given or empty."""
    items = frozenset(item for item in query.get(name, "").split(",") if item)
    return items or None


def window(query: Query) -> tuple[int, int] | None:
    """`start` and `end` in ms, both or neither."""
    given = [name for name in ("start", "end") if query.get(name)]
    if not given:
        return None
    if len(given) == 1:
        raise BadParameterError("start and end come together")
    start, end = whole(query, "start", 0), whole(query, "end", 0)
    if start > end:
        raise BadParameterError("start is after end")
    return start, end
