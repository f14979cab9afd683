"""Stands before the API: keys, credits and limits decide whether data is given."""

from dataclasses import dataclass
from typing import Protocol

from coincap_simulator.core.account import account
from coincap_simulator.core.answers import HttpAnswer, error
from coincap_simulator.core.credits import Accounts, CreditKey, Refusal
from coincap_simulator.core.paging import Query

_ACCOUNT_PATH = "/v3/account"


class GatedApi(Protocol):
    """What is behind the gate."""

    def answer(self, path: str, query: Query, now_ms: int) -> HttpAnswer: ...


@dataclass(frozen=True, slots=True)
class RefusalPolicy:
    """How refusals look. The real ones were never recorded, so each is a setting."""

    key_required: bool = True
    bad_key_status: int = 403
    no_credits_status: int = 403
    too_fast_status: int = 429

    def refusal(self, why: Refusal) -> HttpAnswer:
        """The answer to a refused call; its bodies are invented too."""
        match why:
            case Refusal.UNKNOWN_KEY:
                return error("Invalid or missing API key", self.bad_key_status)
            case Refusal.NO_CREDITS:
                return error("Credit limit reached", self.no_credits_status)
            case Refusal.TOO_FAST:
                return error("Too many requests", self.too_fast_status)


@dataclass(frozen=True, slots=True)
class Gate:
    """Answers for the API, and charges the key for it."""

    policy: RefusalPolicy
    accounts: Accounts

    def answer(
        self, api: GatedApi, path: str, query: Query, key: CreditKey | None, now_ms: int
    ) -> HttpAnswer:
        """Refuse, or answer and charge. Failed calls cost one credit; `/account` is free."""
        of_account = path.removesuffix("/") == _ACCOUNT_PATH
        if key is None:
            if self.policy.key_required or of_account:
                return self.policy.refusal(Refusal.UNKNOWN_KEY)
            return api.answer(path, query, now_ms)
        refused = self.accounts.admit(key, now_ms, costs=not of_account)
        if refused is not None:
            return self.policy.refusal(refused)
        if of_account:
            return account(self.accounts.balance(key, now_ms), now_ms)
        answer = api.answer(path, query, now_ms)
        self.accounts.charge(key, len(answer.body), now_ms)
        return answer
