"""The error that every operation of this cloud raises: AWS's shape, AWS's code."""

from dataclasses import dataclass

JSON_TYPE = "application/x-amz-json-1.1"


@dataclass(slots=True)
class AwsError(Exception):
    """An answer that is not a success.

    `code` is the name that SDKs turn into an exception class (`EntityNotFoundException`),
    `status` the HTTP status: 400 for the caller's fault, 500 for the service's.
    """

    code: str
    message: str
    status: int = 400
    reason: str = ""
    """The member `Reason` that some errors have beside their message."""

    def __post_init__(self) -> None:
        # The generated __init__ skips Exception's; without args str() would be empty.
        self.args = (self.code, self.message)

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"

    def to_json(self) -> dict[str, str]:
        """The body. Some SDKs read `message`, others `Message`, so both are there."""
        body = {"__type": self.code, "message": self.message, "Message": self.message}
        return body | ({"Reason": self.reason} if self.reason else {})

    def headers(self) -> dict[str, str]:
        """The headers that go with the body."""
        return {"x-amzn-ErrorType": self.code, "Content-Type": JSON_TYPE}


def not_there(service: str, operation: str, reason: str = "") -> AwsError:
    """What is not built is refused by name; a made-up success would hide the gap."""
    because = f": {reason}" if reason else ""
    return AwsError(
        "UnsupportedOperationException",
        f"{service}.{operation} is not there in this local cloud{because}. "
        "It answers no request that it cannot really carry out.",
        501,
    )
