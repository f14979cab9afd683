"""Who pays for a query: each key's balance in this process, and its share in the bucket.

What this process spends is taken off its own balance at once, and off the object of the key within
`flush_s` by a conditional write: that is where the other replicas, and the next start, learn of it.
"""

import asyncio
import uuid
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from dataclasses import dataclass, field

from coinlake import logs
from coinlake.contracts.query_keys import spending_key
from coinlake.errors import (
    ConflictError,
    NotFoundError,
    PreconditionFailedError,
    TransientError,
)
from coinlake.lifecycle import sleep_or_stop
from coinlake.prices import billed_bytes
from coinlake.store import ObjectStore
from query_api.core.budget import Balance, Budget, resized
from query_api.core.keys import ANONYMOUS, Caller
from query_api.core.problems import does_not_fit, never_fits, over_budget
from query_api.core.spending import Spending, parse_spending, unspent
from query_api.metrics import QueryApiMetrics

log = logs.get(__name__)

_LOAD_DEADLINE_S = 2.0
_READ_AGAIN_MS = 5000
# Replicas that write the same key at the same moment: each try reads what the other wrote.
_TRIES = 5
# A use without a query moves the time of the last use this seldom.
_USE_MS = 60_000


@dataclass(frozen=True, slots=True)
class Payer:
    """Whose query it is, and what it is about, for the bill and the audit line.

    `needed_bytes` is what it is known to read, None where nobody knows: held against the balance, and
    taken off it while it runs. `tables` is empty where the statement tells them.
    """

    caller: Caller
    needed_bytes: int | None = None
    tables: tuple[str, ...] = ()

    @property
    def reserved_bytes(self) -> int:
        return billed_bytes(self.needed_bytes or 0)


PAYER: ContextVar[Payer | None] = ContextVar("payer", default=None)
"""Of the request that is being answered. A query is its who started it; whoever joins pays nothing."""


@dataclass(frozen=True, slots=True)
class _Found:
    """What the bucket knows of a key, with the object that says so."""

    etag: str | None
    body: bytes | None
    known: Spending


@dataclass(frozen=True, slots=True)
class _Tried:
    """A write that was begun: what it told of this process."""

    body: bytes
    spent: int
    used_ms: int | None


@dataclass(slots=True)
class _Account:
    budget: Budget
    known: Spending
    is_read: bool = False
    failed_at_ms: int = 0
    unsaid_bytes: int = 0
    unsaid_use_ms: int | None = None
    reserved_bytes: int = 0
    tried: _Tried | None = None
    read_lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def balance(self, now_ms: int) -> Balance:
        """What is left, without what runs just now."""
        return self.known.balance.at(now_ms).less(self.reserved_bytes)

    def said(self, told: _Tried, known: Spending, now_ms: int) -> None:
        """The bucket has it: what came since then is still to be told."""
        self.tried, self.is_read = None, True
        self.unsaid_bytes -= told.spent
        if self.unsaid_use_ms == told.used_ms:
            self.unsaid_use_ms = None
        self.known = known.after(self.unsaid_bytes, None, now_ms)


