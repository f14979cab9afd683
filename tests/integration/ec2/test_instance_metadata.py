"""F80: the instance's metadata is slow, answers 500 or is out of hops; the clients go on after it."""

import asyncio
import datetime
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from coinlake.errors import TransientError
from coinlake.s3 import open_store
from coinlake.store import ObjectStore
from tests.integration.ec2.aws_clients import aws_client

LIVES_S = 3600


@dataclass
class Metadata:
    """A metadata service: version 2, one role, and switches for what is wrong with it."""

    failing: bool = False
    delay_s: float = 0.0
    mute: bool = False
    lives_s: float = LIVES_S
    key: str = "FIRST"
    calls: list[str] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        self.calls.append(f"{request.method} {request.path}")
        if self.mute:
            # Out of hops: the answer is sent and never arrives.
            await asyncio.Event().wait()
        await asyncio.sleep(self.delay_s)
        if self.failing:
            return web.Response(status=500)
        if request.path == "/latest/api/token":
            return (
                web.Response(text="token")
                if request.method == "PUT"
                else web.Response(status=405)
            )
        if request.headers.get("X-aws-ec2-metadata-token") != "token":
            return web.Response(status=401)
        if request.path.endswith("/security-credentials/"):
            return web.Response(text="host")
        ends = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=self.lives_s)
        return web.json_response(
            {
                "Code": "Success",
                "Type": "AWS-HMAC",
                "AccessKeyId": self.key,
                "Token": "t",
                "SecretAccessKey": "s",
                "Expiration": ends.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "LastUpdated": "2026-11-22T00:00:00Z",
            }
        )


@pytest.fixture
async def metadata(
    aws_endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Metadata]:
    aws_client("s3", aws_endpoint).create_bucket(Bucket="the-lake")
    stub = Metadata()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", stub.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    for name in [n for n in os.environ if n.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws_endpoint)
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", f"http://127.0.0.1:{port}/")
    yield stub
    await runner.cleanup()


async def works(store: ObjectStore) -> None:
    await store.put("a", b"1")
    assert await store.get("a") == b"1"


async def test_a_client_takes_its_credentials_from_the_metadata(metadata: Metadata) -> None:
    async with open_store("the-lake") as store:
        await works(store)

    assert "PUT /latest/api/token" in metadata.calls


@pytest.mark.parametrize("wrong", ["failing", "mute"])
async def test_a_client_made_while_the_metadata_is_away_works_once_it_is_back(
    metadata: Metadata, wrong: str
) -> None:
    setattr(metadata, wrong, True)
    async with open_store("the-lake") as store:
        with pytest.raises(TransientError):
            await store.put("a", b"1")
        setattr(metadata, wrong, False)

        await works(store)


@pytest.mark.parametrize("wrong", ["failing", "mute"])
async def test_a_client_outlives_metadata_that_is_away_when_credentials_end(
    metadata: Metadata, wrong: str
) -> None:
    async with open_store("the-lake") as store:
        await works(store)
        credentials = store._client._request_signer._credentials  # type: ignore[attr-defined]
        later = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=55)
        # Five minutes before their end, and a client must renew ten before: it has none but new.
        credentials._time_fetcher = lambda: later

        setattr(metadata, wrong, True)
        for _ in range(2):
            with pytest.raises(TransientError):
                await works(store)
        setattr(metadata, wrong, False)
        metadata.lives_s, metadata.key = 3 * LIVES_S, "SECOND"

        await works(store)
        assert (await credentials.get_frozen_credentials()).access_key == "SECOND"


async def test_slow_metadata_is_waited_for(
    metadata: Metadata, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_METADATA_SERVICE_TIMEOUT", "5")
    monkeypatch.setenv("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "3")
    metadata.delay_s = 1.2

    async with open_store("the-lake") as store:
        await works(store)
