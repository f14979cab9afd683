"""Answers that CoinCap gave, under a contract that lacks a field: promoted, the kernel types it exactly."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from coinlake.contracts.datasets import ASSETS, Dataset
from coinlake.contracts.elements import Element, Field
from coinlake.contracts.values import parse_json
from coinlake_tools.promotion import proposal
from tests.unit.coinlake_kernel.contracted import put_in_place, with_fields
from tests.unit.coinlake_kernel.odd_hours import HOUR
from tests.unit.coinlake_kernel.test_kernel_equals_rules import (
    DATA,
    assert_equal,
    one_object,
    rows_in,
)

RECORDED = sorted(path.name for path in DATA.glob("*assets*.json"))
KEYS = ("rank", "name", "supply", "maxSupply", "marketCapUsd", "changePercent24Hr", "vwap24Hr")


def recorded(name: str) -> bytes:
    body = (DATA / name).read_bytes()
    if b'"timestamp"' not in body:
        body = body.rstrip()[:-1] + b',"timestamp":%d}' % HOUR.start_ms
    return body


def without(key: str) -> Dataset:
    element = ASSETS.element
    assert element is not None
    kept: Element = replace(
        element, fields=tuple(one for one in element.fields if one.key != key)
    )
    return replace(ASSETS, element=kept)


def quotes(body: bytes) -> list[dict[str, Any]]:
    made = assert_equal("assets", one_object("assets", body))
    return rows_in("quotes", made.tables["quotes"])


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_field_that_is_promoted_is_typed_and_leaves_extra(
    name: str, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    body, before = recorded(name), without(key)
    sent = {item["id"]: item.get(key) for item in parse_json(body)["data"]}
    put_in_place(monkeypatch, before)
    kept = {row["asset_id"]: dict(row["extra"])[key] for row in quotes(body)}

    made = proposal(before, key, list(sent.values()))
    put_in_place(monkeypatch, with_fields(before, Field(made.column, made.key, made.kind)))
    rows = quotes(body)

    assert kept == {asset: "null" if text is None else text for asset, text in sent.items()}
    for row in rows:
        text, value = sent[row["asset_id"]], row[made.column]
        if made.kind == "text" or text is None:
            assert value == text
        else:
            assert Decimal(value) == Decimal(text)
        assert key not in dict(row["extra"])
