"""Whether a query that did not succeed is asked again: torn, stopped by another, or long dead."""

from dataclasses import dataclass

from query_api.core.answers import ExecutionState
from query_api.core.failures import is_scan_limit, is_torn, is_unreadable

_USER_ERROR = 2
# Dead executions of one token that are passed over before one of our own is started.
MAX_SHARED_ATTEMPTS = 4


# By how much Athena's clock and ours may differ.
_SKEW_MS = 1000


@dataclass(frozen=True, slots=True)
class Ending:
    """How a query ended that was asked for at `asked_ms`, by our clock."""

    execution: ExecutionState
    asked_ms: int

    @property
    def was_dead(self) -> bool:
        """Whether it was somebody's before us: the token that led there is spent.

        A clock that is off makes it one of ours, which is asked again less often.
        """
        submitted_ms = self.execution.submitted_ms
        return submitted_ms is not None and submitted_ms < self.asked_ms - _SKEW_MS


@dataclass(slots=True)
class Tries:
    """What was asked again already for one answer."""

    asked_again: int = 0
    passed_over: int = 0

    def again(self, ending: Ending) -> bool:
        """Whether to ask once more. Counts what it allows.

        An execution that was dead when we came is nobody's answer: the token that led there is
        spent. One that died while we waited (torn, stopped by another party or replica) is asked
        again once; a statement that is wrong stays wrong.
        """
        execution = ending.execution
        if is_hopeless(execution):
            return False
        if ending.was_dead and self.passed_over < MAX_SHARED_ATTEMPTS:
            self.passed_over += 1
            return True
        if self.asked_again or not (is_torn(execution) or execution.state == "CANCELLED"):
            return False
        self.asked_again += 1
        return True


def is_hopeless(execution: ExecutionState) -> bool:
    """Whether the same statement fails every time: the client's fault, or too much to read."""
    return is_scan_limit(execution) or (
        execution.state == "FAILED"
        and execution.category == _USER_ERROR
        and not is_torn(execution)
        # The lake's fault, whatever Athena calls it: once it is mended the same statement succeeds.
        and not is_unreadable(execution)
    )
