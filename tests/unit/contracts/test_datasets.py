"""Datasets: facts that stand once, and what is derived of them."""

import json

import pytest

from coinlake.contracts.datasets import (
    DATASETS,
    ELEMENTS,
    GAPS,
    TABLES,
    TABULAR,
    dataset_of_table,
    dataset_of_topic,
    table_named,
)
from coinlake.contracts.elements import fields
from coinlake.contracts.missed_ticks import Cause, MissedTicks, parse_missed_ticks
from coinlake.contracts.tables import is_quarantine, main_name, quarantine_name
from coinlake.contracts.topics import TOPICS, copied_by_the_sink

MISSED = MissedTicks(
    "assets", "assets?limit=100&offset=0", 1_000, 3_000, 3, 1_000, Cause.DOWN, 9_000, "ingestor"
)


def test_each_dataset_has_a_topic_of_its_own_that_every_deployment_makes() -> None:
    topics = [one.topic for one in DATASETS.values()]

    assert len(set(topics)) == len(topics)
    assert set(topics) <= set(TOPICS)


def test_what_was_missed_is_kept_for_ever() -> None:
    assert GAPS.topic in copied_by_the_sink()


def test_each_table_is_of_one_dataset_and_has_its_sibling() -> None:
    for name in TABLES:
        sibling = table_named(quarantine_name(name))
        assert dataset_of_table(name) is dataset_of_table(sibling.name)
        assert (is_quarantine(name), is_quarantine(sibling.name)) == (False, True)
        assert main_name(sibling.name) == main_name(name) == name

    with pytest.raises(KeyError):
        table_named("prices")
    with pytest.raises(KeyError):
        dataset_of_table("prices_quarantine")


def test_only_topics_with_tables_have_a_dataset_for_the_runner() -> None:
    found = {one.topic: dataset_of_topic(one.topic) for one in DATASETS.values()}

    assert {topic for topic, one in found.items() if one is not None} == {
        one.topic for one in TABULAR.values()
    }


@pytest.mark.parametrize("name", ELEMENTS)
def test_a_rows_identity_and_price_are_columns_of_its_table(name: str) -> None:
    element = ELEMENTS[name]
    columns = [column.name for column in TABLES[element.table].columns]

    assert {*element.identity, *element.price} <= set(columns)
    assert len(set(columns)) == len(columns)
    assert len(element.identity_keys) == len(element.identity)


def test_a_field_of_no_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="price_usd: there is no kind money"):
        fields("price_usd priceUsd money")


def test_missed_ticks_come_back_as_they_were_told() -> None:
    assert parse_missed_ticks(MISSED.encode()) == MISSED
    later = {**json.loads(MISSED.encode()), "reason": "a field of a later version"}
    assert parse_missed_ticks(json.dumps(later).encode()) == MISSED


@pytest.mark.parametrize("value", [b"", b"[]", b"{}", b'{"feed":"assets"}', b"\xff"])
def test_what_is_no_missed_ticks_is_refused(value: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_missed_ticks(value)
