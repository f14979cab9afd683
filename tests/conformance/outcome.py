"""What one engine made of one text."""

import re
from dataclasses import dataclass

from tests.conformance.canonical import Answer

_INNER_BRACKETS = re.compile(r"\([^()]*\)")
_CONSTANT = re.compile(r"'[^']*'|\b\d+\b")
REFUSAL = "the local Athena does not support"


@dataclass(frozen=True, slots=True)
class Outcome:
    """An answer, or the name and words of an error, or how the engine broke."""

    answer: Answer | None = None
    error: str | None = None
    message: str = ""
    crash: str | None = None

    @property
    def refusal(self) -> str | None:
        """What the engine says that it does not support, where it refuses by name."""
        if self.error != "NOT_SUPPORTED" or not self.message.startswith(REFUSAL):
            return None
        return self.message.removeprefix(REFUSAL).strip()


def grouped(reason: str) -> str:
    """A refusal's reason without the pieces of its statement: brackets, texts and numbers.

    So a page counts kinds, and repeats nobody's statement.
    """
    reason = _CONSTANT.sub("…", reason)
    while (shorter := _INNER_BRACKETS.sub("…", reason)) != reason:
        reason = shorter
    return reason
