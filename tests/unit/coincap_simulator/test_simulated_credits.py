"""What calls cost, and who is let in."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from coincap_simulator.core.answers import HttpAnswer
from coincap_simulator.core.credits import (
    PLANS,
    Accounts,
    CreditKey,
    CreditPlan,
    Refusal,
    credits_for,
    key_from,
    keyring,
    plan_from,
)
from coincap_simulator.core.gate import Gate, RefusalPolicy
from coincap_simulator.core.routes import CoinCap

NOV = int(datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC).timestamp()) * 1000
DEC = NOV + 1_000
SMALL = CreditKey("small", "s3cret", CreditPlan("three", 3, per_minute=600))


class FixedApi:
    """An API whose answers have a known size."""

    def __init__(self, size: int, status: int = 200) -> None:
        self._answer = HttpAnswer(status, b"x" * size)

    def answer(self, path: str, query: Mapping[str, str], now_ms: int) -> HttpAnswer:
        return self._answer


def gate_for(*keys: CreditKey, policy: RefusalPolicy | None = None) -> Gate:
    return Gate(policy or RefusalPolicy(), Accounts(keyring(keys)))


@pytest.mark.parametrize(
    ("size", "price"),
    [(0, 1), (433, 1), (2_500, 1), (2_501, 2), (5_000, 2), (5_001, 3), (50_951, 21)],
)
def test_a_call_costs_one_credit_and_one_for_each_further_2500_bytes(
    size: int, price: int
) -> None:
    assert credits_for(size) == price


def test_the_default_list_costs_what_the_real_one_does(coincap: CoinCap) -> None:
    body = coincap.answer("/v3/assets", {}, NOV).body

    assert 16 <= credits_for(len(body)) <= 21


def test_answers_are_charged_until_nothing_is_left() -> None:
    gate = gate_for(SMALL)
    api = FixedApi(2_501)

    statuses = [gate.answer(api, "/v3/assets", {}, SMALL, NOV).status for _ in range(3)]

    assert statuses == [200, 200, 403]
    assert gate.accounts.balance(SMALL, NOV).remaining == 0


def test_credits_come_back_with_the_month_and_prepaid_ones_do_not() -> None:
    prepaid = CreditKey("once", "other", PLANS["prepaid"])
    gate = gate_for(SMALL, prepaid)
    for key in (SMALL, prepaid):
        gate.answer(FixedApi(200_000), "/v3/assets", {}, key, NOV)

    assert gate.answer(FixedApi(1), "/v3/rates", {}, SMALL, DEC).status == 200
    assert gate.answer(FixedApi(1), "/v3/rates", {}, prepaid, DEC).status == 403


def test_keys_have_balances_of_their_own() -> None:
    other = CreditKey("other", "other", SMALL.plan)
    gate = gate_for(SMALL, other)
    gate.answer(FixedApi(200_000), "/v3/assets", {}, SMALL, NOV)

    assert gate.answer(FixedApi(1), "/v3/assets", {}, other, NOV).status == 200


def test_calls_over_the_limit_of_a_minute_are_refused_and_cost_nothing() -> None:
    slow = CreditKey("slow", "slow", PLANS["throttled"])
    gate = gate_for(slow)

    minute = NOV // 60_000 * 60_000
    statuses = [
        gate.answer(FixedApi(1), "/v3/rates", {}, slow, minute).status for _ in range(7)
    ]
    used = gate.accounts.balance(slow, minute).used
    after = gate.answer(FixedApi(1), "/v3/rates", {}, slow, minute + 60_000).status

    assert statuses == [200] * 5 + [429] * 2
    assert after == 200
    assert used == 5


def test_the_account_is_free_and_tells_the_balance_even_when_nothing_is_left() -> None:
    gate = gate_for(SMALL)
    gate.answer(FixedApi(200_000), "/v3/assets", {}, SMALL, NOV)

    answer = gate.answer(FixedApi(1), "/v3/account", {}, SMALL, NOV)

    assert answer.status == 200
    assert json.loads(answer.body)["data"] == {
        "key": "small",
        "plan": "three",
        "credits": 3,
        "creditsUsed": 80,
        "creditsRemaining": 0,
        "requestsPerMinute": 600,
        "renewsAt": DEC,
    }


def test_a_missing_key_is_refused_with_the_status_that_was_chosen() -> None:
    gate = gate_for(SMALL, policy=RefusalPolicy(bad_key_status=401))

    assert gate.answer(FixedApi(1), "/v3/assets", {}, None, NOV).status == 401


def test_without_the_need_of_a_key_data_is_given_but_no_account() -> None:
    gate = gate_for(SMALL, policy=RefusalPolicy(key_required=False))

    assert gate.answer(FixedApi(1), "/v3/assets", {}, None, NOV).status == 200
    assert gate.answer(FixedApi(1), "/v3/account", {}, None, NOV).status == 403


def test_each_refusal_has_a_status_of_its_own() -> None:
    policy = RefusalPolicy(bad_key_status=401, no_credits_status=403)

    assert [policy.refusal(why).status for why in Refusal] == [401, 403, 429]


def test_the_simulators_plan_has_no_limits() -> None:
    key = key_from("simulator:simulator", PLANS)
    gate = gate_for(key)

    statuses = {
        gate.answer(FixedApi(10_000_000), "/v3/assets", {}, key, NOV).status for _ in range(100)
    }

    assert statuses == {200}
    assert gate.accounts.balance(key, NOV).remaining is None


def test_keys_and_plans_are_read_from_the_command_line() -> None:
    plan = plan_from("mine:100:-")

    assert plan == CreditPlan("mine", 100, None)
    assert key_from("a:mine:s:x", {"mine": plan}) == CreditKey("a", "s:x", plan)
    with pytest.raises(ValueError, match="NAME:PLAN"):
        key_from("a:nothing", PLANS)
    with pytest.raises(ValueError, match="twice"):
        keyring([SMALL, CreditKey("other", "s3cret", SMALL.plan)])
