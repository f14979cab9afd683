"""Failures by their causes, as far as a machine can tell: many with one cause are one entry."""

from collections.abc import Iterator
from dataclasses import dataclass

from tests.conformance.generate.node import Node, text, uses_of
from tests.conformance.outcome import grouped
from tests.conformance.run import Judged

# After so many statements that were made small one by one, others like them are only counted.
_LOOKED_AT = 3
# What every statement has says nothing about a cause, unless there is nothing else.
_DULL = ("literal ", "FROM ", "VALUES", "WHERE", "TRY")


@dataclass(slots=True)
class Group:
    """One cause: what its smallest statement uses, and how it fails."""

    kind: str
    note: str
    uses: frozenset[str]
    example: Node
    judged: Judged
    count: int = 1
    looked_at: int = 1

    def explains(self, kind: str, note: str, uses: frozenset[str]) -> bool:
        """Whether a failure is most likely another case of this one."""
        return (
            self.looked_at >= _LOOKED_AT
            and (self.kind, self.note) == (kind, note)
            and self.uses <= uses
        )


def note_of(judged: Judged) -> str:
    """The verdict's note without what differs from case to case."""
    return grouped(judged.verdict.note)[:160]


def telling(tree: Node) -> frozenset[str]:
    """What of a statement's uses may be the cause."""
    uses = uses_of(tree)
    found = frozenset(one for one in uses if not one.startswith(_DULL))
    return found or uses


class Groups:
    """All causes of a run."""

    def __init__(self) -> None:
        self._groups: list[Group] = []

    def known(self, judged: Judged, uses: frozenset[str]) -> bool:
        """Count it to a cause that was looked at often enough; False where there is none."""
        note = note_of(judged)
        for one in self._groups:
            if one.explains(judged.verdict.kind, note, uses):
                one.count += 1
                return True
        return False

    def add(self, small: Node, judged: Judged) -> Group:
        """Count a failure that was made small: to the group that has the same uses, or a new one."""
        kind, note, uses = judged.verdict.kind, note_of(judged), telling(small)
        for one in self._groups:
            if (one.kind, one.note, one.uses) == (kind, note, uses):
                one.count += 1
                one.looked_at += 1
                if len(text(small)) < len(text(one.example)):
                    one.example, one.judged = small, judged
                return one
        self._groups.append(Group(kind, note, uses, small, judged))
        return self._groups[-1]

    def __iter__(self) -> Iterator[Group]:
        return iter(sorted(self._groups, key=lambda one: -one.count))

    def __len__(self) -> int:
        return len(self._groups)
