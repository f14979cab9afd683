"""The credit budget at work: sets aside before a call, settles after it, plans the intervals."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from coinlake.errors import TransientError
from ingestor.adapters.balance_file import read_balance, write_balance
from ingestor.core.credits import (
    Balance,
    Limits,
    Wish,
    first_price,
    month_ms_left,
    month_of,
    stretch,
    stretched,
)
from ingestor.core.page import Page


@dataclass(frozen=True, slots=True)
class PagePlan:
    """A page with the interval that the settings wish for it."""

    page: Page
    interval_ms: int


@dataclass(frozen=True, slots=True)
class Allowance:
    """What may be spent: credits per month and in all, calls per minute."""

    limits: Limits
    calls_per_minute: int


class Budget:
    """The count of this state directory. Nothing is asked that was not set aside on disk first."""

    def __init__(
        self,
        path: Path,
        plans: Sequence[PagePlan],
        allowance: Allowance,
        wall_ms: Callable[[], int],
    ) -> None:
        self._path = path
        self._plans = tuple(plans)
        self._allowance = allowance
        self._wall_ms = wall_ms
        self._lock = asyncio.Lock()
        self.balance: Balance = read_balance(path, month_of(wall_ms()))

    @property
    def left(self) -> int:
        """Credits that may still be spent now."""
        return self._allowance.limits.left(self._rolled())

    @property
    def factor(self) -> float:
        """By how much the plan stretches the wished intervals now."""
        return self._factor(self._wall_ms())

    def interval_ms(self, plan: PagePlan) -> int:
        """How long to wait between two ticks of a page under the plan."""
        now_ms = self._wall_ms()
        return stretched(plan.interval_ms, self._factor(now_ms), month_ms_left(now_ms))

    def price(self, page: Page) -> int:
        """What the next answer of a page may cost: the most seen, else a high guess."""
        return self.balance.largest.get(page.key) or first_price(page.feed.name, page.limit)

    def can_afford(self, page: Page) -> bool:
        """Whether the next call of a page fits into what is left."""
        return self.price(page) <= self.left

    async def reserve(self, page: Page) -> int:
        """Set the price of a call aside, synced. Raises TransientError where the disk refuses."""
        async with self._lock:
            credits = self.price(page)
            balance = self._rolled().reserve(credits)
            # Counted before it is written, so that nothing else spends it meanwhile.
            self.balance = balance
            try:
                await self._write(balance)
            except (TransientError, asyncio.CancelledError):
                # Nothing is asked. What the disk may have kept, the next write corrects.
                self.balance = self.balance.released(credits)
                raise
        return credits

    def settle(self, page: Page, reserved: int, actual: int) -> None:
        """Count what a call really cost. It reaches the disk with the next `reserve`.

        Until then the disk holds the reservation: after a crash it counts as spent.
        """
        self.balance = self._rolled().settle(page.key, reserved, actual)

    async def save(self) -> None:
        """Write the count, as at a clean stop. Raises TransientError."""
        async with self._lock:
            await self._write(self.balance)

    def _rolled(self) -> Balance:
        return self.balance.rolled(month_of(self._wall_ms()))

    def _factor(self, now_ms: int) -> float:
        wishes = [Wish(plan.interval_ms, self.price(plan.page)) for plan in self._plans]
        balance = self._rolled()
        left = self._allowance.limits.per_month - balance.spent - balance.reserved
        return stretch(wishes, left, month_ms_left(now_ms), self._allowance.calls_per_minute)

    async def _write(self, balance: Balance) -> None:
        try:
            await asyncio.to_thread(write_balance, self._path, balance)
        except OSError as error:
            raise TransientError(f"credit count: {error}") from error
