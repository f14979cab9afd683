"""The rules as they are printed for Glue, evaluated, say of random hours what the job counts."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from coinlake.contracts.datasets import ELEMENTS, TABULAR, table_named
from coinlake.contracts.glue_quality import dqdl
from coinlake.contracts.ledger import RuleCount
from coinlake.contracts.quality import ROW_RULES, QualityRule, rules_of_table
from coinlake_kernel import answers
from coinlake_kernel.objects import rows_of
from coinlake_kernel.schemas import file_schema
from local_cloud.quality.dqdl import CompositeRule, Rule, parse
from local_cloud.quality.evaluation import ROW, evaluate, rows_that_hold

from .odd_hours import Objects, hour_by_chance
from .test_rule_counts import counted

SEEDS = range(150)
Judged = list[tuple[QualityRule, Rule]]


def printed(table: str) -> Judged:
    """Each rule that is printed, as it is read back from the ruleset."""
    rules = [rule for rule in rules_of_table(table) if rule.dqdl is not None]
    return list(zip(rules, parse(dqdl(rules)), strict=True))


def all_elements(patch: pytest.MonkeyPatch, table: str, objects: Objects) -> pa.Table:
    """The elements of an hour as rows, those too that a hard rule puts aside."""
    with patch.context() as soft:
        everything = {
            name: tuple(replace(rule, hard=False) for rule in rules)
            for name, rules in ROW_RULES.items()
        }
        soft.setattr(answers, "BY_TABLE", everything)
        rows = list(_rows(table, objects))
    schema = file_schema(table_named(table))
    return pa.Table.from_pylist(
        [{one: row.get(one) for one in schema.names} for row in rows], schema
    )


def _rows(table: str, objects: Objects) -> Iterator[dict[str, Any]]:
    seen: set[Any] = set()
    for source, body in objects:
        for record in rows_of(source, body):
            same = (record.get("key"), record.get("sha256"))
            if "sha256" in record and same in seen:
                continue
            seen.add(same)
            yield from (record | element for element in record.get(table) or ())


def assert_says_what_is_counted(
    judged: Judged, rows: pa.Table, counts: dict[tuple[str, str], RuleCount]
) -> int:
    """Hard rules are asked one after the other; how many rows failed any."""
    reached = np.ones(rows.num_rows, bool)
    failed = 0
    for rule, said in judged:
        count = counts[rule.table, rule.name]
        if rule.dimension == "uniqueness":
            # It says whether there is a second row, not how many.
            (whole,) = evaluate([said], rows.filter(pa.array(reached)), ROW)
            assert whole.held == (count.failed == 0), rule
            continue
        holds = rows_that_hold(said, rows)
        found = (int(reached.sum()), int((reached & ~holds).sum()))
        assert found == (count.evaluated, count.failed), rule
        failed += count.failed
        if rule.hard:
            reached &= holds
    return failed


def assert_equal(patch: pytest.MonkeyPatch, seeds: range = SEEDS) -> dict[str, int]:
    failed = dict.fromkeys(ELEMENTS, 0)
    for seed in seeds:
        feed, objects = hour_by_chance(seed)
        table = TABULAR[feed].tables[0]
        rows = all_elements(patch, table, objects)
        failed[feed] += assert_says_what_is_counted(
            printed(table), rows, counted(feed, objects)
        )
    return failed


@pytest.mark.long
def test_hours_by_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    failed = assert_equal(monkeypatch)

    assert all(failed.values()), failed


def _without_null(rule: QualityRule) -> str:
    """What was printed before: null fails it, and no row of ours."""
    return f'ColumnValues "{rule.columns[0]}" > 0'


def _at_least(rule: QualityRule) -> str:
    return str(rule.dqdl).replace("> 0", ">= 0")


def _and_for_or(rule: QualityRule) -> str:
    return str(rule.dqdl).replace(" or ", " and ")


def _of_another_column(_: QualityRule) -> str:
    return 'IsComplete "raw_object"'


def _of_the_whole_hour(rule: QualityRule) -> str:
    return "IsPrimaryKey " + " ".join(f'"{column}"' for column in rule.columns)


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("rank_positive", _without_null),
        ("rank_positive", _at_least),
        ("price_usd_positive", _at_least),
        ("price_usable", _and_for_or),
        ("asset_id_usable", _of_another_column),
        ("unique_in_answer", _of_the_whole_hour),
    ],
)
def test_control_a_rule_that_is_printed_differently_is_seen(
    monkeypatch: pytest.MonkeyPatch, name: str, changed: Any
) -> None:
    plain = printed

    def differing(table: str) -> Judged:
        return [
            (rule, parse(f"Rules = [ {changed(rule)} ]")[0] if rule.name == name else said)
            for rule, said in plain(table)
        ]

    monkeypatch.setattr(f"{__name__}.printed", differing)

    # Until the first that is seen: some need a rare value.
    with pytest.raises(AssertionError):
        assert_equal(monkeypatch, range(3000))


def test_each_rule_is_judged_by_rows_where_it_is_composite() -> None:
    """`CompositeRuleEvaluationMethod` ROW is needed: the schedule in the template says so."""
    composite = [
        rule.name
        for table in ROW_RULES
        for rule, said in printed(table)
        if isinstance(said, CompositeRule)
    ]

    assert {"rank_positive", "price_usd_positive", "asset_id_usable"} <= set(composite)
