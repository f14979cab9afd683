"""What one entry of an answer's `data` is: which JSON key becomes which column, and how."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "amount", "ratio", "int", "bigint", "boolean", "millis"]

AMOUNT = "decimal(38,18)"
# Shortest-form doubles: up to 17 digits, with exponents.
RATIO = "decimal(38,28)"
TYPES: dict[Kind, str] = {
    "text": "string",
    "amount": AMOUNT,
    "ratio": RATIO,
    "int": "int",
    "bigint": "bigint",
    "boolean": "boolean",
    "millis": "timestamp",
}
"""The type of a column by the kind of its field, as Hive and Athena spell it."""


@dataclass(frozen=True, slots=True)
class Field:
    """One column of an element, the key it comes from and the rule for its type."""

    column: str
    key: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Element:
    """One entry of a dataset's `data`: the table of its rows and their columns.

    `identity` are columns that a row cannot be without. A row also needs one of `price`, where
    there are any. `tokens` is the key of a map that a table of its own is made from.
    """

    table: str
    fields: tuple[Field, ...]
    identity: tuple[str, ...]
    price: tuple[str, ...] = ()
    tokens: str | None = None

    @property
    def identity_keys(self) -> tuple[str, ...]:
        """The JSON keys of the identity."""
        by_column = {field.column: field.key for field in self.fields}
        return tuple(by_column[column] for column in self.identity)


def fields(text: str) -> tuple[Field, ...]:
    """Fields, one a line: column, key and kind."""
    found = []
    for line in text.strip().splitlines():
        column, key, kind = line.split()
        if kind not in TYPES:
            raise ValueError(f"{column}: there is no kind {kind}")
        found.append(Field(column, key, kind))
    return tuple(found)
