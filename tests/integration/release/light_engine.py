"""A Docker engine that needs no firewall and no mounts: for images that are next to nothing."""

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import MappingProxyType

from tests.compose.engine.bridge import bridge


@contextmanager
def running(
    *more: str, surroundings: Mapping[str, str] = MappingProxyType({})
) -> Iterator[dict[str, str]]:
    """The variables with which a client reaches it. `more` are arguments of dockerd.

    In a folder with a short name: a socket's path has 107 characters at most, unix(7).
    """
    with ExitStack() as open_:
        folder = Path(
            open_.enter_context(tempfile.TemporaryDirectory(prefix="coinlake-docker-"))
        )
        client = {
            "DOCKER_HOST": f"unix://{folder}/docker.sock",
            "DOCKER_CONFIG": str(folder / "config"),
        }
        command = ["dockerd", "--host", client["DOCKER_HOST"], "--storage-driver", "vfs"]
        command += ["--bridge", open_.enter_context(bridge())]
        command += ["--iptables=false", "--ip6tables=false", "--ip-forward=false"]
        command += ["--pidfile", str(folder / "pid"), "--data-root", str(folder / "data")]
        command += ["--exec-root", str(folder / "exec"), *more]
        log = folder / "log"
        with log.open("wb") as output:
            daemon = subprocess.Popen(
                command, env=os.environ | surroundings, stdout=output, stderr=output
            )
        try:
            deadline = time.monotonic() + 60
            while not _answers(client):
                assert daemon.poll() is None, log.read_text()[-2000:]
                assert time.monotonic() < deadline, log.read_text()[-2000:]
                time.sleep(0.2)
            yield client
        finally:
            daemon.terminate()
            daemon.wait(60)


def _answers(client: Mapping[str, str]) -> bool:
    asked = subprocess.run(["docker", "version"], env=os.environ | client, capture_output=True)
    return asked.returncode == 0
