"""Bodies as they come in pieces: what holds our key or has no end is never an answer."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import SecretStr

from ingestor.adapters.coincap import HttpApi, HttpLimits
from ingestor.core.ports import ApiAnswer, Call, NoAnswerError

KEY = "a-key-of-ours-0123456789"
URL = "http://api/v3/assets"


class Response:
    """An answer whose body comes in these pieces."""

    status = 200
    headers: dict[str, str] = {}  # noqa: RUF012 - nobody changes it

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = pieces

    async def __aenter__(self) -> "Response":
        return self

    async def __aexit__(self, *_: object) -> None:
        """Nothing to close."""

    @property
    def content(self) -> "Response":
        return self

    async def iter_chunked(self, size: int) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece


async def asked(*pieces: bytes, key: str | None = KEY, most: int = 1_000) -> ApiAnswer:
    class Session:
        async def get(self, url: str, **_: object) -> Response:
            return Response(list(pieces))

    session: Any = Session()
    secret = None if key is None else SecretStr(key)
    return await HttpApi(session, session, secret, HttpLimits(5, 5, most)).get(URL, Call())


async def test_a_body_that_holds_our_key_is_never_published() -> None:
    with pytest.raises(NoAnswerError) as caught:
        await asked(b'{"error":"bad token a-key-of-', b'ours-0123456789"}')

    assert caught.value.kind == "key_echoed"
    # It came, and is paid for by its size.
    assert caught.value.decoded_bytes == len(b'{"error":"bad token "}') + len(KEY)
    assert KEY not in str(caught.value)


async def test_a_body_without_the_key_is_the_answer_whole() -> None:
    assert (await asked(b'{"data":', b"[]}")).body == b'{"data":[]}'
    assert (await asked(b"a-key-of-ours-012345678")).body == b"a-key-of-ours-012345678"


@pytest.mark.parametrize("key", [None, "", "bitcoin"])
async def test_without_a_key_or_with_a_word_for_one_nothing_is_lost(key: str | None) -> None:
    assert (await asked(b'[{"id":"bitcoin"}]', key=key)).body == b'[{"id":"bitcoin"}]'


async def test_a_body_may_be_as_large_as_the_limit_and_no_byte_larger() -> None:
    assert len((await asked(b"x" * 1_000)).body) == 1_000

    with pytest.raises(NoAnswerError) as caught:
        await asked(b"x" * 1_001)

    assert (caught.value.kind, caught.value.decoded_bytes) == ("too_large", 1_001)
