"""Policies of a contract, per column and per dataset: both ways through the kernel keep them."""

import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from coinlake.contracts.datasets import ASSETS, ELEMENTS, EXCHANGES, MARKETS, RATES, Dataset
from coinlake.contracts.elements import Field, fields
from coinlake.contracts.glue_quality import dqdl
from coinlake.contracts.quality import RULES_OF, row_rules_of, rules_of, rules_of_table
from coinlake_kernel import conditions
from coinlake_kernel.quality import UnknownRuleError

from .contracted import put_in_place, with_fields
from .odd_hours import HOUR
from .test_kernel_equals_rules import assert_all_equal, assert_equal, one_object, rows_in
from .test_rule_counts import assert_counts_are_what_is_asked

QUARANTINED = with_fields(ASSETS, rank="quarantine", supply="quarantine", symbol="quarantine")
FROZEN = replace(MARKETS, unknown_keys="freeze")
LARGER = (
    Field("rank_large", "rank", "bigint"),
    Field("trading_pairs_exact", "tradingPairs", "amount"),
)
WIDENED = with_fields(
    EXCHANGES,
    *LARGER,
    rank="widen",
    trading_pairs="widen",
)
ALL_AT_ONCE = replace(
    with_fields(RATES, Field("rank", "rank", "int"), rate_usd="quarantine"),
    unknown_keys="freeze",
)
CHANGED = (QUARANTINED, FROZEN, WIDENED, ALL_AT_ONCE)


def bodies(*items: dict[str, Any]) -> tuple[bytes, bytes]:
    """One answer as CoinCap writes it, which is read by columns, and with blanks, for the rules."""
    body = {"timestamp": HOUR.start_ms, "data": list(items)}
    return json.dumps(body, separators=(",", ":")).encode(), json.dumps(body).encode()


@pytest.fixture
def in_place(monkeypatch: pytest.MonkeyPatch) -> None:
    for dataset in CHANGED:
        put_in_place(monkeypatch, dataset)


@pytest.mark.usefixtures("in_place")
def test_hours_by_chance_under_every_policy() -> None:
    assert_all_equal(range(20_000, 20_060))


@pytest.mark.full_size
@pytest.mark.usefixtures("in_place")
@pytest.mark.parametrize("first", range(20_000, 24_000, 500))
def test_many_hours_by_chance_under_every_policy(first: int) -> None:
    assert_all_equal(range(first, first + 500))


