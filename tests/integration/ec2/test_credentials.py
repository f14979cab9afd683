"""Each container's own credentials: assumed by the real CLI, handed on, renewed under a client."""

import datetime
import grp
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import boto3
import pytest

from coinlake.errors import TransientError
from coinlake.s3 import open_store
from tests.integration.ec2.aws_clients import aws_client

pytestmark = [pytest.mark.needs("aws"), pytest.mark.needs("jq")]
ROLE = "arn:aws:iam::123456789012:role/coinlake-s3-sink"
GROUP = grp.getgrgid(os.getgid()).gr_name


def run(
    script: Path, service: str, environ: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run([script, service], env=environ, capture_output=True, text=True)


@pytest.fixture
def host(aws_environ: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """The environment of the host's scripts, with folders below tmp_path."""
    return aws_environ | {
        "ROLE_S3_SINK": ROLE,
        "COINLAKE_RUN": str(tmp_path / "run"),
        "COINLAKE_VAR": str(tmp_path / "var"),
        "COINLAKE_ETC": str(tmp_path / "etc"),
        "COINLAKE_GROUP": GROUP,
        "COINLAKE_STACK": "lake",
        "COINLAKE_BUCKET": "the-lake",
    }


def test_the_credentials_are_the_roles_and_readable_to_its_group_alone(
    ec2: Path, host: dict[str, str], tmp_path: Path
) -> None:
    done = run(ec2 / "libexec" / "assume-role", "s3-sink", host)

    assert done.returncode == 0, done.stderr
    file = tmp_path / "run" / "aws" / "s3-sink" / "credentials.json"
    told = json.loads(file.read_text())
    assert set(told) == {
        "Version",
        "AccessKeyId",
        "SecretAccessKey",
        "SessionToken",
        "Expiration",
    }
    assert told["Version"] == 1
    left = datetime.datetime.fromisoformat(told["Expiration"]) - datetime.datetime.now(
        datetime.UTC
    )
    assert datetime.timedelta(minutes=50) < left <= datetime.timedelta(hours=1)
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o750
    assert [p.name for p in file.parent.iterdir()] == ["credentials.json"]
    assert told["SecretAccessKey"] not in done.stdout + done.stderr
    who = boto3.client(
        "sts",
        endpoint_url=host["AWS_ENDPOINT_URL"],
        region_name="us-east-1",
        aws_access_key_id=told["AccessKeyId"],
        aws_secret_access_key=told["SecretAccessKey"],
        aws_session_token=told["SessionToken"],
    ).get_caller_identity()
    assert who["Arn"] == "arn:aws:sts::123456789012:assumed-role/coinlake-s3-sink/s3-sink"


def test_a_failed_renewal_leaves_the_credentials_that_are_there(
    ec2: Path, host: dict[str, str], tmp_path: Path
) -> None:
    run(ec2 / "libexec" / "assume-role", "s3-sink", host)
    file = tmp_path / "run" / "aws" / "s3-sink" / "credentials.json"
    before = file.read_text()

    away = host | {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_MAX_ATTEMPTS": "1"}
    done = run(ec2 / "libexec" / "assume-role", "s3-sink", away)

    assert done.returncode != 0
    assert file.read_text() == before
    assert [p.name for p in file.parent.iterdir()] == ["credentials.json"]


def test_a_service_without_a_role_gets_none(ec2: Path, host: dict[str, str]) -> None:
    done = run(ec2 / "libexec" / "assume-role", "ingestor", host)

    assert done.returncode != 0
    assert "no role is known for ingestor" in done.stderr


class Container:
    """What a container sees: /etc/aws and /run/aws, at other paths."""

    def __init__(self, ec2: Path, folder: Path, endpoint: str) -> None:
        self.file = folder / "credentials.json"
        folder.mkdir(parents=True, exist_ok=True)
        config = (ec2 / "aws" / "config").read_text()
        config = config.replace("/etc/aws/", f"{ec2 / 'aws'}/").replace(
            "/run/aws/", f"{folder}/"
        )
        config = config.replace("= python ", f"= {sys.executable} ")
        (folder / "config").write_text(config)
        self.environ = {
            "AWS_CONFIG_FILE": str(folder / "config"),
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": endpoint,
        }

    def write(self, key: str, lives_s: int) -> None:
        ends = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=lives_s)
        told = {"Version": 1, "AccessKeyId": key, "SecretAccessKey": "s", "SessionToken": "t"}
        part = self.file.with_suffix(".part")
        part.write_text(json.dumps(told | {"Expiration": ends.isoformat()}))
        part.rename(self.file)


@pytest.fixture
def container(
    ec2: Path, tmp_path: Path, aws_endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> Container:
    for name in [n for n in os.environ if n.startswith("AWS_")]:
        monkeypatch.delenv(name)
    made = Container(ec2, tmp_path / "aws", aws_endpoint)
    for name, value in made.environ.items():
        monkeypatch.setenv(name, value)
    aws_client("s3", aws_endpoint).create_bucket(Bucket="the-lake")
    return made


async def test_a_client_takes_renewed_credentials_without_a_restart(
    container: Container,
) -> None:
    # Two minutes are within the last ten, in which a client must renew before each request.
    container.write("FIRST", 120)
    async with open_store("the-lake") as store:
        await store.put("a", b"1")
        first = await _key_in_use(store)

        container.write("SECOND", 3600)
        await store.put("b", b"2")
        second = await _key_in_use(store)

    assert (first, second) == ("FIRST", "SECOND")


async def test_credentials_that_end_are_a_reason_to_wait_and_then_it_goes_on(
    container: Container,
) -> None:
    container.write("FIRST", 3)
    async with open_store("the-lake") as store:
        container.write("FIRST", -1)
        for _ in range(3):
            with pytest.raises(TransientError):
                await store.put("a", b"1")

        container.file.unlink()
        with pytest.raises(TransientError):
            await store.put("a", b"1")

        container.write("SECOND", 3600)
        await store.put("a", b"1")
        assert await store.get("a") == b"1"


async def test_a_container_that_is_there_before_its_credentials_works_once_they_are(
    container: Container,
) -> None:
    async with open_store("the-lake") as store:
        with pytest.raises(TransientError):
            await store.put("a", b"1")

        container.write("FIRST", 3600)
        await store.put("a", b"1")
        assert await store.get("a") == b"1"


async def _key_in_use(store: object) -> str:
    credentials = store._client._request_signer._credentials  # type: ignore[attr-defined]
    return str((await credentials.get_frozen_credentials()).access_key)


def _of_the_release(folder: Path, text: str) -> None:
    (folder / "etc" / "env").mkdir(parents=True)
    (folder / "etc" / "env" / "ingestor.env").write_text(text)


def test_the_environment_of_a_service_comes_from_its_parameters_and_the_hosts_secrets(
    ec2: Path, host: dict[str, str], tmp_path: Path
) -> None:
    ssm = aws_client("ssm", host["AWS_ENDPOINT_URL"])
    path = "/coinlake/lake/env"
    for name, value, kind in (
        ("ingestor/COINCAP_API_KEY", "the key, with = and $ and spaces", "SecureString"),
        ("ingestor/INGESTOR_CREDITS__PER_MONTH", "9000", "String"),
        ("ingestor/INGESTOR_HEARTBEAT_S", "30", "String"),
        ("query-api/QUERY_API_KEYS", "[]", "String"),
    ):
        ssm.put_parameter(Name=f"{path}/{name}", Value=value, Type=kind)
    _of_the_release(
        tmp_path, "# where\nKAFKA_SASL_USERNAME=ingestor\nINGESTOR_HEARTBEAT_S=60\n"
    )
    secrets = tmp_path / "var" / "secrets" / "kafka"
    secrets.mkdir(parents=True)
    (secrets / "ingestor.password").write_text("p4ssword\n")

    done = run(ec2 / "libexec" / "write-env", "ingestor", host)

    assert done.returncode == 0, done.stderr
    file = tmp_path / "run" / "env" / "ingestor.env"
    assert file.read_text().splitlines() == [
        "KAFKA_SASL_USERNAME=ingestor",
        "COINLAKE_BUCKET=the-lake",
        "AWS_DEFAULT_REGION=us-east-1",
        "KAFKA_SASL_PASSWORD=p4ssword",
        "COINCAP_API_KEY=the key, with = and $ and spaces",
        "INGESTOR_CREDITS__PER_MONTH=9000",
        "INGESTOR_HEARTBEAT_S=30",
    ]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "the key" not in done.stdout + done.stderr


def test_a_parameter_of_two_lines_is_refused_for_it_would_set_another_variable(
    ec2: Path, host: dict[str, str], tmp_path: Path
) -> None:
    ssm = aws_client("ssm", host["AWS_ENDPOINT_URL"])
    _of_the_release(tmp_path, "")
    value = "key\nINGESTOR_SOURCE=simulator"
    ssm.put_parameter(Name="/coinlake/lake/env/ingestor/X", Value=value, Type="SecureString")

    done = run(ec2 / "libexec" / "write-env", "ingestor", host)

    assert done.returncode == 1
    assert "more than one line" in done.stderr
    assert list((tmp_path / "run" / "env").iterdir()) == []
