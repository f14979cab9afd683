"""What a row of the campaign is, and the rooms of the product that rows read."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One row. `command` is given to Python; `about_s` is how long it takes on 2 cores."""

    id: str
    what: str
    command: tuple[str, ...]
    about_s: int
    reads: tuple[str, ...]
    """Rooms of the product that it runs in other processes, or EVERYTHING (`reach`)."""
    alone: bool = False  # it measures, or it loads the machine by itself


EVERYTHING = ("everything",)
IN_MEMORY: tuple[str, ...] = ()
INGESTOR = ("services/ingestor", "local/stack", "local/coincap")
SINK = ("services/s3-sink", "services/ingestor", "local/stack", "local/coincap", "tools")
RUNNER = ("services/etl-runner", "local/cloud", "local/stack", "tools")
CLOUD = ("local/cloud",)
QUERY = ("services/query-api", "local/cloud", "local/stack", "tools")
PAGE = (*QUERY, "local/coincap", "deploy/release")
EXAMPLES = (
    *PAGE,
    "examples",
    "docs/how-to",
    "requirements/dbt.txt",
    "requirements/notebook.txt",
)


def of_pytest(*paths: str) -> tuple[str, ...]:
    """A row's command: these tests."""
    return ("-m", "pytest", *paths, "-q", "--no-header")