def _columns_break_no_contract(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(
        conditions._CONDITIONS, "schema", lambda rule, rows: conditions._unique(rule, rows)
    )


def _rules_widen_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(ELEMENTS, "exchanges", with_fields(EXCHANGES, *LARGER).element)


@pytest.mark.usefixtures("in_place")
@pytest.mark.parametrize("changed", [_columns_break_no_contract, _rules_widen_nothing])
def test_control_a_policy_that_one_way_does_not_keep_is_seen(
    monkeypatch: pytest.MonkeyPatch, changed: Callable[[pytest.MonkeyPatch], None]
) -> None:
    changed(monkeypatch)

    with pytest.raises(AssertionError):
        assert_all_equal(range(20_000, 20_200))


@pytest.mark.usefixtures("in_place")
@pytest.mark.parametrize("way", [0, 1], ids=["by columns", "by rules"])
def test_a_value_that_does_not_fit_puts_its_row_aside(way: int) -> None:
    body = bodies(
        {"id": "a", "priceUsd": "1", "rank": "first"}, {"id": "b", "priceUsd": "2", "rank": "2"}
    )[way]

    made = assert_equal("assets", one_object("assets", body))

    assert [row["asset_id"] for row in rows_in("quotes", made.tables["quotes"])] == ["b"]
    (aside,) = rows_in("quotes_quarantine", made.tables["quotes_quarantine"])
    assert (aside["rule"], aside["reason"]) == (
        "rank_fits",
        'rank does not fit int: "first"',
    )
    assert json.loads(aside["raw"]) == {"id": "a", "priceUsd": "1", "rank": "first"}
    assert made.tallies["unfit:rank"] == made.tallies["quarantined_rows"] == 1


@pytest.mark.usefixtures("in_place")
@pytest.mark.parametrize("way", [0, 1], ids=["by columns", "by rules"])
def test_a_frozen_dataset_puts_rows_with_unknown_keys_aside(way: int) -> None:
    known = {"exchangeId": "x", "baseId": "b", "quoteId": "q", "priceUsd": "1"}
    body = bodies(known, known | {"baseId": "c", "spread": 0.5, "depth": [1]})[way]

    made = assert_equal("markets", one_object("markets", body))

    (row,) = rows_in("markets", made.tables["markets"])
    (aside,) = rows_in("markets_quarantine", made.tables["markets_quarantine"])
    assert row["base_id"] == "b"
    assert aside["rule"] == "no_unknown_keys"
    assert aside["reason"] == 'keys that no column knows: "spread", "depth"'
    assert json.loads(aside["raw"])["spread"] == 0.5
    assert {(one.name, one.rows, one.example) for one in made.unknown_fields} == {
        ("spread", 1, "0.5"),
        ("depth", 1, "[1]"),
    }


@pytest.mark.usefixtures("in_place")
@pytest.mark.parametrize("way", [0, 1], ids=["by columns", "by rules"])
def test_what_a_column_does_not_hold_is_in_the_wider_one(way: int) -> None:
    body = bodies(
        {"exchangeId": "a", "rank": "3000000000", "tradingPairs": "7.5"},
        {"exchangeId": "b", "rank": "7", "tradingPairs": "many"},
    )[way]

    made = assert_equal("exchanges", one_object("exchanges", body))

    first, second = rows_in("exchanges", made.tables["exchanges"])
    assert (first["rank"], first["rank_large"]) == (None, 3_000_000_000)
    assert (first["trading_pairs"], first["trading_pairs_exact"]) == (None, Decimal("7.5"))
    assert first["extra"] == []
    # Where neither holds it both say so, as every column does.
    assert (second["rank"], second["rank_large"]) == (7, 7)
    assert dict(second["extra"]) == {"trading_pairs": "many", "trading_pairs_exact": "many"}
    assert (made.tallies["widened:rank"], made.tallies["unfit:rank"]) == (1, 0)


@pytest.mark.usefixtures("in_place")
def test_what_a_policy_puts_aside_is_counted_as_every_rule_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    failed = assert_counts_are_what_is_asked(monkeypatch, range(20_000, 20_100))

    assert failed["schema"]


@pytest.mark.usefixtures("in_place")
def test_control_a_rule_of_a_policy_that_nobody_counts_stops_the_hour(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(RULES_OF, "assets", rules_of(ASSETS))

    with pytest.raises(UnknownRuleError, match="_fits"):
        assert_counts_are_what_is_asked(monkeypatch, range(20_000, 20_100))


def test_hard_rules_come_first_and_a_contract_without_policies_has_the_rules_of_before() -> (
    None
):
    for dataset in (*CHANGED, ASSETS, RATES):
        hard = [rule.hard for rule in row_rules_of(dataset)]
        assert hard == sorted(hard, reverse=True)
    added = {
        rule.name for one in CHANGED for rule in row_rules_of(one) if rule.dimension == "schema"
    }
    assert added == {
        "rank_fits",
        "supply_fits",
        "symbol_fits",
        "rate_usd_fits",
        "no_unknown_keys",
    }
    assert not [rule for rule in row_rules_of(ASSETS) if rule.dimension == "schema"]
    for one in CHANGED:
        for rule in row_rules_of(one):
            assert rule.dimension != "schema" or (
                rule.hard and rule.dqdl is None and rule.differs
            )
    assert "fits" not in dqdl(rules_of_table("quotes"))


def test_a_policy_that_cannot_be_kept_is_refused() -> None:
    for lines, reason in (
        ("rank rank int widen", "no column of the key rank has a wider type"),
        ("a k amount widen\nb k ratio", "no column of the key k has a wider type"),
        ("rank rank int drop", "there is no policy drop"),
        ("rank rank int widen more", "there is no policy widen more"),
    ):
        with pytest.raises(ValueError, match=reason):
            fields(lines)


def test_the_policies_are_read_from_the_lines() -> None:
    small, large, name = fields("a k int widen\nb k bigint\nc n text quarantine")

    assert (small.unfit, large.unfit, name.unfit) == ("widen", "beside", "quarantine")


def _has_no_policy(dataset: Dataset) -> bool:
    assert dataset.element is not None
    return {one.unfit for one in dataset.element.fields} == {"beside"}


def test_no_dataset_of_the_contract_gives_up_a_row_for_a_new_key() -> None:
    assert all(one.unknown_keys == "evolve" for one in (ASSETS, RATES, EXCHANGES, MARKETS))
    assert all(_has_no_policy(one) for one in (ASSETS, RATES, EXCHANGES, MARKETS))
