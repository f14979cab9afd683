"""The broken variants: each drops one rule of the chain, and each must be caught."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from s3_sink.loop.writer import Writer
from tests.labs.patching import Patch, patched


@dataclass(frozen=True)
class Control:
    """A broken variant. `patches` are (owner, name, replacement).

    One that is to show that one judge sees it is judged by that alone (`seen_as`).
    """

    name: str
    seen_as: frozenset[str] = frozenset()
    overwrites: bool = False
    writer: type[Writer] = Writer
    patches: Callable[[], tuple[Patch, ...]] = tuple

    def counts(self, kind: str) -> bool:
        """Whether a violation of this kind is one."""
        return not self.seen_as or kind in self.seen_as

    def applied(self) -> AbstractContextManager[None]:
        """The rule is dropped inside of this."""
        return patched(self.patches())


NONE = Control("the product")
