"""Another contract for a test: a dataset takes the place of the one with its name, in both ways."""

from dataclasses import replace

import pytest

from coinlake.contracts.datasets import ELEMENTS, TABLES, TABULAR, Dataset
from coinlake.contracts.elements import Element, Field, Policy
from coinlake.contracts.quality import ROW_RULES, RULES_OF, row_rules_of, rules_of
from coinlake.contracts.tables import main_table
from coinlake_kernel.rules import BY_TABLE


def put_in_place(patch: pytest.MonkeyPatch, dataset: Dataset) -> None:
    assert dataset.element is not None
    patch.setitem(TABULAR, dataset.name, dataset)
    patch.setitem(ELEMENTS, dataset.name, dataset.element)
    patch.setitem(TABLES, dataset.element.table, main_table(dataset.element))
    patch.setitem(RULES_OF, dataset.name, rules_of(dataset))
    for known in (ROW_RULES, BY_TABLE):
        patch.setitem(known, dataset.element.table, row_rules_of(dataset))


def with_fields(dataset: Dataset, *added: Field, **policies: Policy) -> Dataset:
    """The dataset with a policy by column, and with further fields."""
    element = dataset.element
    assert element is not None
    kept = [replace(one, unfit=policies.get(one.column, one.unfit)) for one in element.fields]
    return replace(dataset, element=_element(element, (*kept, *added)))


def _element(element: Element, fields: tuple[Field, ...]) -> Element:
    return replace(element, fields=fields)
