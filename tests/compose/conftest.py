"""One compose stack for all stories, on an engine that is there or on one of our own."""

import os
import shutil
from collections.abc import Iterator

import pytest

from tests.compose.engine.daemon import Docker, Say, open_docker
from tests.compose.engine.images import ensure_base_images
from tests.compose.outside import Outside
from tests.compose.stack import QUICK, ComposeStack, copied_clone, free_ports


@pytest.fixture(scope="session")
def say() -> Say:
    return Say()


@pytest.fixture(scope="session")
def docker(say: Say) -> Iterator[Docker]:
    # Only root can start an engine; anybody may use one that runs.
    answers = shutil.which("docker") and Docker(dict(os.environ), own=False).tried("info")
    if not answers or (answers.returncode != 0 and os.geteuid() != 0):
        pytest.skip("NOT RUN: needs docker")
    with open_docker(say) as opened:
        yield opened


@pytest.fixture(scope="session")
def stack(
    docker: Docker, say: Say, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ComposeStack]:
    """Built, not started; at the end everything that it made on the engine is removed."""
    clone = copied_clone(tmp_path_factory.mktemp("clone"))
    made = ComposeStack(docker, clone, say)
    example = (made.compose_folder / ".env.example").read_text().splitlines()
    images = {
        kind: next(
            line.split("=", 1)[1]
            for line in example
            if line.startswith(f"{kind.upper()}_IMAGE=")
        )
        for kind in ("python", "kafka", "versitygw")
    }
    stood_in = ensure_base_images(docker, images, say)
    say(f"stand-ins: {', '.join(stood_in) or 'none'}")
    made.follow("Build")
    ports = [line.split("=", 1)[0] for line in example if "_PORT=" in line]
    made.configure(free_ports(ports) | QUICK)
    say("images are built")
    try:
        yield made
    finally:
        made.follow("Throw it away")
        made.compose("down", "--rmi", "local", "--volumes", "--remove-orphans")
        assert docker.run("volume", "ls", "--quiet", "--filter", "name=coinlake_") == ""
        say("containers, networks, volumes and images are removed")


@pytest.fixture(scope="session")
def outside(stack: ComposeStack) -> Outside:
    return Outside(stack.env)
