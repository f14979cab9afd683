"""The credit budget at work: sets aside before a call, settles after it, plans the intervals."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from coinlake import logs
from coinlake.errors import TransientError
from ingestor.adapters.balance_file import read_balance, write_balance
from ingestor.core.credits import (
    Balance,
    CreditLimits,
    NoCreditsError,
    Wish,
    first_price,
    month_ms_left,
    month_of,
    stretch,
    stretched,
)
from ingestor.core.page import Page
from ingestor.core.prices import Prices
from ingestor.loop.clock import Clock

log = logs.get(__name__)

# The two ends of a month that differ by less are one, as seen by two clocks.
_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class PagePlan:
    """A page with the interval that the settings wish for it."""

    page: Page
    interval_ms: int


@dataclass(frozen=True, slots=True)
class Allowance:
    """What may be spent: credits per month and in all, calls per minute."""

    limits: CreditLimits
    calls_per_minute: int


class Budget:
    """The count of this state directory. Nothing is asked that was not set aside on disk first."""

    def __init__(
        self,
        path: Path,
        plans: Sequence[PagePlan],
        allowance: Allowance,
        clock: Clock,
    ) -> None:
        self._path = path
        self._plans = tuple(plans)
        self._allowance = allowance
        self._clock = clock
        self._lock = asyncio.Lock()
        self._balance: Balance = read_balance(path, month_of(clock()))
        self._prices = Prices(self._balance.largest)
        # Spent since the clock says that a new month has begun and nobody has confirmed it.
        self._early = 0

    @property
    def left(self) -> int:
        """Credits that may still be spent now."""
        return self._allowance.limits.left(self._this_month())

    @property
    def factor(self) -> float:
        """By how much the plan stretches the wished intervals now."""
        return self._factor(self._clock())

    def interval_ms(self, plan: PagePlan) -> int:
        """How long to wait between two ticks of a page under the plan."""
        now_ms = self._clock()
        return stretched(plan.interval_ms, self._factor(now_ms), month_ms_left(now_ms))

    def price(self, page: Page) -> int:
        """What the next answer of a page may cost: by the last ones, else a high guess."""
        return self._prices.of(page.key, first_price(page.feed.name, page.limit))

    def learn(self, page: Page, credits: int) -> None:
        """An answer of a page cost so much."""
        first = first_price(page.feed.name, page.limit)
        price = self._prices.learn(page.key, credits, first)
        self._balance = self.balance.priced(page.key, price)

    def can_afford(self, page: Page) -> bool:
        """Whether the next call of a page fits into what is left."""
        return self.price(page) <= self.left

    async def reserve(self, page: Page) -> int:
        """Set the price of a call aside, synced. Raises TransientError where the disk refuses.

        Raises NoCreditsError where others have set aside what was left when the page was looked at.
        """
        async with self._lock:
            credits, left = self.price(page), self.left
            if credits > left:
                raise NoCreditsError(f"{page.key} may cost {credits} credits, {left} are left")
            balance = self.balance.reserve(credits)
            # Counted before it is written, so that nothing else spends it meanwhile.
            self._balance = balance
            try:
                await self._write(balance)
            except (TransientError, asyncio.CancelledError):
                # Nothing is asked. What the disk may have kept, the next write corrects.
                self._balance = self._balance.released(credits)
                raise
        return credits

    def settle(self, reserved: int, actual: int) -> None:
        """Count what a call really cost. It reaches the disk with the next `reserve`.

        Until then the disk holds the reservation: after a crash it counts as spent.
        """
        if self._is_early:
            self._early += actual
        self._balance = self.balance.settle(reserved, actual)

    async def save(self) -> None:
        """Write the count, as at a clean stop. Raises TransientError."""
        async with self._lock:
            await self._write(self.balance)

    @property
    def balance(self) -> Balance:
        """The count as it is kept: of a month that an answer's `Date` does not contradict."""
        now_ms = self._clock()
        month = month_of(now_ms)
        if self._balance.month < month and self._clock.may_turn_month:
            self._balance = replace(self._balance.rolled(month), spent=self._early)
            log.info("month_begun", month=month, spent=self._early)
            self._early = 0
        elif self._balance.month > month_of(now_ms + _DAY_MS) and self._clock.is_confirmed:
            log.warning("month_put_right", was=self._balance.month, month=month)
            self._balance = self._balance.put_right(month)
        return self._balance

    @property
    def _is_early(self) -> bool:
        return self.balance.month < month_of(self._clock())

    def _this_month(self) -> Balance:
        """The count to plan with. Where only an answer can tell that a month is over, ask for one.

        What that costs is counted in the old month, and in the new one once it has begun.
        """
        return replace(self.balance, spent=self._early) if self._is_early else self.balance

    def _factor(self, now_ms: int) -> float:
        wishes = [Wish(plan.interval_ms, self.price(plan.page)) for plan in self._plans]
        balance = self._this_month()
        left = self._allowance.limits.per_month - balance.spent - balance.reserved
        return stretch(wishes, left, month_ms_left(now_ms), self._allowance.calls_per_minute)

    async def _write(self, balance: Balance) -> None:
        try:
            await asyncio.to_thread(write_balance, self._path, balance)
        except OSError as error:
            raise TransientError(f"credit count: {error}") from error
