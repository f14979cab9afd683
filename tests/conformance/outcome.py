"""What one engine made of one text."""

from dataclasses import dataclass

from tests.conformance.canonical import Answer

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
