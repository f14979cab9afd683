"""What polling the real API costs: told before the first call, and bounded."""

from collections.abc import Mapping

from local_stack.errors import StackError
from local_stack.record import Source

REAL_BASE_URL = "https://rest.coincap.io/v3"
DEFAULT_CREDITS = 50
# Credits of one answer at the demo's page sizes: 1 and one more per 2,500 bytes after the first.
CREDITS_PER_ANSWER = {"assets": 2, "rates": 9, "exchanges": 2, "markets": 2}


def source_of(environ: Mapping[str, str]) -> Source:
    """The simulator, or the real API where a key is in the environment. Raises StackError."""
    if not environ.get("COINCAP_API_KEY"):
        return Source()
    text = environ.get("DEMO_CREDITS", str(DEFAULT_CREDITS))
    if not text.isdigit() or int(text) < 1:
        raise StackError(f"DEMO_CREDITS must be a number of credits from 1 on, not {text!r}.")
    return Source(environ.get("COINCAP_BASE_URL") or REAL_BASE_URL, int(text))


def announcement(source: Source) -> str:
    """What will be spent, in a sentence or two."""
    a_round = sum(CREDITS_PER_ANSWER.values())
    each = ", ".join(f"{feed} {credits}" for feed, credits in CREDITS_PER_ANSWER.items())
    return (
        f"COINCAP_API_KEY is set: this polls {source.base_url}, not the simulator.\n"
        f"A round of all feeds costs about {a_round} credits ({each}); assets are polled each "
        f"minute, the rest each 5 to 10 minutes.\n"
        f"At most {source.credits} credits are spent in all (DEMO_CREDITS), then polling stops."
    )
