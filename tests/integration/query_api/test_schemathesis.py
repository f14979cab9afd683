"""schemathesis against the real service: no 5xx, nothing undocumented, nothing wrong accepted.

The document says what may be sent and what may come back; schemathesis makes requests that fit it
and requests that do not, by a seed, and judges each answer by it.
"""

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.query_api.conftest import Api

# What the document cannot say: that `from` is before `to`, and how long a range may be.
_LEFT_OUT = "positive_data_acceptance"
# Each is answered without a query, so that the share of `make test` takes seconds.
_WITHOUT_QUERY = "^/(v1/(tables|coverage)|status|healthz|readyz|metrics|openapi)"


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a run ended; `failures` are the names of the checks that failed."""

    code: int
    failures: tuple[str, ...]
    told: str
    cases: int


def asked(
    api: Api, folder: Path, *more: str, seed: int = 1, at: str = "/openapi.json"
) -> Verdict:
    """One run of schemathesis with a key of both scopes."""
    command = [str(Path(sys.executable).with_name("schemathesis")), "run"]
    location = at if at.endswith(".yaml") else f"http://127.0.0.1:{api.port}{at}"
    options = ["--url", f"http://127.0.0.1:{api.port}", "--seed", str(seed), "--checks", "all"]
    options += ["--header", f"Authorization: Bearer {api.sql_key}", "--continue-on-failure"]
    options += ["--exclude-checks", _LEFT_OUT, "--generation-database", "none"]
    # No speed is asserted: an answer may take as long as a busy machine takes.
    options += ["--request-timeout", "120", "--max-response-time", "600"]
    options += ["--suppress-health-check", "all", "--no-color"]
    ended = subprocess.run(
        [*command, location, *options, *more],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=3000,
        check=False,
    )
    told = ended.stdout + ended.stderr
    failures = re.findall(r"^- (?:ST\d+ )?(.+)$", told, re.MULTILINE)
    cases = re.search(r"(\d+) generated", told)
    return Verdict(ended.returncode, tuple(failures), told, int(cases[1]) if cases else 0)


def test_what_needs_no_query_answers_as_the_document_says(api: Api, tmp_path: Path) -> None:
    verdict = asked(
        api,
        tmp_path,
        *("--max-examples", "20", "--phases", "coverage,fuzzing"),
        *("--include-path-regex", _WITHOUT_QUERY),
    )

    assert verdict.code == 0, verdict.told
    assert verdict.cases >= 100


@pytest.mark.full_size(but="lists")
@pytest.mark.parametrize(
    ("paths", "examples"),
    [
        pytest.param("^/v1/(assets|rates|exchanges|markets)$", 4, id="lists"),
        pytest.param("^/v1/(assets|rates|exchanges)/[^/]*$", 20, id="one"),
        pytest.param("^/v1/.*(quotes|history)$", 20, id="histories"),
        pytest.param("^/v1/.*(candles|movers|markets)$", 20, id="candles, movers and markets"),
        pytest.param("^/v1/queries", 40, id="sql"),
    ],
)
@pytest.mark.timeout(3600)
def test_each_typed_endpoint_answers_as_the_document_says(
    typed_api: Api, tmp_path: Path, paths: str, examples: int
) -> None:
    verdict = asked(
        typed_api,
        tmp_path,
        *("--max-examples", str(examples), "--phases", "coverage,fuzzing"),
        *("--include-path-regex", paths),
    )

    assert verdict.code == 0, verdict.told
    assert verdict.cases >= 20


def test_a_document_that_is_wrong_is_found(api: Api, tmp_path: Path) -> None:
    """The control: a status that the document lacks, and a column that has another type."""
    document = api.ask("/openapi.json", None).json()
    one = document["paths"]["/v1/tables/{name}"]["get"]
    del one["responses"]["404"]
    document["components"]["schemas"]["Table"]["properties"]["kind"] = {"type": "integer"}
    (tmp_path / "wrong.yaml").write_text(json.dumps(document))

    verdict = asked(
        api,
        tmp_path,
        *("--max-examples", "5", "--phases", "coverage,fuzzing"),
        *("--include-path-regex", "^/v1/(tables|coverage)"),
        at=str(tmp_path / "wrong.yaml"),
    )

    assert verdict.code == 1, verdict.told
    found = set(verdict.failures)
    assert {"Undocumented status code", "Response violates schema"} <= found, verdict.told
