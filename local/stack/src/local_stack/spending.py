"""What polling the real API costs: told before the first call, and bounded."""

from collections.abc import Mapping

from local_stack.errors import StackError
from local_stack.pace import CREDITS_PER_ANSWER
from local_stack.record import ApiSource

REAL_BASE_URL = "https://rest.coincap.io/v3"
DEFAULT_CREDITS = 50


def source_of(environ: Mapping[str, str]) -> ApiSource:
    """The simulator, or the real API where a key is in the environment. Raises StackError."""
    if not environ.get("COINCAP_API_KEY"):
        return ApiSource()
    text = environ.get("DEMO_CREDITS", str(DEFAULT_CREDITS))
    if not text.isdigit() or int(text) < 1:
        raise StackError(f"DEMO_CREDITS must be a number of credits from 1 on, not {text!r}.")
    return ApiSource(environ.get("COINCAP_BASE_URL") or REAL_BASE_URL, int(text))


def announcement(source: ApiSource) -> str:
    """What will be spent, in a sentence or two."""
    a_round = sum(CREDITS_PER_ANSWER.values())
    each = ", ".join(f"{feed} {credits}" for feed, credits in CREDITS_PER_ANSWER.items())
    lines = [
        f"COINCAP_API_KEY is set: this polls {source.base_url}, not the simulator.",
        f"It spends at most {source.credits} credits in all (DEMO_CREDITS). A round of all feeds "
        f"costs at most {a_round} ({each});",
        "what is left after the first round is spread over the rest of the month.",
    ]
    if source.credits < a_round:
        lines.append(f"Feeds that {source.credits} credits cannot pay are not polled.")
    return "\n".join(lines)
