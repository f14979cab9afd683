"""One compose stack for all stories, on an engine that is there or on one of our own."""

import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace

import pytest

from tests.compose.books import Books
from tests.compose.engine.daemon import (
    VERSION,
    Docker,
    EngineError,
    Say,
    ensure_compose,
    open_docker,
)
from tests.compose.engine.images import KINDS, ensure_base_images
from tests.compose.outside import Outside
from tests.compose.stack import QUICK, ComposeStack, copied_clone, example, ports_for
from tests.compose.watchers import Watchers


@pytest.fixture(scope="session")
def say() -> Say:
    return Say()


@pytest.fixture(scope="session")
def docker(say: Say) -> Iterator[Docker]:
    """The engine, with `docker compose` and all base images."""
    # Only root can start an engine; anybody may use one that runs.
    answers = shutil.which("docker") and Docker(dict(os.environ), own=False).tried("info")
    if not answers or (answers.returncode != 0 and os.geteuid() != 0):
        pytest.skip("NOT RUN: needs docker")
    names = {kind: example()[f"{kind.upper()}_IMAGE"] for kind in KINDS}
    with ExitStack() as open_:
        try:
            opened = open_.enter_context(open_docker(say))
            # One mostly computes, the other mostly downloads.
            with ThreadPoolExecutor() as pool:
                composing = pool.submit(ensure_compose, opened, say)
                stood_in = pool.submit(ensure_base_images, opened, names, say)
            composing.result()
            say(f"stand-ins: {', '.join(stood_in.result().values()) or 'none'}")
        except EngineError as error:
            say(str(error))
            pytest.skip("NOT RUN: needs docker")
        # The environment wins over .env, which names each by digest.
        named = {f"{kind.upper()}_IMAGE": name for kind, name in stood_in.result().items()}
        yield replace(opened, env={**opened.env, **named})


@pytest.fixture(scope="session")
def stack(
    docker: Docker, say: Say, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ComposeStack]:
    """Built, not started; at the end everything that it made on the engine is removed."""
    clone = copied_clone(tmp_path_factory.mktemp("clone"))
    made = ComposeStack(docker, clone, say)
    try:
        made.follow("Build")
        ports = ports_for([name for name in example() if name.endswith("_PORT")])
        made.configure(ports | QUICK | {"COINLAKE_VERSION": VERSION})
        say("images are built")
        yield made
    finally:
        made.throw_away()


@pytest.fixture(scope="session")
def outside(stack: ComposeStack) -> Outside:
    return Outside(stack.env)


@pytest.fixture(scope="session")
def books(outside: Outside) -> Books:
    return Books(outside)


@pytest.fixture(scope="session")
def watchers(stack: ComposeStack) -> Watchers:
    return Watchers(stack.env)
