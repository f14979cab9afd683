"""What one entry of an answer's `data` is: which JSON key becomes which column, and how."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal["text", "amount", "ratio", "int", "bigint", "boolean", "millis"]
Policy = Literal["beside", "quarantine", "widen"]
"""What becomes of a value that its column's type does not hold exactly; see `Field`."""
POLICIES: tuple[Policy, ...] = get_args(Policy)

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
WIDER: dict[Kind, tuple[Kind, ...]] = {"int": ("bigint", "amount"), "bigint": ("amount",)}
"""The kinds that hold every value of a kind."""


@dataclass(frozen=True, slots=True)
class Field:
    """One column of an element, the key it comes from and the rule for its type.

    `unfit` says what becomes of a value that the type does not hold: `beside`, the column is null and
    the text in `extra`; `quarantine`, the row is put aside by the hard rule `<column>_fits`; `widen`,
    the column is null, as another column takes the value of the same key in a wider type. A column's
    own type never changes.
    """

    column: str
    key: str
    kind: Kind
    unfit: Policy = "beside"


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

    @property
    def widened(self) -> dict[str, str]:
        """The column that takes what a column of the policy `widen` does not hold, by that column."""
        return {
            one.column: _wider(one, self.fields).column
            for one in self.fields
            if one.unfit == "widen"
        }


def fields(text: str) -> tuple[Field, ...]:
    """Fields, one a line: column, key, kind, and the policy where it is not `beside`."""
    found = []
    for line in text.strip().splitlines():
        column, key, kind, *more = line.split()
        if kind not in TYPES:
            raise ValueError(f"{column}: there is no kind {kind}")
        policy = more.pop(0) if more else "beside"
        if more or policy not in POLICIES:
            raise ValueError(f"{column}: there is no policy {' '.join((policy, *more))}")
        found.append(Field(column, key, kind, policy))
    for one in found:
        if one.unfit == "widen":
            _wider(one, found)
    return tuple(found)


def _wider(narrow: Field, others: Iterable[Field]) -> Field:
    """The field of the same key that holds more. Raises ValueError where there is none."""
    for one in others:
        if one.key == narrow.key and one.kind in WIDER.get(narrow.kind, ()):
            return one
    raise ValueError(f"{narrow.column}: no column of the key {narrow.key} has a wider type")
