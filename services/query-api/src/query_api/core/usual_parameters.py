"""Parameters that several operations take."""

from query_api.core.history import ASCENDING, DESCENDING
from query_api.core.parameters import Parameter, choice, instant, shaped, whole

_TIME = (
    "RFC 3339 (UTC where no zone is given) or milliseconds since the epoch, from 2000 to 2099"
)
MAX_SKIP = 100_000
"""More rows than one source time has."""

FROM = instant("from", f"Start of the range of source_ts, inclusive: {_TIME}.")
TO = instant("to", f"End of the range of source_ts, exclusive, by default now: {_TIME}.")
ORDER = choice("order", "The order of source_ts.", (ASCENDING, DESCENDING), ASCENDING)
SKIP = whole(
    "skip",
    "Rows at the beginning of the range that are left out: the links to next pages have it.",
    default=0,
    low=0,
    high=MAX_SKIP,
)
VERSION_PATTERN = "^[0-9a-f]{16}$"
FRESHNESS = (
    shaped(
        "max_age",
        "Refuse data that are older than so many seconds.",
        r"^[0-9]{1,9}(\.[0-9]{1,3})?$",
    ),
    shaped(
        "as_of",
        "The dataset_version that the answer must be of; 410 where it is gone.",
        VERSION_PATTERN,
    ),
)
"""What every question of Athena takes."""


def limit(most: int, usual: int) -> Parameter[int]:
    """The most rows of an answer, at most `most`, by default `usual`."""
    return whole(
        "limit", "The most rows of the answer.", default=min(usual, most), low=1, high=most
    )
