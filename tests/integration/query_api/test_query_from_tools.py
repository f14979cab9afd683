"""Somebody who reads `docs/how-to/query-from-your-tools.md` and runs what stands there, block by block."""

import json
import os
import re
import subprocess
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests import released_clients

from .conftest import SQL_KEY, Api

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "query-from-your-tools.md"
# The extension comes from its package here; by itself DuckDB fetches it from its makers.
DUCKDB = """
import pathlib
import sys

import duckdb
import duckdb_extension_httpfs

(found,) = pathlib.Path(duckdb_extension_httpfs.__path__[0]).rglob("httpfs.duckdb_extension")
duckdb.sql(f"LOAD '{found}'")
print(duckdb.sql(sys.argv[1]))
"""


def blocks(section: str, language: str) -> list[str]:
    """The blocks of a language in a section of the page."""
    (text,) = re.findall(
        rf"^## {re.escape(section)}\n(.*?)(?=^## |\Z)", PAGE.read_text(), re.M | re.S
    )
    return re.findall(rf"```{language}\n(.*?)```", text, re.S)


class Reader:
    """A folder, a terminal, and the Python of somebody who has installed the clients."""

    def __init__(self, api: Api, folder: Path) -> None:
        self.url = f"http://127.0.0.1:{api.port}"
        self._folder = folder
        self._environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "QUERY_API_URL": self.url,
            "QUERY_API_KEY": SQL_KEY,
        }

    def types(self, section: str, block: int = 0) -> str:
        return self._runs(["bash", "-euo", "pipefail", "-c", blocks(section, "sh")[block]])

    def runs(self, section: str, block: int = 0) -> str:
        python = str(released_clients.python())
        return self._runs([python, "-W", "error", "-c", blocks(section, "python")[block]])

    def asks_duckdb(self, sql: str) -> str:
        return self._runs([str(released_clients.python()), "-c", DUCKDB, sql])

    def _runs(self, command: list[str]) -> str:
        done = subprocess.run(
            command, cwd=self._folder, env=self._environ, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def reader(api: Api, tmp_path: Path) -> Reader:
    return Reader(api, tmp_path)


def test_every_block_of_the_page_is_run() -> None:
    languages = re.findall(r"^```(\w+)$", PAGE.read_text(), re.M)

    # One sh block only sets the variables, which are set here.
    assert sorted(languages) == ["json"] * 2 + ["python"] * 7 + ["sh"] * 3 + ["sql"]


@pytest.mark.needs("jq")
def test_curl_gives_a_price_to_cite(reader: Reader) -> None:
    found = json.loads(reader.types("curl"))

    assert found["price"] == "13436.424411240122935900"
    assert found["watermark"] == "2026-11-22T10:06:30.000Z"
    assert found["version"]


def test_curl_writes_comma_separated_values(reader: Reader) -> None:
    head, first, _ = reader.types("curl", 1).splitlines()

    assert head.replace('"', "") == "asset_id,price_usd"
    assert first.replace('"', "") == "gone,3.000000000000000000"


def test_the_standard_library_waits_for_rows(reader: Reader) -> None:
    found = reader.runs("Python, the standard library").splitlines()

    assert found == [
        "bitcoin 13436.424411240122935900",
        "ether 0.000000000000000001",
        "gone 3.000000000000000000",
        "o'hara 7.000000000000000000",
    ]


def test_a_refusal_can_be_read(reader: Reader) -> None:
    found = reader.runs("Python, the standard library", 1)

    assert found.startswith("400 urn:coinlake:problem:sql_statement only SELECT")


def test_httpx_asks_several_at_a_time(reader: Reader) -> None:
    bitcoin, ether = reader.runs("Python, httpx").splitlines()

    assert bitcoin == "['99.000000000000000000', '110.000000000000000000']"
    assert ether == "[]"


def test_pandas_keeps_decimals(reader: Reader) -> None:
    found = reader.runs("pandas")

    assert found.startswith("datetime64[us, UTC] Decimal\n")
    assert re.search(r"bitcoin +13436\.4244112401229359", found)
    assert found.rstrip().endswith("8.0")


def test_polars_keeps_decimals(reader: Reader) -> None:
    found = reader.runs("Polars")

    assert "13436.4244112401229359" in found
    assert "Decimal(precision=38, scale=18)" in found


def test_duckdb_reads_the_address_with_a_secret(reader: Reader) -> None:
    (sql,) = blocks("DuckDB", "sql")
    here = sql.replace("INSTALL httpfs; LOAD httpfs;", "").replace(
        "https://MY-LAKE", reader.url
    )
    range_ = "&from=2026-11-22T09:00:00Z&to=2026-11-22T11:00:00Z"

    found = reader.asks_duckdb(
        here.replace("interval=1h", f"interval=1h{range_}").replace("MY-KEY", SQL_KEY)
    )

    assert re.search(r"2026-11-22 10:00:00.* 110\.0+ ", found), found


def test_duckdb_asks_an_answer_in_arrow(reader: Reader) -> None:
    assert reader.runs("DuckDB") == "[(2, Decimal('11.000000000000000000'))]\n"


@pytest.mark.parametrize(
    ("panel", "last"),
    [
        (0, ("2026-11-22T10:00:00.000Z", 110.0)),
        (1, ("2026-11-22T10:07:00.000Z", 13436.424411240122)),
    ],
)
def test_a_panel_of_grafana_has_its_points(
    reader: Reader, panel: int, last: tuple[str, float]
) -> None:
    query = json.loads(blocks("Grafana, by the Infinity plugin", "json")[panel])

    points = _as_infinity(reader.url, query)

    assert points[-1][0] == last[0]
    assert points[-1][1] == pytest.approx(last[1])
    assert all(isinstance(value, float) for _, value in points)


def _as_infinity(url: str, query: dict[str, Any]) -> list[tuple[str, float]]:
    """What the plugin's backend does with such a query: a request, a root, columns by selector."""
    options = query["url_options"]
    times = {"${__from}": "1795338000000", "${__to}": "1795345200000"}
    params = {
        one["key"]: times.get(one["value"], one["value"]) for one in options.get("params", [])
    }
    request = urllib.request.Request(
        f"{url}{query['url']}?{urlencode(params)}".rstrip("?"),
        options["data"].encode() if "data" in options else None,
        {
            "Authorization": f"Bearer {SQL_KEY}",
            "Accept": "application/json;q=0.9,text/plain",
            **({"Content-Type": options["body_content_type"]} if "data" in options else {}),
        },
        method=options["method"],
    )
    with urllib.request.urlopen(request) as answer:
        found = json.load(answer)[query["root_selector"]]
    at, value = (column["selector"] for column in query["columns"])
    return [(_selected(row, at), float(_selected(row, value))) for row in found]


def _selected(row: Any, selector: str) -> Any:
    return row[int(selector)] if isinstance(row, list) else row[selector]


def test_a_notebook_cites_and_asks_again_for_nothing(reader: Reader) -> None:
    found = reader.runs("A notebook")

    assert re.search(r"quotes +2026-11-22T10 +2026-11-22T10:06:30.000Z +8", found)
    assert re.search(
        r"2026-11-22T10:07:00.000Z +110\.0+\ncite: \w{16} 2026-11-22T10:06:30", found
    )
    assert found.endswith("again: 304\n")
