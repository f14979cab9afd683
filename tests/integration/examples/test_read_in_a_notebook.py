"""Somebody who reads `docs/how-to/read-in-a-notebook.md` and runs the notebook as it says.

The output that is committed is that of a lake of the simulator's market, the same each time. Where it
differs, what it is today is in `.local/notebook-today.ipynb`: look at it, then copy it over.
"""

import base64
import gzip
import json
import os
import re
import shutil
import struct
import subprocess
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.terminal import ROOT
from tests.integration.local_cloud.conftest import Cloud
from tests.integration.query_api import conftest as query_api
from tests.integration.query_page.lakes import filled, open_service
from tests.labs.page_lake import LakePlan
from tests.making import make

from .conftest import HowTo, environ

PAGE = HowTo("read-in-a-notebook")
NAME = "from-raw-to-a-chart.ipynb"
COMMITTED = ROOT / "examples/notebook" / NAME
TODAY = ROOT / ".local/notebook-today.ipynb"
# One minute past ten: five hours are closed, and polled each minute.
PLAN = LakePlan(1_795_341_660_000, hours=5, dense=5, assets=10, name="noted")

Notebook = dict[str, Any]


@dataclass
class NotebookReader:
    """A clone's folder with the notebook in it, and a lake that the environment names."""

    folder: Path
    environ: dict[str, str]

    def runs(self) -> subprocess.CompletedProcess[str]:
        """Type the block of the page that runs it without a browser."""
        block = PAGE.block("Run it without a browser")
        command = ["bash", "-euo", "pipefail", "-c", block]
        return subprocess.run(
            command, cwd=self.folder, env=self.environ, capture_output=True, text=True
        )

    def executed(self) -> Notebook:
        done = self.runs()
        assert done.returncode == 0, done.stdout + done.stderr
        return read(self.folder / "examples/notebook/mine.ipynb")


def read(path: Path) -> Notebook:
    found: Notebook = json.loads(path.read_text())
    return found


def as_committed(notebook: Notebook) -> str:
    """The file without what each run says otherwise: times, and the version of its Python."""
    cells = [{**cell, "metadata": {}} for cell in notebook["cells"]]
    metadata = {**notebook["metadata"], "language_info": {"name": "python"}}
    kept = {**notebook, "cells": cells, "metadata": metadata}
    return json.dumps(kept, indent=1, ensure_ascii=False) + "\n"


def outputs(notebook: Notebook) -> Iterator[dict[str, Any]]:
    for cell in notebook["cells"]:
        yield from cell.get("outputs", [])


def texts(notebook: Notebook) -> list[str]:
    """What the cells printed and showed as text; a dataset's version follows from bytes of Parquet."""
    shown = []
    for one in outputs(notebook):
        text = "".join(one.get("text") or one["data"]["text/plain"])
        shown.append(re.sub(r"version \w+,", "version …,", text))
    return shown


def pictures(notebook: Notebook) -> list[bytes]:
    return [
        base64.b64decode("".join(one["data"]["image/png"]))
        for one in outputs(notebook)
        if "image/png" in one.get("data", {})
    ]


def corner(png: bytes) -> bytes:
    """The colour of the first pixel: no filter of PNG changes it (PNG, 9.2)."""
    scanlines = b""
    at = 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        if png[at + 4 : at + 8] == b"IDAT":
            scanlines += png[at + 8 : at + 8 + length]
        at += 12 + length
    return zlib.decompress(scanlines)[1:4]


@pytest.fixture(scope="module", autouse=True)
def _packages_are_here() -> None:
    assert PAGE.block("Set up") == "make notebook\n"
    make("notebook")


@contextmanager
def reader_of(cloud: Cloud, plan: LakePlan, folder: Path) -> Iterator[NotebookReader]:
    """A lake by the plan, a query service over it, and a clone to read it from."""
    here = query_api.Cloud(cloud.endpoint, f"http://127.0.0.1:{cloud.admin_port}")
    filled(here, plan)
    shutil.copytree(ROOT / "examples/notebook", folder / "examples/notebook")
    (folder / ".local").symlink_to(ROOT / ".local")
    with open_service(here, plan.name, {}) as service:
        told = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            **environ(cloud),
            "COINLAKE_BUCKET": plan.name,
            "QUERY_API_URL": service.url,
            "QUERY_API_KEY": query_api.SQL_KEY,
        }
        yield NotebookReader(folder, told)


def test_every_block_of_the_page_is_run() -> None:
    # The variables are set here, and the browser needs somebody who looks at it.
    assert PAGE.text.count("```sh\n") == 4


def test_its_committed_output_is_what_it_gives_today(cloud: Cloud, tmp_path: Path) -> None:
    with reader_of(cloud, PLAN, tmp_path) as reader:
        executed = reader.executed()

    TODAY.write_text(as_committed(executed))
    committed = read(COMMITTED)
    assert [cell["source"] for cell in executed["cells"]] == [
        cell["source"] for cell in committed["cells"]
    ]
    assert texts(executed) == texts(committed), f"see {TODAY}"
    assert "60 rows, and each of them is in the raw bytes\n" in texts(committed)
    for notebook in (executed, committed):
        (picture,) = pictures(notebook)
        assert len(picture) > 15_000
        assert corner(picture) == b"\xff\xff\xff"


def test_the_committed_output_is_small_and_names_no_machine() -> None:
    text = COMMITTED.read_text()

    assert len(text) < 100_000
    assert not re.findall(r"127\.0\.0\.1|localhost|/home/|/root/|/Users/|/tmp/|/work/", text)
    assert COMMITTED.read_text() == as_committed(read(COMMITTED))


@pytest.mark.full_size
def test_it_runs_in_the_first_hour_of_a_lake(cloud: Cloud, tmp_path: Path) -> None:
    plan = LakePlan(PLAN.now_ms, hours=1, dense=1, assets=5, name="first")

    with reader_of(cloud, plan, tmp_path) as reader:
        shown = texts(reader.executed())

    assert "60 candles; 58 that were made by hand are equal to the lake's\n" in shown


@pytest.mark.full_size
def test_control_a_price_that_is_not_in_the_raw_bytes_ends_it(
    cloud: Cloud, tmp_path: Path
) -> None:
    plan = LakePlan(PLAN.now_ms, hours=2, dense=2, assets=5, name="forged")

    with reader_of(cloud, plan, tmp_path) as reader:
        key = _newest_raw_object(cloud, plan.name)
        stored = cloud.s3.get_object(Bucket=plan.name, Key=key)["Body"].read()
        forged = re.sub(rb'"priceUsd":"\d', b'"priceUsd":"0', gzip.decompress(stored), count=1)
        cloud.s3.put_object(Bucket=plan.name, Key=key, Body=gzip.compress(forged))
        done = reader.runs()

    assert done.returncode != 0
    assert "assert table <= raw" in done.stderr


def _newest_raw_object(cloud: Cloud, bucket: str) -> str:
    """The last one of the newest hour that is closed."""
    prefix = "raw/coincap.assets.v1/dt=2026-11-22/hour=09/"
    listed = cloud.s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]
    return max(str(one["Key"]) for one in listed)
