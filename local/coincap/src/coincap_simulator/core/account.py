"""`/account`: a key's plan and balance. The real shape was never recorded; this one is ours."""

from datetime import UTC, datetime

from coincap_simulator.core.answers import HttpAnswer, stamped_first
from coincap_simulator.core.credits import KeyBalance


def account(balance: KeyBalance, now_ms: int) -> HttpAnswer:
    """Plan, credits used and left in this month; null is without limit."""
    plan = balance.plan
    data = {
        "key": balance.key,
        "plan": plan.name,
        "credits": plan.credits,
        "creditsUsed": balance.used,
        "creditsRemaining": balance.remaining,
        "requestsPerMinute": plan.per_minute,
        "renewsAt": _next_month_ms(now_ms)
        if plan.renewed and plan.credits is not None
        else None,
    }
    return stamped_first(data, now_ms)


def _next_month_ms(now_ms: int) -> int:
    now = datetime.fromtimestamp(now_ms / 1000, UTC)
    year, month = (now.year + 1, 1) if now.month == 12 else (now.year, now.month + 1)
    return int(datetime(year, month, 1, tzinfo=UTC).timestamp()) * 1000
