"""What Athena refuses a call for, where it says what to do next."""

from coinlake.errors import TransientError, Trouble


class NoSlotError(TransientError):
    """As many queries are active as the account may have: one has to end before another starts.

    (Athena API, TooManyRequestsException: Reason CONCURRENT_QUERY_LIMIT_EXCEEDED.) Not the other
    throttle, ThrottlingException, which is about calls a second and gone after a moment.
    """

    def __init__(self, said: str) -> None:
        super().__init__(said, Trouble.THROTTLED)
