"""One local cloud for this folder, empty at first: provisioning fills it, and then comes a lake."""

import asyncio
import os
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from local_stack import plan, settings
from local_stack.java import find_java
from local_stack.paths import Paths
from local_stack.ports import free_ports
from local_stack.progress import ProgressLines
from local_stack.record import PORTS, ApiSource, StackRecord
from local_stack.starting import start_all
from local_stack.stopping import stop_all


@pytest.fixture(scope="package")
def environ(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    paths = Paths(folder=tmp_path_factory.mktemp("stack"))
    record = StackRecord(
        dict(zip(PORTS, free_ports(len(PORTS)), strict=True)), "key", ApiSource()
    )
    steps = plan.steps(paths, record, find_java(), os.environ)
    cloud = [step for step in steps if step.name == "cloud"]
    running: dict[str, Any] = {}
    try:
        started = start_all(
            cloud, lambda name: plan.log_of(paths, name), running.__setitem__, ProgressLines()
        )
        asyncio.run(started)
        yield settings.tools(record, os.environ)
    finally:
        stop_all(running, lambda _: None)
