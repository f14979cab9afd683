"""What polling costs: the price of an answer, the count that survives, the plan to month's end."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from coinlake.errors import CoinlakeError
from ingestor.core.feeds import FEEDS

_FREE_BYTES = 2_500

UNPAGED_ITEMS = 200  # /rates answers with all of its rates, about 170 (as its clients say)


class NoCreditsError(CoinlakeError):
    """What is left does not pay for a call."""


def price(decoded_bytes: int) -> int:
    """Credits of one answer: 1 for the call and 1 for each begun 2,500 bytes of more data.

    (CoinCap's plans, pro.coincap.io, as its users quote them; never measured.)
    """
    return 1 + math.ceil(max(0, decoded_bytes - _FREE_BYTES) / _FREE_BYTES)


def first_price(feed: str, limit: int | None) -> int:
    """What a page may cost before its first answer was seen; rather too high than too low."""
    items = UNPAGED_ITEMS if limit is None else limit
    return price(FEEDS[feed].item_bytes * items)


@dataclass(frozen=True, slots=True)
class Balance:
    """The count. `month` is YYYY-MM (UTC); `reserved` is set aside for calls under way.

    `largest` is the price of each page, by the name that it had when it only rose: the versions
    before read it too. All but `month` and `largest` are credits.
    """

    month: str
    spent: int = 0
    total: int = 0
    reserved: int = 0
    largest: Mapping[str, int] = field(default_factory=dict)

    def rolled(self, month: str) -> "Balance":
        """The count in this month: a new month starts at nothing, the total goes on.

        A clock that was set back into a past month resets nothing.
        """
        return replace(self, month=month, spent=0) if month > self.month else self

    def reserve(self, credits: int) -> "Balance":
        """Set credits aside before a call: a crash in between leaves them counted."""
        return replace(self, reserved=self.reserved + credits)

    def put_right(self, month: str) -> "Balance":
        """The count in an earlier month: it went forward by a clock that was wrong.

        What was spent stays spent, since nobody knows what was before.
        """
        return replace(self, month=month)

    def settle(self, reserved: int, actual: int) -> "Balance":
        """Turn what was set aside into what the answer really cost."""
        return replace(
            self,
            spent=self.spent + actual,
            total=self.total + actual,
            reserved=self.reserved - reserved,
        )

    def priced(self, page: str, credits: int) -> "Balance":
        """The next answer of a page may cost so much."""
        return replace(self, largest={**self.largest, page: credits})

    def released(self, credits: int) -> "Balance":
        """A call that was set aside and is not made."""
        return replace(self, reserved=self.reserved - credits)

    def recovered(self) -> "Balance":
        """After a crash nobody knows what became of the calls under way: they were spent."""
        return replace(
            self,
            spent=self.spent + self.reserved,
            total=self.total + self.reserved,
            reserved=0,
        )


@dataclass(frozen=True, slots=True)
class CreditLimits:
    """Credits per month of the plan, and a hard maximum for the whole state directory."""

    per_month: int
    max_total: int | None

    def left(self, balance: Balance) -> int:
        """What may still be spent now."""
        left = self.per_month - balance.spent - balance.reserved
        if self.max_total is not None:
            left = min(left, self.max_total - balance.total - balance.reserved)
        return left


@dataclass(frozen=True, slots=True)
class Wish:
    """How often a page should be polled, and what one poll of it costs."""

    interval_ms: int
    credits: int


def stretch(
    wishes: Iterable[Wish], credits_left: int, ms_left: int, calls_per_minute: int
) -> float:
    """By which factor (at least 1) all intervals grow so that the month's credits last.

    The same factor keeps the calls of a minute under the plan's limit. Infinite when nothing
    is left.
    """
    wished = list(wishes)
    cost = sum(wish.credits * ms_left / wish.interval_ms for wish in wished)
    calls = sum(60_000 / wish.interval_ms for wish in wished)
    if credits_left <= 0:
        return math.inf
    return max(1.0, cost / credits_left, calls / calls_per_minute)


def stretched(interval_ms: int, factor: float, ms_left: int) -> int:
    """An interval under the plan; never beyond the month's end, where credits come again."""
    if math.isinf(factor):
        return max(interval_ms, ms_left)
    return max(interval_ms, min(math.ceil(interval_ms * factor), ms_left))


def month_of(now_ms: int) -> str:
    """The UTC month of a moment, as YYYY-MM."""
    return datetime.fromtimestamp(now_ms / 1_000, UTC).strftime("%Y-%m")


def month_ms_left(now_ms: int) -> int:
    """Milliseconds from a moment to the end of its UTC month; at least 1."""
    now = datetime.fromtimestamp(now_ms / 1_000, UTC)
    year, month = (now.year + 1, 1) if now.month == 12 else (now.year, now.month + 1)
    end = datetime(year, month, 1, tzinfo=UTC)
    return max(1, int(end.timestamp() * 1_000) - now_ms)
