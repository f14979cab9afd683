"""How the controls of the simulated worlds drop a rule of the product."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

Patch = tuple[Any, str, Any]
"""Owner, name, replacement."""


@contextmanager
def patched(patches: Sequence[Patch]) -> Iterator[None]:
    """The rules are dropped inside of this."""
    with ExitStack() as running:
        for patch in patches:
            running.enter_context(mock.patch.object(*patch))
        yield
