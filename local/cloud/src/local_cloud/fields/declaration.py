"""How a service says what it does with the fields of its requests.

Each structure of botocore's model is declared once, and each of its members is in one place:

  honoured  read, and carried out as AWS says
  values    carried out for these values; every other one is refused
  neutral   read by nobody, because it could change nothing here; says why
  refused   not carried out; a request that has it is refused, and is told why

A member that is in none of them is refused too, and a test is red until somebody has judged it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Fields:
    """The judgement of one structure's members."""

    honoured: frozenset[str] = frozenset()
    values: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    neutral: Mapping[str, str] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)

    def groups(self) -> tuple[Iterable[str], ...]:
        """The four places where a member may be."""
        return self.honoured, self.values, self.neutral, self.refused


def fields(
    honoured: str = "",
    *,
    values: Mapping[str, tuple[Any, ...]] | None = None,
    neutral: Mapping[str, str] | None = None,
    refused: Mapping[str, str] | None = None,
) -> Fields:
    """A judgement. A key may name several members, with blanks between them."""
    return Fields(frozenset(honoured.split()), _each(values), _each(neutral), _each(refused))


def _each(given: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: value for names, value in (given or {}).items() for name in names.split()}


@dataclass(frozen=True, slots=True)
class Service:
    """The operations of a service that are done, and the judgement of all that they take.

    `shapes` is by the model's names of structures; each operation's input is one of them.
    `code` and `status` are those of a refusal, as the service words it. `checks` look at what a
    judgement by members cannot say.
    """

    name: str
    code: str
    operations: frozenset[str]
    shapes: Mapping[str, Fields]
    status: int = 400
    checks: Mapping[str, Callable[[dict[str, Any]], None]] = field(default_factory=dict)


def joined(*parts: Mapping[str, Fields]) -> dict[str, Fields]:
    """Declarations of several modules as one; a structure has one judgement."""
    found: dict[str, Fields] = {}
    for part in parts:
        if twice := sorted(found.keys() & part.keys()):
            raise ValueError(f"declared twice: {twice}")
        found.update(part)
    return found
