"""A service that cannot run as it is told says so in one sentence, and opens nothing first."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

SERVICES = {
    "ingestor": "INGESTOR",
    "s3_sink": "S3_SINK",
    "etl_runner": "ETL_RUNNER",
    "query_api": "QUERY_API",
}


def started(module: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """A service with Kafka and AWS at an address where its first call would be seen."""
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env={
            "PATH": os.environ["PATH"],
            "INGESTOR_SOURCE": "simulator",
            "INGESTOR_STATE_DIR": "/nowhere/to/be/made",
            **variables,
        },
        capture_output=True,
        text=True,
        timeout=60,
    )


@contextmanager
def watched() -> Iterator[tuple[str, list[bool]]]:
    """An address, and at the end whether somebody has called there."""
    called: list[bool] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.01)
        yield f"127.0.0.1:{server.getsockname()[1]}", called
        try:
            server.accept()[0].close()
            called.append(True)
        except TimeoutError:
            called.append(False)


@pytest.mark.full_size(but="{}_HTTP__HOST-no")
@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("KAFKA_SECURITY_PROTOCOL", "TLS"),
        ("COINLAKE_BUKET", "lake"),
        ("{}_WATCHDOG_S", "inf"),
        ("{}_HTTP__HOST", "203.0.113.7"),
        ("{}_HTTP__HOST", "no.such.host.invalid"),
        ("{}_HTTP__PORT", "70000"),
    ],
)
def test_a_wrong_setting_ends_a_service_with_2_and_one_sentence(
    service: str, variable: str, value: str
) -> None:
    name = variable.format(SERVICES[service])
    with watched() as (address, called):
        done = started(
            service,
            **{
                "KAFKA_BOOTSTRAP_SERVERS": address,
                "AWS_ENDPOINT_URL": f"http://{address}",
                name: value,
            },
        )

    *logged, sentence = done.stderr.splitlines()
    assert done.returncode == 2, done.stderr
    assert called == [False]
    assert "Traceback" not in done.stderr
    assert [json.loads(line)["event"] for line in logged] == ["service_misconfigured"]
    assert name in sentence or value in sentence


def test_a_port_that_stays_taken_is_told_with_its_address() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = started("query_api", QUERY_API_HTTP__PORT=str(port))

    assert done.returncode == 2, done.stderr
    assert f"cannot listen on 127.0.0.1:{port}: address already in use" in done.stderr


@pytest.mark.parametrize(
    ("listen", "sentence"),
    [
        ("203.0.113.7:9100", "auditor: cannot listen on 203.0.113.7:9100: "),
        ("no.such.host.invalid:9100", "auditor: cannot listen on no.such.host.invalid:9100: "),
        ("127.0.0.1:70000", "coinlake: --listen wants HOST:PORT, not 127.0.0.1:70000"),
        ("127.0.0.1", "coinlake: --listen wants HOST:PORT, not 127.0.0.1"),
    ],
)
def test_an_auditor_that_cannot_listen_ends_with_2_and_one_sentence(
    listen: str, sentence: str
) -> None:
    with watched() as (address, called):
        done = started(
            "coinlake_tools",
            "audit",
            "--every",
            "5",
            "--listen",
            listen,
            KAFKA_BOOTSTRAP_SERVERS=address,
            AWS_ENDPOINT_URL=f"http://{address}",
        )

    assert done.returncode == 2, done.stderr
    assert called == [False]
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith(sentence)


def test_an_auditor_tells_that_its_port_stays_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = started("coinlake_tools", "audit", "--every", "5", "--listen", address)

    assert done.returncode == 2, done.stderr
    assert f"cannot listen on {address}: address already in use" in done.stderr
