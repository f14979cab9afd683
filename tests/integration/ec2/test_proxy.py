"""The TLS proxy's own configuration on a real HAProxy, in front of something that answers."""

import ssl
import subprocess
import time
from collections.abc import Iterator
from http.client import HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from local_stack.ports import free_ports

pytestmark = pytest.mark.needs("haproxy")


class Answering(BaseHTTPRequestHandler):
    """Tells the path that reached it."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.path.encode())

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def behind() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def proxy(ec2: Path, tmp_path: Path, behind: int) -> Iterator[int]:
    """The port of the proxy; its file differs from the host's in addresses alone."""
    request = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-subj",
        "/CN=localhost",
    ]
    request += ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(tmp_path / "key")]
    subprocess.run([*request, "-out", str(tmp_path / "crt")], check=True, capture_output=True)
    (tmp_path / "tls.pem").write_text(
        (tmp_path / "key").read_text() + (tmp_path / "crt").read_text()
    )
    (port,) = free_ports(1)
    text = (ec2 / "proxy" / "haproxy.cfg").read_text()
    text = text.replace("/usr/local/etc/haproxy/tls.pem", str(tmp_path / "tls.pem"))
    text = text.replace("bind :8443", f"bind 127.0.0.1:{port}")
    text = text.replace(
        "query-api:8080 resolvers docker init-addr libc,none", f"127.0.0.1:{behind}"
    )
    config = tmp_path / "haproxy.cfg"
    config.write_text(text)
    checked = subprocess.run(["haproxy", "-c", "-f", config], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "WARNING" not in checked.stderr
    running = subprocess.Popen(
        ["haproxy", "-W", "-db", "-f", config],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield port
    finally:
        running.terminate()
        running.wait(10)


def ask(port: int, path: str, context: ssl.SSLContext) -> tuple[int, str, str | None]:
    """Status, body and the transport header of an answer; waits until somebody listens."""
    deadline = time.monotonic() + 20
    while True:
        connection = HTTPSConnection("localhost", port, context=context, timeout=10)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read().decode()
            return answer.status, body, answer.getheader("Strict-Transport-Security")
        except ConnectionRefusedError:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        finally:
            connection.close()


@pytest.fixture
def trusting(tmp_path: Path, proxy: int) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(tmp_path / "crt"))


def test_a_question_reaches_the_service_through_tls(
    proxy: int, trusting: ssl.SSLContext
) -> None:
    status, body, transport = ask(proxy, "/v1/assets?limit=3", trusting)

    assert (status, body) == (200, "/v1/assets?limit=3")
    assert transport is not None


@pytest.mark.parametrize("path", ["/", "/docs", "/page/0f/views/market.js", "/openapi.json"])
def test_the_page_passes_too(proxy: int, trusting: ssl.SSLContext, path: str) -> None:
    assert ask(proxy, path, trusting)[:2] == (200, path)


@pytest.mark.parametrize(
    "path",
    [
        "/page/../metrics",
        "/metrics",
        "/status",
        "/healthz",
        "/readyz",
        "/metrics/",
        "//metrics",
        "/%6detrics",
        "/v1/../metrics",
        "/v1/%2e%2e/metrics",
    ],
)
def test_what_is_for_the_operator_is_not_there(
    proxy: int, trusting: ssl.SSLContext, path: str
) -> None:
    status, _, _ = ask(proxy, path, trusting)

    assert status == 404


def test_old_tls_is_refused(proxy: int, trusting: ssl.SSLContext) -> None:
    assert ask(proxy, "/", trusting)[0] == 200
    old = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{proxy}", "-tls1_1"],
        input=b"",
        capture_output=True,
    )

    assert old.returncode != 0
