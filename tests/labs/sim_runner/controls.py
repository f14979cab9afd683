"""The broken variants: each drops one rule of the runner, and each must be caught."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest import mock


@dataclass(frozen=True)
class Control:
    """A broken variant. `patches` are (owner, name, replacement)."""

    name: str
    ignores: frozenset[str] = frozenset()
    patches: tuple[tuple[Any, str, Any], ...] = ()

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The rule is dropped inside of this."""
        running = [mock.patch.object(*patch) for patch in self.patches]
        for patch in running:
            patch.start()
        try:
            yield
        finally:
            for patch in running:
                patch.stop()


NONE = Control("the product")


def every() -> dict[str, Control]:
    """Every control by name."""
    return {}