class Accounts:
    """The balances of all keys that were seen. Names are those of keys, so there is an end to them."""

    def __init__(
        self,
        store: ObjectStore,
        metrics: QueryApiMetrics,
        now_ms: Callable[[], int],
        budgets: tuple[Budget, Budget],
    ) -> None:
        """`budgets`: that of a key which says nothing, and that of all who ask without a key."""
        self._store = store
        self._metrics = metrics
        self._now_ms = now_ms
        self._usual, self._anonymous = budgets
        self._accounts: dict[str, _Account] = {}

    async def seen(self, caller: Caller) -> None:
        """Note a use; what the bucket knows of the key is read once, and again at each flush.

        While the bucket is away the key has a full balance, until it can be read.
        """
        now_ms = self._now_ms()
        account = self._account(caller)
        if account.unsaid_use_ms is None or now_ms - account.unsaid_use_ms >= _USE_MS:
            used = account.known.last_used_ms
            if used is None or now_ms - used >= _USE_MS:
                account.unsaid_use_ms = now_ms
        if not account.is_read:
            async with account.read_lock:
                await self._read_first(caller.name, account)

    def balance(self, caller: Caller) -> Balance:
        """What the key has left now, without what its running queries are expected to read."""
        return self._account(caller).balance(self._now_ms())

    def require(self, caller: Caller, estimated_bytes: int | None = None) -> None:
        """Whether a query may start. Raises ProblemError (429, 422) where it may not.

        `estimated_bytes` is what the query is known to read; None where nobody knows.
        """
        left = self.balance(caller)
        if estimated_bytes is not None and not left.can_ever_fit(estimated_bytes):
            self._metrics.over_budget.labels("never_fits").inc()
            raise never_fits(estimated_bytes, left.day.capacity, "this key's day")
        if not left.is_open:
            self._metrics.over_budget.labels("spent").inc()
            raise over_budget(left.opens_in_s)
        if estimated_bytes is not None and not left.fits(estimated_bytes):
            self._metrics.over_budget.labels("does_not_fit").inc()
            wait_s = left.day.opens_in_s(estimated_bytes)
            raise does_not_fit(estimated_bytes, max(0, int(left.day.level)), wait_s)

    def begin(self) -> Payer:
        """Take a query on: its payer, from whose balance its bytes are held back. Raises ProblemError (429, 422)."""
        payer = PAYER.get() or Payer(ANONYMOUS)
        self.require(payer.caller, payer.needed_bytes)
        self._account(payer.caller).reserved_bytes += payer.reserved_bytes
        return payer

    def end(self, payer: Payer, scans: Iterable[int]) -> None:
        """Charge what the query was billed, whole; a cancelled one, too. What never ran costs nothing."""
        account = self._account(payer.caller)
        account.reserved_bytes -= payer.reserved_bytes
        spent = sum(billed_bytes(one) for one in scans)
        now_ms = self._now_ms()
        account.known = account.known.after(spent, now_ms, now_ms)
        account.unsaid_bytes += spent
        account.unsaid_use_ms = now_ms
        self._metrics.charged_bytes.inc(spent)

    async def watch(self, stop: asyncio.Event, flush_s: float) -> None:
        """Write what is not in the bucket yet, now and then, and once more at the end."""
        while not await sleep_or_stop(stop, flush_s):
            await self.flush()

    async def close(self) -> None:
        """Write what is left at the end, as far as the bucket answers in time."""
        try:
            async with asyncio.timeout(_LOAD_DEADLINE_S):
                await self.flush()
        except TimeoutError:
            self._metrics.budget_write_failures.inc()
            log.warning("spending_not_written", key=None, reason="deadline at the end")

    async def flush(self) -> None:
        """Write it now. What cannot be written is kept for the next time."""
        for name, account in tuple(self._accounts.items()):
            if account.unsaid_bytes == 0 and account.unsaid_use_ms is None:
                continue
            try:
                await self._write(name, account)
            except TransientError as error:
                self._metrics.budget_write_failures.inc()
                log.warning("spending_not_written", key=name, reason=str(error))

    def _account(self, caller: Caller) -> _Account:
        usual = self._anonymous if caller is ANONYMOUS else self._usual
        budget = caller.budget.over(usual)
        account = self._accounts.get(caller.name)
        if account is None:
            account = _Account(budget, unspent(budget, self._now_ms()))
            self._accounts[caller.name] = account
        elif account.budget != budget:
            known = account.known
            account.known = Spending(resized(known.balance, budget), known.last_used_ms)
            account.budget = budget
        return account

    async def _read_first(self, name: str, account: _Account) -> None:
        now_ms = self._now_ms()
        if account.is_read or 0 <= now_ms - account.failed_at_ms < _READ_AGAIN_MS:
            return
        try:
            async with asyncio.timeout(_LOAD_DEADLINE_S):
                found = await self._in_bucket(name, account)
        except (TransientError, TimeoutError) as error:
            log.warning("spending_not_read", key=name, reason=str(error) or "deadline")
            # Those who wait behind this one do not wait for the same.
            account.failed_at_ms = self._now_ms()
            return
        # What was spent before it could be read is in no object yet.
        account.known = found.known.after(account.unsaid_bytes, None, self._now_ms())
        account.is_read = True

    async def _in_bucket(self, name: str, account: _Account) -> _Found:
        key, now_ms = spending_key(name), self._now_ms()
        head = await self._store.head(key)
        body = None if head is None else await self._store.get(key)
        if head is None or body is None:
            return _Found(None, None, unspent(account.budget, now_ms))
        try:
            return _Found(head.etag, body, parse_spending(body, account.budget, now_ms))
        except ValueError as error:
            # Nobody can pay for ever for an object that cannot be read: it is written anew.
            log.error("spending_unreadable", key=name, reason=str(error))
            return _Found(head.etag, body, unspent(account.budget, now_ms))

    async def _write(self, name: str, account: _Account) -> None:
        for _ in range(_TRIES):
            found, now_ms = await self._in_bucket(name, account), self._now_ms()
            if account.tried is not None and account.tried.body == found.body:
                # The write before was done, and its answer lost.
                account.said(account.tried, found.known, now_ms)
                return
            written = found.known.after(account.unsaid_bytes, account.unsaid_use_ms, now_ms)
            account.tried = _Tried(
                written.encode(name, uuid.uuid4().hex),
                account.unsaid_bytes,
                account.unsaid_use_ms,
            )
            try:
                # `if_match` of the HEAD before the GET: what came between is refused (412).
                await self._store.put(
                    spending_key(name),
                    account.tried.body,
                    if_none_match=found.etag is None,
                    if_match=found.etag,
                    content_type="application/json",
                )
            except (PreconditionFailedError, ConflictError, NotFoundError):
                continue
            account.said(account.tried, written, now_ms)
            return
        raise TransientError(f"{_TRIES} writes of other replicas came first")
