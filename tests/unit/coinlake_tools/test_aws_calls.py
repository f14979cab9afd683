"""What AWS says of a thing that is to be created, in our words."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from coinlake.errors import TransientError
from coinlake_tools.aws_calls import created


class _Refusing:
    """A client whose creating operation is refused."""

    def __init__(self, code: str, message: str) -> None:
        self._refusal = ClientError({"Error": {"Code": code, "Message": message}}, "Create")

    async def create_work_group(self, **request: Any) -> None:
        raise self._refusal


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("InvalidRequestException", "WorkGroup is already created"),
        ("AlreadyExistsException", "Database already exists."),
        ("BucketAlreadyOwnedByYou", "Your previous request succeeded and you already own it."),
    ],
)
async def test_what_exists_is_not_created(code: str, message: str) -> None:
    assert not await created(_Refusing(code, message), "create_work_group", {})


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("OperationAborted", "A conflicting conditional operation is already in progress"),
        ("AccessDeniedException", "A policy already denies this."),
        ("InvalidRequestException", "Output location is no URI"),
    ],
)
async def test_another_refusal_is_an_error_whatever_its_words(code: str, message: str) -> None:
    with pytest.raises(TransientError, match=code):
        await created(_Refusing(code, message), "create_work_group", {})
