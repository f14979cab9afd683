"""What kind of trouble S3 or Kafka is in, from what their libraries raise."""

import aiohttp
import pytest
from aiokafka import errors as kafka_errors
from botocore import exceptions as s3_errors

from coinlake import kafka, outcomes
from coinlake.errors import ConflictError, TransientError, Trouble


def _answer(status: int, code: str) -> s3_errors.ClientError:
    return s3_errors.ClientError(
        {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "PutObject"
    )


@pytest.mark.parametrize(
    ("status", "code", "trouble"),
    [
        (503, "SlowDown", Trouble.THROTTLED),
        (429, "TooManyRequests", Trouble.THROTTLED),
        (400, "RequestLimitExceeded", Trouble.THROTTLED),
        (503, "ServiceUnavailable", Trouble.SERVER),
        (503, "503", Trouble.SERVER),
        (500, "InternalError", Trouble.SERVER),
        (409, "ConditionalRequestConflict", Trouble.CONFLICT),
        (401, "InvalidAccessKeyId", Trouble.DENIED),
        (403, "AccessDenied", Trouble.DENIED),
        (400, "ExpiredToken", Trouble.DENIED),
        (400, "RequestTimeout", Trouble.CONNECTION),
        (404, "NoSuchBucket", Trouble.OTHER),
        (400, "InvalidRequest", Trouble.OTHER),
        (0, "", Trouble.ANSWER),
        (404, "404", Trouble.ANSWER),
        (301, "301", Trouble.ANSWER),
    ],
)
def test_an_answer_of_s3_tells_the_trouble(status: int, code: str, trouble: Trouble) -> None:
    assert outcomes.trouble_of(_answer(status, code)) is trouble


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        (s3_errors.NoCredentialsError(), Trouble.DENIED),
        (s3_errors.CredentialRetrievalError(provider="p", error_msg="e"), Trouble.DENIED),
        (s3_errors.EndpointConnectionError(endpoint_url="u"), Trouble.CONNECTION),
        (s3_errors.ConnectTimeoutError(endpoint_url="u"), Trouble.CONNECTION),
        (s3_errors.ReadTimeoutError(endpoint_url="u"), Trouble.CONNECTION),
        (s3_errors.ConnectionClosedError(endpoint_url="u"), Trouble.CONNECTION),
        (s3_errors.IncompleteReadError(actual_bytes=1, expected_bytes=2), Trouble.CONNECTION),
        (aiohttp.ClientPayloadError(), Trouble.CONNECTION),
        (ConnectionResetError(), Trouble.CONNECTION),
        (TimeoutError(), Trouble.CONNECTION),
        (s3_errors.ParamValidationError(report="r"), Trouble.OTHER),
    ],
)
def test_no_answer_of_s3_tells_the_trouble(error: Exception, trouble: Trouble) -> None:
    assert outcomes.trouble_of(error) is trouble


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        (kafka_errors.KafkaConnectionError(), Trouble.CONNECTION),
        (kafka_errors.KafkaTimeoutError(), Trouble.CONNECTION),
        (kafka_errors.RequestTimedOutError(), Trouble.CONNECTION),
        (ConnectionRefusedError(), Trouble.CONNECTION),
        (kafka_errors.TopicAuthorizationFailedError(), Trouble.DENIED),
        (kafka_errors.AuthenticationFailedError(), Trouble.DENIED),
        (kafka_errors.UnknownError(), Trouble.OTHER),
    ],
)
def test_what_kafka_raises_tells_the_trouble(error: Exception, trouble: Trouble) -> None:
    with pytest.raises(TransientError) as raised, kafka.translated("ask"):
        raise error

    assert raised.value.trouble is trouble


def test_a_conflict_is_one_and_nothing_said_is_other() -> None:
    assert ConflictError("PUT k: 409").trouble is Trouble.CONFLICT
    assert str(ConflictError("PUT k: 409")) == "PUT k: 409"
    assert TransientError("away").trouble is Trouble.OTHER
