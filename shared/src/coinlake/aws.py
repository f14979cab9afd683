"""aiobotocore clients from the standard environment, with the settings that all of us need."""

from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import Any

from aiobotocore.config import AioConfig
from aiobotocore.credentials import AioDeferredRefreshableCredentials
from aiobotocore.session import get_session
from botocore.exceptions import NoCredentialsError

from coinlake import outcomes

# botocore looks for new ones 15 minutes before the end: so five minutes after they were found
# (botocore 1.43, credentials.py: RefreshableCredentials).
_LEASE = timedelta(minutes=20)


def open_client(
    service: str, *, connect_timeout_s: float = 3.0, read_timeout_s: float = 30.0
) -> AbstractAsyncContextManager[Any]:
    """A client of an AWS service; endpoint, region and keys come from the environment.

    One call is one request. Retries are the caller's: a hidden second PUT would make a 412 of our
    own doing.
    """
    config = AioConfig(
        connect_timeout=connect_timeout_s,
        read_timeout=read_timeout_s,
        retries={"total_max_attempts": 1, "mode": "standard"},
        s3={"addressing_style": "path", "payload_signing_enabled": False},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        max_pool_connections=32,
    )
    session = get_session()
    usual = session.get_component("credential_provider")
    session.register_component("credential_provider", _PatientChain(usual))
    session.register("before-parse", outcomes.hear)
    session.get_component("event_emitter").register_last(
        "before-parameter-build.s3", _stay_here
    )
    client: AbstractAsyncContextManager[Any] = session.create_client(service, config=config)
    return client


def _stay_here(context: dict[str, Any], **_: Any) -> None:
    """A redirect is not followed: it is an answer.

    botocore asks for the bucket's region where an answer is 301, 302 or 307, and where that is
    answered so as well, for the region of that: a hundred requests and seconds of the loop's time
    until Python's recursion ends it, with a connection left open (aiobotocore 3.10, utils.py:
    redirect_from_error). It leaves alone what was redirected before.
    """
    context["s3_redirect"]["redirected"] = True


class _PatientChain:
    """The usual search for credentials, which a client would do once and never again
    (aiobotocore 3.10, session.py: create_client).

    Where it finds none at that moment (metadata away, file not written yet) the client gets some
    that search again before each request, so that it works once there are any.
    """

    def __init__(self, usual: Any) -> None:
        self._usual = usual

    async def load_credentials(self) -> Any:
        try:
            found = await self._usual.load_credentials()
        except Exception:
            # Whatever a provider's endpoint says: each request searches again, and tells why not.
            found = None
        return found or AioDeferredRefreshableCredentials(self._search, "search-again")

    async def _search(self) -> dict[str, str | None]:
        """What botocore wants of a refresh. Raises where there are none."""
        found = await self._usual.load_credentials()
        if found is None:
            raise NoCredentialsError
        keys = await found.get_frozen_credentials()
        return {
            "access_key": keys.access_key,
            "secret_key": keys.secret_key,
            "token": keys.token,
            "expiry_time": (datetime.now(UTC) + _LEASE).isoformat(),
        }
