"""Somebody who reads `docs/how-to/ask-with-an-agent.md` and types what it says."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import SQL_KEY, Api

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "ask-with-an-agent.md"
HERE = f"{Path(sys.executable).parent}:{os.environ['PATH']}"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(), re.M | re.S)


@pytest.fixture
def environ(api: Api) -> dict[str, str]:
    url = f"http://127.0.0.1:{api.port}"
    return {"PATH": HERE, "QUERY_API_URL": url, "QUERY_API_KEY": SQL_KEY}


def test_python_knows_the_price_first(environ: dict[str, str], tmp_path: Path) -> None:
    (program,) = blocks("python")

    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr
    price, *rows, cited = done.stdout.splitlines()
    assert re.fullmatch(r"at most 0\.\d+ dollars", price)
    assert rows == ["bitcoin 5", "ether 1", "gone 1", "o'hara 1"]
    assert re.fullmatch(r"cite: \w{16}", cited)


def test_a_desktop_clients_file_starts_it(environ: dict[str, str], tmp_path: Path) -> None:
    (file,) = blocks("json")
    started = json.loads(file)["mcpServers"]["coinlake"]
    hello = {"jsonrpc": "2.0", "id": 1, "method": "ping"}

    done = subprocess.run(
        [started["command"]],
        cwd=tmp_path,
        env={"PATH": HERE, **started["env"]},
        input=json.dumps(hello) + "\n",
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["id"] == 1


@pytest.mark.parametrize(("block", "host"), [(1, "127.0.0.1"), (2, "0.0.0.0")])
def test_several_clients_find_it(
    environ: dict[str, str], tmp_path: Path, block: int, host: str
) -> None:
    script = blocks("sh")[block].replace("COINLAKE_MCP_PORT=8765 ", "")
    child = subprocess.Popen(
        ["bash", "-euc", f"exec env {script}"],
        cwd=tmp_path,
        env={**environ, "COINLAKE_MCP_PORT": "0"},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stderr is not None
    said = child.stderr.readline()
    child.terminate()
    code = child.wait(15)
    child.stderr.close()

    assert re.search(rf"listening on http://{re.escape(host)}:\d+/mcp", said), said
    # As `kill` found it; uvicorn gives the signal back once it has ended.
    assert code in (0, -15)
