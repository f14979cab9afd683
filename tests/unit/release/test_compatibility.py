"""What compatibility.md promises: frozen names and bytes, and a test behind each row of its matrix."""

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from coinlake.contracts.datasets import TABLES, TABULAR
from coinlake.contracts.raw_codec import decode
from coinlake.contracts.raw_index import Record
from deploy.release import contract, surface
from deploy.release.contract import Contract

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs/reference/compatibility.md").read_text()
FROZEN = json.loads((ROOT / surface.FILE).read_text())
CONTRACTS = contract.load((ROOT / contract.FILE).read_text())
GOLDEN = (
    Record(
        7,
        1763800000123,
        b"assets?limit=100&offset=0",
        '{"data":[{"id":"são-tomé","priceUsd":"0.0000453457727562"}],'
        '"timestamp":1763800000100}'.encode(),
        (("poll_id", b"p-1"), ("status", b"200")),
    ),
    Record(8, 1763800001000, b"heartbeat", None, (("complete_to", b"1763800001000"),)),
    Record(12, 1763800002000, None, b"", ()),
    Record(13, -1, b"k", b"two\nlines", (("h", None), ("h", b"\xff"))),
)


def test_no_name_that_was_promised_has_vanished() -> None:
    gone = surface.vanished(FROZEN, surface.read(ROOT / "docs/reference"))

    assert gone == [], "a major release: docs/reference/compatibility.md says how"


def test_a_name_that_vanishes_or_changes_its_type_is_told(tmp_path: Path) -> None:
    for name in ("settings", "metrics", "topics", "tables", "http-api"):
        text = (ROOT / f"docs/reference/{name}.md").read_text()
        text = text.replace("`COINLAKE_BUCKET`", "`COINLAKE_BOUQUET`")
        text = text.replace("| `rank` | `int` |", "| `rank` | `string` |")
        text = text.replace("GET /v1/coverage", "GET /v1/covering")
        (tmp_path / f"{name}.md").write_text(
            text.replace("coincap.rates.v1", "coincap.rates.v2")
        )

    gone = surface.vanished(FROZEN, surface.read(tmp_path))

    assert {
        "settings COINLAKE_BUCKET",
        "columns quotes.rank int",
        "http GET /v1/coverage",
        "topics coincap.rates.v1",
    } <= set(gone)


def test_no_contract_has_changed_but_by_a_column_that_was_added_with_a_new_version() -> None:
    now = contract.read(ROOT / "docs/reference")

    assert contract.broken(CONTRACTS, now) == [], "docs/reference/compatibility.md says how"


def _changed(name: str, *, version: int, columns: Sequence[str]) -> dict[str, Contract]:
    return CONTRACTS | {name: Contract(version, tuple(columns))}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda columns: columns[1:], "quotes.asset_id string id was promised, now it is gone"),
        (
            lambda columns: [one.replace(".rank int", ".rank bigint") for one in columns],
            "quotes.rank int rank was promised, now it is quotes.rank bigint rank",
        ),
        (
            lambda columns: [one.replace("int rank", "int place") for one in columns],
            "quotes.rank int rank was promised, now it is quotes.rank int place",
        ),
        (lambda columns: [*reversed(columns)], "the columns have another order"),
    ],
    ids=["removed", "another type", "another key", "another order"],
)
def test_a_contract_that_breaks_a_promise_is_refused_whatever_its_version(
    change: Callable[[Sequence[str]], Sequence[str]], said: str
) -> None:
    before = CONTRACTS["assets"]

    now = _changed("assets", version=before.version + 1, columns=change(before.columns))

    assert contract.broken(CONTRACTS, now) == [f"assets: {said}"]
    assert contract.broken(CONTRACTS, {})[0] == "assets has no contract any more"


def test_a_column_may_be_added_anywhere_with_the_next_version() -> None:
    before = CONTRACTS["assets"]
    more = [*before.columns[:3], "quotes.score int score", *before.columns[3:]]

    said = [
        contract.broken(CONTRACTS, _changed("assets", version=before.version + n, columns=more))
        for n in (-1, 0, 1)
    ]

    assert said == [
        [f"assets: version {before.version - 1} is less than {before.version}"],
        [f"assets: quotes.score was added, and the version is still {before.version}"],
        [],
    ]


def test_the_page_has_every_column_of_every_table_and_the_versions() -> None:
    found = contract.read(ROOT / "docs/reference")

    assert {name: one.version for name, one in found.items()} == {
        name: one.version for name, one in TABULAR.items()
    }
    assert [one.split()[:2] for contract_ in found.values() for one in contract_.columns] == [
        [f"{name}.{column.name}", column.type]
        for one in TABULAR.values()
        for name in one.tables
        for column in TABLES[name].columns
    ]
    assert contract.load(contract.dump(found)) == found


def test_the_frozen_names_are_not_a_handful() -> None:
    assert {kind: len(names) > 5 for kind, names in FROZEN.items()} == dict.fromkeys(
        ("settings", "metrics", "topics", "columns", "http"), True
    )
    assert len(FROZEN["columns"]) > 50


def test_a_raw_object_of_the_first_release_is_read_as_it_was_written() -> None:
    decoded = decode((ROOT / "tests/data/compatibility/raw-v1.json.gz").read_bytes())

    assert decoded.records == GOLDEN
    assert decoded.sha256 == "249c57a3444df89c817d1c4326e5d593000b56ee0283ccadd82bb107f4dc3995"


@pytest.mark.parametrize("page", ["docs/reference/compatibility.md", "SECURITY.md"])
def test_every_test_that_a_page_names_exists(page: str) -> None:
    text = (ROOT / page).read_text()
    paths = re.findall(r"`(tests/[\w/.]+|\.ci/run)`", text)
    functions = re.findall(r"`(test_\w+)`", text)

    assert len(paths) > 8
    assert [path for path in paths if not (ROOT / path).exists()] == []
    sources = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    assert [name for name in functions if f"def {name}(" not in sources] == []


def test_every_row_of_the_support_matrix_names_a_test() -> None:
    matrix = PAGE.split("\n## What it runs with\n")[1].split("\n## ")[0]
    rows = [line for line in matrix.splitlines() if line.startswith("| ")][2:]

    assert len(rows) >= 8
    assert [row for row in rows if not re.search(r"`(tests/|\.ci/run|make )", row)] == []


def test_the_versions_of_the_matrix_are_those_that_are_pinned() -> None:
    pins = {
        "Kafka broker": r"<artifactId>kafka_2\.13</artifactId>\s+<version>([\d.]+)",
        "versitygw": r"VERSITYGW_IMAGE=versity/versitygw:v([\d.]+)",
        "Spark": r"^pyspark==([\d.]+)",
        "moto": r"^moto==([\d.]+)",
        "aiokafka": r"^aiokafka==([\d.]+)",
    }
    pinned = "\n".join(
        (ROOT / name).read_text()
        for name in (
            "local/pom.xml",
            "deploy/compose/.env.example",
            "requirements/dev.txt",
        )
    )

    for what, pattern in pins.items():
        found = re.search(pattern, pinned, re.MULTILINE)
        assert found is not None, what
        (row,) = [line for line in PAGE.splitlines() if line.startswith(f"| {what} ")]
        assert f" {found[1]} " in row
