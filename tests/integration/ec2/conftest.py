"""Where the EC2 files are, and real programs around them: a broker, a local AWS."""

import os
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer

from tests.integration.ec2.reading import Reader

ROOT = Path(__file__).resolve().parents[3]
EC2 = ROOT / "deploy" / "ec2"


@pytest.fixture(scope="session")
def ec2() -> Path:
    """The folder deploy/ec2."""
    return EC2


@pytest.fixture
def aws_endpoint() -> Iterator[str]:
    """A moto server of its own port, with nothing in it."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    # The servers of one process share what is in them.
    with urllib.request.urlopen(f"{endpoint}/moto-api/reset", data=b"") as answer:
        assert answer.status == 200
    yield endpoint
    server.stop()


@pytest.fixture
def aws_environ(aws_endpoint: str) -> dict[str, str]:
    """The environment of a program that speaks to that server, and nothing of the person's own."""
    return {
        "PATH": os.environ["PATH"],
        "AWS_ENDPOINT_URL": aws_endpoint,
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_PAGER": "",
    }


@pytest.fixture
def reader(tmp_path: Path, aws_environ: dict[str, str]) -> Reader:
    one = Reader(tmp_path, aws_environ | {"HOME": str(tmp_path)})
    (tmp_path / "deploy").symlink_to(ROOT / "deploy")
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist/coinlake-0.1.0.tar.gz").write_bytes(b"a release")
    return one
