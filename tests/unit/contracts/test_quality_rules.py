"""The rules of quality as the contract says them, and their counts as the ledger keeps them."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from coinlake.contracts.batches import parse_result
from coinlake.contracts.datasets import TABULAR, table_named
from coinlake.contracts.glue_quality import RULED_BY_GLUE, dqdl
from coinlake.contracts.hours import Hour
from coinlake.contracts.ledger import RuleCount, parse_entry
from coinlake.contracts.quality import (
    RULES,
    RULES_OF,
    VIEW_COLUMNS,
    QualityRule,
    rules_of_table,
)
from tests.labs.ledger_entries import ledger_entry

DATA = Path(__file__).parents[2] / "data"


def test_a_rule_is_known_by_its_table_and_its_name() -> None:
    assert len({(rule.table, rule.name) for rule in RULES}) == len(RULES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.table} {rule.name}")
def test_a_rule_names_columns_of_its_table_and_says_what_it_means(rule: QualityRule) -> None:
    columns = {column.name for column in table_named(rule.table).columns}

    assert set(rule.columns) <= columns
    assert rule.meaning
    # A rule that cannot be said in DQDL says why.
    assert rule.dqdl is not None or rule.differs


@pytest.mark.parametrize("feed", TABULAR)
def test_each_dataset_has_rules_of_each_dimension_that_it_can_be_judged_by(feed: str) -> None:
    found = {rule.dimension for rule in RULES_OF[feed]}

    within_the_hour = {"referential"} if TABULAR[feed].further else set()
    all_of_them = {"completeness", "validity", "range", "uniqueness", "freshness"}
    # A rate has no rank, and its price is above zero; an exchange has no price.
    assert found == all_of_them | within_the_hour


def test_every_table_with_rows_has_rules() -> None:
    for dataset in TABULAR.values():
        for table in dataset.tables:
            assert rules_of_table(table)


def test_a_ruleset_is_one_list_and_an_empty_one_is_none() -> None:
    for table in RULED_BY_GLUE:
        said = dqdl(rules_of_table(table))
        assert said.startswith("Rules = [\n")
        assert said.count("\n") == 2 + len(
            [rule for rule in rules_of_table(table) if rule.dqdl is not None]
        )
    assert set(RULED_BY_GLUE) == {"quotes", "rates", "exchanges", "markets"}
    with pytest.raises(ValueError, match="none of these rules"):
        dqdl(rules_of_table("candles_1m"))


def test_counts_come_back_from_ledger_and_what_a_later_version_adds_is_skipped() -> None:
    counts = tuple(
        RuleCount(rule.table, rule.name, rule.dimension, rule.hard, 1000, 1)
        for rule in RULES_OF["assets"]
    )
    entry = ledger_entry("assets", Hour("2026-11-20", "07"), quality=counts)
    raw = json.loads(entry.encode())
    raw["quality"][0]["severity"] = "new"

    assert parse_entry(entry.encode()) == entry
    assert parse_entry(json.dumps(raw).encode()) == entry
    del raw["quality"][0]["failed"]
    with pytest.raises(ValueError, match="not a ledger entry"):
        parse_entry(json.dumps(raw).encode())


@pytest.mark.parametrize("feed", TABULAR)
def test_the_counts_of_an_hour_are_less_than_two_kilobytes(feed: str) -> None:
    """An entry names each raw object of its hour: that is three to ten kilobytes."""
    counts = tuple(
        RuleCount(rule.table, rule.name, rule.dimension, rule.hard, 3_600_000, 3_600_000)
        for rule in RULES_OF[feed]
    )
    bare = ledger_entry(feed, Hour("2026-11-20", "07"))

    assert len(replace(bare, quality=counts).encode()) - len(bare.encode()) < 2048


def test_a_result_of_a_job_that_counted_no_rules_is_read() -> None:
    before = parse_result((DATA / "job_version_1/result.json").read_bytes())

    assert [hour.quality for hour in before.hours] == [()] * len(before.hours)
    assert parse_result(before.encode()) == before


def test_the_view_has_the_fields_of_a_count_in_their_order() -> None:
    names = [column.name for column in VIEW_COLUMNS]

    assert names[:4] == ["feed", "dt", "hour", "version"]
    assert names[4:-1] == ["table_name", "rule", "dimension", "hard", "evaluated", "failed"]
    assert list(RuleCount.__dataclass_fields__) == ["table", *names[5:-1]]
