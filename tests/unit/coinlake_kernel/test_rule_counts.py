"""What is counted of each rule: as often as the row rules ask it, and as often as they say no."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from coinlake.contracts.datasets import TABULAR
from coinlake.contracts.ledger import RuleCount
from coinlake.contracts.quality import ROW_RULES, RULES_OF, QualityRule
from coinlake_kernel import answers, rules
from coinlake_kernel.hour import HourKernel
from coinlake_kernel.objects import rows_of
from coinlake_kernel.quality import UnknownRuleError, rule_counts

from .odd_hours import HOUR, SKEW_MS, Objects, hour_by_chance
from .test_kernel_equals_rules import one_object

Asked = tuple[Counter[str], Counter[str]]
"""By rule: how often it was asked, and how often it said no."""


def counted(feed: str, objects: Objects) -> dict[tuple[str, str], RuleCount]:
    kernel = HourKernel(feed, SKEW_MS)
    for source, body in objects:
        kernel.add(source, body)
    made = kernel.finish()
    rows = {name: len(table) for name, table in made.tables.items()}
    found = rule_counts(feed, len(objects), made.tallies, rows)
    return {(one.table, one.rule): one for one in found}


def asked_row_by_row(patch: pytest.MonkeyPatch, objects: Objects) -> Asked:
    """What the row rules are asked, answer by answer; equal answers once."""
    told: list[tuple[str, bool]] = []
    asked, failed = Counter[str](), Counter[str]()
    seen: set[Any] = set()

    def holds(rule: QualityRule, *arguments: Any) -> bool:
        told.append((rule.name, rules.holds(rule, *arguments)))
        return told[-1][1]

    patch.setattr(answers, "holds", holds)
    for source, body in objects:
        for record in rows_of(source, body):
            of_record, told = told, []
            same = (record.get("key"), record.get("sha256"))
            if "sha256" in record and same in seen:
                continue
            seen.add(same)
            asked.update(name for name, _ in of_record)
            failed.update(name for name, good in of_record if not good)
    return asked, failed


def assert_counts_are_what_is_asked(patch: pytest.MonkeyPatch, seeds: range) -> Counter[str]:
    evaluated = Counter[str]()
    for seed in seeds:
        feed, objects = hour_by_chance(seed)
        found = counted(feed, objects)
        asked, failed = asked_row_by_row(patch, objects)
        for (_, name), one in found.items():
            assert 0 <= one.failed <= one.evaluated
            evaluated[one.dimension] += one.failed
            if name in {rule.name for rule in ROW_RULES[TABULAR[feed].tables[0]]}:
                assert (one.evaluated, one.failed) == (asked[name], failed[name]), name
    return evaluated


def test_hours_by_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    failed = assert_counts_are_what_is_asked(monkeypatch, range(60))

    # Every dimension had something to find; a row without its asset cannot be made.
    assert {name for name, n in failed.items() if n} == {
        "completeness",
        "validity",
        "range",
        "uniqueness",
        "freshness",
    }


def test_control_a_failure_that_is_not_taken_from_what_comes_after_is_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    soft = {
        name: tuple(replace(one, hard=False) for one in of) for name, of in RULES_OF.items()
    }
    monkeypatch.setattr("coinlake_kernel.quality.RULES_OF", soft)

    with pytest.raises(AssertionError):
        assert_counts_are_what_is_asked(monkeypatch, range(60))


def test_an_hour_counts_every_rule_of_its_dataset_in_order() -> None:
    data = (
        '{"id":"a","rank":"0","priceUsd":"1","tokens":{"1":["x"],"2":"y"}},'
        '{"id":"a","rank":"1","priceUsd":"0"},{"id":"b"},{"id":" "},7'
    )
    answer = f'{{"timestamp":{HOUR.start_ms},"data":[{data}]}}'.encode()
    objects = one_object("assets", answer, answer, b"nothing", b'{"error":1}')
    ((source, body),) = objects
    objects = [(replace(source, promised=5), body), (replace(source, key="gone"), b"\x1f\x8b")]

    found = counted("assets", objects)

    assert [(one.evaluated, one.failed) for one in found.values()] == [
        *[(2, 1), (5, 1), (3, 1), (2, 1), (5, 1)],  # object, promise, body, envelope, element
        *[(4, 1), (3, 1)],  # asset_id_usable, price_usable
        *[(2, 1), (2, 1), (2, 0), (2, 1)],  # price above 0, unique, time, rank above 0
        *[(2, 1), (1, 0), (1, 0)],  # tokens; an address and a candle have their quotes
    ]
    assert [(one.table, one.rule) for one in found.values()] == [
        (one.table, one.name) for one in RULES_OF["assets"]
    ]


def test_an_hour_without_anything_has_evaluated_nothing() -> None:
    found = rule_counts("markets", 0, {}, {})

    assert [one.rule for one in found] == [one.name for one in RULES_OF["markets"]]
    assert {(one.evaluated, one.failed) for one in found} == {(0, 0)}


@pytest.mark.parametrize("tally", ["broken:new_rule", "rule:new_rule"])
def test_a_failure_of_no_known_rule_stops_the_hour(tally: str) -> None:
    with pytest.raises(UnknownRuleError, match="new_rule"):
        rule_counts("assets", 1, {tally: 1}, {})
