"""Faults on demand: which operation fails, waits or loses its reply. Off by default."""

import threading
from dataclasses import dataclass, replace
from typing import Any

FIELDS = {
    "operation",
    "key_prefix",
    "code",
    "status",
    "message",
    "delay_ms",
    "lose_reply",
    "count",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One rule.

    `operation` is `s3:PutObject`, `glue:StartJobRun`, …, or `s3:*` for a whole service;
    `key_prefix` narrows S3 operations to `bucket/key…`. With `code` the operation is refused
    before it does anything; `lose_reply` lets it happen and cuts the connection. `count` is how
    many times more the rule fires, None for always.
    """

    operation: str
    key_prefix: str = ""
    code: str | None = None
    status: int = 503
    message: str = "injected fault"
    delay_ms: int = 0
    lose_reply: bool = False
    count: int | None = None

    def matches(self, operation: str, key: str) -> bool:
        """Whether this rule is about `operation` on `key` (`bucket/key`, '' if none)."""
        if self.count == 0:
            return False
        service = operation.split(":", 1)[0]
        return self.operation in (operation, f"{service}:*") and key.startswith(self.key_prefix)


def parsed(body: Any) -> list[Fault]:
    """Rules from `{"rules": [{…}, …]}`; ValueError tells what is wrong with them."""
    if not isinstance(body, dict) or not isinstance(body.get("rules"), list):
        raise ValueError('expected {"rules": [{"operation": "s3:PutObject", …}]}')
    return [_fault(rule) for rule in body["rules"]]


def _fault(rule: Any) -> Fault:
    if not isinstance(rule, dict) or not isinstance(rule.get("operation"), str):
        raise ValueError(f"a rule needs an operation: {rule!r}")
    if unknown := set(rule) - FIELDS:
        raise ValueError(f"unknown fields {sorted(unknown)}; known are {sorted(FIELDS)}")
    fault = Fault(**rule)
    if not (fault.code or fault.delay_ms or fault.lose_reply):
        raise ValueError(f"this rule does nothing: {rule!r}")
    return fault


class Faults:
    """The rules in force; the first that matches fires."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[Fault] = []
        self._fired: dict[str, int] = {}

    def put(self, rules: list[Fault]) -> None:
        """Replace all rules."""
        with self._lock:
            self._rules = list(rules)
            self._fired = {}

    def draw(self, operation: str, key: str = "") -> Fault | None:
        """The fault that hits this call, if one does; counts it."""
        if not self._rules:
            return None
        with self._lock:
            for index, rule in enumerate(self._rules):
                if rule.matches(operation, key):
                    if rule.count is not None:
                        self._rules[index] = replace(rule, count=rule.count - 1)
                    self._fired[operation] = self._fired.get(operation, 0) + 1
                    return rule
        return None

    def report(self) -> dict[str, Any]:
        """Rules with what is left of their counts, and how often each operation was hit."""
        with self._lock:
            rules = [
                {name: getattr(rule, name) for name in sorted(FIELDS)} for rule in self._rules
            ]
            return {"rules": rules, "fired": dict(self._fired)}
