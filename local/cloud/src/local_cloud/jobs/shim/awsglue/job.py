"""`Job.init` and `Job.commit`: they move bookmarks, and bookmarks are off here.

(Glue developer guide, "Tracking processed data using job bookmarks".)
"""

from typing import Any


class Job:
    """Frame of a script; nothing to do, because only bookmarks would need it."""

    def __init__(self, glue_context: Any) -> None:
        self.glue_context = glue_context

    def init(self, job_name: str, args: dict[str, str] | None = None) -> None:
        """Accepted; `--job-bookmark-option` other than disable is refused at StartJobRun."""

    def commit(self) -> None:
        """Accepted; there is no bookmark to move."""
