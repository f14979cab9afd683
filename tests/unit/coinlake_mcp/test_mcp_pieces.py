"""The MCP server's pure parts: settings, what an answer may hold, its own statements, its sentences."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinlake_mcp.answers import cited, within
from coinlake_mcp.config import SettingsError, fits_a_header, load
from coinlake_mcp.http import security
from coinlake_mcp.service import sentence
from coinlake_mcp.statements import preview_sql

URL = "http://127.0.0.1:1"
rows = st.lists(
    st.lists(st.one_of(st.none(), st.text(), st.integers()), max_size=3), max_size=20
)


@given(rows, st.integers(1, 25), st.integers(1, 400))
def test_what_is_kept_is_the_beginning_and_within_both_bounds(
    found: list[list[Any]], most: int, most_bytes: int
) -> None:
    kept = within(found, most, most_bytes)

    def size(some: list[list[Any]]) -> int:
        return sum(
            len(json.dumps(row, ensure_ascii=False).encode("utf-8", "surrogatepass"))
            for row in some
        )

    assert kept == found[: len(kept)]
    assert len(kept) <= most
    assert size(kept) <= most_bytes
    # And no row that would have fitted was left out.
    if len(kept) < min(most, len(found)):
        assert size(found[: len(kept) + 1]) > most_bytes


def test_a_cut_answer_says_so_and_a_whole_one_says_what_the_service_said() -> None:
    meta = {"rows": 5, "truncated": False, "usd": "0.00005000", "estimated_bytes": 7}

    whole, cut = cited(meta, 5, 5), cited(meta, 5, 3)

    assert (whole.rows, whole.truncated, whole.usd) == (5, False, "0.00005000")
    assert whole.model_dump()["estimated_bytes"] == 7
    assert (cut.rows, cut.truncated) == (3, True)
    assert cited({**meta, "truncated": True}, 5, 5).truncated is True


COVERAGE: list[dict[str, Any]] = [
    {"table": "quotes", "last_hour": "2026-11-22T09"},
    {"table": "rates", "last_hour": "2026-11-22T10"},
    {"table": "markets", "last_hour": None},
]


def table(name: str, *columns: str, partitions: list[Any] | None = None) -> dict[str, Any]:
    return {
        "name": name,
        "columns": [{"name": column} for column in columns],
        "partitions": partitions or [],
    }


@pytest.mark.parametrize(
    ("described", "coverage", "sql"),
    [
        (
            table("quotes", "asset_id", partitions=["dt", "hour"]),
            COVERAGE,
            "SELECT * FROM quotes WHERE dt = '2026-11-22' AND hour = '09'",
        ),
        (
            table("quotes", "asset_id", partitions=[{"name": "dt"}, {"name": "hour"}]),
            COVERAGE,
            "SELECT * FROM quotes WHERE dt = '2026-11-22' AND hour = '09'",
        ),
        # A view has no hours of its own: those of the newest table.
        (
            table("quotes_live", "asset_id", "dt", "hour"),
            COVERAGE,
            "SELECT * FROM quotes_live WHERE dt = '2026-11-22' AND hour = '10'",
        ),
        (table("ledger_head", "feed", "dt"), COVERAGE, "SELECT * FROM ledger_head"),
        (table("quotes", "dt", "hour"), [], "SELECT * FROM quotes"),
        # What is no hour is no part of a statement.
        (
            table("quotes", "dt", "hour"),
            [{"table": "quotes", "last_hour": "' OR 1=1 --"}],
            "SELECT * FROM quotes",
        ),
    ],
)
def test_a_preview_reads_one_hour(
    described: dict[str, Any], coverage: list[dict[str, Any]], sql: str
) -> None:
    assert preview_sql(described, coverage) == sql


@pytest.mark.parametrize("name", ["quotes; DROP TABLE x", '"$path"', "a b", "", "1x"])
def test_a_name_that_no_table_has_is_no_part_of_a_statement(name: str) -> None:
    with pytest.raises(ValueError, match="not the name of a table"):
        preview_sql(table(name, "dt", "hour"), COVERAGE)


def test_a_problem_is_one_sentence_with_its_kind_and_when_again() -> None:
    problem = {
        "type": "urn:coinlake:problem:over_budget",
        "title": "The budget is used up",
        "detail": "0 of 1000 bytes are left",
        "status": 429,
    }

    assert sentence(problem) == (
        "The budget is used up: 0 of 1000 bytes are left (over_budget)"
    )
    assert sentence(problem, "30").endswith("(over_budget); try again in 30 s")


def _loaded(monkeypatch: pytest.MonkeyPatch, **given: str) -> Any:
    for name in list(os.environ):
        if name.startswith(("COINLAKE_", "QUERY_API_")):
            monkeypatch.delenv(name)
    for name, text in given.items():
        monkeypatch.setenv(name, text)
    return load(os.environ)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "QUERY_API_URL: Field required"),
        ({"QUERY_API_URL": "ftp://x"}, "QUERY_API_URL: must be http"),
        ({"QUERY_API_URL": "http://u:p@x"}, "neither credentials nor a query"),
        (
            {"QUERY_API_URL": URL, "QUERY_API_KEY": "schlüssel"},
            "QUERY_API_KEY: must be printable",
        ),
        ({"QUERY_API_URL": URL, "COINLAKE_MCP_PORT": "99999"}, "COINLAKE_MCP_PORT: "),
        (
            {"QUERY_API_URL": URL, "COINLAKE_MCP_MAX_ROW": "1"},
            "unknown settings: COINLAKE_MCP_MAX_ROW",
        ),
        (
            {"QUERY_API_URL": URL, "COINLAKE_MCP_HOST": "0.0.0.0"},
            "COINLAKE_MCP_ALLOWED_HOSTS must",
        ),
        (
            {"QUERY_API_URL": URL, "COINLAKE_MCP_ALLOWED_HOSTS": "x"},
            "COINLAKE_MCP_ALLOWED_HOSTS",
        ),
    ],
)
def test_wrong_settings_are_one_sentence_without_their_value(
    given: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SettingsError, match=said) as refused:
        _loaded(monkeypatch, **given)

    assert "schlüssel" not in str(refused.value)
    assert "u:p" not in str(refused.value)


def test_beyond_loopback_only_the_named_hosts_are_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    local = security(_loaded(monkeypatch, QUERY_API_URL=URL))
    named = {
        "COINLAKE_MCP_HOST": "0.0.0.0",
        "COINLAKE_MCP_ALLOWED_HOSTS": '["mcp.example.org"]',
    }
    public = security(_loaded(monkeypatch, QUERY_API_URL=URL, **named))

    assert "127.0.0.1:*" in local.allowed_hosts
    assert public.allowed_hosts == ["mcp.example.org"]
    assert public.allowed_origins == []
    assert public.enable_dns_rebinding_protection
    assert local.enable_dns_rebinding_protection


@pytest.mark.parametrize(
    ("key", "fits"),
    [("abc-._~+/=", True), ("", False), ("a b", False), ("ä", False), ("a\n", False)],
)
def test_a_key_is_what_a_header_carries(key: str, fits: bool) -> None:
    assert fits_a_header(key) is fits


@pytest.mark.long
@pytest.mark.parametrize(("arguments", "code"), [(["--help"], 0), ([], 2), (["smtp"], 2)])
def test_the_command_ends_with_its_code_and_no_traceback(
    arguments: list[str], code: int
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "coinlake_mcp", *arguments],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )

    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert code == 0 or done.stdout == ""
