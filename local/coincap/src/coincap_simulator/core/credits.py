"""Plans, keys and credits: who may call, how often, and what it costs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum

_BYTES_PER_CREDIT = 2_500
_MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class CreditPlan:
    """`credits` None is without end; `renewed` each month; `per_minute` None is without limit."""

    name: str
    credits: int | None
    per_minute: int | None = 600
    renewed: bool = True


PLANS: Mapping[str, CreditPlan] = {
    plan.name: plan
    for plan in (
        CreditPlan("prepaid", 50, renewed=False),
        CreditPlan("free", 4_000),
        # One app of 2026 was written around five calls a minute; nobody else saw that.
        CreditPlan("throttled", 4_000, per_minute=5),
        CreditPlan("basic", 75_000),
        CreditPlan("growth", 225_000),
        CreditPlan("professional", 675_000),
        CreditPlan("enterprise", 5_000_000),
        CreditPlan("simulator", None, per_minute=None),
    )
}


@dataclass(frozen=True, slots=True)
class CreditKey:
    """A key has a name, which logs may show, and a secret, which only the client sends."""

    name: str
    secret: str
    plan: CreditPlan


class Refusal(Enum):
    """Why a call gets no data."""

    UNKNOWN_KEY = "unknown key"
    NO_CREDITS = "no credits"
    TOO_FAST = "too fast"


@dataclass(frozen=True, slots=True)
class KeyBalance:
    """A key's account in the current month."""

    key: str
    plan: CreditPlan
    used: int

    @property
    def remaining(self) -> int | None:
        return None if self.plan.credits is None else max(0, self.plan.credits - self.used)


@dataclass(slots=True)
class _Usage:
    month: tuple[int, int] = (0, 0)
    used: int = 0
    minute: int = -1
    calls: int = 0


@dataclass(slots=True)
class Accounts:
    """All keys and what they used. Months and minutes are those of the simulated clock."""

    keys: Mapping[str, CreditKey]
    _usage: dict[str, _Usage] = field(default_factory=dict)

    def by_secret(self, secret: str | None) -> CreditKey | None:
        return None if secret is None else self.keys.get(secret)

    def admit(self, key: CreditKey, now_ms: int, *, costs: bool = True) -> Refusal | None:
        """Count one call, or say why it is refused. Refused calls count for nothing."""
        usage = self._current(key, now_ms)
        if costs and self.balance(key, now_ms).remaining == 0:
            return Refusal.NO_CREDITS
        if key.plan.per_minute is not None and usage.calls >= key.plan.per_minute:
            return Refusal.TOO_FAST
        usage.calls += 1
        return None

    def charge(self, key: CreditKey, decoded_bytes: int, now_ms: int) -> None:
        """Take the price of an answer of that size off the balance."""
        self._current(key, now_ms).used += credits_for(decoded_bytes)

    def balance(self, key: CreditKey, now_ms: int) -> KeyBalance:
        return KeyBalance(key.name, key.plan, self._current(key, now_ms).used)

    def _current(self, key: CreditKey, now_ms: int) -> _Usage:
        usage = self._usage.setdefault(key.name, _Usage())
        day = datetime.fromtimestamp(now_ms / 1000, UTC)
        month = (day.year, day.month)
        if usage.month != month:
            usage.used = 0 if key.plan.renewed else usage.used
            usage.month = month
        minute = now_ms // _MINUTE_MS
        if usage.minute != minute:
            usage.minute, usage.calls = minute, 0
        return usage


def credits_for(decoded_bytes: int) -> int:
    """One credit a call and one for each further 2,500 bytes begun.

    (CoinCap's plans, pro.coincap.io, as its users quote them; never measured.)
    """
    return 1 + max(0, -(-(decoded_bytes - _BYTES_PER_CREDIT) // _BYTES_PER_CREDIT))


def plan_from(text: str) -> CreditPlan:
    """`NAME:CREDITS:PER_MINUTE`, `-` for no limit. Raises ValueError."""
    name, credits, per_minute = text.split(":")
    return CreditPlan(name, _limit(credits), _limit(per_minute))


def key_from(text: str, plans: Mapping[str, CreditPlan]) -> CreditKey:
    """`NAME:PLAN[:SECRET]`; without a secret the name is the secret. Raises ValueError."""
    name, plan, *secret = text.split(":", 2)
    if not name or plan not in plans:
        raise ValueError(f"a key is NAME:PLAN[:SECRET] with a plan of {', '.join(plans)}")
    return CreditKey(name, secret[0] if secret else name, plans[plan])


def keyring(keys: Iterable[CreditKey]) -> dict[str, CreditKey]:
    """Keys by secret. Raises ValueError when a name or a secret is there twice."""
    by_secret: dict[str, CreditKey] = {}
    for key in keys:
        if key.secret in by_secret or key.name in {other.name for other in by_secret.values()}:
            raise ValueError(f"the key {key.name} is there twice, or shares its secret")
        by_secret[key.secret] = key
    return by_secret


def _limit(text: str) -> int | None:
    return None if text == "-" else int(text)
