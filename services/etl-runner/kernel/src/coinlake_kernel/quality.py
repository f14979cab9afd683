"""The tallies of an hour as counts by quality rule: what was evaluated follows from what failed before."""

from collections.abc import Iterable, Mapping

from coinlake.contracts.ledger import RuleCount
from coinlake.contracts.quality import (
    ELEMENT_RULE,
    OBJECT_RULE,
    PROMISE_RULE,
    REFERENCE_RULE,
    RULES_OF,
    TOKEN_RULE,
    QualityRule,
)

_HARD, _SOFT = "broken:", "rule:"


class UnknownRuleError(Exception):
    """Something failed a rule that no dataset has: its count would be lost."""


def rule_counts(
    feed: str, objects: int, tallies: Mapping[str, int], rows: Mapping[str, int]
) -> tuple[RuleCount, ...]:
    """Every rule of the feed with its counts, in the order in which they are asked.

    `objects` are the raw objects of the hour, `rows` its rows by table. Raises UnknownRuleError where
    the tallies name a rule that the contract does not.
    """
    rules = RULES_OF[feed]
    _check_all_known(feed, rules, tallies)
    reached: dict[str, int] = {
        "objects": objects,
        "records": tallies.get("promised", 0),
        "answers": tallies.get("usable", 0) + tallies.get("quarantined_records", 0),
        "elements": tallies.get("elements", 0),
    }
    reached["rows"] = reached["elements"] - tallies.get(f"{_HARD}{ELEMENT_RULE}", 0)
    counts = []
    for rule in rules:
        failed = _failed(rule, tallies)
        evaluated = _evaluated(rule, reached, failed, rows)
        counts.append(
            RuleCount(rule.table, rule.name, rule.dimension, rule.hard, evaluated, failed)
        )
        if rule.hard and rule.evaluates in reached:
            reached[rule.evaluates] -= failed
    return tuple(counts)


def _evaluated(
    rule: QualityRule, reached: Mapping[str, int], failed: int, rows: Mapping[str, int]
) -> int:
    if rule.name == TOKEN_RULE:
        return rows.get(rule.table, 0) + failed
    if rule.name == REFERENCE_RULE:
        return rows.get(rule.table, 0)
    return reached[rule.evaluates]


def _failed(rule: QualityRule, tallies: Mapping[str, int]) -> int:
    if rule.name == OBJECT_RULE:
        return sum(name.startswith("unreadable:") for name in tallies)
    if rule.name == PROMISE_RULE:
        return tallies.get("unkept", 0)
    if rule.name == REFERENCE_RULE:
        return tallies.get(f"orphans:{rule.table}", 0)
    kind = _HARD if rule.hard and rule.name != TOKEN_RULE else _SOFT
    return tallies.get(f"{kind}{rule.name}", 0)


def _check_all_known(
    feed: str, rules: Iterable[QualityRule], tallies: Mapping[str, int]
) -> None:
    known = {rule.name for rule in rules}
    for name in tallies:
        kind, _, rule = name.partition(":")
        if f"{kind}:" in (_HARD, _SOFT) and rule not in known:
            raise UnknownRuleError(
                f"{feed} has no quality rule {rule!r}, yet something failed it"
            )
