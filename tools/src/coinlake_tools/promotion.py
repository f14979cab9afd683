"""A field that is only in `extra` becomes a line of the contract. Pure: values and source text in."""

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from coinlake.contracts.datasets import Dataset
from coinlake.contracts.elements import Kind
from coinlake.contracts.tables import main_table
from coinlake.contracts.values import typed
from coinlake.errors import ConfigError

SOURCE = "shared/src/coinlake/contracts/datasets.py"
"""Where the contract's lines are, from the root of a checkout."""

# A key is one word of a line.
_KEY = re.compile(r"[^\s\"\\]+")
_COLUMN = re.compile(r"[a-z][a-z0-9_]*")
_WORDS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
# 007 is a name: as a number it would lose its zeros.
_LEADING_ZERO = re.compile(r"[+-]?0[0-9]")
_TIMES_MS = range(1_262_304_000_000, 4_102_444_800_000)  # the years 2010 to 2099
_NUMBERS: tuple[Kind, ...] = ("int", "bigint", "amount", "ratio")


@dataclass(frozen=True, slots=True)
class Proposal:
    """A column for a key. `values` were seen of it, `nulls` of them null."""

    dataset: Dataset
    key: str
    column: str
    kind: Kind
    values: int
    nulls: int

    @property
    def line(self) -> str:
        """The line of the contract."""
        return f"{self.column} {self.key} {self.kind}"


def proposal(
    dataset: Dataset,
    key: str,
    values: Sequence[Any],
    column: str | None = None,
    kind: Kind | None = None,
) -> Proposal:
    """The column that holds every value exactly. Raises ConfigError where there is none."""
    refused = refusal(dataset, key)
    if refused is not None:
        raise ConfigError(refused)
    name = column_name(key) if column is None else column
    _require_column(dataset, name)
    seen = [value for value in values if value is not None]
    chosen = fitting_kind(seen) if kind is None else kind
    if chosen is None:
        raise ConfigError(_no_kind(key, seen))
    return Proposal(dataset, key, name, chosen, len(values), len(values) - len(seen))


def fitting_kind(values: Sequence[Any]) -> Kind | None:
    """The narrowest kind that holds all of these exactly; None where none does, or nothing was seen."""
    if not values:
        return None

    def hold(kind: Kind) -> bool:
        return all(typed(value, kind) is not None for value in values)

    if hold("boolean"):
        return "boolean"
    if not any(isinstance(value, str) and _LEADING_ZERO.match(value) for value in values):
        if hold("millis") and all(typed(value, "millis") in _TIMES_MS for value in values):
            return "millis"
        for kind in _NUMBERS:
            if hold(kind):
                return kind
    return "text" if hold("text") else None


def column_name(key: str) -> str:
    """The key in the words of a column: `marketCapUsd` is `market_cap_usd`."""
    return "_".join(word.lower() for word in _WORDS.findall(key))


def refusal(dataset: Dataset, key: str) -> str | None:
    """Why the key cannot be promoted; None where it can."""
    assert dataset.element is not None
    if not _KEY.fullmatch(key):
        return f"the key {key!r} cannot be written in a line of the contract"
    for field in dataset.element.fields:
        if field.key == key:
            return f"{key} of {dataset.name} has a column already: {field.column}"
    if key == dataset.element.tokens:
        return f"{key} of {dataset.name} has a table of its own"
    return None


def with_field(source: str, made: Proposal) -> str:
    """The source of the contract with the line, and with the dataset's next version.

    Raises ConfigError where the source is not written as this one is.
    """
    call = _call_of(source, made.dataset.name)
    lines, version = _fields_text(call), _version(call)
    if lines is None or version is None:
        raise ConfigError(
            f"{SOURCE}: write the line yourself, {made.dataset.name} is not as expected"
        )
    if made.key in _keys(lines.value):
        raise ConfigError(f"{SOURCE} has the key {made.key} of {made.dataset.name} already")
    text = source.splitlines(keepends=True)
    # From the end: what is changed first must not move what is changed then.
    at = version.lineno - 1
    number = text[at][version.col_offset : version.end_col_offset]
    text[at] = (
        text[at][: version.col_offset]
        + str(int(number) + 1)
        + text[at][version.end_col_offset :]
    )
    last = (lines.end_lineno or 0) - 1
    indent = re.match(r" *", text[last])
    end = text[last].rindex('"""')
    text[last] = (
        f"{text[last][:end]}\n{indent[0] if indent else ''}{made.line}{text[last][end:]}"
    )
    return "".join(text)


def _call_of(source: str, dataset: str) -> ast.Call:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            first = node.args[0] if node.args else None
            is_named = isinstance(first, ast.Constant) and first.value == dataset
            if node.func.id == "Dataset" and is_named:
                return node
    raise ConfigError(f"{SOURCE} has no dataset {dataset}")


def _fields_text(call: ast.Call) -> ast.Constant | None:
    for node in ast.walk(call):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            first = node.args[0] if node.args else None
            if node.func.id == "fields" and isinstance(first, ast.Constant):
                return first
    return None


def _version(call: ast.Call) -> ast.Constant | None:
    for keyword in call.keywords:
        if keyword.arg == "version" and isinstance(keyword.value, ast.Constant):
            return keyword.value
    return None


def _keys(lines: object) -> set[str]:
    return {line.split()[1] for line in str(lines).strip().splitlines()}


def _require_column(dataset: Dataset, name: str) -> None:
    assert dataset.element is not None
    if not _COLUMN.fullmatch(name):
        raise ConfigError(f"{name or 'nothing'} is not the name of a column: choose --column")
    if name in {column.name for column in main_table(dataset.element).columns} | {"dt", "hour"}:
        raise ConfigError(f"{dataset.element.table} has a column {name}: choose --column")


def _no_kind(key: str, seen: Sequence[Any]) -> str:
    if not seen:
        return f"nothing but null was seen of {key}: choose --kind"
    nested = sum(isinstance(value, (dict, list)) for value in seen)
    if nested:
        return f"{key} is an object or an array in {nested} of {len(seen)} values: it stays in extra"
    return f"no kind holds every value of {key} exactly: choose --kind"
